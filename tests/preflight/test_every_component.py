"""Every loss, every optimizer and random networks can be checked: no check fails, and nothing cannot be measured."""

from random import Random

import numpy as np
import pytest

import nntrain
from nntrain.losses import Loss
from nntrain.optimizers import Optimizer
from tests.properties.networks import ConfigDrawer

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(200, 4))
Y = X @ DRAW.normal(size=(4, 2))
CLASSES = (Y[:, 0] > 0).astype(int) + (Y[:, 1] > 1)
CONFIG = {
    "model": {"layers": [{"dense": {"units": 16, "activation": "relu"}}, {"dense": 2}]},
    "loss": "mse",
    "optimizer": {"adam": 0.01},
    "train": {"epochs": 30},
}
LOG_PROBABILITIES = [{"dense": 16}, "relu", {"dense": 3}, "log_softmax"]


def failures(report) -> list[str]:
    return [
        finding.text
        for finding in report.findings
        if finding.check == "measurements" or finding.text.startswith("the check ")
    ]


def targets_for(loss: str) -> tuple[dict, np.ndarray]:
    """The model, and targets that suit the loss."""
    kind = Loss.members()[loss]
    if kind.binary:
        return CONFIG["model"], (Y > 0).astype(float)
    if loss == "poisson":
        return CONFIG["model"], np.abs(Y)
    if kind.targets == "classes" or loss == "kl_div":
        layers = LOG_PROBABILITIES if not kind.from_logits else LOG_PROBABILITIES[:3]
        return {"layers": layers}, CLASSES
    layers = CONFIG["model"]["layers"]
    return {"layers": [*layers[:-1], {"dense": Y.shape[1] * kind().outputs_per_target}]}, Y


@pytest.mark.parametrize("loss", sorted(Loss.members()))
def test_a_network_with_any_loss_is_checked(loss):
    model, y = targets_for(loss)
    data = nntrain.Data(X, y, validation=0.2)
    report = nntrain.check({**CONFIG, "loss": loss, "model": model}, data=data)
    assert failures(report) == []
    assert [str(finding) for finding in report.findings] == []
    assert report.one_batch.own.progress > (0.3 if loss == "gaussian_nll" else 0.5)  # it has a far floor


@pytest.mark.parametrize("optimizer", sorted(Optimizer.members()))
def test_any_optimizer_is_checked(optimizer):
    kind = Optimizer.members()[optimizer]
    chosen = {optimizer: {"lr": 0.01} if "sgd" in optimizer else kind.example}
    train = CONFIG["train"] | ({"batch_size": "full"} if kind.adapts_rate is True else {})
    data = nntrain.Data(X, Y, validation=0.2)
    report = nntrain.check({**CONFIG, "optimizer": chosen, "train": train}, data=data)
    assert failures(report) == []
    assert report.of("error") == report.of("warning") == []


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_are_checked(seed):
    try:
        report = nntrain.check(ConfigDrawer(Random(seed)).config())
    except nntrain.UserError:
        return  # such as a layer that needs larger batches
    assert failures(report) == []
    assert all(np.isfinite(layer.output.std) for layer in report.layers if layer.output)
