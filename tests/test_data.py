"""Data: readers, splits, standardizing, batches, and the kernel that gathers them."""

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain import kernels, randomness
from nntrain.data.batches import Batches, order
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.splits import hashes, join, split
from nntrain.data.standardize import standardize
from nntrain.data.synthetic import CURVES
from nntrain.errors import UserError

NO_FOLDER = Path()


def load(spelling, folder=NO_FOLDER) -> Splits:
    return Reader.parse(spelling).load(folder)


def labelled(labels, classes=None) -> Splits:
    """A source whose samples are their own row numbers."""
    labels = np.asarray(labels, np.int32)
    names = tuple(str(label) for label in range(classes or labels.max() + 1))
    return Splits(Dataset(np.arange(len(labels), dtype=float)[:, None], labels, names))


def told(spelling) -> list[tuple[tuple, str]]:
    """Places and messages of a reader's mistakes."""
    with pytest.raises(ValidationError) as raised:
        Reader.parse(spelling)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


# --- options ---------------------------------------------------------------------------------------------------------

READERS = [
    {"digits": {}}, {"digits": {"as": "image"}}, {"mnist": {"as": "vector", "root": "here"}},
    {"csv": {"path": "a.csv"}}, {"csv": {"path": "a.csv", "target": -1, "header": False, "features": ["a", 2]}},
    {"idx": {"images": "a", "labels": "b", "test_images": "c", "test_labels": "d", "as": "vector"}},
    {"synthetic": {"kind": "spirals", "classes": 3, "turns": 2.0}},
    {"random": {"input": [4], "classes": 2, "vocabulary": 9, "target_per_step": True}},
]


@pytest.mark.parametrize("spelling", READERS, ids=str)
def test_resolved_options_make_the_same_reader_again(spelling):
    reader = Reader.parse(spelling)
    ((name, options),) = reader.spelled().items()
    assert Reader.parse({name: options}) == reader
    assert spelling[name].items() <= options.items()


def test_a_bare_value_sets_as_under_its_yaml_name():
    assert Reader.parse({"digits": "image"}).as_ == "image"
    assert told({"digits": "picture"}) == [(("digits", "as"), "expected 'vector' or 'image'. Received: 'picture'. "
                                            "There are: vector, image.")]
    assert told({"digits": {"az": "image"}}) == [(("digits", "az"), "no such option. There are: as.")]


@pytest.mark.parametrize(("spelling", "place", "message"), [
    ({"csv": {"path": "a", "target": 1.5}}, ("csv", "target"), "expected the name or the number of a column. Received: 1.5."),
    ({"csv": {"path": "a", "target": True}}, ("csv", "target"), "expected the name or the number of a column. Received: true."),
    ({"csv": {"path": "a", "header": 1}}, ("csv", "header"), "expected `auto`, true or false. Received: 1."),
    ({"csv": {"path": "a", "features": "b"}}, ("csv", "features"),
     "expected `all` or a list of names or numbers of columns. Received: 'b'."),
    ({"idx": {"images": "a", "labels": "b", "test_images": "c"}}, ("idx",),
     "expected both `test_images` and `test_labels`. Received one of them."),
    ({"random": {"input": [3]}}, ("random",), "expected either `classes` or `targets`. Received: neither."),
    ({"random": {"input": [3], "classes": 2, "targets": 1}}, ("random",),
     "expected either `classes` or `targets`. Received: both."),
    ({"random": {"input": [3, 0], "classes": 2}}, ("random", "input", 1), "expected a number of at least 1. Received: 0."),
    ({"synthetic": {"kind": "xor", "turns": 3.0}}, ("synthetic",),
     "`turns` goes with `kind: spirals` only. Received: `kind: xor`."),
])
def test_wrong_options_are_told_in_one_line(spelling, place, message):
    assert told(spelling) == [(place, message)]


# --- digits, mnist ---------------------------------------------------------------------------------------------------

def test_digits_are_1797_pictures_between_0_and_1():
    splits = load("digits")
    x = np.concatenate([splits.train.x, splits.test.x])
    assert x.shape == (1797, 64)
    assert x.dtype == np.float32
    assert x.min() == 0
    assert x.max() == 1
    assert np.array_equal(x * 16, np.round(x * 16))
    assert splits.train.classes == tuple("0123456789")
    counts = np.bincount(np.concatenate([splits.train.target, splits.test.target]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_test_part_is_fixed_stratified_and_apart_from_the_train_part():
    splits = load("digits")
    assert len(splits.test) == 360
    assert set(np.bincount(splits.test.target)) <= {35, 36, 37}  # a fifth of 174 to 183
    assert hashes(splits)["test"] == "48d0fa2e63efb23b34b3cce35634f74567978d4ce97a11250ab3d733061adb63"


def test_digits_as_image_are_the_same_values():
    vector, image = load("digits"), load({"digits": {"as": "image"}})
    assert image.train.input_shape == (8, 8, 1)
    assert np.array_equal(image.test.x.reshape(-1, 64), vector.test.x)


@pytest.mark.skipif("NNTRAIN_DATA" not in os.environ, reason="needs the real MNIST in $NNTRAIN_DATA/mnist")
def test_mnist_is_what_it_is_known_to_be():
    splits = load("mnist")
    assert splits.train.x.shape == (60000, 28, 28, 1)
    assert splits.test.x.shape == (10000, 28, 28, 1)
    assert splits.train.x.dtype == np.uint8
    assert splits.train.target[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert splits.test.target[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    scaled = standardize(splits).train
    assert scaled.shift / 255 == pytest.approx([0.1307], abs=5e-5)  # the figures that everybody uses
    assert 1 / scaled.scale / 255 == pytest.approx([0.3081], abs=5e-5)
    assert np.array_equal(load({"mnist": "vector"}).test.x, splits.test.x.reshape(10000, 784))


MNIST_NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


@pytest.fixture
def small_mnist(tmp_path):
    """A folder `mnist` with the four files, two of them packed, of 3 and 2 images of 2 x 2 pixels."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, data in zip(MNIST_NAMES, [images(3), idx([7, 0, 9]), images(2), idx([1, 9])], strict=True):
        if "train" in name:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


def test_mnist_is_found_in_root_or_nntrain_data_or_the_home_folder(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NNTRAIN_DATA", raising=False)
    assert len(load({"mnist": {"root": "mnist"}}, tmp_path).train) == 3
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    splits = load("mnist")
    assert splits.train.classes == tuple("0123456789")
    assert splits.test.target.tolist() == [1, 9]
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path / "nothing"))
    (tmp_path / "home/.cache/nntrain/data").mkdir(parents=True)
    small_mnist.rename(tmp_path / "home/.cache/nntrain/data/mnist")
    assert load("mnist").train.input_shape == (2, 2, 1)


def test_missing_mnist_names_files_places_and_the_way_out(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    (small_mnist / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError) as raised:
        load("mnist")
    assert str(raised.value) == (
        "mnist: expected the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        "t10k-labels-idx1-ubyte (.gz or not) in one folder. Looked in:\n"
        f"  {tmp_path}/mnist lacks t10k-labels-idx1-ubyte\n"
        f"  {tmp_path}/home/.cache/nntrain/data/mnist lacks all of them\n"
        "Put them there, or name their folder with `root`, or set NNTRAIN_DATA to the folder above `mnist`.")


def test_explicit_root_without_the_files_is_an_error_whatever_else_there_is(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    with pytest.raises(UserError, match="elsewhere lacks all of them"):
        load({"mnist": {"root": "elsewhere"}}, tmp_path)


def test_mnist_labels_beyond_nine_are_an_error(small_mnist, tmp_path):
    (small_mnist / "t10k-labels-idx1-ubyte").write_bytes(idx([1, 10]))
    with pytest.raises(UserError) as raised:
        load({"mnist": {"root": "mnist"}}, tmp_path)
    assert str(raised.value) == f"{small_mnist}/t10k-labels-idx1-ubyte: expected labels from 0 to 9. Received: 10."


# --- idx -------------------------------------------------------------------------------------------------------------

def idx(values, kind=0x08, dtype=">u1") -> bytes:
    values = np.asarray(values, dtype)
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape) + values.tobytes()


def images(count: int) -> bytes:
    return idx(np.arange(count * 4).reshape(count, 2, 2))


IDX = {"images": "x", "labels": "y"}


def load_idx(folder, x: bytes, y: bytes, **options) -> Splits:
    (folder / "x").write_bytes(x)
    (folder / "y").write_bytes(y)
    return load({"idx": IDX | options}, folder)


def test_idx_images_stay_bytes_and_labels_become_the_classes_that_occur(tmp_path):
    splits = load_idx(tmp_path, images(3), idx([26, 1, 26]))
    assert splits.train.x.dtype == np.uint8
    assert splits.train.x.shape == (3, 2, 2, 1)
    assert splits.train.classes == ("1", "26")
    assert splits.train.target.tolist() == [1, 0, 1]
    assert splits.train.target.dtype == np.int32
    assert load({"idx": IDX | {"as": "vector"}}, tmp_path).train.x.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_idx_class_only_in_the_test_part_is_a_class_of_both(tmp_path):
    (tmp_path / "tx").write_bytes(images(1))
    (tmp_path / "ty").write_bytes(gzip.compress(idx([5])))
    splits = load_idx(tmp_path, images(2), idx([3, 8]), test_images="tx", test_labels="ty")
    assert splits.train.classes == splits.test.classes == ("3", "5", "8")
    assert splits.test.target.tolist() == [1]


@pytest.mark.parametrize(("kind", "dtype", "becomes"), [
    (0x09, ">i1", "float64"), (0x0B, ">i2", "float64"), (0x0C, ">i4", "float64"), (0x0D, ">f4", "float32"),
    (0x0E, ">f8", "float64"),
])
def test_idx_of_every_type_is_read(tmp_path, kind, dtype, becomes):
    splits = load_idx(tmp_path, idx([[1, -2], [3, 4]], kind, dtype), idx([0, 1], 0x0C, ">i4"))
    assert splits.train.x.dtype == becomes
    assert splits.train.x.tolist() == [[1, -2], [3, 4]]


@pytest.mark.parametrize(("x", "y", "message"), [
    (b"", idx([1]), "x: not an IDX file: expected it to start with 00 00, a type from 08 to 0e and the number of axes. "
                    "Received: an empty file."),
    (b"PNG...", idx([1]), "x: not an IDX file: expected it to start with 00 00, a type from 08 to 0e and the number of axes. "
                          "Received: 50 4e 47 2e."),
    (images(3)[:9], idx([1]), "x: the file is cut short within its header."),
    (images(3)[:-1], idx([1]), "x: expected 12 bytes for 3 x 2 x 2 values. Received: 11."),
    (images(3) + b"!", idx([1]), "x: expected 12 bytes for 3 x 2 x 2 values. Received: more than that."),
    (struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**32 - 1] * 3), idx([1]),
     "x: expected 79,228,162,458,924,105,385,300,197,375 bytes for 4294967295 x 4294967295 x 4294967295 values. Received: 0."),
    (idx(np.zeros((0, 2, 2))), idx([1]), "x: the file holds no values: its sizes are 0 x 2 x 2."),
    (images(3), idx([1, 2]), "y: expected 3 labels, one for each image of x. Received: 2."),
    (images(3), images(3), "y: expected labels, one axis of whole numbers. Received: 3 of uint8."),
    (idx([[1, 2], [3, np.nan]], 0x0D, ">f4"), idx([0, 1]), "x: sample 2, value 2: expected a finite number. Received: nan."),
    (gzip.compress(images(3))[:-9], idx([1]), "x: the gzip file is damaged or cut short "
                                              "(Compressed file ended before the end-of-stream marker was reached)."),
])
def test_bad_idx_files_are_told_apart(tmp_path, x, y, message):
    with pytest.raises(UserError) as raised:
        load_idx(tmp_path, x, y)
    assert str(raised.value) == message


def test_images_of_another_size_in_the_test_part_are_an_error(tmp_path):
    (tmp_path / "tx").write_bytes(idx(np.zeros((1, 3, 2))))
    (tmp_path / "ty").write_bytes(idx([0]))
    with pytest.raises(UserError) as raised:
        load_idx(tmp_path, images(2), idx([0, 1]), test_images="tx", test_labels="ty")
    assert str(raised.value) == ("the test part does not fit the train part: expected input shape (2, 2, 1). "
                                 "Received: (3, 2, 1).")


# --- csv -------------------------------------------------------------------------------------------------------------

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
    with pytest.raises(UserError) as raised:
        load_csv(tmp_path, text, **options)
    assert str(raised.value) == message


def test_missing_csv_names_the_folder_and_a_similar_file(tmp_path):
    (tmp_path / "iris.csv").touch()
    with pytest.raises(UserError) as raised:
        load({"csv": "irs.csv"}, tmp_path)
    assert str(raised.value) == f"irs.csv: there is no such file in {tmp_path}. Did you mean 'iris.csv'?"
    with pytest.raises(UserError, match=r"^\.: cannot be read: Is a directory\.$"):
        load({"csv": "."}, tmp_path)


# --- synthetic, random -----------------------------------------------------------------------------------------------

def test_four_samples_of_xor_without_noise_are_the_four_points():
    splits = load({"synthetic": {"kind": "xor", "samples": 4, "noise": 0.0}})
    for part in (splits.train, splits.test):
        assert part.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert part.target.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("function", CURVES)
def test_curve_is_tested_without_noise(function):
    splits = load({"synthetic": {"kind": "curve", "function": function, "noise": 0.2, "samples": 3000}})
    assert splits.test.x[[0, 200, -1], 0].tolist() == [-1, 0, 1]
    assert np.array_equal(splits.test.target, CURVES[function](splits.test.x))
    assert splits.train.target_shape == (1,)
    assert splits.train.classes == ()
    assert np.abs(splits.train.x).max() <= 1
    noise = splits.train.target - CURVES[function](splits.train.x)
    assert abs(noise.mean()) < 0.02
    assert noise.std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(("options", "classes"), [
    ({"kind": "two_moons"}, 2), ({"kind": "spirals", "classes": 3}, 3), ({"kind": "xor"}, 2),
])
def test_synthetic_classes_are_balanced_and_tested_on_a_second_draw(options, classes):
    splits = load({"synthetic": options | {"samples": 600}})
    assert np.ptp(np.bincount(splits.train.target)) == 0
    assert len(splits.train.classes) == classes
    assert splits.test.x.shape == (600, 2)
    assert not np.isin(splits.test.x, splits.train.x).any()
    again, other = load({"synthetic": options | {"samples": 600}}), load({"synthetic": options | {"samples": 600, "seed": 1}})
    assert hashes(again) == hashes(splits)
    assert hashes(other)["train"] != hashes(splits)["train"]


def test_moons_and_spirals_without_noise_lie_on_their_curves():
    moons = load({"synthetic": {"kind": "two_moons", "noise": 0.0}}).train
    centre = np.where(moons.target[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.linalg.norm(moons.x - centre, axis=1), 1, rtol=1e-12)
    spirals = load({"synthetic": {"kind": "spirals", "noise": 0.0, "classes": 4, "turns": 1.5}}).train
    radius, angle = np.linalg.norm(spirals.x, axis=1), np.arctan2(spirals.x[:, 1], spirals.x[:, 0])
    assert radius.min() >= 0.1
    assert radius.max() <= 1
    turn = angle / (2 * np.pi) - spirals.target / 4 - 1.5 * radius
    np.testing.assert_allclose(turn - np.round(turn), 0, atol=1e-12)


@pytest.mark.parametrize(("options", "x", "target"), [
    ({"input": [32, 32, 3], "classes": 10}, (512, 32, 32, 3), (512,)),
    ({"input": [4], "targets": 2, "samples": 7}, (7, 4), (7, 2)),
    ({"input": [6], "classes": 5, "vocabulary": 9, "target_per_step": True}, (512, 6), (512, 6)),
    ({"input": [6, 3], "targets": 2, "target_per_step": True}, (512, 6, 3), (512, 6, 2)),
])
def test_random_data_have_the_shapes_asked_for(options, x, target):
    data = load({"random": options}).train
    assert data.x.shape == x
    assert data.target.shape == target
    assert data.vocabulary == options.get("vocabulary", 0)
    assert len(data.classes) == options.get("classes", 0)
    for values, limit in ((data.x, data.vocabulary), (data.target, len(data.classes))):
        if limit:
            assert values.dtype == np.int32
            assert set(np.unique(values)) == set(range(limit))
        else:
            assert np.isfinite(values).all()


# --- splits ----------------------------------------------------------------------------------------------------------

def test_split_parts_are_disjoint_complete_and_indexed_into_the_source():
    source = labelled(np.arange(103) % 4)
    parts, rows = split(source, 0.2, 0.1, seed=3)
    assert {name: len(part) for name, part in parts.parts().items()} == {"train": 74, "validation": 8, "test": 21}
    assert sorted(np.concatenate(list(rows.values()))) == list(range(103))
    for name, part in parts.parts().items():
        assert rows[name].dtype == np.int64
        assert np.array_equal(part.x[:, 0], rows[name])
        assert np.array_equal(part.target, source.train.target[rows[name]])


def test_split_depends_on_the_seed_alone():
    source = labelled(np.arange(50) % 2)
    first, again, other = (split(source, 0.2, 0.2, seed)[1] for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["test"], other["test"])


def test_validation_does_not_change_the_test_part():
    source = labelled(np.arange(50) % 2)
    assert np.array_equal(split(source, 0.2, None, 0)[1]["test"], split(source, 0.2, 0.3, 0)[1]["test"])


@pytest.mark.parametrize("fraction", [0.05, 0.1, 1 / 3, 0.5, 0.8])
@pytest.mark.parametrize("sizes", [[50, 50], [90, 9, 1], [2, 2, 96], [3, 5, 7, 11, 13], [1, 1, 1, 30]])
def test_split_is_stratified_exact_and_keeps_a_sample_of_each_class(sizes, fraction):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts, rows = split(labelled(labels), None, fraction, seed=0)
    drawn = np.bincount(parts.validation.target, minlength=len(sizes))
    kept = np.bincount(parts.train.target, minlength=len(sizes))
    ideal = fraction * np.array(sizes)
    assert drawn.sum() == int(len(labels) * fraction + 0.5)
    assert all(kept[np.array(sizes) >= 2] >= 1)
    if min(sizes) > 2:  # otherwise small classes keep what they owe, and large ones give it
        assert (np.abs(drawn - ideal) <= 1).all()
    assert not np.array_equal(np.sort(rows["train"]), rows["train"])


def test_split_gives_the_largest_remainders_the_rows_left_over():
    # a quarter of 5, 7 and 8 is 1.25, 1.75 and 2: one row is left over, and the second class gets it
    parts, _ = split(labelled(np.repeat([0, 1, 2], [5, 7, 8])), 0.25, None, seed=0)
    assert np.bincount(parts.test.target).tolist() == [1, 2, 2]


def test_real_targets_and_targets_for_each_step_are_split_without_strata():
    for options in ({"targets": 1}, {"classes": 3, "target_per_step": True, "vocabulary": 5}):
        source = load({"random": {"input": [4], "samples": 20} | options})
        parts, rows = split(source, 0.25, None, seed=0)
        assert len(parts.test) == 5
        assert np.array_equal(parts.test.target, source.train.target[rows["test"]])
        assert parts.test.vocabulary == source.train.vocabulary


def test_without_fractions_nothing_is_split():
    source = labelled([0, 1, 0])
    parts, rows = split(source, None, None, seed=0)
    assert parts.train.x is source.train.x
    assert {name: part.tolist() for name, part in rows.items()} == {"train": [0, 1, 2]}


@pytest.mark.parametrize(("labels", "test", "validation", "message"), [
    ([0, 1, 0, 1], 0.1, None, "test: 0.1 of 4 samples leaves none for the test part. Give another fraction, or more data."),
    ([0, 1, 0, 1], None, 0.9, "validation: 0.9 of 4 samples leaves none for training. Give another fraction, or more data."),
    ([0, 0, 1, 1], 0.75, None, "split: 3 of 4 samples cannot be drawn and leave each of 2 classes one to train on. "
                               "Give a smaller fraction, or more data."),
])
def test_too_few_samples_for_a_part_are_an_error(labels, test, validation, message):
    with pytest.raises(UserError) as raised:
        split(labelled(labels), test, validation, seed=0)
    assert str(raised.value) == message


def test_a_part_that_the_source_brings_is_not_drawn_again():
    with pytest.raises(UserError) as raised:
        split(load("digits"), 0.2, None, seed=0)
    assert str(raised.value) == "test: the source brings a test part of its own (360 samples). Leave out `test`."


def test_a_part_from_another_source_follows_the_train_part_by_class_name():
    train = Splits(Dataset(np.zeros((3, 1)), np.array([0, 1, 2], np.int32), ("cat", "dog", "fox")))
    other = Dataset(np.zeros((2, 1)), np.array([0, 1], np.int32), ("dog", "fox"))
    joined = join(train, "test", other)
    assert joined.test.classes == train.train.classes
    assert joined.test.target.tolist() == [1, 2]
    with pytest.raises(UserError) as raised:
        join(train, "test", Dataset(np.zeros((2, 1)), np.array([0, 1], np.int32), ("dog", "owl")))
    assert str(raised.value) == "test: expected the train part's classes 'cat', 'dog', 'fox'. Received: 'owl' besides."


def test_parts_must_be_alike():
    train = labelled([0, 1]).train
    with pytest.raises(UserError) as raised:
        Splits(train, test=Dataset(train.x, train.target, ("no", "yes")))
    assert str(raised.value) == "the test part does not fit the train part: expected classes ('0', '1'). Received: ('no', 'yes')."
    with pytest.raises(UserError, match=r"^the train part has no samples\.$"):
        Splits(Dataset(np.zeros((0, 1)), np.zeros((0, 1))))


def test_hashes_see_values_shapes_and_types():
    x, y = np.arange(6.0), np.arange(6.0)[:, None]
    variants = [Dataset(x.reshape(6, 1), y), Dataset(x.reshape(6, 1).astype(np.float32), y), Dataset(x[:, None] + 1, y),
                Dataset(x.reshape(6, 1), y + 1), Dataset(x.reshape(6, 1, 1), y)]
    assert len({hashes(Splits(variant))["train"] for variant in variants}) == len(variants)
    assert hashes(Splits(Dataset(x.reshape(6, 1).copy(), y.copy()))) == hashes(Splits(variants[0]))


# --- standardize -----------------------------------------------------------------------------------------------------

def seen(data: Dataset, dtype=np.float64) -> np.ndarray:
    """What the network sees of all of `data`."""
    batch = data.batch(len(data), dtype)
    data.gather(np.arange(len(data)), batch)
    return batch.x


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2), (4, 4, 1), (7, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_standardized_train_part_has_mean_0_and_deviation_1(shape, dtype):
    x = (np.random.default_rng(0).random((300, *shape)) * 250).astype(dtype)
    splits = standardize(Splits(Dataset(x[:200], np.zeros((200, 1))), test=Dataset(x[200:], np.zeros((100, 1)))))
    flat = seen(splits.train).reshape(-1, shape[-1])
    np.testing.assert_allclose(flat.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(flat.std(axis=0), 1, rtol=1e-12)
    train = x[:200].reshape(-1, shape[-1]).astype(np.float64)
    expected = (x[200:] - train.mean(axis=0)) / train.std(axis=0)  # the train part's, whatever the test part is
    np.testing.assert_allclose(seen(splits.test), expected, rtol=1e-9, atol=1e-9)


def test_standardize_in_pieces_is_standardize_in_one(monkeypatch):
    x = np.random.default_rng(0).normal(1e6, 1, (1000, 3))
    whole = standardize(Splits(Dataset(x, x))).train
    monkeypatch.setattr("nntrain.data.standardize.VALUES_AT_ONCE", 100)
    pieces = standardize(Splits(Dataset(x, x))).train
    np.testing.assert_allclose(pieces.shift, whole.shift, rtol=1e-15)
    np.testing.assert_allclose(pieces.scale, whole.scale, rtol=1e-9)


def test_a_constant_column_becomes_zero_and_its_deviation_counts_as_1():
    x = np.stack([np.full(1000, 0.1), np.arange(1000.0)], axis=1)  # 0.1: its mean is not 0.1 in floating point
    splits = standardize(Splits(Dataset(x, x), test=Dataset(np.array([[1.1, 0.0]]), np.zeros((1, 2)))))
    assert not seen(splits.train)[:, 0].any()
    assert seen(splits.test)[0, 0] == 1.1 - 0.1


def test_constant_bytes_keep_their_scale_to_0_and_1():
    x = np.full((4, 2, 2, 1), 51, np.uint8)
    splits = standardize(Splits(Dataset(x, np.zeros((4, 1))), test=Dataset(x + 51, np.zeros((4, 1)))))
    np.testing.assert_allclose(seen(splits.test), 0.2, rtol=1e-15)


@pytest.mark.parametrize(("x", "message"), [
    (np.array([[1.0, 1e300], [1.0, -1e300]]), "standardize: the values of column 2 are too large: "
                                              "their squares do not fit a float64."),
    (np.array([[1], [0]], np.int32), "standardize: the data are tokens, which have no mean. Leave it out."),
])
def test_what_cannot_be_standardized_is_an_error(x, message):
    with pytest.raises(UserError) as raised:
        standardize(Splits(Dataset(x, np.zeros((2, 1)), vocabulary=2 if x.dtype == np.int32 else 0)))
    assert str(raised.value) == message


# --- gather ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(64,), (513,), (5, 7, 3), (300, 2)], ids=str)
@pytest.mark.parametrize("source", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("per_channel", [False, True])
def test_gather_shifts_and_scales_the_rows_asked_for(shape, source, dtype, per_channel):
    rng = np.random.default_rng(0)
    x = (rng.random((40, *shape)) * 255).astype(source)
    channels = shape[-1] if per_channel else 1
    data = Dataset(x, rng.random((40, 2)), shift=rng.random(channels) * 100, scale=rng.random(channels))
    indices = randomness.permutation(1, 40)[:9]
    batch = data.batch(16, dtype)
    batch.x[:], batch.target[:] = 77, 77
    data.gather(indices, batch)
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(batch.x[:9], (x[indices].astype(np.float64) - data.shift) * data.scale, rtol=tolerance, atol=1e-12)
    np.testing.assert_allclose(batch.target[:9], data.target[indices], rtol=tolerance)
    assert (batch.x[9:] == 77).all()
    assert (batch.target[9:] == 77).all()
    assert batch.x.dtype == dtype
    assert batch.target.dtype == dtype


def test_both_precisions_see_the_same_numbers_but_for_one_rounding():
    x = np.random.default_rng(0).normal(2e6, 1, (50, 8))  # far from 0: float32 arithmetic would be off by 0.1
    data = standardize(Splits(Dataset(x, x))).train
    assert np.array_equal(seen(data, np.float32), seen(data, np.float64).astype(np.float32))


def test_bytes_are_seen_between_0_and_1():
    data = Dataset(np.array([[0, 51, 255]], np.uint8), np.zeros((1, 1)))
    np.testing.assert_allclose(seen(data), [[0, 0.2, 1]], rtol=1e-15)


def test_unscaled_floats_are_copied_exactly():
    x = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)
    assert np.array_equal(seen(Dataset(x, x), np.float32), x)


def test_gather_copies_tokens_and_class_numbers():
    data = load({"random": {"input": [6], "classes": 5, "vocabulary": 9, "target_per_step": True, "samples": 20}}).train
    batch = data.batch(4, np.float32)
    data.gather(np.array([3, 19, 0]), batch)
    assert batch.x.dtype == batch.target.dtype == np.int32
    assert np.array_equal(batch.x[:3], data.x[[3, 19, 0]])
    assert np.array_equal(batch.target[:3], data.target[[3, 19, 0]])


@pytest.mark.parametrize(("wrong", "tokens"), [(-1, False), (3, False), (3, True)])
def test_gather_beyond_the_data_is_an_error(wrong, tokens):
    x = np.zeros((3, 2), np.int32) if tokens else np.zeros((3, 2))
    data = Dataset(x, np.zeros((3, 1)), vocabulary=2 if tokens else 0)
    with pytest.raises(IndexError):
        data.gather(np.array([0, wrong]), data.batch(2, np.float32))


def test_read_only_mapped_and_strided_data_share_one_compiled_kernel(tmp_path):
    x = np.random.default_rng(0).random((20, 6))
    plain = seen(Dataset(x, x))
    compiled = len(kernels.gather.rows.serial.signatures)
    frozen = x.copy()
    frozen.flags.writeable = False
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    strided = np.concatenate([x, x], axis=1)[:, :6]
    for same in (frozen, mapped, strided):
        assert np.array_equal(seen(Dataset(same, same)), plain)
    assert not frozen.flags.writeable
    assert len(kernels.gather.rows.serial.signatures) == compiled


def test_mapped_data_are_not_copied_into_memory(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((20, 2, 3)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = Dataset(mapped, np.zeros((20, 1)))
    seen(data)
    assert np.shares_memory(data._x, mapped)


# --- batches ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("batch_size", "sizes"), [
    (1, [1] * 10), (4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (64, [10]), ("full", [10]),
])
def test_an_epoch_sees_every_sample_once(batch_size, sizes):
    batches = Batches(labelled(np.arange(10) % 2).train, batch_size, seed=5)
    epoch = [batches.indices(2, number) for number in range(len(batches))]
    assert [len(indices) for indices in epoch] == sizes
    assert batches.rows == sizes[0]
    assert sorted(np.concatenate(epoch)) == list(range(10))


def test_batches_are_a_function_of_seed_and_epoch_so_an_epoch_can_start_anywhere():
    data = labelled(np.arange(100) % 2).train
    straight = Batches(data, 8, seed=5)
    for epoch in (0, 1):
        for number in range(len(straight)):
            assert np.array_equal(Batches(data, 8, seed=5).indices(epoch, number), straight.indices(epoch, number))
    assert not np.array_equal(order(100, 5, 0), order(100, 5, 1))
    assert not np.array_equal(order(100, 5, 0), order(100, 6, 0))


def test_without_shuffling_samples_come_in_order():
    batches = Batches(labelled([0, 1, 0]).train, 2, shuffle=False)
    assert [batches.indices(7, number).tolist() for number in (0, 1)] == [[0, 1], [2]]
    assert batches.indices(0, 0).dtype == order(3, 0, 0).dtype == np.int64


def test_reading_and_splitting_do_not_load_numba():
    code = ("import sys; from pathlib import Path; import nntrain.data; from nntrain.data.dataset import Reader; "
            "Reader.parse('digits').load(Path()); sys.exit('numba' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
