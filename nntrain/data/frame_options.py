"""Frame options: what a program says of the columns of a DataFrame, as the options of `csv` do of those of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from nntrain.data.dataset import Dataset
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.frames import EncodedFrame, Reading
from nntrain.data.tables.kinds import Ignore, Number
from nntrain.errors import DataError
from nntrain.options import did_you_mean

CONVERT = (
    'Say what the column holds, such as `columns={"age": "categorical"}` or "ignore", or convert it, such as with `astype(float)` or '
    "`pandas.to_datetime`."
)
FILL = 'Fill or remove missing values, or set `impute`, such as `impute="median"`.'


@dataclass(frozen=True)
class FrameOptions:
    """Options of `csv`, of which the columns are named as in a frame."""

    csv: Csv
    given: bool  # whether any is set, which only a DataFrame can have

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "FrameOptions":
        """Those that are not None. Raises DataError for values that do not fit."""
        given = {name: value for name, value in options.items() if value is not None}
        if given.get("missing_indicator") and "impute" not in given:
            raise DataError("requires `impute`", 'Set `impute="median"`, for example.', "missing_indicator")
        try:
            csv = Csv.model_validate({"path": "x", "missing": [], **given})
        except ValidationError as error:
            first = error.errors()[0]
            context = first.get("ctx", {})
            place = ".".join(map(str, first["loc"]))
            raise DataError(context.get("message", first["msg"]), context.get("hint", ""), place) from None
        return cls(csv, bool(given))

    def reading(self, frame: Any) -> Reading:
        """How this frame is read. Raises DataError for columns that it does not have."""
        names = [str(name) for name in frame.columns]
        kinds = {str(name): kind for name, kind in self.csv.columns.items()}
        if unknown := [name for name in kinds if name not in names]:
            raise DataError(
                f"no column is named {unknown[0]!r}.{did_you_mean(unknown[0], names)}", place="columns"
            )
        if kinds and all(isinstance(kinds.get(name), Ignore) for name in names):
            raise DataError("no column is left as a feature", place="columns")
        return Reading(
            kinds,
            self.csv.missing,
            self.csv.impute is not None,
            self.csv.missing_indicator,
            self.csv.text == "one_hot",
            FILL,
            CONVERT,
        )

    def applied(self, dataset: Dataset, encoded: EncodedFrame) -> Dataset:
        """The data set of an encoded frame, with the names of its features and how they are prepared."""
        scales = {name: kind.scale for name, kind in self.csv.columns.items() if isinstance(kind, Number)}
        return replace(
            dataset,
            feature_names=encoded.names,
            one_hot=encoded.one_hot,
            scaling={str(name): scale for name, scale in scales.items() if scale != "auto"},
            impute=self.csv.impute or "",
            notes=(*dataset.notes, *encoded.notes),
            warnings=(*dataset.warnings, *encoded.warnings),
        )
