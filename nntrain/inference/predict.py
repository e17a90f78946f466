"""Predict: classes, probabilities or numbers for new samples."""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError, UserError
from nntrain.inference.inputs import Samples
from nntrain.inference.trained import Trained
from nntrain.losses import Loss
from nntrain.metrics.metric import predicted_classes


@dataclass(frozen=True)
class Predictions:
    """One row per sample, or per step: the predicted classes, with probabilities if asked for; or numbers."""

    names: tuple[str, ...]  # of all classes, or of the targets
    classes: np.ndarray | None = None  # (rows,) class numbers
    values: np.ndarray | None = None  # (rows, names): probabilities, or the predicted targets
    ids: tuple[str, tuple[str, ...]] | None = (
        None  # the column that identifies sequences, and its cell for each row
    )

    def columns(self) -> dict[str, np.ndarray]:
        """A table: the column that identifies sequences, then `class` and `p(NAME)`, or the targets by name."""
        table = {} if self.ids is None else {self.ids[0]: np.array(self.ids[1])}
        if self.classes is not None:
            table |= {"class": np.array(self.names)[self.classes]}
        if self.values is not None:
            heads = self.names if self.classes is None else tuple(f"p({name})" for name in self.names)
            table |= dict(zip(heads, self.values.T, strict=True))
        return table

    def arrays(self) -> dict[str, np.ndarray]:
        """`class` (rows,), `classes` (classes,), `probabilities` (rows, classes); or `values` (rows, targets), `targets`.

        With `ids` (rows,) if a column identifies sequences.
        """
        arrays = {} if self.ids is None else {"ids": np.array(self.ids[1])}
        if self.classes is not None:
            arrays |= {"class": np.array(self.names)[self.classes], "classes": np.array(self.names)}
        if self.values is not None:
            arrays["values" if self.classes is None else "probabilities"] = self.values
        return arrays if self.classes is not None else arrays | {"targets": np.array(self.names)}


def check_probabilities(trained: Trained) -> None:
    """Raises UserError if the network was not trained to give probabilities."""
    loss = trained.config.loss
    if not trained.trained_on.classes:
        raise UserError("no probabilities: the network predicts numbers, not classes")
    if not loss.probabilistic:
        message = f"no probabilities: {loss.yaml_name} trains margins"
        raise UserError(message, "Train with cross_entropy or binary_cross_entropy.")


def predict(trained: Trained, samples: Samples, probabilities: bool = False) -> Predictions:
    """The prediction for each sample, or for each of its steps, in their order.

    Raises DataError where an output is not finite.
    """
    loss, data = trained.config.loss, samples.data
    outputs = trained.outputs(data)  # (rows, outputs), or (rows, steps, outputs)
    if data.per_step:
        if data.lengths is None:
            outputs = outputs.reshape(-1, outputs.shape[-1])
        else:
            outputs = outputs[np.arange(outputs.shape[1]) < data.lengths[:, None]]
        if samples.order is not None:
            outputs = outputs[np.argsort(samples.order, kind="stable")]
    require_finite(outputs)
    return replace(interpreted(loss, data, outputs, probabilities), ids=samples.ids)


def interpreted(loss: Loss, data: Dataset, outputs: np.ndarray, probabilities: bool) -> Predictions:
    """Predictions from the network's outputs (rows, outputs)."""
    if data.classes:
        found = predicted_classes(outputs)
        shares = loss.probabilities(outputs).astype(outputs.dtype) if probabilities else None
        return Predictions(data.classes, found.astype(np.int64), shares)
    with np.errstate(over="ignore"):
        values = loss.values(outputs).astype(outputs.dtype)
    require_finite(values)
    return Predictions(target_names(data), values=values)


def require_finite(values: np.ndarray) -> None:
    """Raises DataError with the first row of (rows, outputs) that has NaN or infinity."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        message = f"sample {finite.argmin() + 1}: the network's output is not a finite number"
        raise DataError(message, "Check that its values are in the range of the training data.")


def target_names(data: Dataset) -> tuple[str, ...]:
    """The data's own names; else `target`, or `target_1`, `target_2` ..."""
    count = data.target_shape[-1]
    if data.target_names:
        return data.target_names
    return ("target",) if count == 1 else tuple(f"target_{number}" for number in range(1, count + 1))
