"""Parquet, Feather, JSON Lines and Excel files as sources, in prediction, and their errors."""

import datetime
import json
import sys

import numpy as np
import pandas as pd
import pytest

import nntrain
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.sources.csv import Csv
from tests.support.data import load, refused

COLUMNS = {
    "age": [30, 41, 52, 63],
    "height": [1.5, 1.75, None, 0.1],
    "zip": ["01234", "90210", "01234", "1234"],
    "city": ["Köln", "NA", "Köln, Süd", "New\nYork"],
    "old": [False, False, True, True],
    "when": [datetime.datetime(2024, 1, day, 6) for day in (1, 2, 3, 4)],
    "y": ["a", "b", "a", "b"],
}


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(COLUMNS)


def written(frame: pd.DataFrame, path, **options) -> str:
    """The name of the file."""
    write = {
        ".parquet": lambda: frame.to_parquet(path, **options),
        ".feather": lambda: frame.to_feather(path, **options),
        ".xlsx": lambda: frame.to_excel(path, index=False, **options),
        ".jsonl": lambda: frame.to_json(
            path, orient="records", lines=True, date_format="iso", force_ascii=False
        ),
        ".json": lambda: frame.to_json(path, orient="records", date_format="iso"),
        ".csv": lambda: frame.to_csv(path, index=False),
    }
    write[path.suffix]()
    return path.name


FORMATS = (".parquet", ".feather", ".xlsx", ".jsonl", ".json")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_with_types_is_read_as_its_types_say(tmp_path, frame, suffix):
    name = written(frame, tmp_path / f"t{suffix}")
    data = load({"csv": {"path": name, "impute": "median"}}, tmp_path).train
    assert data.feature_names[:2] == ("age", "height")
    assert np.array_equal(data.x[:, 0], COLUMNS["age"])
    assert np.array_equal(data.x[:, 1], [1.5, 1.75, np.nan, 0.1], equal_nan=True)
    categories = {text.column: text.categories for text in data.one_hot}
    assert categories == {"zip": ("01234", "1234", "90210"), "city": ("Köln", "Köln, Süd", "NA", "New\nYork")}
    assert data.x[:, data.feature_names.index("old")].tolist() == [0, 0, 1, 1]
    assert data.x[:, data.feature_names.index("when (hour sin)")] == pytest.approx([1] * 4)
    assert data.classes == ("a", "b")


@pytest.mark.parametrize("suffix", FORMATS)
def test_new_data_in_a_file_with_types_are_those_of_a_csv(tmp_path, frame, suffix):
    plain = frame.drop(columns="when").fillna({"height": 2})
    train = load({"csv": {"path": written(plain, tmp_path / "t.csv"), "missing": []}}, tmp_path).train
    csv = Csv(path=written(plain, tmp_path / f"new{suffix}"))
    with csv.rows(tmp_path) as rows:
        assert "zip" in train.feature_names  # a CSV has no types: they are numbers there
        assert TableEncoder(train, csv, rows).inputs().tolist() == train.x.tolist()


@pytest.mark.parametrize("suffix", FORMATS)
def test_identifiers_keep_their_digits(tmp_path, suffix):
    ids = (
        [1234567890123456789, 1234567890123456790, 7]
        if suffix != ".xlsx"
        else ["1234567890123456789", "007", "7"]
    )
    frame = pd.DataFrame({"id": ids, "x": [0.5, 1.5, 2.5], "y": [0.1, 0.2, 0.3]})
    source = {"path": written(frame, tmp_path / f"t{suffix}"), "categorical": ["id"]}
    categories = load({"csv": source}, tmp_path).train.one_hot[0].categories
    assert set(categories) == set(map(str, ids))


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".xlsx"])
def test_numbers_are_read_with_a_decimal_comma_set_for_csv(tmp_path, frame, suffix):
    name = written(frame[["height", "age"]].dropna(), tmp_path / f"t{suffix}")
    data = load({"csv": {"path": name, "decimal": ",", "thousands": "."}}, tmp_path).train
    assert data.x[:, 0].tolist() == [1.5, 1.75, 0.1]


def test_missing_texts_are_gaps_where_they_are_set(tmp_path, frame):
    name = written(frame, tmp_path / "t.parquet")
    source = {"path": name, "impute": "median", "missing": ["NA"], "features": ["age", "city"]}
    assert load({"csv": source}, tmp_path).train.one_hot[0].categories == ("Köln", "Köln, Süd", "New\nYork")


def test_the_index_of_pandas_is_left_out(tmp_path, frame):
    frame.index = pd.Index([5, 6, 7, 8])
    name = written(frame[["age", "y"]], tmp_path / "t.parquet")
    data = load({"csv": name}, tmp_path).train
    assert data.feature_names == ("age",)
    assert "t.parquet: left out the index of pandas" in data.notes


def test_a_sheet_is_chosen_by_name_or_number(tmp_path, frame):
    with pd.ExcelWriter(tmp_path / "t.xlsx") as writer:
        frame[["age", "y"]].to_excel(writer, sheet_name="first", index=False)
        frame[["height", "age"]].dropna().to_excel(writer, sheet_name="second", index=False, startrow=3)
    assert load({"csv": "t.xlsx"}, tmp_path).train.feature_names == ("age",)
    for sheet in ("second", 2):
        data = load({"csv": {"path": "t.xlsx", "sheet": sheet}}, tmp_path).train
        assert data.feature_names == ("height",)
        assert data.origin.place(0) == "t.xlsx:5"


def test_gaps_of_json_lines_are_absent_names_or_null(tmp_path):
    lines = [{"a": 1, "y": 0.5}, {"a": None, "b": 2, "y": 1.5}, {"y": 2.5, "b": 3}]
    (tmp_path / "t.jsonl").write_text("\n\n".join(map(json.dumps, lines)))
    data = load({"csv": {"path": "t.jsonl", "impute": "mean", "target": "y"}}, tmp_path).train
    assert data.feature_names == ("a", "b")
    assert np.array_equal(data.x, [[1, np.nan], [np.nan, 2], [np.nan, 3]], equal_nan=True)
    assert data.origin.place(1) == "t.jsonl:3"


def test_numbers_of_json_lines_are_categories_as_written(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"v": 1.10, "y": 0.5}\n{"v": 1.1, "y": 1.5}\n')
    data = load({"csv": {"path": "t.jsonl", "categorical": ["v"]}}, tmp_path).train
    assert data.one_hot[0].categories == ("1.1", "1.10")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", b'{"a": 1, "y": 2}\n{"a": 1\n'),
        ("t.jsonl", b'{"a": 1, "y": 2}\n[1, 2]\n'),
        ("t.jsonl", b'{"a": [1, 2], "y": 2}\n'),
        ("t.jsonl", '{"a": "ö", "y": 2}\n'.encode("latin-1")),
        ("t.parquet", b"PAR1 nothing else"),
        ("t.feather", b"ARROW1 nothing else"),
        ("t.xlsx", b"PK\x03\x04\x14\x00\x06"),
    ],
)
def test_files_that_cannot_be_used_are_refused_with_their_cause(tmp_path, name, content, wording):
    (tmp_path / name).write_bytes(content)
    wording(refused(load, {"csv": name}, tmp_path))


def test_tables_that_cannot_be_used_are_refused_with_their_cause(tmp_path, frame, wording):
    lists = pd.DataFrame({"a": [[1, 2], [3]], "y": [1.5, 2.5]})
    wording(refused(load, {"csv": written(lists, tmp_path / "t.parquet")}, tmp_path))
    name = written(frame, tmp_path / "t.xlsx", sheet_name="people")
    wording(refused(load, {"csv": {"path": name, "sheet": "poeple"}}, tmp_path))
    wording(refused(load, {"csv": {"path": name, "sheet": 3}}, tmp_path))
    written(pd.DataFrame(), tmp_path / "empty.xlsx")
    wording(refused(load, {"csv": "empty.xlsx"}, tmp_path))


@pytest.mark.parametrize(("suffix", "package"), [(".parquet", "pyarrow"), (".xlsx", "openpyxl")])
def test_a_missing_package_is_named_with_its_extra(tmp_path, frame, suffix, package, monkeypatch, wording):
    name = written(frame, tmp_path / f"t{suffix}")
    for module in [module for module in sys.modules if module.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    wording(refused(load, {"csv": name}, tmp_path))


@pytest.mark.parametrize("text", ["[]", "{}", "{}\n{}\n"])
def test_json_without_columns_is_refused(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    assert refused(load, {"csv": {"path": "t.json"}}, tmp_path).startswith("t.json: ")


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_columns_of_type_category_are_categories_as_in_a_frame(tmp_path, suffix):
    frame = pd.DataFrame({"zone": pd.Categorical([3, 1, 3, 7]), "y": [1.5, 2, 2.5, 3]})
    read = load({"csv": {"path": written(frame, tmp_path / f"t{suffix}")}}, tmp_path).train
    given = nntrain.Data(frame[["zone"]], frame["y"]).load()[0].train
    assert read.feature_names == given.feature_names == ("zone=1", "zone=3", "zone=7")
    assert np.array_equal(read.x, given.x)


def test_two_columns_of_one_name_have_no_line(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    twice = pyarrow.Table.from_arrays([pyarrow.array([1.5, 2]), pyarrow.array([1, 2.5])], names=["a", "a"])
    parquet.write_table(twice, tmp_path / "t.parquet")
    assert refused(load, {"csv": {"path": "t.parquet"}}, tmp_path).startswith("t.parquet: columns 1 and 2")
