"""In-memory data: arrays of a program become the splits that the same arrays in a file become."""

from types import SimpleNamespace

import numpy as np
import pytest

from nntrain.data.conform.description import describe
from nntrain.data.dataset import Splits
from nntrain.data.in_memory import Data
from nntrain.data.loading import load_splits
from nntrain.data.splits import hashes
from nntrain.errors import DataError
from tests.support.data import NO_FOLDER, load

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(40, 3))
IMAGES = RNG.integers(0, 256, (40, 4, 5, 3), dtype=np.uint8)
SEQUENCES = RNG.normal(size=(40, 6, 2)).astype(np.float32)
LENGTHS = RNG.integers(1, 7, 40)
LABELS = RNG.integers(0, 3, 40)
NAMES = np.array(["cat", "dog", "fox"])[LABELS]


class Frame:
    """What matters of a pandas DataFrame, or of a Series (with `name`)."""

    def __init__(self, array, **attributes):
        self.array = array
        self.__dict__.update(attributes)

    def to_numpy(self) -> np.ndarray:
        return self.array


def from_file(folder, x, y, lengths=None, options=None, **section) -> tuple[Splits, dict[str, np.ndarray]]:
    """The splits of the same arrays in an .npz file."""
    arrays = {"x": x, "y": y} | ({} if lengths is None else {"lengths": lengths})
    np.savez(folder / "d.npz", **arrays)
    options = {"path": "d.npz"} | (options or {}) | ({} if lengths is None else {"lengths": "lengths"})
    nothing = dict.fromkeys(["test", "validation", "split_by", "fold", "target_transform", "class_weights"])
    defaults = nothing | {"standardize": False, "train_on_validation": False}
    source = SimpleNamespace(yaml_name="npz", load=lambda folder: load({"npz": options}, folder))
    return load_splits(SimpleNamespace(source=source, **defaults | section), folder, 5)


@pytest.mark.parametrize(
    ("x", "y", "lengths"),
    [
        (TABLE, LABELS, None),
        (TABLE, NAMES, None),
        (TABLE, LABELS.astype(bool), None),
        (TABLE, TABLE[:, 0], None),
        (TABLE, TABLE[:, :2].astype(np.float32), None),
        (IMAGES, LABELS, None),
        (SEQUENCES, LABELS, LENGTHS),
        (SEQUENCES, SEQUENCES[..., :1], LENGTHS),
        (SEQUENCES, (SEQUENCES[..., 0] > 0).astype(int), LENGTHS),
        (SEQUENCES, (SEQUENCES[..., 0] > 0).astype(int), None),
        (TABLE[:, 0], LABELS, None),
    ],
    ids=[
        "classes", "names", "bools", "real", "reals", "images", "sequences", "reals per step", "classes per step",
        "full length", "one feature",
    ],
)  # fmt: skip
def test_arrays_are_what_an_npz_file_of_them_is(tmp_path, x, y, lengths):
    section = {"test": 0.2, "validation": 0.25, "standardize": True}
    expected, expected_rows = from_file(tmp_path, x, y, lengths, **section)
    splits, rows = Data(x, y, lengths=lengths, **section).load(seed=5)
    assert hashes(splits) == hashes(expected)
    for name, part in splits.parts().items():
        assert describe(part) == describe(expected.parts()[name])
        for statistic, array in part.statistics.items():
            assert np.array_equal(array, expected.parts()[name].statistics[statistic])
    assert rows.keys() == expected_rows.keys()
    assert all(np.array_equal(rows[name], expected_rows[name]) for name in rows)


def test_other_arrays_are_splits_aligned_by_class_name():
    data = Data(TABLE, NAMES, validation=(TABLE[:2], ["fox", "dog"]), test=(TABLE[:1].tolist(), ["cat"]))
    splits, _ = data.load()
    assert splits.train.classes == splits.validation.classes == ("cat", "dog", "fox")
    assert splits.validation.target.tolist() == [2, 1]
    assert splits.test.target.tolist() == [0]
    assert len(splits.train) == 40


def test_sequences_of_another_split_are_padded():
    splits, _ = Data(
        SEQUENCES, LABELS, lengths=LENGTHS, test=(SEQUENCES[:3, :4], LABELS[:3], [4, 2, 1])
    ).load()
    assert splits.test.input_shape == splits.train.input_shape == (6, 2)
    assert splits.test.lengths.tolist() == [4, 2, 1]


def test_classes_can_be_named():
    splits, _ = Data(TABLE, LABELS, classes=["a", "b", "c", "d"]).load()
    assert splits.train.classes == ("a", "b", "c", "d")
    assert splits.train.target.tolist() == LABELS.tolist()


def test_lists_are_arrays():
    splits, _ = Data(TABLE.tolist(), NAMES.tolist()).load()
    assert np.array_equal(splits.train.x, TABLE)
    assert splits.train.classes == ("cat", "dog", "fox")


def test_data_frames_keep_the_names_of_their_columns():
    x = Frame(TABLE, columns=["age", "height", "weight"])
    splits, _ = Data(x, Frame(NAMES.astype(object), name="kind")).load()
    assert splits.train.feature_names == ("age", "height", "weight")
    assert splits.train.classes == ("cat", "dog", "fox")
    swapped = Frame(TABLE[:, [2, 0, 1]], columns=["weight", "age", "height"])
    splits, _ = Data(
        x, Frame(TABLE[:, 0], name="size"), test=(swapped, Frame(TABLE[:, 0], name="size"))
    ).load()
    assert splits.train.target_names == ("size",)
    assert np.array_equal(splits.test.x, splits.train.x)
    splits, _ = Data(Frame(TABLE, columns=[0, 1, 2]), LABELS).load()
    assert splits.train.feature_names == ()


def test_arrays_are_not_copied():
    assert np.shares_memory(Data(IMAGES, LABELS).source.load(NO_FOLDER).train.x, IMAGES)


WITH_NAN = np.where(np.arange(120).reshape(40, 3) == 7, np.nan, TABLE)
MIXED = np.array([1, "a", None] * 40, object).reshape(40, 3)
REFUSED = {
    "lengths differ": (lambda: Data(TABLE, LABELS[:-1]), "y"),
    "NaN": (lambda: Data(WITH_NAN, LABELS), "x"),
    "NaN in targets": (lambda: Data(TABLE, WITH_NAN[:, 1]), "y"),
    "objects": (lambda: Data(MIXED, LABELS), "x"),
    "objects as targets": (lambda: Data(TABLE, MIXED[:, 0]), "y"),
    "text": (lambda: Data(TABLE.astype(str), LABELS), "x"),
    "empty": (lambda: Data(TABLE[:0], LABELS[:0]), "x"),
    "no features": (lambda: Data(TABLE[:, :0], LABELS), "x"),
    "a number": (lambda: Data(3, LABELS), "x"),
    "None": (lambda: Data(TABLE, None), "y"),
    "ragged": (lambda: Data([[1, 2], [3]], [0, 1]), "x"),
    "one class": (lambda: Data(TABLE, ["a"] * 40).load(), ""),
    "one class named": (lambda: Data(TABLE, LABELS, classes=["a"]), "classes"),
    "classes of numbers": (lambda: Data(TABLE, LABELS, classes=["a", "b"], task="regression"), "classes"),
    "unknown class": (lambda: Data(TABLE, LABELS, classes=["a", "b"]), "y"),
    "lengths of a table": (lambda: Data(TABLE[:, 0], LABELS, lengths=LENGTHS), "lengths"),
    "too long": (lambda: Data(SEQUENCES, LABELS, lengths=LENGTHS + 6), "lengths"),
    "a whole as fraction": (lambda: Data(TABLE, LABELS, test=1.0), "test"),
    "true as fraction": (lambda: Data(TABLE, LABELS, validation=True), "validation"),
    "a tuple of one": (lambda: Data(TABLE, LABELS, test=(TABLE,)), "test"),
    "a test split with NaN": (lambda: Data(TABLE, LABELS, test=(WITH_NAN, LABELS)), "test: x"),
    "a test split of another shape": (lambda: Data(TABLE, LABELS, test=(TABLE[:, :2], LABELS)).load(), ""),
    "unknown class in the test split": (lambda: Data(TABLE, NAMES, test=(TABLE[:1], ["owl"])).load(), "test"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_arrays_that_cannot_be_used_are_reported(case, wording):
    make, place = REFUSED[case]
    with pytest.raises(DataError) as raised:
        make()
    assert raised.value.place == place
    if case != "ragged":  # NumPy's own words
        wording(str(raised.value))
