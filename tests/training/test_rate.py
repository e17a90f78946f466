"""The line of YAML with another learning rate keeps the other options, and names the option that sets the rate."""

import pytest

from nntrain.config.document import Document
from nntrain.config.validate import checked
from nntrain.training.rate import rate_of, with_rate

CONFIG = """
data: iris
model: {layers: [{dense: 3}]}
loss: cross_entropy
optimizer: {sgd: {momentum: 0.9, lr: 0.1}}
"""


@pytest.mark.parametrize(
    ("more", "rate", "line"),
    [
        ("", 0.1, "optimizer: {sgd: {lr: 0.02, momentum: 0.9}}"),
        ("schedule: cosine", 0.1, "optimizer: {sgd: {lr: 0.02, momentum: 0.9}}"),
        ("schedule: {one_cycle: {max_lr: 0.4}}", 0.4, "schedule: {one_cycle: {max_lr: 0.02}}"),
        (
            "optimizer: {lookahead: {k: 3, base: {sam: {base: {sgd: {lr: 0.1, momentum: 0.9}}}}}}",
            0.1,
            "optimizer: {lookahead: {base: {sam: {base: {sgd: {lr: 0.02, momentum: 0.9}}}}, k: 3}}",
        ),
        (
            "optimizer: {muon: {lr: 0.1, others: {adam: 0.01}}}",
            0.1,
            "optimizer: {muon: {lr: 0.02, others: {adam: 0.002}}}",
        ),
    ],
)
def test_another_rate_is_a_line_of_the_config(more, rate, line):
    own = CONFIG.replace("optimizer: {sgd: {momentum: 0.9, lr: 0.1}}", "") if "optimizer" in more else CONFIG
    config, _ = checked(Document.parse(own + more, file="config"), ())
    assert rate_of(config) == rate
    assert with_rate(config, 0.02) == line
