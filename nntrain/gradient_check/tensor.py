"""Tensor: the check of one tensor's gradient, element by element or along random directions."""

from collections.abc import Callable, Iterator
from functools import partial
from math import factorial

import numpy as np

from nntrain import randomness
from nntrain.gradient_check.check import Check, Sampling
from nntrain.gradient_check.slope import Verdict, compare

LossOf = Callable[[], float]


def check_tensor(
    component: str,
    tensor: str,
    values: np.ndarray,
    gradient: np.ndarray,
    loss: LossOf,
    sampling: Sampling | None = None,
) -> Check:
    """Compares `gradient` with finite differences of `loss`, a function of `values`; both arrays have the same shape."""
    flat, slopes = values.reshape(-1), gradient.reshape(-1).copy()
    largest = float(np.abs(slopes).max(initial=0.0))
    here, key = loss(), randomness.key("gradcheck", component, tensor)
    noise = noise_of(flat, loss, key)
    check = Check(component, tensor, 0, flat.size)
    for label, backprop, direction in _probes(flat, slopes, key, values.shape, sampling or Sampling()):
        check.checked += 1
        found = compare(backprop, partial(_moved, flat, direction, loss), here, largest, noise)
        if found.verdict is Verdict.KINK:
            check.kinks += 1
            check.status = check.status if check.status == "FAIL" else "KINK"
            continue
        if found.verdict is Verdict.DIFFERS:
            check.status = "FAIL"
        check.max_abs_error = max(check.max_abs_error, found.abs_error)
        # NaN compares false with everything, and counts as the worst.
        if not found.rel_error <= check.max_rel_error and not np.isnan(check.max_rel_error):
            check.max_rel_error, check.worst_index = found.rel_error, label
            check.backprop, check.numeric = backprop, found.numeric
    return check


def noise_of(flat: np.ndarray, loss: LossOf, key: int) -> float:
    """An upper bound of the rounding error of the loss near `flat`.

    Over steps this small the loss is a line but for rounding, so its fourth differences are rounding alone.

    Source: Moré & Wild 2011, Estimating computational noise.
    """
    direction = 1e-13 * np.maximum(1.0, np.abs(flat)) * randomness.normal(key, flat.size)
    losses = np.array([_moved(flat, direction, loss, step) for step in range(9)])
    order = 4
    variance = np.square(np.diff(losses, order)).mean() * factorial(order) ** 2 / factorial(2 * order)
    return float(4 * np.sqrt(variance) + 2 * np.finfo(np.float64).eps * np.abs(losses).max())


def _probes(
    flat: np.ndarray, slopes: np.ndarray, key: int, shape: tuple[int, ...], sampling: Sampling
) -> Iterator[tuple[str, float, np.ndarray]]:
    """(label, backprop's slope, direction) for each element or direction to check."""
    few = flat.size <= sampling.all_below
    chosen = range(flat.size) if few else np.sort(randomness.permutation(key, flat.size)[: sampling.elements])
    for index in chosen:
        direction = np.zeros(flat.size)
        direction[index] = max(1.0, abs(flat[index]))  # the step scales with the value
        label = str(tuple(int(i) for i in np.unravel_index(index, shape)))
        yield label, float(slopes[index] * direction[index]), direction
    for number in range(0 if few else sampling.directions):
        direction = randomness.normal(key, flat.size, start=number * flat.size)
        direction /= np.sqrt(flat.size)
        yield f"direction {number + 1}", float(slopes @ direction), direction


def _moved(flat: np.ndarray, direction: np.ndarray, loss: LossOf, h: float) -> float:
    before = flat.copy()
    flat += h * direction
    value = loss()
    flat[...] = before
    return value
