"""Data sources: options, and errors in them."""

import pytest
from pydantic import ValidationError

import nntrain.data  # noqa: F401  (registers the sources)
from nntrain.data.dataset import Reader


def told(spelling) -> list[tuple[tuple, str]]:
    """Places and messages of a reader's mistakes."""
    with pytest.raises(ValidationError) as raised:
        Reader.parse(spelling)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


READERS = [
    {"digits": {}},
    {"digits": {"as": "image"}},
    {"mnist": {"as": "vector", "root": "here"}},
    {"fashion_mnist": {"as": "vector"}},
    {"iris": {}},
    {"csv": {"path": "a.csv"}},
    {"csv": {"path": "a.csv", "target": -1, "header": False, "features": ["a", 2]}},
    {
        "csv": {
            "path": "a.csv",
            "target": ["u", -2],
            "text": "error",
            "categorical": [3],
            "missing": ["-"],
            "impute": "median",
        }
    },
    {"npz": {"path": "a.npz", "x": "images", "target": "labels", "classes": ["no", "yes"], "as": "image"}},
    {"npy": {"x": "x.npy", "target": "y.npy", "task": "regression"}},
    {"idx": {"images": "a", "labels": "b", "test_images": "c", "test_labels": "d", "as": "vector"}},
    {"synthetic": {"kind": "spirals", "classes": 3, "turns": 2.0}},
    {"random": {"input": [4], "classes": 2, "vocabulary": 9, "target_per_step": True}},
    {"random": {"input": [4], "classes": 2, "categories": [3, 5]}},
    {"npz": {"path": "a.npz", "lengths": "n"}},
    {"text": {}},
    {"text": {"path": "a.txt", "unit": "word", "words": 50, "stride": 3}},
    {"text": {"consecutive": True}},
    {"sequences": {"path": "a.csv", "id": "who"}},
    {"sequences": {"path": "a.csv", "id": 1, "predict": "step", "steps": 9, "longer": "split"}},
    {"sequences": {"path": "a.csv", "predict": "next", "window": 9, "horizon": 2, "stride": 3}},
    {"synthetic_sequences": {"kind": "sines", "horizon": 3, "noise": 0.0}},
]


@pytest.mark.parametrize("spelling", READERS, ids=str)
def test_resolved_options_make_the_same_reader_again(spelling):
    reader = Reader.parse(spelling)
    ((name, options),) = reader.spelled().items()
    assert Reader.parse({name: options}) == reader
    assert spelling[name].items() <= options.items()


def test_a_bare_value_sets_as_under_its_yaml_name():
    assert Reader.parse({"digits": "image"}).as_ == "image"
    assert [place for place, _ in told({"digits": "picture"})] == [("digits", "as")]
    assert [place for place, _ in told({"digits": {"az": "image"}})] == [("digits", "az")]


@pytest.mark.parametrize(
    ("spelling", "place"),
    [
        ({"csv": {"path": "a", "target": 1.5}}, ("csv", "target")),
        ({"csv": {"path": "a", "target": True}}, ("csv", "target")),
        ({"csv": {"path": "a", "target": []}}, ("csv", "target")),
        ({"csv": {"path": "a", "target": ["b", "c"], "task": "classification"}}, ("csv",)),
        ({"csv": {"path": "a", "features": []}}, ("csv", "features")),
        ({"csv": {"path": "a", "impute": "average"}}, ("csv", "impute")),
        ({"npz": {"path": "a", "classes": ["no", "yes"], "task": "regression"}}, ("npz",)),
        ({"npz": {"path": "a", "classes": ["no", "no"]}}, ("npz",)),
        ({"csv": {"path": "a", "header": 1}}, ("csv", "header")),
        ({"csv": {"path": "a", "features": "b"}}, ("csv", "features")),
        ({"idx": {"images": "a", "labels": "b", "test_images": "c"}}, ("idx",)),
        ({"random": {"input": [3]}}, ("random",)),
        ({"random": {"input": [3], "classes": 2, "targets": 1}}, ("random",)),
        ({"random": {"input": [3], "classes": 2, "categories": [2, 2, 2, 2]}}, ("random",)),
        ({"random": {"input": [3], "classes": 2, "categories": [2], "vocabulary": 4}}, ("random",)),
        ({"random": {"input": [3, 0], "classes": 2}}, ("random", "input", 1)),
        ({"synthetic": {"kind": "xor", "turns": 3.0}}, ("synthetic",)),
        ({"synthetic_sequences": {"kind": "parity", "noise": 0.2}}, ("synthetic_sequences",)),
        ({"synthetic_sequences": {"kind": "parity", "samples": 10**8}}, ("synthetic_sequences",)),
        ({"text": {"consecutive": True, "stride": 3}}, ("text",)),
        ({"text": {"words": 20}}, ("text",)),
        ({"sequences": {"path": "a"}}, ("sequences",)),
        ({"sequences": {"path": "a", "id": 1, "window": 3}}, ("sequences",)),
        ({"sequences": {"path": "a", "predict": "next", "steps": 3}}, ("sequences",)),
        ({"sequences": {"path": "a", "predict": "next", "task": "classification"}}, ("sequences",)),
        (
            {"sequences": {"path": "a", "id": 1, "predict": "step", "longer": "last", "steps": 2}},
            ("sequences",),
        ),
        ({"sequences": {"path": "a", "id": 1, "longer": "split", "steps": 2}}, ("sequences",)),
        ({"sequences": {"path": "a", "id": 1, "longer": "last"}}, ("sequences",)),
        ({"sequences": {"path": "a", "id": 1, "impute": "mean"}}, ("sequences",)),
    ],
    ids=str,
)
def test_wrong_options_are_reported_at_their_place(spelling, place, wording):
    ((found, message),) = told(spelling)
    assert found == place
    wording(message)
