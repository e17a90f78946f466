"""Baseline: the scores of the best constant prediction, which a network has to beat."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.lengths import real_steps
from nntrain.data.sequences.windows import take_rows
from nntrain.inference.evaluate import Tally
from nntrain.losses import Loss
from nntrain.losses.targets import Targets
from nntrain.metrics import Metric

VALUES_AT_ONCE = 1 << 20
MOST_STEPS = 1 << 24  # targets that are counted; of more, evenly spaced samples
MOST_ROWS = 20_000  # of real-valued targets that the constant is fitted to


def baseline(
    splits: Splits, loss: Loss, metrics: Sequence[Metric], outputs: int, dtype: np.dtype
) -> dict[str, dict[str, Any]]:
    """For each split {"loss": 2.303, "accuracy": 0.1}: what one prediction for all samples scores, fitted to the training split.

    outputs: of the network. dtype: of its arrays, for which the kernels are compiled. A metric may be better at the mean of the
    targets than at the constant with the lowest loss; the better of both counts.
    """
    train = targets_of(splits.train, outputs, dtype)
    with kernels.exclusive.lock:
        lowest = loss.best_constant(train)
    parts = splits.parts().items()
    found = {name: scores(loss, metrics, lowest, data, dtype) for name, data in parts}
    mean = loss.best_at_mean(train)
    if mean is None:
        return found
    return {
        name: better(found[name], scores(loss, metrics, mean, data, dtype), metrics) for name, data in parts
    }


def targets_of(data: Dataset, outputs: int, dtype: np.dtype) -> Targets:
    """The targets of a split; of padded sequences those of real steps. Samples of weight 0 are left out."""
    if not data.classes:
        blocks = list(rows_of(data, -(-len(data) // MOST_ROWS)))
        rows = np.concatenate([rows for rows, _ in blocks])
        every = -(-len(rows) // MOST_ROWS)
        weights = [np.ones(len(rows)) if weight is None else weight for rows, weight in blocks]
        return Targets(rows[::every].astype(dtype), np.concatenate(weights)[::every].astype(dtype), outputs)
    counts = np.zeros(len(data.classes))
    for rows, weight in rows_of(data):
        counts += np.bincount(rows, weight, minlength=len(counts))
    found = np.flatnonzero(counts)
    return Targets(found.astype(np.int32), counts[found].astype(dtype), outputs)


def rows_of(data: Dataset, every: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Blocks of the targets as rows of the loss, (some,) classes or (some, targets) reals, and their weights (some,), None for
    all ones; of every so manieth sample of those that count.
    """
    target, sample = data.target, max(1, int(np.prod(data.target_shape)))
    width = 1 if data.classes else data.target_shape[-1]
    every = max(every, -(-len(data) * sample // (MOST_STEPS * width)))
    counting = np.arange(len(data)) if data.weight is None else np.flatnonzero(data.weight)
    chosen, at_once = counting[::every], max(1, VALUES_AT_ONCE // sample)
    for start in range(0, len(chosen), at_once):
        indices = chosen[start : start + at_once]
        block = take_rows(target, indices)
        steps = np.full(len(indices), block.shape[1] if data.per_step else 1)
        if data.per_step and data.lengths is not None:
            real = real_steps(data.lengths[indices], block)
            block, steps = block[real.reshape(real.shape[:2])], data.lengths[indices]
        weight = None if data.weight is None else np.repeat(data.weight[indices], steps)
        yield block.reshape(-1) if data.classes else block.reshape(-1, width), weight


@dataclass(frozen=True)
class Constant:
    """What a tally adds: a batch of equal predictions."""

    prediction: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None

    @property
    def answer(self) -> np.ndarray:
        return self.target


def scores(
    loss: Loss, metrics: Sequence[Metric], constant: np.ndarray, data: Dataset, dtype: np.dtype
) -> dict[str, Any]:
    """The loss and the metrics of a constant prediction (outputs,) on a split."""
    tally = Tally(loss, [metric for metric in metrics if metric.scalar])
    no_gradient = np.zeros((0, len(constant)), dtype)
    for target, weight in batches_of(data, len(constant), dtype):
        prediction = np.tile(constant.astype(dtype), (len(target), 1))
        with kernels.exclusive.lock:
            loss_sum, counted = loss(prediction, target, weight, no_gradient)
        tally.add(loss_sum, counted, Constant(prediction, target, weight))
    return tally.scores()


def batches_of(
    data: Dataset, outputs: int, dtype: np.dtype
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Targets and their weights: each class once with its count, or all rows of real values."""
    at_once = max(1, VALUES_AT_ONCE // outputs)
    if data.classes:
        targets = targets_of(data, outputs, dtype)
        blocks: Iterable[tuple[np.ndarray, np.ndarray | None]] = [(targets.rows, targets.weight)]
    else:
        blocks = rows_of(data)
    for rows, weight in blocks:
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            target = rows[part] if data.classes else rows[part].astype(dtype, copy=False)
            yield target, None if weight is None else weight[part].astype(dtype, copy=False)


def better(first: dict[str, Any], second: dict[str, Any], metrics: Sequence[Metric]) -> dict[str, Any]:
    """The first one's loss, and of each metric the better value."""
    best = dict(first)
    for metric in metrics:
        name = metric.yaml_name
        if name in best and (
            second[name] > best[name] if metric.higher_is_better else second[name] < best[name]
        ):
            best[name] = second[name]
    return best
