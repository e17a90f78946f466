"""Parts: an elementwise optimizer updates a part of the parameters as it would within the whole, bit for bit."""

import numpy as np
import pytest

from nntrain.optimizers import Optimizer
from tests.support.samples import OPTIMIZERS

IN_PARTS = [sample for sample in OPTIMIZERS if Optimizer.parse({sample.name: sample.options}).elementwise]


@pytest.mark.parametrize("sample", IN_PARTS, ids=str)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_parts_are_updated_as_the_whole(sample, precision):
    optimizer = Optimizer.parse({sample.name: sample.options})
    size, decayed, cut = 70_000, 40_000, 16 * 2187  # parallel as a whole, serial in parts
    rng = np.random.default_rng(1)
    theta, grads = rng.normal(size=size).astype(precision), rng.normal(size=(3, size)).astype(precision)
    whole, pieces = theta.copy(), theta.copy()
    slots = {name: np.zeros(size, precision) for name in optimizer.slot_names()}
    own = {name: slot.copy() for name, slot in slots.items()}
    for step, grad in enumerate(grads, 1):
        optimizer.update(whole, grad.copy(), slots, 0.01, step, decayed)
        for part in (slice(0, cut), slice(cut, size)):
            kept = min(max(decayed - part.start, 0), part.stop - part.start)
            of_part = {name: slot[part] for name, slot in own.items()}
            optimizer.update(pieces[part], grad[part].copy(), of_part, 0.01, step, kept)
    assert pieces.tobytes() == whole.tobytes()
    assert all(own[name].tobytes() == slots[name].tobytes() for name in slots)


def test_the_others_are_known():
    assert {sample.name for sample in OPTIMIZERS} - {sample.name for sample in IN_PARTS} == {"rmsprop"}
