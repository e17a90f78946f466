"""The picture of the most certain mistakes, for every kind of samples."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.origin import TableRows
from nntrain.data.sequences.windows import Windows
from nntrain.data.tables.features import OneHot
from nntrain.errors import UserError
from nntrain.report.pictures.judging.mistaken_rows import COLUMNS
from nntrain.report.pictures.judging.mistakes import Mistakes
from tests.support.judging import run_of, with_outputs
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "$x^2$ a very long name of a class, with {braces}"
SHARES = np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05], [0.4, 0.6], [0.7, 0.3]])
TARGET = [1, 1, 1, 0, 0]  # mistakes: 2 with 0.95, 0 with 0.9, 3 with 0.6


def drawn(subject, style="light", **options):
    picture = Mistakes(**options)
    arrays = picture.collect(subject)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    assert faults(figure) == []
    return arrays, figure


def draw(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


def test_the_most_certain_mistakes_come_first():
    arrays, figure = drawn(with_outputs(np.log(SHARES), TARGET, ("cat", "dog")))
    assert list(arrays["where"]) == ["sample 2", "sample 0", "sample 3"]
    assert list(arrays["predicted"]) == ["cat (95%)", "cat (90%)", "dog (60%)"]
    assert list(arrays["true"]) == ["dog (5%)", "dog (10%)", "cat (40%)"]
    assert "3 of 5 predictions are wrong" in words(figure)
    arrays, figure = drawn(with_outputs(np.log(SHARES), TARGET, ("cat", "dog")), number=1)
    assert list(arrays["where"]) == ["sample 2"]
    assert "these 1 are" not in words(figure)


def test_mistakes_of_a_true_and_a_predicted_class(wording):
    subject = with_outputs(np.log(SHARES), TARGET, ("cat", "dog"))
    arrays, figure = drawn(subject, true="dog")
    assert list(arrays["where"]) == ["sample 2", "sample 0"]
    assert "2 of 3 samples of dog are misclassified" in words(figure)
    arrays, figure = drawn(subject, predicted="dog")
    assert list(arrays["where"]) == ["sample 3"]
    assert "1 of 2 samples of other classes are taken for dog" in words(figure)
    with pytest.raises(UserError) as caught:
        Mistakes(true="cow").collect(subject)
    wording(str(caught.value))
    with pytest.raises(UserError) as caught:
        Mistakes(true="b", predicted="a").collect(with_outputs(np.eye(2), [0, 1], ("a", "b")))
    wording(str(caught.value))
    with pytest.raises(UserError) as caught:
        Mistakes(true="b").collect(with_outputs(np.eye(2), np.eye(2), loss="mse"))
    wording(str(caught.value))
    with pytest.raises(UserError) as caught:
        Mistakes(number=0).collect(subject)
    wording(str(caught.value))


def test_without_mistakes_the_least_certain_predictions_are_shown():
    arrays, figure = drawn(with_outputs(np.log(SHARES), SHARES.argmax(1), ("cat", "dog")))
    assert "All 5 predictions are correct; these are the least certain" in words(figure)
    assert arrays["where"][0] == "sample 3"
    assert arrays["correct"]


def test_a_row_of_a_table_has_its_file_and_line_and_its_categories():
    x = np.array([[1.0, 1, 0], [2, 0, 1], [np.nan, 0, 1]], np.float32)
    data = Dataset(
        x,
        np.array([0, 1, 1], np.int32),
        ("a", "b"),
        feature_names=("age", "town=Ulm", "town=Bonn"),
        one_hot=(OneHot("town", ("Ulm", "Bonn"), 1),),
        fill=np.zeros(3),
        impute="mean",
        origin=TableRows("/a/long/folder/people.csv", [2, 3, 5]),
    )
    arrays, figure = drawn(run_of(data, "dense: 2", "cross_entropy"), number=3)
    assert set(arrays["where"]) <= {"people.csv:2", "people.csv:3", "people.csv:5"}
    assert list(arrays["columns"]) == ["age", "town"]
    by_line = dict(zip(arrays["where"], arrays["cells"].tolist(), strict=True))
    for line, cells in {"people.csv:2": ["1", "Ulm"], "people.csv:5": ["missing", "Bonn"]}.items():
        assert by_line.get(line, cells) == cells
    assert "/a/long" not in words(figure)


def test_of_many_columns_the_most_unusual_are_shown():
    x = draw(50, 300)
    names = tuple(f"{LONG} {i}" for i in range(300))
    data = Dataset(x, np.zeros(50, np.int32), (LONG, "b"), feature_names=names)
    arrays, figure = drawn(run_of(data, "dense: 2", "cross_entropy"), "dark", number=1)
    row = x[int(arrays["where"][0].removeprefix("sample "))]
    unusual = np.argsort(-np.abs(row - x.mean(0)) / x.std(0))[:COLUMNS]
    assert list(arrays["columns"]) == [names[place] for place in sorted(unusual)]
    assert f"{COLUMNS} of 300 columns" in words(figure)
    assert figure.get_size_inches()[0] < 14


@pytest.mark.parametrize("shape", [(8, 8, 1), (5, 40, 3), (40, 5, 1), (64,)])
def test_images_are_shown(shape):
    data = Dataset(draw(30, *shape), np.arange(30, dtype=np.int32) % 3, (LONG, "b", "c"))
    layers = "dense: 3" if len(shape) == 1 else "flatten, {dense: 3}"
    arrays, figure = drawn(run_of(data, layers, "cross_entropy"), "dark", number=7)
    assert arrays["kind"] == "images"
    assert len(figure.axes) == len(arrays["images"]) == 7
    sample = int(arrays["where"][0].removeprefix("sample "))
    assert np.ravel(arrays["images"][0]) == pytest.approx(np.ravel(data.x[sample]))


def test_the_text_before_a_mistake_is_shown():
    stream = np.array([0, 1, 2, 1] * 10, np.uint8)
    starts = np.arange(0, 32, 8)
    data = Dataset(
        Windows(stream, starts, 8),
        Windows(stream, starts + 1, 8),
        ("a", "b", "\n"),
        vocabulary=3,
        unit="character",
    )
    subject = run_of(data, "{embedding: 4}, {dense: 3}", "cross_entropy")
    arrays, figure = drawn(subject)
    assert arrays["kind"] == "tokens"
    for where, read in zip(arrays["where"], arrays["read"], strict=True):
        sample, step = (int(part.split()[1]) for part in where.split(", "))
        whole = "".join("ab↵"[token] for token in stream[starts[sample] :][: step + 1])
        assert read == whole
    assert "read so far" in words(figure)
    assert len(set(arrays["read"])) == len(arrays["read"])
    assert len(arrays["read"]) < 4 * 8  # the windows are alike


def test_sequences_are_lines_with_the_step_marked():
    x = draw(20, 6, 9)
    target = (x.sum(2) > 4.5).astype(np.int32)
    data = Dataset(x, target, (LONG, "b"), lengths=np.full(20, 4, np.int32))
    arrays, figure = drawn(run_of(data, "dense: 2", "cross_entropy"), "dark")
    assert arrays["kind"] == "sequences"
    assert "the first 4 of 9 features" in words(figure)
    for axes, step in zip(figure.axes, arrays["step"], strict=True):
        assert axes.lines[-1].get_xdata() == [step, step]
        assert np.isnan(axes.lines[0].get_ydata()[4:]).all()


def test_forecasts_that_are_furthest_off_are_drawn_after_the_past():
    stream = np.sin(np.arange(60) / 3).astype(np.float32)[:, None]
    starts = np.arange(40)
    data = Dataset(
        Windows(stream, starts, 8), Windows(stream, starts + 8, 3, flat=True), series=np.zeros(40, int)
    )
    subject = run_of(data, "flatten, {dense: 3}", "mse")
    arrays, figure = drawn(subject)
    off = np.abs(np.asarray(data.target) - subject.judged_outputs) / np.asarray(data.target).std(0)
    assert arrays["where"][0] == f"sample {off.max(1).argmax()}"
    assert len(figure.axes[0].lines[-1].get_xdata()) == 3
    assert {"actual", "forecast"} <= {text.get_text() for text in figure.legends[0].get_texts()}


def test_the_largest_errors_of_a_regression_come_first():
    subject = with_outputs([[1.0], [5.0], [2.0]], [[1], [2], [4]], loss="mse")
    arrays, figure = drawn(subject)
    assert list(arrays["where"]) == ["sample 1", "sample 2", "sample 0"]
    assert (arrays["true"][0], arrays["predicted"][0]) == ("2.000", "5.000")
    assert "up to 3.000" in words(figure)


def test_labels_and_margins_are_mistaken_too():
    subject = with_outputs(
        [[3, -1], [-2, 1]], [[0, 0], [0, 0]], loss="binary_cross_entropy", target_names=("red", "round")
    )
    arrays, _ = drawn(subject)
    assert list(arrays["predicted"]) == ["red (95.3%)", "round (73.1%)"]
    assert list(arrays["true"]) == ["not red (4.7%)", "not round (26.9%)"]
    arrays, _ = drawn(with_outputs([[0.5], [-2.0]], [0, 1], ("a", "b"), "hinge"))
    assert list(arrays["where"]) == ["sample 1", "sample 0"]
    assert list(arrays["predicted"]) == ["a", "b"]


def test_places_count_in_the_whole_split(monkeypatch):
    from nntrain.report.pictures.judging import predictions

    monkeypatch.setattr(predictions, "MOST_VALUES", 4)
    subject = with_outputs(np.eye(2)[[0] * 6], [0, 0, 0, 0, 0, 1], ("a", "b"))
    assert list(drawn(subject)[0]["where"]) == ["sample 5"]
    data = replace(subject.judged_data, consecutive=True)
    assert list(predictions.within_memory(data, 2)) == [0, 1]


def test_a_single_mistake_is_counted_in_the_singular():
    _, figure = drawn(with_outputs(np.log(SHARES), [0, 1, 0, 1, 1], ("cat", "dog")))
    assert "1 of 5 predictions is wrong" in words(figure)
