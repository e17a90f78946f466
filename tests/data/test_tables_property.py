"""Tables drawn at random, written by pandas as CSV and Parquet, and read back equal."""

import string
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.sources.csv import Csv
from nntrain.data.tables.columns import Categories
from nntrain.data.tables.dates import DateParts
from nntrain.data.tables.table import values_of
from tests.support.scale import examples

FEW = settings(max_examples=examples(30, 400), deadline=None)
ENCODINGS = {
    "utf-8": "äßéЖ漢🙂",
    "utf-16": "äßéЖ漢🙂",
    "cp1252": "äßé€",
    "cp1251": "Жяё",
    "shift_jis": "漢字かな",
}
MARKS = " _-()/',;\t|\"\n#"
KINDS = ("number", "text", "boolean", "date", "digits")
NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53).map(float))


def texts(more: str) -> st.SearchStrategy[str]:
    """Names and categories with quotes, separators and line breaks; never gaps, numbers, dates or booleans."""
    return st.text(string.ascii_letters + MARKS + more, max_size=8).map(lambda text: f"t{text}t")


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, str], str]:
    """A frame whose last column is a number, the kinds of the others, and an encoding that has its letters."""
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    text = texts(ENCODINGS[encoding])
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    names = draw(st.lists(text, min_size=len(kinds), max_size=len(kinds), unique=True))
    rows = draw(st.integers(2, 8))
    moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
    cells = {
        "number": NUMBERS,
        "text": text,
        "boolean": st.booleans(),
        "date": moments.map(lambda at: at.replace(microsecond=0)),
        "digits": st.text(string.digits, min_size=1, max_size=25),
    }
    types = {"number": "float64", "date": "datetime64[us]", "boolean": "boolean"}
    columns = {}
    for name, kind in zip(names, kinds, strict=True):
        values = draw(st.lists(cells[kind], min_size=rows, max_size=rows))
        gaps = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
        found = [value if place == 0 or not gaps[place] else None for place, value in enumerate(values)]
        columns[name] = pd.Series(found, dtype=types.get(kind, "object"))
    columns["target"] = pd.Series(draw(st.lists(NUMBERS, min_size=rows, max_size=rows)))
    return pd.DataFrame(columns), dict(zip(names, kinds, strict=True)), encoding


def read(path: Path, kinds: dict[str, str], **options):
    """The columns of the file; those of digits are declared categories."""
    digits = [name for name, kind in kinds.items() if kind == "digits"]
    csv = Csv(path=path.name, impute="median", categorical=digits, missing=[], **options)
    return csv.table(path.parent)


def require_equal(frame: pd.DataFrame, kinds: dict[str, str], table) -> None:
    assert [column.name for column in table.features] == list(kinds)
    for column in table.features:
        values = frame[column.name]
        if kinds[column.name] in ("text", "digits"):
            categories = Categories(column)
            found = [None if label < 0 else categories.names[label] for label in categories.labels]
            assert found == [value if isinstance(value, str) else None for value in values]
        elif kinds[column.name] == "date":
            parts = DateParts(column.name, ("year", "hour sin"), 0)
            expected = parts.values(["" if pd.isna(at) else at.isoformat() for at in values])
            assert np.array_equal(values_of(column, parts), expected, equal_nan=True)
        else:
            expected = [np.nan if pd.isna(value) else float(value) for value in values]
            assert np.array_equal(column.numbers, expected, equal_nan=True)
    assert np.array_equal(table.targets[0].numbers, frame["target"])


@FEW
@given(
    tables(), st.sampled_from([";", "\t", "|", ","]), st.sampled_from([0, 1, 2]), st.sampled_from([".", ","])
)
def test_a_table_is_read_back_from_csv(drawn, separator, quoting, decimal):
    frame, kinds, encoding = drawn
    decimal = "." if separator == "," else decimal
    mark = "tab" if separator == "\t" else separator
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        frame.to_csv(path, index=False, sep=separator, quoting=quoting, encoding=encoding, decimal=decimal)
        options = {"delimiter": mark, "encoding": encoding, "decimal": decimal, "header": True}
        require_equal(frame, kinds, read(path, kinds, **options))


@FEW
@given(tables(), st.sampled_from([".parquet", ".feather"]))
def test_a_table_is_read_back_from_a_file_with_types(drawn, suffix):
    frame, kinds, _ = drawn
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_feather(path)
        require_equal(frame, kinds, read(path, kinds))


@pytest.mark.parametrize("header", [True, False])
@FEW
@given(rows=st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=3, max_size=6))
def test_numbers_are_read_back_exactly_with_a_header_or_none(header, rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "target"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        frame.to_csv(path, index=False, header=header)
        table = read(path, {}, header=header)
        found = np.stack([column.numbers for column in [*table.features, *table.targets]], axis=1)
        assert np.array_equal(found, frame.to_numpy())
