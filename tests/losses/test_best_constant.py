"""The best constant prediction of every loss: no other constant has a lower loss."""

import numpy as np
import pytest

from nntrain.losses import Loss
from nntrain.losses.targets import Targets

DRAW = np.random.default_rng(0)
CLASSES = DRAW.choice(4, 300, p=[0.1, 0.2, 0.3, 0.4]).astype(np.int32)
REALS = np.abs(DRAW.normal(size=(300, 3))) ** 2 * [1, 10, 0.1]
SHARES = DRAW.dirichlet([1, 2, 3], size=300)
LOG_PROBABILITIES = ("nll", "kl_div")  # their outputs sum to 1


def samples():
    for name, kind in Loss.members().items():
        if name == "kl_div":
            yield name, {}, SHARES, 3
        elif kind.binary:
            yield name, {}, np.minimum(CLASSES, 1), 1
            yield name, {}, (REALS > [0.2, 1, 1]).astype(float), 3
        else:
            if kind.targets != "classes":
                yield name, {}, REALS, 3
            if kind.targets != "real":
                yield name, {}, CLASSES, 4
    yield "cross_entropy", {"label_smoothing": 0.2}, CLASSES, 4
    yield "cross_entropy", {"class_weights": [4.0, 1.0, 2.0, 0.0]}, CLASSES, 4
    yield "binary_cross_entropy", {"pos_weight": 7.0}, np.minimum(CLASSES, 1), 1
    yield "quantile", {"quantiles": [0.05, 0.9]}, REALS, 3
    yield "focal", {"gamma": 0.5, "label_smoothing": 0.2}, CLASSES, 4
    yield "focal", {"class_weights": [4.0, 1.0, 2.0, 0.0]}, CLASSES, 4
    yield "binary_focal", {"gamma": 5.0, "alpha": 0.9}, np.minimum(CLASSES, 1), 1
    yield "huber", {"delta": 0.05}, REALS, 3


@pytest.mark.parametrize(
    ("name", "options", "target", "outputs"),
    [pytest.param(*sample, id=f"{sample[0]}-{number}") for number, sample in enumerate(samples())],
)
def test_no_other_constant_has_a_lower_loss(name, options, target, outputs):
    loss = Loss.parse({name: options})
    rows, counts = (
        np.unique(target, return_counts=True) if target.ndim == 1 else (target, np.ones(len(target)))
    )
    outputs *= loss.outputs_per_target
    best = loss.best_constant(Targets(rows, counts.astype(float), outputs))

    def mean(constant):
        if name in LOG_PROBABILITIES:
            constant = constant - np.log(np.exp(constant).sum())
        prediction = np.tile(constant, (len(target), 1))
        total, counted = loss(prediction, target, None, np.zeros((0, outputs)))
        return total / counted

    assert best.shape == (outputs,)
    lowest = mean(best)
    for size in (1e-3, 0.1, 1.0, 10.0):
        for _ in range(50):
            assert lowest <= mean(best + size * DRAW.normal(size=outputs)) + 1e-6


def test_a_class_that_does_not_occur_keeps_the_loss_finite():
    loss = Loss.parse("cross_entropy")
    best = loss.best_constant(Targets(np.array([0, 1], np.int32), np.array([5.0, 5.0]), 3))
    total, counted = loss(np.tile(best, (1, 1)), np.array([2], np.int32), None, np.zeros((0, 3)))
    assert np.isfinite(total / counted)
