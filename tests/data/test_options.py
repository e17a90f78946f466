"""Data sources: their options and what is said of wrong ones."""

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
    assert told({"digits": "picture"}) == [
        (("digits", "as"), "expected 'vector' or 'image'. Received: 'picture'. There are: vector, image.")
    ]
    assert told({"digits": {"az": "image"}}) == [(("digits", "az"), "no such option. There are: as.")]


@pytest.mark.parametrize(
    ("spelling", "place", "message"),
    [
        (
            {"csv": {"path": "a", "target": 1.5}},
            ("csv", "target"),
            "expected the name or the number of a column, or a list of them. Received: 1.5.",
        ),
        (
            {"csv": {"path": "a", "target": True}},
            ("csv", "target"),
            "expected the name or the number of a column, or a list of them. Received: true.",
        ),
        (
            {"csv": {"path": "a", "target": []}},
            ("csv", "target"),
            "expected the name or the number of a column, or a list of them. Received: [].",
        ),
        (
            {"csv": {"path": "a", "target": ["b", "c"], "task": "classification"}},
            ("csv",),
            "`task: classification` takes one target. Received: 2.",
        ),
        (
            {"csv": {"path": "a", "features": []}},
            ("csv", "features"),
            "expected `all` or a list of names or numbers of columns. Received: [].",
        ),
        (
            {"csv": {"path": "a", "impute": "average"}},
            ("csv", "impute"),
            "expected 'mean', 'median' or 'most_frequent'. Received: 'average'. There are: mean, median, most_frequent.",
        ),
        (
            {"npz": {"path": "a", "classes": ["no", "yes"], "task": "regression"}},
            ("npz",),
            "`classes` does not go with `task: regression`.",
        ),
        (
            {"npz": {"path": "a", "classes": ["no", "no"]}},
            ("npz",),
            "expected at least two different `classes`. Received: 'no', 'no'.",
        ),
        (
            {"csv": {"path": "a", "header": 1}},
            ("csv", "header"),
            "expected `auto`, true or false. Received: 1.",
        ),
        (
            {"csv": {"path": "a", "features": "b"}},
            ("csv", "features"),
            "expected `all` or a list of names or numbers of columns. Received: 'b'.",
        ),
        (
            {"idx": {"images": "a", "labels": "b", "test_images": "c"}},
            ("idx",),
            "expected both `test_images` and `test_labels`. Received one of them.",
        ),
        (
            {"random": {"input": [3]}},
            ("random",),
            "expected either `classes` or `targets`. Received: neither.",
        ),
        (
            {"random": {"input": [3], "classes": 2, "targets": 1}},
            ("random",),
            "expected either `classes` or `targets`. Received: both.",
        ),
        (
            {"random": {"input": [3, 0], "classes": 2}},
            ("random", "input", 1),
            "expected a number of at least 1. Received: 0.",
        ),
        (
            {"synthetic": {"kind": "xor", "turns": 3.0}},
            ("synthetic",),
            "`turns` goes with `kind: spirals` only. Received: `kind: xor`.",
        ),
        (
            {"synthetic_sequences": {"kind": "parity", "noise": 0.2}},
            ("synthetic_sequences",),
            "`noise` goes with `kind: sines` only. Received: `kind: parity`.",
        ),
        (
            {"synthetic_sequences": {"kind": "parity", "samples": 10**8}},
            ("synthetic_sequences",),
            "expected at most 1,000,000,000 steps, all samples together. Received: 10,000,100,000.",
        ),
        (
            {"text": {"consecutive": True, "stride": 3}},
            ("text",),
            "consecutive windows follow each other: leave out `stride`. Received: 3.",
        ),
        (
            {"text": {"words": 20}},
            ("text",),
            "`words` goes with `unit: word` only. Received: `unit: character`.",
        ),
        (
            {"sequences": {"path": "a"}},
            ("sequences",),
            "`predict: sequence` needs to know the column that tells sequences apart. Say `id`.",
        ),
        (
            {"sequences": {"path": "a", "id": 1, "window": 3}},
            ("sequences",),
            "`window` goes with `predict: next` only. Received: `predict: sequence`.",
        ),
        (
            {"sequences": {"path": "a", "predict": "next", "steps": 3}},
            ("sequences",),
            "`steps` does not go with `predict: next`, which has `window`.",
        ),
        (
            {"sequences": {"path": "a", "predict": "next", "task": "classification"}},
            ("sequences",),
            "`predict: next` predicts numbers. Leave out `task`.",
        ),
        (
            {"sequences": {"path": "a", "id": 1, "predict": "step", "longer": "last", "steps": 2}},
            ("sequences",),
            "where each step has a target, a longer sequence can be `split`. Received: `longer: last`.",
        ),
        (
            {"sequences": {"path": "a", "id": 1, "longer": "split", "steps": 2}},
            ("sequences",),
            "a sequence that has one target cannot be split: keep the `first` or the `last` steps.",
        ),
        (
            {"sequences": {"path": "a", "id": 1, "longer": "last"}},
            ("sequences",),
            "`longer` goes with `steps`, the number of steps to keep.",
        ),
        (
            {"sequences": {"path": "a", "id": 1, "impute": "mean"}},
            ("sequences",),
            "gaps in sequences are not filled. Leave out `impute`.",
        ),
    ],
)
def test_wrong_options_are_told_in_one_line(spelling, place, message):
    assert told(spelling) == [(place, message)]
