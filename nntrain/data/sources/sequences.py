"""Sequences: CSV files whose rows are steps, to classify sequences, predict a target per step, or forecast series."""

from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.origin import TableRows
from nntrain.data.sequences.groups import (
    Groups,
    group_rows,
    require_one_group,
    require_one_target,
    segments,
    sliding_windows,
)
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.csv_file import CsvFile, Name
from nntrain.data.tables.grouping import group_numbers
from nntrain.errors import DataError
from nntrain.options import mistake


class Sequences(Csv, name="sequences"):
    """A table whose rows are the steps of sequences, in order; a column names the sequence of each row.

    `predict: sequence` learns one target per sequence, repeated in each of its rows. `predict: step` learns a target per step.
    `predict: next` learns to forecast: from a window of `window` steps, the targets of the next `horizon` steps. Each series is
    cut into sliding windows; a held-out fraction is the end of each series; all columns are features. For sequences in arrays use
    `npz` with `lengths`.
    """

    example: ClassVar = {"path": "gestures.csv", "id": "recording", "target": "gesture"}

    id: Name | None = Field(
        None,
        description="the column that names the sequence of a row; default: all rows are one series, for `predict: next` only",
    )
    predict: Literal["sequence", "step", "next"] = Field("sequence", description="what has a target")
    steps: int | None = Field(
        None,
        ge=1,
        le=10**6,
        description="the maximum number of steps of a sequence; default: that of the longest",
    )
    longer: Literal["error", "first", "last", "split"] = Field(
        "error",
        description="for sequences with more steps: an error, keep the first or the last steps, or split them, which "
        "requires `predict: step`",
    )
    window: int = Field(
        32, ge=1, le=10**6, description="for `predict: next`: the number of steps to predict from"
    )
    horizon: int = Field(1, ge=1, le=10**6, description="for `predict: next`: the number of steps to predict")
    stride: int = Field(1, ge=1, description="for `predict: next`: the steps between the starts of windows")

    @model_validator(mode="after")
    def _options_match(self) -> "Sequences":
        fields = type(self).model_fields
        changed = [name for name, field in fields.items() if getattr(self, name) != field.default]
        if self.predict == "next":
            if stray := [name for name in ("steps", "longer") if name in changed]:
                raise mistake(f"`{stray[0]}` cannot be combined with `predict: next`", "Use `window`.")
            if self.task == "classification":
                raise mistake("`predict: next` predicts numbers", "Remove `task`.")
        else:
            if other := [name for name in ("window", "horizon", "stride") if name in changed]:
                raise mistake(f"`{other[0]}` requires `predict: next`. Received: `predict: {self.predict}`.")
            if self.id is None:
                raise mistake(
                    f"`predict: {self.predict}` requires `id`, the column that names the sequence of a row"
                )
            if self.longer in ("first", "last") and self.predict == "step":
                raise mistake(
                    f"with a target per step, longer sequences are split. Received: `longer: {self.longer}`.",
                    "Set `longer: split`.",
                )
            if self.longer == "split" and self.predict == "sequence":
                raise mistake(
                    "a sequence with one target cannot be split", "Set `longer: first` or `longer: last`."
                )
            if self.longer != "error" and self.steps is None:
                raise mistake("`longer` requires `steps`, the number of steps to keep")
        if self.weight is not None:
            raise mistake("`weight` cannot be combined with sequences", "Remove `weight`.")
        if self.columns:
            raise mistake("`columns` cannot be combined with sequences", "Use `features` and `categorical`.")
        if self.impute is not None:
            raise mistake("gaps in sequences cannot be filled", "Remove `impute`.")
        return self

    def load(self, folder: Path) -> Splits:
        with self.rows(folder) as rows:
            file = self.begin(rows)
            targets, ids = self.targets(file), self.id_positions(file)
            named = self.group_positions(file, targets)
            features = self._feature_positions(file, targets, ids, named)
            as_text = [*file.positions("categorical", self.categorical), *ids, *(set(named) - set(features))]
            if self.predict != "next":
                as_text += targets
            table = file.read(features, [*targets, *ids, *named], as_text)
        group_of_row = group_numbers(table, table.targets.pop()) if named else None
        id_column = table.targets.pop() if ids else None
        x, names, one_hot = table.x(self.text == "one_hot", gaps=False, known=self._known)
        target, classes = table.target("regression" if self.predict == "next" else self.task)
        target_names = tuple(column.name for column in table.targets)
        groups = group_rows(self.path, id_column, table.lines)
        if self.predict == "sequence":
            require_one_target(table, groups, target)
        if group_of_row is not None:
            require_one_group(table, groups, group_of_row)
        arrays = self._arrays(groups, x, target, target_names)
        origin = TableRows(self.path, np.asarray(table.lines)[groups.order])
        return Splits(
            Dataset(
                **arrays,
                classes=classes,
                feature_names=names,
                one_hot=one_hot,
                groups=None if group_of_row is None else group_of_row[groups.order][arrays["x"].starts],
                origin=origin,
                notes=tuple(table.notes),
                warnings=tuple(table.warnings),
            )
        )

    def for_folds(self, group: Name | None) -> "Sequences":
        if group is None and self.longer == "split":  # the parts of a sequence are not independent
            group = self.id
        return cast(Sequences, super().for_folds(group))

    def by_time(self, time: Name) -> "Sequences":
        return cast(Sequences, Reader.by_time(self, time))

    def id_positions(self, file: CsvFile) -> list[int]:
        """The position of the column `id`, counted from 0; empty without one."""
        return [] if self.id is None else file.positions("id", (self.id,))

    def _feature_positions(
        self, file: CsvFile, targets: list[int], ids: list[int], groups: list[int]
    ) -> list[int]:
        """The columns to predict from; for `predict: next` including the targets."""
        if set(ids) & set(targets):
            raise DataError(f"id: {file.label(ids[0])} is a target", place=self.path)
        if self.features != "all" and set(ids) & set(file.positions("features", self.features)):
            raise DataError(
                f"features: {file.label(ids[0])} is `id`, which is not a feature", place=self.path
            )
        left_out = {*ids, *(() if self.predict == "next" else targets)}
        if self.features == "all":
            left_out |= set(groups)
        return file.features(self.features, sorted(left_out))

    def _arrays(
        self, groups: Groups, x: np.ndarray, target: np.ndarray, target_names: tuple[str, ...]
    ) -> dict[str, Any]:
        """The arrays of a Dataset, from x and target (rows, ...) in the file's order."""
        x, target = x[groups.order], target[groups.order]
        if self.predict == "next":
            reach = self.window + self.horizon
            self._require_long_enough(groups, reach)
            starts, series = sliding_windows(groups, reach, self.stride)
            names = [f"{name}+{step}" for step in range(1, self.horizon + 1) for name in target_names]
            return {
                "x": Windows(x, starts, self.window),
                "target": Windows(target, starts + self.window, self.horizon, flat=True),
                "series": series,
                "target_names": target_names if self.horizon == 1 else tuple(names),
            }
        starts, lengths, steps = self.segments(groups)
        per_step = Windows(target, starts, steps, lengths)
        return {
            "x": Windows(x, starts, steps, lengths),
            "target": target[groups.starts] if self.predict == "sequence" else per_step,
            "lengths": lengths,
            "target_names": target_names,
        }

    def segments(
        self, groups: Groups, trained_steps: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Starts, lengths and the maximum length of the sequences, cut as set by `longer`. Raises DataError."""
        steps = trained_steps or self.steps or int(groups.lengths.max())
        long = np.flatnonzero(groups.lengths > steps)
        if not len(long):
            return groups.starts, groups.lengths, steps
        if self.longer == "error":
            raise DataError(
                f"sequence {groups.names[long[0]]!r}: expected at most {steps:,} steps, the value of `steps`. Received: "
                f"{groups.lengths[long[0]]:,}.",
                "Increase `steps`, or set `longer`.",
                self.path,
            )
        return *segments(groups, steps, self.longer), steps

    def _require_long_enough(self, groups: Groups, reach: int) -> None:
        if len(short := np.flatnonzero(groups.lengths < reach)):
            series = f"series {groups.names[short[0]]!r}: " if self.id is not None else ""
            raise DataError(
                f"{series}expected at least {reach:,} steps: a window of {self.window:,}, and {self.horizon:,} to predict. "
                f"Received: {groups.lengths[short[0]]:,}.",
                "Use a smaller `window`" + (", or remove the series." if series else "."),
                self.path,
            )
