"""Names in tables: identifiers, classes and categories are text, kept and compared as written."""

import numpy as np
import pytest

from nntrain.data.conform.align import align
from nntrain.data.conform.names import spelled
from tests.support.data import load, refused

CODES = ["01", "1", "1.0", "1.10", "1.1", "1e5", "100000", "9007199254740993", "9007199254740992"]


def load_csv(folder, text, **options):
    (folder / "t.csv").write_text(text)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


def test_classes_keep_their_text_and_are_sorted_as_numbers(tmp_path):
    data = load_csv(tmp_path, "x,y\n" + "".join(f"1,{code}\n" for code in CODES), task="classification")
    assert data.classes == (
        "01",
        "1",
        "1.0",
        "1.1",
        "1.10",
        "100000",
        "1e5",
        "9007199254740992",
        "9007199254740993",
    )
    assert [data.classes[label] for label in data.target] == CODES


def test_categories_keep_their_text(tmp_path):
    data = load_csv(tmp_path, "code,y\n" + "".join(f"{code},0.5\n" for code in CODES), categorical=["code"])
    (text,) = data.one_hot
    assert [text.categories[label] for label in data.x.argmax(axis=1)] == CODES


def test_sequences_are_told_apart_by_the_text_of_their_id(tmp_path):
    ids = ["1234567890123456789", "1234567890123456790", "007", "7", "7.0"]
    (tmp_path / "t.csv").write_text("rec,x,y\n" + "".join(f"{name},1,a\n{name},2,a\n" for name in ids))
    assert len(load({"sequences": {"path": "t.csv", "id": "rec", "target": "y"}}, tmp_path).train) == 5


def test_predictions_print_ids_and_classes_as_written(shell):
    ids = ["1234567890123456789", "1234567890123456790", "007"]
    rows = [f"{name},{value},{label}\n" for name in ids for value, label in [(0.1, "01234")] * 2]
    rows += [f"{number},{value},90210\n" for number in range(20, 24) for value in (0.8, 0.9)]
    (shell.folder / "s.csv").write_text("rec,x,y\n" + "".join(rows))
    shell.fit(
        "data: {sequences: {path: s.csv, id: rec, target: y}}\nmodel: {layers: [{gru: 4}, {dense: 2}]}\n"
        "loss: cross_entropy\noptimizer: {adam: 0.05}\ntrain: {epochs: 20, batch_size: 4}\n"
    )
    lines = shell.run("predict", "runs/run", "s.csv").stdout.splitlines()
    assert lines == ["rec,class", *(f"{name},01234" for name in ids), *(f"{n},90210" for n in range(20, 24))]


@pytest.mark.parametrize("word", ["inf", "Infinity", "Nan", "nil"])
def test_words_that_python_reads_as_numbers_can_be_names(tmp_path, word):
    data = load_csv(tmp_path, f"c,y\n{word},{word}\nx,ok\n{word},ok\n")
    assert set(data.classes) == {word, "ok"}
    assert set(data.one_hot[0].categories) == {word, "x"}


@pytest.mark.parametrize(
    ("known", "received", "expected"),
    [
        (["1", "2"], ["1.0", "2.00"], ["1", "2"]),  # a column with gaps, as other tools write it
        (["1", "2"], ["01", "1e0"], ["01", "1e0"]),
        (["1", "1.0"], ["1.0"], ["1.0"]),
        (["1.1", "1.10"], ["1.1", "1.100"], ["1.1", "1.100"]),
        (["01234"], ["1234"], ["1234"]),
        (["a", "1"], ["1.0"], ["1.0"]),
    ],
)
def test_names_of_other_data_are_compared_as_text(known, received, expected):
    assert spelled(known, received) == expected


def test_another_spelling_of_a_class_is_an_error_that_shows_the_right_one(tmp_path, wording):
    train = load_csv(tmp_path, "x,y\n1,01234\n2,90210\n")
    other = load_csv(tmp_path, "x,y\n1,1234\n2,90210\n", task="classification")
    wording(refused(align, "validation", train, other))


def test_whole_numbers_written_as_floats_are_the_same_categories(tmp_path):
    train = load_csv(tmp_path, "c,y\n1,0\n2,1\n", categorical=["c"])
    other = align("test", train, load_csv(tmp_path, "c,y\n2.0,1.0\n1,0.0\n1.0,0\n", categorical=["c"]))
    assert other.feature_names == train.feature_names
    assert np.array_equal(other.x, [[0, 1], [1, 0], [1, 0]])
    assert other.target.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("text", "options", "name"),
    [
        ("c,c=A,y\nA,1,1.5\nB,2,2.5\n", {}, "c=A"),
        ("a,a (missing),y\n,1,1.5\n2,0,2.5\n", {"impute": "mean"}, "a (missing)"),
        ("a,a (missing),y\n,1,1.5\n2,0,2.5\n", {"impute": "mean", "missing_indicator": True}, "a (missing)"),
        ("d,d (year),y\n2024-01-01,1,1.5\n2025-01-01,0,2.5\n", {}, "d (year)"),
    ],
)
def test_columns_with_the_name_of_a_feature_of_another_are_refused(tmp_path, text, options, name):
    message = refused(load_csv, tmp_path, text, **options)
    assert message == f"t.csv: two features can be called {name!r}: rename a column"


def test_a_column_without_values_is_named_with_the_line_that_leaves_it_out(tmp_path):
    assert "`features: [a]`" in refused(load_csv, tmp_path, "a,b,y\n1,,1.5\n2,,2.5\n")
