"""The picture of one training step shows the config's own names and sizes."""

import numpy as np
import pytest

from nntrain.api.plot import subject_of
from nntrain.report.pictures.elements.loop import Loop
from tests.support import ROOT
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = """
data: {source: {random: {input: [12, 34, 3], classes: 100, samples: 5000}}, validation: 0.2, augment: [random_flip, {random_crop: 2}]}
model:
  layers: [{conv2d: {filters: 4, kernel_size: 3, activation: relu}}, {repeat: {times: 3, layers: [batch_norm]}}, relu, batch_norm, relu,
    flatten, {dense: 100}]
loss: {cross_entropy: {label_smoothing: 0.1}}
optimizer: {sgd: {lr: 1.0e-5, momentum: 0.9, nesterov: true, weight_decay: 1.0e-4}}
schedule: {multi_step: {milestones: [1, 2, 3, 4, 5, 6, 7, 8], gamma: 0.1}}
train: {epochs: 1000, batch_size: 1000, grad_clip: {value: 0.5}}
"""


def figure_for(path, style="light"):
    subject = subject_of(path)
    found = Loop().collect(subject)
    return subject, found, figure_of(Loop(), drawn_from(found, subject.name), style=style)


@pytest.mark.parametrize(
    "name", ["xor", "digits", "iris_regression", "adding_problem_irnn", "sequence_tagging"]
)
def test_a_step_of_the_gallery_is_drawn(name):
    subject, found, figure = figure_for(ROOT / f"configs/{name}.yaml")
    shown, setup = words(figure), subject.setup
    assert faults(figure) == []
    assert {setup.config.loss.yaml_name, setup.config.optimizer.yaml_name} <= set(shown.splitlines())
    for split, data in setup.splits.parts().items():
        assert f"{len(data):,} {split}" in shown
    assert f"{subject.network.theta.size:,} parameters" in shown
    steps = len(setup.batches()) * setup.config.train.epochs
    assert f"{steps:,} steps" in shown
    assert found["steps"].tolist() == [len(setup.batches()), setup.config.train.epochs]


def test_the_loss_is_that_of_the_first_samples():
    subject, found, _ = figure_for(ROOT / "configs/iris.yaml")
    outputs = subject.outputs(np.asarray(subject.setup.splits.train.x[:16]))
    target = np.asarray(subject.setup.splits.train.target[:16])
    expected = np.log(np.exp(outputs).sum(1)) - outputs[np.arange(16), target]
    assert float(found["loss_value"]) == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize("style", ["light", "dark"])
def test_long_names_and_many_options_stay_in_their_boxes(shell, style):
    _, _, figure = figure_for(shell.write(LONG), style)
    assert faults(figure) == []
    assert "… 3 more …" in words(figure)
    assert "clipped to ±0.5" in words(figure)
