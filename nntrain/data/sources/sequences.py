"""Sequences: CSV files whose rows are steps, to tell what a whole sequence is, what each step is, or what comes next."""

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.groups import Groups, grouped
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.csv import Csv, Head, Name
from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.table import Table
from nntrain.errors import UserError
from nntrain.options import mistake


class Sequences(Csv, name="sequences"):
    """A table whose rows are the steps of sequences, in their order; a column tells the sequences apart, wherever rows stand.

    `predict: sequence` learns what a sequence is: its target stands in each of its rows. `predict: step` learns a target for each
    step. `predict: next` learns, from a window of `window` steps, the targets of the next `horizon` steps: each series is cut
    into windows, a fraction to validate or to test with is the end of each, and all columns are features. Sequences in arrays
    come as `npz` with `lengths`.
    """

    example: ClassVar = {"path": "gestures.csv", "id": "recording", "target": "gesture"}

    id: Name | None = Field(
        None,
        description="the column that tells sequences apart; default: all rows are one, which only "
        "`predict: next` can learn from",
    )
    predict: Literal["sequence", "step", "next"] = Field("sequence", description="what there is a target for")
    steps: int | None = Field(
        None,
        ge=1,
        le=10**6,
        description="how many steps a sequence can have at most; default: as many as the longest",
    )
    longer: Literal["error", "first", "last", "split"] = Field(
        "error",
        description="what to do with a sequence of more steps: keep the first ones, or the last ones, or split it, "
        "where each step has a target",
    )
    window: int = Field(32, ge=1, le=10**6, description="of `predict: next`: from how many steps to predict")
    horizon: int = Field(1, ge=1, le=10**6, description="of `predict: next`: how many steps to predict")
    stride: int = Field(
        1, ge=1, description="of `predict: next`: how many steps after the one before a window begins"
    )

    @model_validator(mode="after")
    def _options_go_together(self):
        given = [
            name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default
        ]
        if self.predict == "next":
            if stray := [name for name in ("steps", "longer") if name in given]:
                raise mistake(f"`{stray[0]}` does not go with `predict: next`, which has `window`.")
            if self.task == "classification":
                raise mistake("`predict: next` predicts numbers. Leave out `task`.")
        else:
            if stray := [name for name in ("window", "horizon", "stride") if name in given]:
                raise mistake(
                    f"`{stray[0]}` goes with `predict: next` only. Received: `predict: {self.predict}`."
                )
            if self.id is None:
                raise mistake(
                    f"`predict: {self.predict}` needs to know the column that tells sequences apart. Say `id`."
                )
            if self.longer in ("first", "last") and self.predict == "step":
                raise mistake(
                    "where each step has a target, a longer sequence can be `split`. "
                    f"Received: `longer: {self.longer}`."
                )
            if self.longer == "split" and self.predict == "sequence":
                raise mistake(
                    "a sequence that has one target cannot be split: keep the `first` or the `last` steps."
                )
            if self.longer != "error" and self.steps is None:
                raise mistake("`longer` goes with `steps`, the number of steps to keep.")
        if self.impute is not None:
            raise mistake("gaps in sequences are not filled. Leave out `impute`.")
        return self

    def load(self, folder: Path) -> Splits:
        with self.rows(folder) as rows:
            head = self.head(rows)
            targets, ids = self.targets(head), self.id_places(head)
            features = self._features_beside(head, targets, ids)
            as_text = [*self._positions("categorical", self.categorical, head.names, head.width), *ids]
            table = self.filled(
                head, features, [*targets, *ids], as_text if self.predict == "next" else [*as_text, *targets]
            )
        ids = table.targets.pop() if ids else None
        x, names, one_hot = table.x(one_hot=self.text == "one_hot", gaps=False)
        target, classes = table.target("regression" if self.predict == "next" else self.task)
        target_names = tuple(column.name for column in table.targets)
        groups = grouped(self.path, ids, table.lines)
        if self.predict == "sequence":
            self._require_one_target(table, groups, target)
        arrays = self.arranged(groups, x, target, target_names)
        return Splits(Dataset(**arrays, classes=classes, feature_names=names, one_hot=one_hot))

    def id_places(self, head: Head) -> list[int]:
        """Where the column of `id` is, counted from 0; none where there is no such column."""
        return [] if self.id is None else self._positions("id", (self.id,), head.names, head.width)

    def _features_beside(self, head: Head, targets: list[int], ids: list[int]) -> list[int]:
        """The columns to predict from: of `predict: next` the targets, too."""
        known = [] if self.predict == "next" else targets
        if set(ids) & set(targets):
            raise UserError(f"{self.path}: id: column {ids[0] + 1} is a target.")
        if self.features != "all" and set(ids) & set(
            self._positions("features", self.features, head.names, head.width)
        ):
            raise UserError(
                f"{self.path}: features: column {ids[0] + 1} is `id`, which only tells sequences apart."
            )
        return self._features(head.names, head.width, sorted({*known, *ids}))

    def arranged(
        self, groups: Groups, x: np.ndarray, target: np.ndarray, target_names: tuple[str, ...]
    ) -> dict[str, Any]:
        """The arrays of a Dataset, from x and target (rows, ...) as they come in the file."""
        x, target = x[groups.order], target[groups.order]
        if self.predict == "next":
            starts, series = self._windows(groups)
            names = [f"{name}+{step}" for step in range(1, self.horizon + 1) for name in target_names]
            return {
                "x": Windows(x, starts, self.window),
                "target": Windows(target, starts + self.window, self.horizon, flat=True),
                "series": series,
                "target_names": target_names if self.horizon == 1 else tuple(names),
            }
        starts, lengths, steps = self.pieces(groups)
        target = (
            target[groups.starts] if self.predict == "sequence" else Windows(target, starts, steps, lengths)
        )
        return {
            "x": Windows(x, starts, steps, lengths),
            "target": target,
            "lengths": lengths,
            "target_names": target_names,
        }

    def pieces(self, groups: Groups, most: int | None = None) -> tuple[np.ndarray, np.ndarray, int]:
        """Where sequences start, how long they are, and for how many steps there is to be room, after `longer` did its work."""
        starts, lengths = groups.starts, groups.lengths
        steps = most or self.steps or int(lengths.max())
        long = np.flatnonzero(lengths > steps)
        if not len(long):
            return starts, lengths, steps
        if self.longer == "error":
            way_out = (
                "as in the training"
                if most
                else "as `steps` says. Give more, or say by `longer` what to keep"
            )
            raise UserError(
                f"{self.path}: the sequence {groups.names[long[0]]!r} has {lengths[long[0]]:,} steps. Expected at "
                f"most {steps:,}, {way_out}."
            )
        if self.longer == "last":
            starts = starts + np.maximum(lengths - steps, 0)
        if self.longer == "split":
            count = -(-lengths // steps)  # pieces of each
            nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            starts = np.repeat(starts, count) + nth * steps
            lengths = np.repeat(lengths, count) - nth * steps
        return starts, np.minimum(lengths, steps).astype(np.int32), steps

    def _windows(self, groups: Groups) -> tuple[np.ndarray, np.ndarray]:
        """(count,) each: where windows start, and of which series they are."""
        reach = self.window + self.horizon
        if len(short := np.flatnonzero(groups.lengths < reach)):
            named = f"the series {groups.names[short[0]]!r}" if self.id is not None else "it"
            raise UserError(
                f"{self.path}: {named} has {groups.lengths[short[0]]:,} steps. Expected at least {reach:,}: a window "
                f"of {self.window:,}, and {self.horizon:,} to predict. Choose a smaller `window`, or leave it out."
            )
        counts = (groups.lengths - reach) // self.stride + 1
        nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        series = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return groups.starts[series] + nth * self.stride, series

    def _require_one_target(self, table: Table, groups: Groups, target: np.ndarray) -> None:
        """Raises UserError where the target changes within a sequence."""
        of_row = np.empty(len(groups.order), np.int64)
        of_row[groups.order] = np.repeat(np.arange(len(groups.names)), groups.lengths)
        first = groups.order[groups.starts][of_row]
        differs = (target != target[first]).reshape(len(target), -1).any(axis=1)
        bad = BadCells(self.path, table.lines)
        bad.add(
            np.flatnonzero(differs),
            ", ".join(column.label for column in table.targets),
            "the target of its sequence in each row",
            lambda row: f"another one than in line {table.lines[first[row]]}",
        )
        bad.tell("Mend the file, or say `predict: step` where each step has a target.")
