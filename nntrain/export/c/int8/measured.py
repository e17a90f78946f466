"""Measured: the scores of exported files on held-out data, run by the machine's compiler."""

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.export.c.compiler import FAST, answers
from nntrain.export.c.file import CFile

MOST = 10_000  # samples
WORST_LOSS = 0.01  # of accuracy, before a note recommends floats


def score_notes(floats: CFile, whole: CFile, splits: Splits) -> tuple[str, ...]:
    """The score before and after on the test split, or else on the validation or training split."""
    split, data = next(
        (name, part) for name in ("test", "validation", "train") if (part := splits.parts().get(name))
    )
    data = data.select(slice(MOST))
    name, found = "", []
    for file in (floats, whole):
        y = answers(file.files, file.interface, np.asarray(data.x), data.lengths, FAST)
        if y is None:
            return ("no C compiler on this machine: the accuracy of int8 was not measured",)
        name, value = score(y, data)
        found.append(value)
    before, after = found
    score_note = (
        f"{name} on the {split} split, {len(data):,} samples: {before:.4g} in float, {after:.4g} in int8"
    )
    if name == "accuracy" and after < before - WORST_LOSS:
        return (score_note, "int8 loses more than 1% of accuracy: without it the file is larger, and exact")
    return (score_note,)


def score(y: np.ndarray, data: Dataset) -> tuple[str, float]:
    """Accuracy for classes, else the root mean squared error, over the real steps."""
    target = np.asarray(data.target)
    real = np.ones(len(target), bool)
    if data.per_step and data.lengths is not None:
        real = np.arange(target.shape[1]) < data.lengths[:, np.newaxis]
    if data.classes:
        return "accuracy", float(np.mean(predicted(y)[real] == target[real]))
    return "root mean squared error", float(np.sqrt(np.mean((y[real] - target[real]) ** 2)))


def predicted(y: np.ndarray) -> np.ndarray:
    """The numbers of the classes; a single output is the logit or margin of the second."""
    return (y[..., 0] > 0).astype(int) if y.shape[-1] == 1 else y.argmax(axis=-1)
