"""Inputs: how an exported file prepares its samples, and how its documentation describes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nntrain.data.conform.tables import NUMBERED
from nntrain.data.dataset import Dataset
from nntrain.data.images.form import form_of
from nntrain.data.sequences.tokenizer import Tokenizer
from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import OneHot, columns, indicators
from nntrain.export.python import tokens
from nntrain.export.python.wording import fitted, quoted, tuple_of

TABLE = '''
def table(x):
    """Rows of numbers: x itself, or the cells of dicts or of a DataFrame, found by the names of `columns`."""
    if hasattr(x, "to_dict"):  # a DataFrame
        x = x.to_dict("records")
    return [features(row) if isinstance(row, dict) else row for row in x]


def features(row):
    """The numbers of a row {{column: cell}}{what}."""
    found = []
    for column in columns:
        cell = row[column]
        missing = cell in gaps or (isinstance(cell, float) and np.isnan(cell))
{cells}{indicator}
    return found
'''
INDICATOR = """
        if column in indicated:
            found.append(0.0)  # `prepare` sets it where a number is missing
"""
UNKNOWN = """\
        if column in learned and not missing and str(cell) not in known:
            cell = known[-1]  # the category that stands for those that training did not see
"""
NUMBER = """
        found.append(np.nan if missing else float(cell))
"""
TEXT = """
        known = categories.get(column)
{unknown}        if known is None:
            found.append(np.nan if missing else float(cell))
        elif missing:
            found += {missing}
        elif str(cell) in known:
            found += {encoded}
        else:
            raise ValueError(f"{{column}}: expected one of {{', '.join(known)}}. Received: {{cell!r}}")
"""


@dataclass(frozen=True, eq=False)
class Inputs:
    """The samples of a data set."""

    data: Dataset
    dtype: np.dtype  # that the network computes in
    any_length: bool = False  # whether the network takes sequences shorter than those of the training
    gaps: Sequence[str] = ()  # the texts that mark missing cells, beside empty ones

    @property
    def shape(self) -> str:
        """As documentation shows it: "(rows, 28, 28, 1)"."""
        sizes = [str(size) for size in self.data.input_shape]
        if self.ragged:
            sizes[0] = "steps"
        return f"({', '.join(['rows', *sizes])}{',' * (not sizes)})"

    @property
    def ragged(self) -> bool:
        """Whether sequences have different lengths."""
        return self.any_length and self.data.lengths is not None

    @property
    def tokenizer(self) -> Tokenizer | None:
        """That of texts, where the network takes them at any length."""
        return self.data.tokenizer if self.ragged and self.data.holds_texts else None

    @cached_property
    def columns(self) -> list[tuple[str, int, OneHot | None]]:
        """Those of a table that rows can name; empty for other samples."""
        found = columns(self.data.feature_names, self.data.one_hot)
        return [] if all(NUMBERED.fullmatch(name) for name, _, _ in found) else found

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """shift, scale and fill, as far as they change something; in float64."""
        data, found = self.data, {}
        assert data.scale is not None  # see Dataset.__post_init__
        if data.vocabulary:
            return {}
        if data.fill is not None:
            found["fill"] = data.fill
        if (data.shift != 0).any():
            found["shift"] = data.shift
        if (data.scale != 1).any() and not self.of_bytes:
            found["scale"] = data.scale
        return found

    @property
    def of_bytes(self) -> bool:
        """Whether dividing by 255 is all that is left to do."""
        data = self.data
        return (
            data.is_bytes
            and not (data.shift != 0).any()
            and data.scale is not None
            and np.array_equal(data.scale, [1 / 255])
        )

    @property
    def meaning(self) -> str:
        """What x holds."""
        data, form = self.data, form_of(self.data)
        if self.tokenizer is not None:
            return f"texts; or sequences of their tokens, whole numbers from 0 to {data.vocabulary - 1}"
        if data.vocabulary:
            numbers = f"tokens, whole numbers from 0 to {data.vocabulary - 1}"
            return f"sequences of {numbers}; each can have its own length" if self.ragged else numbers
        if self.ragged:
            return "sequences of numbers, in the units of the training data; each can have its own length"
        if data.is_bytes:
            channels = {
                1: "gray values, from 0 for black to 255 for white",
                3: "red, green and blue from 0 to 255",
            }
            return channels.get(form.channels if form else 0, "whole numbers from 0 to 255")
        if self.columns:
            return "numbers, or a list of dicts or a DataFrame with the names of `columns`"
        return "numbers, in the units of the training data"

    def constants(self) -> list[list[str]]:
        """The assignments, as lines."""
        found = []
        if self.columns:
            numbered = [quoted(column.column) for column in self.data.embedded]
            if numbered and len(numbered) < len(self.data.one_hot):
                found.append(
                    fitted("numbered = ", f"{tuple_of(numbered)}  # categories enter as their numbers")
                )
            if learned := [quoted(text.column) for _, _, text in self.columns if text and text.unknown]:
                found.append(
                    fitted(
                        "learned = ",
                        f"{tuple_of(learned)}  # columns whose last category is that of unknown ones",
                    )
                )
            found.append(fitted("columns = ", tuple_of([quoted(name) for name, _, _ in self.columns])))
            gaps = ["None", *map(quoted, dict.fromkeys(["", *self.gaps]))]
            found.append(fitted("gaps = ", f"{tuple_of(gaps)}  # cells that are missing"))
            if places := indicators(self.data.feature_names):
                names = [quoted(self.data.feature_names[place - 1]) for place in places]
                found.append(
                    fitted("indicated = ", f"{tuple_of(names)}  # columns with a feature for missing numbers")
                )
            known = {name: text.categories for name, _, text in self.columns if text}
            if known:
                texts = (f"{quoted(name)}: {tuple_of(list(map(quoted, of)))}" for name, of in known.items())
                found.append(fitted("categories = ", f"{{{', '.join(texts)}}}"))
        if self.tokenizer is not None:
            found += tokens.constants(self.tokenizer)
        for name, array in self.statistics.items():
            found.append(fitted(f"{name} = ", f"np.array([{', '.join(map(repr, array.tolist()))}])"))
        for number, curve in enumerate(self.data.curves, 1):
            if curve.x:
                found.append(fitted(f"knots_{number} = ", tuple_of(list(map(repr, curve.x)))))
                found.append(fitted(f"heights_{number} = ", tuple_of(list(map(repr, curve.y)))))
        return found

    def functions(self) -> list[str]:
        """`prepare`, and what it calls."""
        texts = [] if self.tokenizer is None else tokens.functions(self.tokenizer)
        return [self._prepare(), *([self._table()] if self.columns else []), *texts]

    def _prepare(self) -> str:
        data, found = self.data, self.statistics
        sizes = [
            "-1" if self.ragged and place == 0 else str(size) for place, size in enumerate(data.input_shape)
        ]
        shaped = f".reshape({', '.join(['len(x)', *sizes])})"
        kind = f"np.{self.dtype.name}"
        if self.tokenizer is not None:
            most = f"[:{data.input_shape[0]}] or [0]"
            lines = [f"x = [(encode(row){most}) if isinstance(row, str) else row for row in x]"]
            lines.append(f"return np.asarray(x, np.int64){shaped}")
            return self._function("texts as whole numbers", lines)
        if data.vocabulary:
            return self._function("whole numbers", [f"return np.asarray(x, np.int64){shaped}"])
        if self.of_bytes:
            return self._function("from 0 to 1", [f"return np.asarray(x, {kind}){shaped} / 255"])
        given = "table(x)" if self.columns else "x"
        lines = [f"x = np.asarray({given}, np.float64){shaped}"]
        if "fill" in found:
            indicated = indicators(data.feature_names)
            lines += (
                ["missing = np.isnan(x)", "x = np.where(missing, fill, x)"]
                if indicated
                else ["x = np.where(np.isnan(x), fill, x)"]
            )
            lines += [f"x[:, {place}] = missing[:, {place - 1}]" for place in indicated]
        lines.append("if not np.isfinite(x).all():")
        lines.append('    raise ValueError("expected finite numbers. Received: NaN or infinity")')
        if data.curves:
            lines += ["x = x.copy()"] * ("fill" not in found)
            lines += [
                f"x[:, {curve.place}] = {curve_of(number, curve)}"
                for number, curve in enumerate(data.curves, 1)
            ]
        steps = {"shift": "x - shift", "scale": "x * scale"}
        moved = " and ".join(name for name in steps if name in found)
        both = {
            "": "x",
            "shift": "(x - shift)",
            "scale": "(x * scale)",
            "shift and scale": "((x - shift) * scale)",
        }
        what = " with gaps filled" * ("fill" in found) + " and" * (bool(moved) and "fill" in found)
        what += " shifted and scaled as the training data" * bool(moved)
        return self._function(
            what.strip() or kind.removeprefix("np."), [*lines, f"return {both[moved]}.astype({kind})"]
        )

    def _function(self, what: str, lines: list[str]) -> str:
        body = "\n".join(f"    {line}" for line in lines)
        return f'def prepare(x):\n    """x {self.shape} as the network takes it: {what}."""\n{body}'

    def _table(self) -> str:
        texts, numbered = len(self.data.one_hot), len(self.data.embedded)
        one_hot, number = (
            "[float(str(cell) == category) for category in known]",
            "[float(known.index(str(cell)))]",
        )
        choices = {
            (True, False): (one_hot, "[np.nan] * len(known)"),
            (False, True): (number, "[np.nan]"),
            (True, True): (
                f"{number} if column in numbered else {one_hot}",
                "[np.nan] * (1 if column in numbered else len(known))",
            ),
        }
        encoded, missing = choices.get((texts > numbered, numbered > 0), ("", ""))
        what = "; a text becomes 1 for its category and 0 for the others" * (texts > numbered)
        what += "; a category becomes its number" * (numbered > 0)
        unknown = UNKNOWN if any(text.unknown for text in self.data.one_hot) else ""
        cells = TEXT.format(encoded=encoded, missing=missing, unknown=unknown) if texts else NUMBER
        indicator = INDICATOR.rstrip("\n") if indicators(self.data.feature_names) else ""
        return TABLE.format(what=what, cells=cells.strip("\n"), indicator=indicator).strip()


def curve_of(number: int, curve: Curve) -> str:
    """The formula of the curve of a column."""
    x = f"x[:, {curve.place}]"
    if curve.x:
        return f"np.interp({x}, knots_{number}, heights_{number})"
    return f"np.sign({x}) * np.log1p(np.abs({x}))"
