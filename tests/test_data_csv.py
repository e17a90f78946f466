"""CSV files: columns, classes, and what is said of bad ones."""

import gzip

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from tests.data_helpers import load, refused

def load_csv(folder, text: str | bytes, **options) -> Dataset:
    (folder / "t.csv").write_bytes(text.encode() if isinstance(text, str) else text)
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
    data = load_csv(tmp_path, '"a,b","say ""x""",y\n"1.5",2,"one, two"\n3,"4",z\n', features=["say \"x\"", "a,b"])
    assert data.x.tolist() == [[2, 1.5], [4, 3]]
    assert data.classes == ("one, two", "z")


@pytest.mark.parametrize(("options", "features", "target"), [
    ({}, [[1, 2, 3], [5, 6, 7]], [4.5, 8.5]),
    ({"target": "b"}, [[1, 3, 4.5], [5, 7, 8.5]], [2, 6]),
    ({"target": 1}, [[2, 3, 4.5], [6, 7, 8.5]], [1, 5]),
    ({"target": -2}, [[1, 2, 4.5], [5, 6, 8.5]], [3, 7]),
    ({"features": ["c", 1]}, [[3, 1], [7, 5]], [4.5, 8.5]),
    ({"features": ["c"]}, [[3], [7]], [4.5, 8.5]),
])
def test_csv_columns_go_by_name_or_number(tmp_path, options, features, target):
    data = load_csv(tmp_path, "a,b,c,d\n1,2,3,4.5\n5,6,7,8.5\n", task="regression", **options)
    assert data.x.tolist() == features
    assert data.classes == ()
    assert data.target.tolist() == [[value] for value in target]


@pytest.mark.parametrize(("text", "rows", "message"), [
    ("1,2,a\n3,4,b\n", 2, "numbers in the first line: no header"),
    ("a,b,c\n1,2,x\n3,4,y\n", 2, "no number in the first line: a header"),
    ("0,1,label\n5,6,1\n7,8,0\n", 2, "text above a number: a header"),
    ("1,2,a\n", 0, "a single line with numbers is data (and has one class only)"),
])
def test_csv_header_is_recognised(tmp_path, text, rows, message):
    if rows:
        assert len(load_csv(tmp_path, text)) == rows, message
    else:
        with pytest.raises(UserError, match="expected at least two classes"):
            load_csv(tmp_path, text)


def test_csv_header_can_be_told(tmp_path):
    assert load_csv(tmp_path, "1,2,0\n3,4,1\n5,6,0\n", header=True).x.tolist() == [[3, 4], [5, 6]]
    with pytest.raises(UserError, match=r"t\.csv:1: column 1: expected a number\. Received: 'a'\."):
        load_csv(tmp_path, "a,b,c\n1,2,0\n3,4,1\n", header=False)


@pytest.mark.parametrize(("cells", "task", "classes"), [
    (["b", "a", "b"], "auto", ("a", "b")),
    (["10", "9", "-1", "9.0"], "auto", ("-1", "9", "10")),
    ([str(value) for value in range(20)], "auto", tuple(str(value) for value in range(20))),
    ([str(value) for value in range(21)], "auto", ()),
    (["0", "1", "0.5"], "auto", ()),
    (["0", "1", "0"], "regression", ()),
    (["0.5", "0.25"], "classification", ("0.25", "0.5")),
    (["1", "2", "other"], "auto", ("1", "2", "other")),
    ([*(str(value) for value in range(21)), "other"], "classification", tuple(sorted([*map(str, range(21)), "other"]))),
])
def test_csv_task_follows_the_target(tmp_path, cells, task, classes):
    data = load_csv(tmp_path, "x,y\n" + "".join(f"1,{cell}\n" for cell in cells), task=task)
    assert data.classes == classes
    if classes:
        lookup = {name: name for name in classes} | {"9.0": "9"}
        assert [classes[label] for label in data.target] == [lookup[cell] for cell in cells]
    else:
        assert data.target[:, 0].tolist() == [float(cell) for cell in cells]


NUMBERS_ONLY = "Features must be numbers: mend the file, or choose other columns with `features`."


@pytest.mark.parametrize(("text", "options", "message"), [
    ("", {}, "t.csv: the file is empty."),
    ("\n\n", {}, "t.csv: the file is empty."),
    ("a,b\n", {}, "t.csv: the file has a header and no lines after it."),
    ("a\n1\n", {}, "t.csv: expected at least two columns, a feature and the target. Received: one. If cells are separated by "
                   "something else, say so with `delimiter`."),
    ("a,b\n1,2\n\n3,4,5\n", {}, "t.csv:4: expected 2 columns as in line 1. Received: 3."),
    ("a,b\n1\n", {}, "t.csv:2: expected 2 columns as in line 1. Received: 1."),
    ("a,b,a\n1,2,3\n", {}, "t.csv:1: columns 1 and 3 are both named 'a'."),
    (",a,b\n0,1,2\n", {}, "t.csv: column 1 has no name. Name it, or choose columns with `features`."),
    ("height,b\n1,2\nabc,4\n", {}, "t.csv:3: column 'height': expected a number. Received: 'abc'.\n" + NUMBERS_ONLY),
    ("height,b\n1,2\n ,4\n", {}, "t.csv:3: column 'height': expected a number. Received: an empty cell.\n" + NUMBERS_ONLY),
    ("height,b\n1,2\n1_000,4\n", {}, "t.csv:3: column 'height': expected a number. Received: '1_000'.\n" + NUMBERS_ONLY),
    ("1,2,3\n4,x,6\n", {}, "t.csv:2: column 2: expected a number. Received: 'x'.\n" + NUMBERS_ONLY),
    ("a,b,c\n" + "1,no,yes\n" * 7, {}, "".join(f"t.csv:{line}: column 'b': expected a number. Received: 'no'.\n"
                                              for line in range(2, 7)) + "... and 2 more.\n" + NUMBERS_ONLY),
    ("a,b\n1,2\nnan,4\n-inf,5\n", {}, "t.csv:3: column 'a': expected a finite number. Received: nan.\n"
                                      "t.csv:4: column 'a': expected a finite number. Received: -inf.\n"
                                      "Features must be finite: mend the file, or choose other columns with `features`."),
    ("a,b\n1,2.5\n3,\n", {}, "t.csv:3: column 'b': expected a finite number. Received: an empty cell.\n"
                             "Mend the file, or say `task: classification` if these are names of classes."),
    ("a,b\n1,yes\n3,\n", {}, "t.csv:3: column 'b': expected a class. Received: an empty cell.\nMend the file."),
    ("a,b\n1,yes\n3,NaN\n", {}, "t.csv:3: column 'b': expected a class. Received: 'NaN'.\nMend the file."),
    ("a,b\n1,inf\n3,2.5\n", {}, "t.csv:2: column 'b': expected a finite number. Received: 'inf'.\n"
                                "Mend the file, or say `task: classification` if these are names of classes."),
    ("a,b\n1,2.5\n3,oops\n", {}, "t.csv:3: column 'b': expected a finite number. Received: 'oops'.\n"
                                 "Mend the file, or say `task: classification` if these are names of classes."),
    ("a,b\n1,x\n3,x\n", {}, "t.csv: column 'b': expected at least two classes. Received: 'x' in every line."),
    ("a,speed\n1,2\n", {"target": "sped"}, "t.csv: target: no column is named 'sped'. Did you mean 'speed'?"),
    ("a,b\n1,2\n", {"target": 0}, "t.csv: target: expected a column from 1 to 2, or from -1 back to -2. Received: 0."),
    ("1,2\n3,4\n", {"target": "a"}, "t.csv: target: the file has no header that could name 'a'. Give the column's number."),
    ("a,b\n1,2\n", {"features": ["b"]}, "t.csv: features: column 'b' is the target."),
    ("a,b\n1,2\n", {"features": ["a", 1]}, "t.csv: features: column 'a' is there twice."),
    ("a,b\n1,2\n", {"features": []}, "t.csv: features: expected at least one column. Received: an empty list."),
    ("a,b\n1,2\n3,caf\xe9\n".encode("latin-1"), {}, "t.csv:3: expected text in UTF-8. Received: the byte 0xe9. "
                                                    "Save the file as UTF-8."),
    ('a,b\n1,"2\n3,4\n', {}, "t.csv:2: not a row of cells: unexpected end of data."),
])
def test_bad_csv_is_told_with_its_place(tmp_path, text, options, message):
    assert refused(load_csv, tmp_path, text, **options) == message


def test_missing_csv_names_the_folder_and_a_similar_file(tmp_path):
    (tmp_path / "iris.csv").touch()
    assert refused(load, {"csv": "irs.csv"}, tmp_path) == f"irs.csv: there is no such file in {tmp_path}. Did you mean 'iris.csv'?"
    with pytest.raises(UserError, match=r"^\.: cannot be read: Is a directory\.$"):
        load({"csv": "."}, tmp_path)
