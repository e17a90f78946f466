"""CSV files: columns, classes, and errors."""

import gzip

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from tests.support.data import load, refused


def load_csv(folder, contents: str | bytes, **options) -> Dataset:
    (folder / "t.csv").write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


IRIS = "length,width,species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n\n4.9,3.0, setosa\n"


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "byte order mark"])
def test_csv_of_any_common_form_is_read(tmp_path, pack, delimiter, newline, mark):
    text = (mark + IRIS.replace(",", delimiter).replace("\n", newline)).encode()
    data = load_csv(tmp_path, gzip.compress(text) if pack else text)
    assert data.x.dtype == np.float64
    assert data.x.tolist() == [[5.1, 3.5], [7.0, 3.2], [4.9, 3.0]]
    assert data.classes == ("setosa", "versicolor")
    assert data.target.tolist() == [0, 1, 0]
    assert data.target.dtype == np.int32


def test_csv_cells_may_be_quoted(tmp_path):
    data = load_csv(
        tmp_path, '"a,b","say ""x""",y\n"1.5",2,"one, two"\n3,"4",z\n', features=['say "x"', "a,b"]
    )
    assert data.x.tolist() == [[2, 1.5], [4, 3]]
    assert data.classes == ("one, two", "z")


@pytest.mark.parametrize(
    ("options", "features", "target"),
    [
        ({}, [[1, 2, 3], [5, 6, 7]], [4.5, 8.5]),
        ({"target": "b"}, [[1, 3, 4.5], [5, 7, 8.5]], [2, 6]),
        ({"target": 1}, [[2, 3, 4.5], [6, 7, 8.5]], [1, 5]),
        ({"target": -2}, [[1, 2, 4.5], [5, 6, 8.5]], [3, 7]),
        ({"features": ["c", 1]}, [[3, 1], [7, 5]], [4.5, 8.5]),
        ({"features": ["c"]}, [[3], [7]], [4.5, 8.5]),
    ],
)
def test_csv_columns_go_by_name_or_number(tmp_path, options, features, target):
    data = load_csv(tmp_path, "a,b,c,d\n1,2,3,4.5\n5,6,7,8.5\n", task="regression", **options)
    assert data.x.tolist() == features
    assert data.classes == ()
    assert data.target.tolist() == [[value] for value in target]


@pytest.mark.parametrize(
    ("text", "rows", "why"),
    [
        ("1,2,a\n3,4,b\n", 2, "numbers in the first line: no header"),
        ("a,b,c\n1,2,x\n3,4,y\n", 2, "no number in the first line: a header"),
        ("0,1,label\n5,6,1\n7,8,0\n", 2, "text above a number: a header"),
        ("1,2,a\n", 1, "a single line with numbers is data"),
    ],
)
def test_csv_header_is_recognised(tmp_path, text, rows, why):
    assert len(load_csv(tmp_path, text)) == rows, why


def test_csv_header_can_be_set(tmp_path, wording):
    assert load_csv(tmp_path, "1,2,0\n3,4,1\n5,6,0\n", header=True).x.tolist() == [[3, 4], [5, 6]]
    told = refused(load_csv, tmp_path, "a,b,c\n1,2,0\n3,4,1\n", header=False)
    wording(told)


@pytest.mark.parametrize(
    ("cells", "task", "classes"),
    [
        (["b", "a", "b"], "auto", ("a", "b")),
        (["10", "9", "-1", "9.0"], "auto", ("-1", "9", "9.0", "10")),
        ([str(value) for value in range(20)], "auto", tuple(str(value) for value in range(20))),
        ([str(value) for value in range(21)], "auto", ()),
        (["0", "1", "0.5"], "auto", ()),
        (["0", "1", "0"], "regression", ()),
        (["0.5", "0.25"], "classification", ("0.25", "0.5")),
        (["1", "2", "other"], "auto", ("1", "2", "other")),
        (
            [*(str(value) for value in range(21)), "other"],
            "classification",
            tuple(sorted([*map(str, range(21)), "other"])),
        ),
    ],
)
def test_csv_task_follows_the_target(tmp_path, cells, task, classes):
    data = load_csv(tmp_path, "x,y\n" + "".join(f"1,{cell}\n" for cell in cells), task=task)
    assert data.classes == classes
    if classes:
        assert [classes[label] for label in data.target] == cells
    else:
        assert data.target[:, 0].tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize(
    ("text", "options", "place"),
    [
        ("", {}, "t.csv"),
        ("\n\n", {}, "t.csv"),
        ("a,b\n", {}, "t.csv"),
        ("a\n1\n", {}, "t.csv"),
        ("a,b\n1,2\n\n3,4,5\n", {}, "t.csv:4"),
        ("a,b\n1\n", {}, "t.csv:2"),
        ("a,b,a\n1,2,3\n", {}, "t.csv:1"),
        (",a,b\n0,1,2\n", {}, "t.csv"),
        ("height,b\n1,2\nabc,4\n", {}, "t.csv:3"),
        ("height,b\n1,2\n ,4\n", {}, "t.csv:3"),
        ("height,b\nred,2\nNA,4\n", {}, "t.csv:3"),
        ("height,width,b\n?,1,2\n-,nan,4\n", {}, "t.csv:2"),
        ("height,b\n1,2\n1_000,4\n", {}, "t.csv:3"),
        ("height,b\nabc,4\n1,2\n", {}, "t.csv:2"),
        ("1,2,3\n4,x,6\n", {}, "t.csv:2"),
        ("a,b,c\n1,x,6\ny,2,7\nz,3,8", {}, "t.csv:2"),
        ("a,b,c\n" + "1,no,yes\n" * 7, {"text": "error"}, ""),
        ("a,b\n1,2\nnan,4\n-inf,5\n", {}, "t.csv:4"),
        ("a,b\n1,2\n3,4\n", {"categorical": ["b"]}, "t.csv"),
        ("a,b\n,2\n,4\n", {"categorical": ["a"]}, "t.csv"),
        pytest.param(
            "a,b\n" + "".join(f"name {number},2\n" for number in range(1001)), {}, "t.csv", id="categories"
        ),
        ("a,b\n1,2\n3,4\n", {"target": ["a", "b"]}, "t.csv"),
        ("a,b,c\n1,2,3\n3,4,5\n", {"target": ["a", 1]}, "t.csv"),
        ("a,b,c\n1,2.5,x\n3,4,5\n", {"target": ["b", "c"]}, "t.csv:2"),
        ("a,b\n1,yes\n3,NA\n", {"impute": "mean"}, "t.csv:3"),
        ("a,b\n1,2.5\n3,\n", {}, "t.csv:3"),
        ("a,b\n1,yes\n3,\n", {}, "t.csv:3"),
        ("a,b\n1,yes\n3,NaN\n", {}, "t.csv:3"),
        ("a,b\n1,inf\n3,2.5\n", {}, "t.csv:2"),
        ("a,b\n1,2.5\n3,oops\n", {}, "t.csv:3"),
        ("a,speed\n1,2\n", {"target": "sped"}, "t.csv"),
        ("a,b\n1,2\n", {"target": 0}, "t.csv"),
        ("1,2\n3,4\n", {"target": "a"}, "t.csv"),
        ("a,b\n1,2\n", {"features": ["b"]}, "t.csv"),
        ("a,b\n1,2\n", {"features": ["a", 1]}, "t.csv"),
        ("a,b\n1,2\n3,caf\xe9\n".encode("latin-1"), {}, "t.csv:3"),
        ('a,b\n1,"2\n3,4\n', {}, "t.csv:2"),
    ],
)
def test_bad_csv_is_reported_at_its_place(tmp_path, text, options, place, wording):
    told = refused(load_csv, tmp_path, text, **options)
    assert told.startswith(place)
    wording(told)


def test_missing_csv_names_the_folder_and_a_similar_file(tmp_path, wording):
    (tmp_path / "iris.csv").touch()
    told = refused(load, {"csv": "irs.csv"}, tmp_path)
    wording(told)
    wording(refused(load, {"csv": "."}, tmp_path))
    (tmp_path / "docs").mkdir()
    assert "Did you mean" not in refused(load, {"csv": "no.csv"}, tmp_path)  # a folder is no table


# --- text, gaps, names -----------------------------------------------------------------------------------------------

COLOURS = "size,colour,weight\n1,red,5.5\n2, green,6.5\n3,blue,7.5\n4,red,8.5\n"


def test_csv_columns_of_text_become_a_feature_for_each_category(tmp_path):
    data = load_csv(tmp_path, COLOURS)
    assert data.feature_names == ("size", "colour=blue", "colour=green", "colour=red")
    assert data.x.tolist() == [[1, 0, 0, 1], [2, 0, 1, 0], [3, 1, 0, 0], [4, 0, 0, 1]]
    (text,) = data.one_hot
    assert (text.column, text.categories, text.places) == ("colour", ("blue", "green", "red"), slice(1, 4))


def test_csv_column_is_text_wherever_its_first_text_is(tmp_path):
    cells = ["?"] * 3000 + ["no", "yes"]  # in a later piece of the file than the first
    data = load_csv(
        tmp_path, "a,b\n" + "".join(f"{cell},{row / 2}\n" for row, cell in enumerate(cells)), impute="mean"
    )
    assert data.feature_names == ("a=no", "a=yes")
    assert np.isnan(data.x[:3000]).all()
    assert data.x[3000:].tolist() == [[1, 0], [0, 1]]


def test_csv_of_many_pieces_is_csv_of_one(tmp_path, monkeypatch):
    text = "a,b,c,y\n" + "".join(
        f"{row / 8},{'?' if row % 7 == 0 else row},{'xyz'[row % 3]},k{row % 5}\n" for row in range(1000)
    )
    pieces = load_csv(tmp_path, text, impute="mean")
    monkeypatch.setattr("nntrain.data.tables.csv_file.ROWS_AT_ONCE", 10**6)
    whole = load_csv(tmp_path, text, impute="mean")
    assert np.array_equal(pieces.x, whole.x, equal_nan=True)
    assert np.array_equal(pieces.target, whole.target)
    assert pieces.feature_names == whole.feature_names
    assert pieces.x[1:7, 1].tolist() == [1, 2, 3, 4, 5, 6]


def test_csv_categorical_columns_of_numbers_become_categories_in_order_of_number(tmp_path):
    data = load_csv(tmp_path, "zip,y\n10,1.5\n9,2.5\n9.0,3.5\n,4.5\n", categorical=["zip"], impute="mean")
    assert data.feature_names == ("zip=9", "zip=9.0", "zip=10")
    assert np.array_equal(data.x, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [np.nan] * 3], equal_nan=True)
    mixed = load_csv(tmp_path, "zip,y\n10,1.5\n9a,2.5\n", categorical=[1])
    assert mixed.feature_names == ("zip=10", "zip=9a")


def test_csv_features_are_named_by_the_header_or_by_number(tmp_path):
    assert load_csv(tmp_path, IRIS).feature_names == ("length", "width")
    assert load_csv(tmp_path, IRIS, features=["width"]).feature_names == ("width",)
    assert load_csv(tmp_path, "1,x,2.5\n3,y,4.5\n").feature_names == ("column 1", "column 2=x", "column 2=y")


def test_csv_may_have_several_targets(tmp_path):
    data = load_csv(tmp_path, "a,b,c\n1,2,3\n5,6,7\n", target=["c", 1])
    assert data.x.tolist() == [[2], [6]]
    assert data.target.tolist() == [[3, 1], [7, 5]]
    assert data.classes == ()
    one = load_csv(tmp_path, "a,b,c\n1,2,yes\n5,6,no\n", target=["c"])
    assert one.classes == ("no", "yes")


@pytest.mark.parametrize("gap", ["", "  ", "NA", "nan", "NaN", "?", "NAN"])
def test_csv_gaps_are_nan_where_they_are_to_be_filled(tmp_path, gap):
    data = load_csv(
        tmp_path, f"a,b,y\n1,red,1.5\n{gap},{gap.replace('NAN', 'nan')},2.5\n3,blue,3.5\n", impute="median"
    )
    assert np.array_equal(data.x, [[1, 0, 1], [np.nan] * 3, [3, 1, 0]], equal_nan=True)
    assert data.impute == "median"
    assert data.fill is None  # not before the split


def test_csv_missing_names_the_gaps_even_numbers(tmp_path):
    data = load_csv(tmp_path, "a,b,y\n1,NA,1.5\n-999,-,2.5\n3,x,3.5\n", missing=["-", "-999"], impute="mean")
    assert data.feature_names == ("a", "b=NA", "b=x")
    assert np.array_equal(data.x, [[1, 1, 0], [np.nan] * 3, [3, 0, 1]], equal_nan=True)
    zero = load_csv(tmp_path, "a,y\n1,1.5\n0,2.5\n", missing=["0"], impute="mean")
    assert np.array_equal(zero.x, [[1], [np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("?,2,1.5\n4,5,6.5\n", 2),  # the gap says nothing, the 2 says no
        (",a,y\n0,bob,1.5\n1,eve,2.5\n", 2),  # no number in the first line, whatever is missing there
    ],
)
def test_csv_gaps_do_not_make_a_header(tmp_path, text, rows):
    assert len(load_csv(tmp_path, text, impute="mean", features=[2])) == rows
