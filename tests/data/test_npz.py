"""NumPy files: arrays of any type, memory-mapped where possible, never unpickled."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.dataset import Dataset
from nntrain.data.files.npy import read_npy, read_npz
from nntrain.errors import UserError
from tests.support.data import load, refused, seen

X = np.arange(24, dtype=np.float32).reshape(4, 6)
Y = np.array([3, 1, 3, 5])


def npz(folder, samples=X, targets=Y, save=np.savez, **options) -> Dataset:
    save(folder / "d.npz", x=samples, y=targets)
    return load({"npz": {"path": "d.npz"} | options}, folder).train


def npy(folder, samples=X, targets=Y, **options) -> Dataset:
    np.save(folder / "x.npy", samples)
    np.save(folder / "y.npy", targets)
    return load({"npy": {"x": "x.npy", "target": "y.npy"} | options}, folder).train


def bytes_of(array, **options) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), **options)
    return file.getvalue()


FORMS = pytest.mark.parametrize(
    "make",
    [npz, npy, lambda *arguments, **options: npz(*arguments, save=np.savez_compressed, **options)],
    ids=["npz", "npy", "compressed npz"],
)


@FORMS
def test_whole_numbers_are_classes(tmp_path, make):
    data = make(tmp_path)
    assert np.array_equal(data.x, X)
    assert data.x.dtype == np.float32
    assert data.classes == ("1", "3", "5")
    assert data.target.tolist() == [1, 0, 1, 2]
    assert data.target.dtype == np.int32


@FORMS
def test_floats_are_targets_of_regression(tmp_path, make):
    assert make(tmp_path, X, [0.5, 1, 2, 3]).target.tolist() == [[0.5], [1], [2], [3]]
    data = make(tmp_path, X, np.ones((4, 2), np.float32))
    assert data.target.shape == (4, 2)
    assert data.target.dtype == np.float32
    assert data.classes == ()


@pytest.mark.parametrize(
    ("y", "options", "classes", "target"),
    [
        (["dog", "cat", "dog", "cat"], {}, ("cat", "dog"), [1, 0, 1, 0]),
        (
            ["dog", "cat", "dog", "cat"],
            {"classes": ["dog", "cat", "fox"]},
            ("dog", "cat", "fox"),
            [0, 1, 0, 1],
        ),
        ([1, 0, 2, 0], {"classes": ["dog", "cat", "fox"]}, ("dog", "cat", "fox"), [1, 0, 2, 0]),
        ([1.0, 0.0, 1.0, 0.0], {"classes": ["no", "yes"]}, ("no", "yes"), [1, 0, 1, 0]),
        ([1.0, 7.0, 1.0, 7.0], {"task": "classification"}, ("1", "7"), [0, 1, 0, 1]),
        ([True, False, True, False], {}, ("0", "1"), [1, 0, 1, 0]),
        ([[5], [4], [5], [4]], {}, ("4", "5"), [1, 0, 1, 0]),
        ([5, 4, 5, 4], {"task": "regression"}, (), [[5], [4], [5], [4]]),
    ],
)
def test_targets_become_classes_or_reals(tmp_path, y, options, classes, target):
    data = npz(tmp_path, X, np.array(y), **options)
    assert data.classes == classes
    assert data.target.tolist() == target


def test_each_step_may_have_a_target(tmp_path):
    steps = np.array([[0, 1, 1], [1, 1, 0]])
    data = npz(tmp_path, np.zeros((2, 3, 5)), steps)
    assert data.target.tolist() == steps.tolist()
    assert npz(tmp_path, np.zeros((2, 3, 5)), np.zeros((2, 3, 1))).target.shape == (2, 3, 1)


@pytest.mark.parametrize(
    ("stored", "becomes"),
    [
        ("u1", "uint8"),
        ("?", "float32"),
        ("i1", "float64"),
        ("<i8", "float64"),
        (">u4", "float64"),
        ("<f2", "float32"),
        (">f4", "float32"),
        ("<f8", "float64"),
    ],
)
def test_samples_of_every_type_are_read(tmp_path, stored, becomes):
    x = np.array([[0, 1], [1, 0]]).astype(stored)
    for data in (npz(tmp_path, x, [0, 1]), npy(tmp_path, x, [0, 1])):
        assert data.x.dtype == becomes
        assert data.x.dtype.isnative
        assert data.x.tolist() == [[0, 1], [1, 0]]


def test_samples_can_be_images_or_vectors(tmp_path):
    grey = np.zeros((4, 3, 2), np.uint8)
    assert npz(tmp_path, grey).input_shape == (3, 2)
    assert npz(tmp_path, grey, **{"as": "image"}).input_shape == (3, 2, 1)
    assert npz(tmp_path, np.zeros((4, 3, 2, 3)), **{"as": "image"}).input_shape == (3, 2, 3)
    assert npz(tmp_path, grey, **{"as": "vector"}).input_shape == (6,)
    assert npz(tmp_path, np.arange(4.0)).input_shape == (1,)


def test_arrays_go_by_the_names_given(tmp_path):
    np.savez(tmp_path / "d.npz", images=X, labels=Y)
    data = load({"npz": {"path": "d.npz", "x": "images", "target": "labels"}}, tmp_path).train
    assert np.array_equal(data.x, X)


def test_npy_files_stay_on_the_disk(tmp_path):
    data = npy(tmp_path, np.zeros((4, 5, 3), np.uint8))
    with open(tmp_path / "x.npy", "r+b") as file:
        file.seek(-1, io.SEEK_END)
        file.write(b"\x07")
    assert data.x[3, 4, 2] == 7
    assert not data.x.flags.writeable


def test_stored_members_of_npz_stay_on_the_disk_where_they_are_aligned(tmp_path):
    bytes_ = npz(tmp_path, np.full((4, 6), 77, np.uint8))
    content = (tmp_path / "d.npz").read_bytes()
    at = content.index(b"\x4d" * 24)  # 77
    with open(tmp_path / "d.npz", "r+b") as file:
        file.seek(at)
        file.write(b"\x05")
    assert bytes_.x[0].tolist() == [5, 77, 77, 77, 77, 77]
    for name in ("x", "xx", "xxx", "xxxx"):  # the values start elsewhere
        np.savez(tmp_path / "e.npz", **{name: X, "y": Y})
        (x,) = read_npz(tmp_path, "e.npz", (name,))
        assert x.flags.aligned
        assert np.array_equal(x, X)


@pytest.mark.parametrize(
    "x", [np.asfortranarray(X), X[::2], X.astype(">f4")], ids=["fortran", "strided", "big-endian"]
)
def test_arrays_in_another_order_are_the_same_to_the_network(tmp_path, x):
    y = np.arange(len(x))
    for data in (npz(tmp_path, x, y), npy(tmp_path, x, y)):
        assert data.x.flags.c_contiguous
        assert np.array_equal(seen(data), x)


def test_large_arrays_are_searched_for_nan_in_pieces(tmp_path, monkeypatch, wording):
    monkeypatch.setattr("nntrain.data.finite.VALUES_AT_ONCE", 6)
    x = X.copy()
    x[3, 2] = np.nan
    wording(refused(npy, tmp_path, x))


@pytest.mark.parametrize(
    ("x", "y", "options", "place"),
    [
        (X, Y[:3], {}, "d.npz"),
        (np.array(1.0), Y, {}, "d.npz"),
        (X, np.array(1), {}, "d.npz"),
        (X[:0], Y[:0], {}, "d.npz"),
        (X, np.array([{}, 1, 2, 3]), {}, "d.npz"),
        (X.astype(complex), Y, {}, "d.npz"),
        (X.astype(str), Y, {}, "d.npz"),
        (np.zeros(4, "f4,i4"), Y, {}, "d.npz"),
        (np.where(X == 8, np.inf, X), Y, {}, "d.npz"),
        (X, np.array([0.5, np.nan, 1, 2]), {}, "d.npz"),
        (X, np.eye(4, 3, dtype=int), {}, "d.npz"),
        (X, np.array([0, 1, 0.5, 1]), {"task": "classification"}, "d.npz"),
        (X, np.array([0, 1, np.inf, 1]), {"task": "classification"}, "d.npz"),
        (X, np.array([0, 1, 2, -1]), {"classes": ["a", "b"]}, "d.npz"),
        (X, np.array(["a", "b", "c", "a"]), {"classes": ["a", "b"]}, "d.npz"),
        (X, np.array(["a", "b", "c", "a"]), {"task": "regression"}, "d.npz"),
        (X, Y.astype(complex), {"task": "classification"}, "d.npz"),
        (X, np.zeros((4, 1, 1, 1)), {}, "d.npz"),
        (X, Y, {"as": "image"}, "d.npz"),
        (X, Y, {"x": "z"}, "d.npz"),
        (X, Y, {"path": "c.npz"}, "c.npz"),
        (X, Y, {"path": "."}, "."),
    ],
)
def test_bad_arrays_are_reported_with_their_name(tmp_path, x, y, options, place, wording):
    told = refused(npz, tmp_path, x, y, **options)
    assert told.startswith(place)
    wording(told)


GOOD = bytes_of(X)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04...",
        GOOD[:-4],
        GOOD + b"!",
        GOOD.replace(b"(4, 6)", b"(4,-6)"),
        GOOD[:6] + b"\x07\x02" + GOOD[8:],
    ],
    ids=["empty", "zip", "truncated", "longer", "negative", "version"],
)
def test_corrupt_npy_files_are_reported(tmp_path, content, wording):
    (tmp_path / "x.npy").write_bytes(content)
    told = refused(read_npy, tmp_path, "x.npy")
    assert told.startswith("x.npy: ")
    wording(told)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(b"(4, 6), ", b"(9**9,), "),
        GOOD.replace(b"'<f4'", b"'<f5'"),
        GOOD[:20],
        GOOD.replace(b"(4, 6)", b"((((6)"),
        GOOD[:7],
    ],
)
def test_corrupt_npy_headers_are_reported(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    assert refused(read_npy, tmp_path, "x.npy").startswith("x.npy: ")


def test_version_2_of_npy_is_read(tmp_path):
    (tmp_path / "x.npy").write_bytes(bytes_of(X, version=(2, 0)))
    assert np.array_equal(read_npy(tmp_path, "x.npy"), X)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: b"", "d.npz"),
        (lambda content: content[:-30], "d.npz"),
        (lambda content: GOOD, "d.npz"),
    ],
)
def test_corrupt_npz_files_are_reported(tmp_path, change, place, wording):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    (tmp_path / "d.npz").write_bytes(change((tmp_path / "d.npz").read_bytes()))
    told = refused(read_npz, tmp_path, "d.npz", ("x", "y"))
    assert told.startswith(place)
    wording(told)


def test_a_changed_byte_of_a_compressed_member_is_noticed(tmp_path, wording):
    np.savez_compressed(tmp_path / "d.npz", x=np.random.default_rng(0).random((50, 4)), y=Y)
    content = bytearray((tmp_path / "d.npz").read_bytes())
    content[800] ^= 0x10
    (tmp_path / "d.npz").write_bytes(content)
    wording(refused(read_npz, tmp_path, "d.npz", ("x", "y")))


def test_members_that_promise_too_much_are_refused_before_memory_is_taken(tmp_path, wording):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**13, 6)}
    )
    with zipfile.ZipFile(tmp_path / "d.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(1000))
    wording(refused(read_npz, tmp_path, "d.npz", ("x",)))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_any_damage_is_an_error_in_words_or_an_array(data, compressed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    (np.savez_compressed if compressed else np.savez)(folder / "d.npz", x=X, y=Y)
    content = bytearray((folder / "d.npz").read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    (folder / "d.npz").write_bytes(content)
    try:
        x, _ = read_npz(folder, "d.npz", ("x", "y"))
    except UserError as error:
        assert str(error).startswith("d.npz: ")  # noqa: PT017
    else:
        assert isinstance(x, np.ndarray)
