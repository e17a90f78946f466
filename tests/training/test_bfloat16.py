"""train.precision: bfloat16: what it means for a run from end to end."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from nntrain.kernels import host
from tests.conftest import contents, interrupt_at

CONFIG = """
data: {source: digits}
model: {layers: [{dense: {units: 16, activation: relu}}, {dense: 10}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 1e-2}}
train: {epochs: 3, batch_size: 64, precision: bfloat16, shards: 2}
"""


def test_it_learns_in_float32_arrays_and_is_scored_with_the_same_products(shell):
    run = shell.fit(CONFIG)
    tensors = load_file(run / "checkpoints" / "best.safetensors")
    assert {array.dtype for array in tensors.values()} <= {np.dtype(np.float32), np.dtype(np.float64)}
    scores = shell.scores(run)
    assert scores["accuracy"] > 0.85
    wider = shell.fit(CONFIG.replace("bfloat16", "float32"), name="wider")
    others = load_file(wider / "checkpoints" / "best.safetensors")
    assert any((tensors[name] != others[name]).any() for name in tensors)


def test_an_interrupted_and_resumed_run_equals_the_straight_one(shell, monkeypatch):
    straight = shell.fit(CONFIG, name="straight")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 30)
        shell.fit(CONFIG, name="broken", code=130)
    broken = shell.fit(CONFIG, "--resume", name="broken")
    assert contents(broken) == contents(straight)


@pytest.mark.skipif(host.DOTS, reason="bfloat16 is faster here")
def test_a_warning_says_where_it_is_not_faster(shell, wording):
    result = shell.run("fit", shell.write(CONFIG), "--runs-dir", shell.folder / "runs")
    wording("\n".join(line for line in result.stderr.splitlines() if "bfloat16" in line))
