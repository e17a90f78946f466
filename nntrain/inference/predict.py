"""Predict: classes, probabilities or numbers for new samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nntrain.data.conform.unusable import OnError, Unusable, UnusableSamples, of_rows
from nntrain.data.dataset import Dataset
from nntrain.data.transforms.reconstruction import prepared
from nntrain.errors import UserError
from nntrain.inference.explain import explained_columns
from nntrain.inference.inputs import Samples
from nntrain.inference.trained import Trained
from nntrain.losses import Loss
from nntrain.losses.weighted_sum import WeightedSum
from nntrain.metrics.metric import predicted_classes

NOT_FINITE = "the network's output is not a finite number"
RECONSTRUCTION_ERROR = "reconstruction_error"
BLANK = -1  # in place of a class number


@dataclass(frozen=True)
class Predictions:
    """One row per sample, or per step: the predicted classes, with probabilities if asked for; or numbers.

    A sample that could not be used has no row, or one of the class BLANK and of NaN.
    """

    names: tuple[str, ...]  # of all classes, or of the values
    classes: np.ndarray | None = None  # (rows,) class numbers
    values: np.ndarray | None = None  # (rows, names): probabilities, or the predicted targets
    explained: tuple[str, ...] = ()  # the columns that predictions are explained by
    explanations: np.ndarray | None = None  # (rows, 1 or targets, explained): what each adds to an output
    ids: tuple[str, tuple[str, ...]] | None = (
        None  # the column that identifies sequences, and its cell for each row
    )
    files: tuple[str, ...] | None = None  # the input of each row, where there are several
    remarks: tuple[str, ...] = ()  # about samples that could not be used
    heads: tuple[tuple[str, "Predictions"], ...] = ()  # of several targets, those of each by its name

    def columns(self) -> list[tuple[str, np.ndarray]]:
        """A table: `file`, the column that identifies sequences, then `class` and `p(NAME)`, or the targets by name. Of several
        targets of different kinds each has a column with its name, and `p(TARGET: CLASS)` for its classes.

        Last what explains them: `explain(COLUMN)`, or `explain(TARGET: COLUMN)` for several targets.
        """
        table = [] if self.files is None else [("file", np.array(self.files))]
        if self.ids is not None:
            table.append((self.ids[0], np.array(self.ids[1])))
        for name, found in self.heads:
            for column, values in found.columns():
                table.append((name_of_head(name, column, found.classes is not None), values))
        if self.classes is not None:
            table.append(("class", self.class_names()))
        if self.values is not None:
            heads = self.names if self.classes is None else tuple(f"p({name})" for name in self.names)
            table += zip(heads, self.values.T, strict=True)
        if self.explanations is not None:
            several = self.explanations.shape[1] > 1
            outputs = [f"{name}: " for name in self.names] if several else [""]
            heads = tuple(f"explain({output}{column})" for output in outputs for column in self.explained)
            table += zip(heads, self.explanations.reshape(len(self), -1).T, strict=True)
        return table

    def records(self) -> list[dict[str, object]]:
        """The rows of the table, for JSON; a blank class is null."""
        table = self.columns()
        names = [name for name, _ in table]
        rows = zip(*(column.tolist() for _, column in table), strict=True)
        records = [dict(zip(names, row, strict=True)) for row in rows]
        for name, found in (("class", self), *self.heads):
            if found.classes is not None:
                for row in np.flatnonzero(found.classes == BLANK):
                    records[row][name] = None
        return records

    def arrays(self) -> dict[str, np.ndarray]:
        """`class` (rows,), `classes` (classes,), `probabilities` (rows, classes); or `values` (rows, targets), `targets`.

        With `ids` (rows,) if a column identifies sequences, `files` (rows,) for several inputs, and for an explanation
        `explanations` (rows, columns), or (rows, targets, columns) for several targets, and `columns`. Several targets of
        different kinds have an array each, by name: classes or numbers (rows,), and `p(TARGET)` (rows, classes), `classes(TARGET)`.
        """
        arrays = {} if self.files is None else {"files": np.array(self.files)}
        arrays |= {} if self.ids is None else {"ids": np.array(self.ids[1])}
        if self.heads:
            return arrays | self.answers() | self._shares_of_heads()
        if self.classes is not None:
            arrays |= {"class": self.class_names(), "classes": np.array(self.names)}
        if self.values is not None:
            arrays["values" if self.classes is None else "probabilities"] = self.values
        if self.explanations is not None:
            arrays |= {"explanations": self.explained_by_column(), "columns": np.array(self.explained)}
        return arrays if self.classes is not None else arrays | {"targets": np.array(self.names)}

    def answers(self) -> dict[str, np.ndarray]:
        """Of several targets, for each by name: class names (rows,), or numbers, (rows, some) where there are several."""
        found = {}
        for name, part in self.heads:
            values = part.class_names() if part.classes is not None else part.values
            assert values is not None
            found[name] = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
        return found

    def _shares_of_heads(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for name, part in self.heads:
            if part.classes is not None and part.values is not None:
                found |= {f"p({name})": part.values, f"classes({name})": np.array(part.names)}
        return found

    def __len__(self) -> int:
        if self.heads:
            return len(self.heads[0][1])
        rows = self.values if self.classes is None else self.classes
        assert rows is not None
        return len(rows)

    def explained_by_column(self) -> np.ndarray:
        """(rows, columns), or (rows, targets, columns) for several targets: what each column adds to an output."""
        assert self.explanations is not None
        return self.explanations[:, 0] if self.explanations.shape[1] == 1 else self.explanations

    def class_names(self) -> np.ndarray:
        """(rows,) the name of each predicted class; empty for a sample that could not be used."""
        assert self.classes is not None
        return np.array([*self.names, ""])[self.classes]

    def take(self, rows: np.ndarray | slice) -> "Predictions":
        """These rows alone, in this order; `ids` is unchanged."""
        return self._with(lambda array, blank: array[rows])

    def placed(self, rows: np.ndarray, count: int) -> "Predictions":
        """`count` rows, blank except for these."""

        def place(array: np.ndarray, blank: float) -> np.ndarray:
            placed = np.full((count, *array.shape[1:]), blank, array.dtype)
            placed[rows] = array
            return placed

        return self._with(place)

    def _with(self, change: Callable[[np.ndarray, float], np.ndarray]) -> "Predictions":
        """`change(array, what is blank in it)` applied to all arrays."""
        blanks = {"classes": BLANK, "values": np.nan, "explanations": np.nan}
        arrays = {name: getattr(self, name) for name in blanks}
        changed: dict[str, Any] = {
            name: change(array, blanks[name]) for name, array in arrays.items() if array is not None
        }
        heads = tuple((name, part._with(change)) for name, part in self.heads)
        return replace(self, heads=heads, **changed)


def name_of_head(head: str, column: str, is_class: bool) -> str:
    """How a table calls a column of the predictions for one of several targets."""
    if not is_class:
        return column
    return head if column == "class" else f"p({head}: {column.removeprefix('p(')}"


def joined(files: Sequence[str], found: Sequence[Predictions]) -> Predictions:
    """The predictions for several inputs, one after the other."""
    ids = [part.ids for part in found if part.ids is not None]
    return replace(
        _end_to_end(found),
        ids=(ids[0][0], tuple(cell for _, cells in ids for cell in cells))
        if len(ids) == len(found)
        else None,
        files=tuple(file for file, part in zip(files, found, strict=True) for _ in range(len(part))),
        remarks=tuple(remark for part in found for remark in part.remarks),
    )


def _end_to_end(found: Sequence[Predictions]) -> Predictions:
    """The rows of all, one after the other."""
    first = found[0]
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in found])
        for name in ("classes", "values", "explanations")
        if getattr(first, name) is not None
    }
    heads = tuple(
        (name, _end_to_end([part.heads[place][1] for part in found]))
        for place, (name, _) in enumerate(first.heads)
    )
    return replace(first, heads=heads, **arrays)


def gives_probabilities(loss: Loss) -> bool:
    """Whether one of several targets is a class with probabilities."""
    terms = loss.terms if isinstance(loss, WeightedSum) else ()
    return any(term.head.classes and term.loss.probabilistic for term in terms)


def check_probabilities(trained: Trained) -> None:
    """Raises UserError if the network was not trained to give probabilities."""
    loss = trained.config.loss
    if isinstance(loss, WeightedSum):
        if not gives_probabilities(loss):
            raise UserError("no probabilities: no target is a class with probabilities")
        return
    if not trained.trained_on.classes and not loss.binary:  # those of labels are the values
        raise UserError("no probabilities: the network predicts numbers, not classes")
    if not loss.probabilistic:
        message = f"no probabilities: {loss.yaml_name} trains margins"
        raise UserError(message, "Train with cross_entropy or binary_cross_entropy.")


def predict(
    trained: Trained,
    samples: Samples,
    probabilities: bool = False,
    on_error: OnError = "stop",
    explain: bool = False,
) -> Predictions:
    """The prediction for each sample, or for each of its steps, in their order; with `explain` of a table, see `Explainer`.

    Samples that cannot be used, or whose output is not finite, get no row or a blank one, as `on_error` says; for "stop"
    raises UnusableSamples.
    """
    outputs = trained.outputs(samples.data)
    return predictions_of(trained, samples, outputs, probabilities, on_error, explain)


def predictions_of(
    trained: Trained,
    samples: Samples,
    outputs: np.ndarray,
    probabilities: bool = False,
    on_error: OnError = "stop",
    explain: bool = False,
) -> Predictions:
    """`predict` for samples whose outputs are known: (rows, outputs), or (rows, steps, outputs)."""
    data = samples.data
    if data.per_step:
        if data.lengths is None:
            outputs = outputs.reshape(-1, outputs.shape[-1])
        else:
            outputs = outputs[np.arange(outputs.shape[1]) < data.lengths[:, None]]
    if trained.reconstructs:
        found, finite = reconstruction_errors(trained.config.loss, data, outputs)
    else:
        found, finite = interpreted(trained.config.loss, data, outputs, probabilities)
    if explain:
        explanations = trained.explained(data).astype(outputs.dtype)
        found = replace(found, explained=explained_columns(data), explanations=explanations)
    rows = np.arange(len(outputs)) if samples.rows is None else samples.rows
    count = samples.count or len(outputs)
    overflown = of_rows("", rows[~finite], count, NOT_FINITE)
    if overflown.mask.any() and on_error == "stop":
        hint = "Check that its values are in the range of the training data."
        raise UnusableSamples(overflown.reasons[0], hint)
    order = np.argsort(rows, kind="stable")
    order = order[finite[order]]
    found, rows = found.take(order), rows[order]
    ids = samples.ids
    if on_error == "blank":
        found = found.placed(rows, count)
    elif ids is not None:
        ids = (ids[0], tuple(ids[1][row] for row in rows))
    reasons = [part for part in (samples.unusable, overflown) if part is not None and part.mask.any()]
    return replace(found, ids=ids, remarks=tuple(remarks(reasons, count - len(rows), count, on_error)))


def remarks(found: list[Unusable], missing: int, count: int, on_error: OnError) -> list[str]:
    """What to tell about the rows without a prediction."""
    if not missing:
        return []
    what = "left out" if on_error == "skip" else "left blank"
    return [
        "\n".join(
            [
                f"{missing:,} of {count:,} predictions {what}:",
                *(line for part in found for line in part.named()),
            ]
        )
    ]


def interpreted(
    loss: Loss, data: Dataset, outputs: np.ndarray, probabilities: bool
) -> tuple[Predictions, np.ndarray]:
    """Predictions from the network's outputs (rows, outputs), and which of them are finite (rows,)."""
    finite = np.isfinite(outputs).all(axis=1)
    if isinstance(loss, WeightedSum):
        parts = []
        for term in loss.terms:
            own = replace(data, heads=(), classes=term.head.classes, target_names=(term.head.name,))
            wanted = probabilities and (not own.classes or term.loss.probabilistic)
            found, usable = interpreted(term.loss, own, term.of(outputs), wanted)
            parts.append((term.head.name, found))
            finite &= usable
        return Predictions((), heads=tuple(parts)), finite
    if data.classes:
        classes = predicted_classes(outputs)
        with np.errstate(invalid="ignore", over="ignore"):
            shares = loss.probabilities(outputs).astype(outputs.dtype) if probabilities else None
        return Predictions(data.classes, classes.astype(np.int64), shares), finite
    with np.errstate(invalid="ignore", over="ignore"):
        values = loss.values(outputs).astype(outputs.dtype)
    names = loss.value_names(target_names(data))
    return Predictions(names, values=values), finite & np.isfinite(values).all(axis=1)


def reconstruction_errors(loss: Loss, data: Dataset, outputs: np.ndarray) -> tuple[Predictions, np.ndarray]:
    """For each sample the mean squared difference of its standardized input and the reconstruction, and which are finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference = loss.point(outputs) - prepared(data)
        values = (difference**2).mean(axis=1, keepdims=True).astype(outputs.dtype)
    return Predictions((RECONSTRUCTION_ERROR,), values=values), np.isfinite(values[:, 0])


def target_names(data: Dataset) -> tuple[str, ...]:
    """The data's own names; else `target`, or `target_1`, `target_2` ..."""
    count = data.target_shape[-1]
    if data.target_names:
        return data.target_names
    return ("target",) if count == 1 else tuple(f"target_{number}" for number in range(1, count + 1))
