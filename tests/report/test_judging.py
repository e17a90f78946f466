"""Pictures that judge a classifier by its predicted classes: the confusion matrix, and the scores of each class."""

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.errors import UserError
from nntrain.metrics.classification import F1, Accuracy, Precision, Recall
from nntrain.report.pictures.judging import predictions
from nntrain.report.pictures.judging.classes import MOST, Classes
from nntrain.report.pictures.judging.confusion import LISTED, NUMBERED, Confusion
from nntrain.report.pictures.judging.predictions import judged, kind_of, named, share
from tests.support.judging import logits, run_of, with_outputs
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "$x^2$ a very long name with {braces} and 漢字の名前"


def drawn(picture, subject, style="light"):
    assert picture.applies(subject)
    arrays = picture.collect(subject)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    assert faults(figure) == []
    return arrays, figure


def names_of(number):
    return tuple(f"{LONG} {i}" if i == 1 else f"class {i}" for i in range(number))


@pytest.mark.parametrize(("number", "style"), [(2, "light"), (3, "dark"), (10, "light"), (60, "light")])
def test_a_confusion_matrix_counts_true_and_predicted_classes(number, style):
    outputs, target = logits(np.random.default_rng(0), 300, number)
    arrays, figure = drawn(Confusion(), with_outputs(outputs, target, names_of(number)), style)
    expected = np.zeros((number, number), int)
    np.add.at(expected, (target, outputs.argmax(1)), 1)
    assert np.array_equal(arrays["counts"], expected)
    text = words(figure)
    assert f"{np.trace(expected)} of 300 predictions are correct" in text
    assert "300 samples of the test split" in text
    cells = {t.get_text() for t in figure.axes[0].texts}
    if number <= NUMBERED:
        assert cells >= {f"{count}" for count in expected.ravel() if count}
    else:
        assert not cells
        listed = [line for line in text.splitlines() if "→" in line and "(true" not in line]
        assert len(listed) == LISTED
        assert "1 of 2 classes is named" not in text


def test_the_cells_of_a_confusion_matrix_are_darker_the_larger_the_share_of_the_row():
    outputs = np.eye(2)[[0, 0, 0, 1, 1, 1, 1, 0]]
    subject = with_outputs(outputs, [0, 0, 0, 0, 1, 1, 1, 1], ("cat", "dog"))
    _, figure = drawn(Confusion(), subject)
    image = figure.axes[0].images[0].get_array()
    brightness = image.sum(axis=2)
    assert brightness[0, 0] < brightness[0, 1]  # 3 of 4 and 1 of 4
    assert {"75%", "25%"} <= {text.get_text() for text in figure.axes[0].texts}
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["cat", "dog"]


def test_classes_are_sorted_by_recall_or_by_count():
    target = np.repeat([0, 1, 2], [2, 3, 4])
    outputs = np.eye(3)[[0, 0, 1, 2, 0, 2, 2, 1, 1]]
    subject = with_outputs(outputs, target, ("a", "b", "c"))

    def order(sort):
        _, figure = drawn(Confusion(sort=sort), subject)
        return [label.get_text() for label in figure.axes[0].get_yticklabels()]

    assert order("classes") == ["a", "b", "c"]
    assert order("recall") == ["b", "c", "a"]
    assert order("count") == ["c", "b", "a"]


@pytest.mark.parametrize("number", [2, 12, 100])
def test_scores_of_classes_are_those_of_the_metrics(number):
    outputs, target = logits(np.random.default_rng(1), 500, number)
    subject = with_outputs(outputs, target, names_of(number))
    arrays, figure = drawn(Classes(), subject)
    rows = judged(subject)
    for place, metric in enumerate((Precision, Recall, F1)):
        for average in ("macro", "weighted"):
            assert arrays[average][place] == rows.score(metric(average=average))
        occurs = (arrays["support"] > 0) | (arrays["predicted"] > 0)
        mean = np.nan_to_num(arrays["scores"][occurs, place]).mean()
        assert mean == pytest.approx(arrays["macro"][place])
    assert arrays["accuracy"] == rows.score(Accuracy())
    assert np.array_equal(arrays["support"], np.bincount(target, minlength=number))
    markers = figure.axes[0].lines
    shown = min(number, MOST) + 2  # with the averages
    assert {
        len(line.get_xdata()) for line in markers if line.get_label() in ("precision", "recall", "F1")
    } == {shown}
    assert (f"of {number} classes" in words(figure)) == (number > MOST)


def test_classes_without_samples_or_predictions_are_named_so():
    outputs, target = np.eye(4)[[0, 0, 1, 0]], [0, 0, 1, 2]
    arrays, figure = drawn(Classes(), with_outputs(outputs, target, ("a", "b", "c", "d")))
    assert np.isnan(arrays["scores"][2, 0])  # precision of a class that is never predicted
    assert np.isnan(arrays["scores"][3]).all()
    text = words(figure)
    assert "never predicted" in text
    assert "no samples" in text
    assert "nan" not in text.lower()


def test_a_single_output_judges_two_classes():
    subject = with_outputs(
        [[2.0], [-1.0], [0.5], [-3.0]], [1, 0, 0, 0], ("no", "yes"), "binary_cross_entropy"
    )
    assert np.array_equal(drawn(Confusion(), subject)[0]["counts"], [[2, 1], [0, 1]])
    arrays, _ = drawn(Classes(), subject)
    assert np.array_equal(arrays["support"], [3, 1])
    rows = judged(subject)
    assert rows.probabilities.shape == (4, 2)
    assert rows.probabilities[:, 1] == pytest.approx(1 / (1 + np.exp([-2.0, 1, -0.5, 3])))


def test_multi_label_targets_have_scores_for_each_label():
    subject = with_outputs(
        [[3.0, -1], [-2, 1], [1, 1]],
        [[1, 0], [0, 1], [0, 1]],
        loss="binary_cross_entropy",
        target_names=("red", "round"),
    )
    assert kind_of(subject) == "labels"
    assert not Confusion().applies(subject)
    arrays, figure = drawn(Classes(), subject)
    assert list(arrays["support"]) == [1, 2]
    assert {"red", "round"} <= set(words(figure).splitlines())


def test_soft_targets_are_numbers():
    assert kind_of(with_outputs([[0.0], [1.0]], [[0.3], [1.0]], loss="binary_cross_entropy")) == "numbers"
    subject = with_outputs(np.log([[0.5, 0.5], [0.9, 0.1]]), [[0.4, 0.6], [1, 0]], loss="kl_div")
    assert kind_of(subject) == "numbers"
    assert not Classes().applies(subject)


def test_steps_are_samples_without_their_padding():
    outputs = np.eye(2)[[[0, 1, 0], [1, 1, 0]]]
    subject = with_outputs(
        outputs, [[0, 1, 1], [1, 0, 0]], ("open", "shut"), lengths=np.array([3, 2], np.int32)
    )
    arrays, figure = drawn(Confusion(), subject)
    assert np.array_equal(arrays["counts"], [[1, 1], [1, 2]])
    assert "5 steps in 2 samples of the test split" in words(figure)
    rows = judged(subject)
    assert list(zip(rows.sample, rows.step, strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_another_split_is_judged_and_named(wording):
    subject = with_outputs(np.eye(2), [0, 1], ("a", "b"))
    assert "2 samples of the training split" in words(drawn(Confusion(split="train"), subject)[1])
    with pytest.raises(UserError) as caught:
        Confusion(split="validation").collect(subject)
    wording(str(caught.value))


def test_outputs_that_are_not_finite_are_left_out_and_counted(wording):
    subject = with_outputs([[1, 0], [np.nan, 0], [0, np.inf]], [0, 1, 1], ("a", "b"))
    arrays, figure = drawn(Confusion(), subject)
    assert arrays["counts"].sum() == 1
    assert "2 without a finite output left out" in words(figure)
    with pytest.raises(UserError) as caught:
        Confusion().collect(with_outputs([[np.nan, 0]], [0], ("a", "b")))
    wording(str(caught.value))


def test_what_does_not_fit_into_memory_is_sampled_evenly(monkeypatch):
    monkeypatch.setattr(predictions, "MOST_VALUES", 6)
    outputs = np.eye(2)[[0, 1, 0, 1, 0, 1]]
    rows = judged(with_outputs(outputs, [0, 1, 0, 1, 0, 1], ("a", "b")))
    assert len(rows) == 3
    assert rows.about == "3 of the 6 samples of the test split"
    assert list(rows.target) == [0, 0, 1]


def test_a_language_model_has_no_confusion_matrix():
    tokens = np.array([[0, 1, 0], [1, 0, 1]], np.int32)
    data = Dataset(tokens, tokens, ("a", "b"), vocabulary=2, unit="character")
    subject = run_of(data, "{embedding: 2}, {dense: 2}", "cross_entropy")
    assert not Confusion().applies(subject)
    assert not Classes().applies(subject)


def test_names_and_shares_are_readable():
    assert named(" ") == "' '"
    assert named("\n") == "'\\n'"
    assert [share(value) for value in (0, 1, 0.5, 0.9999, 0.0028, 1e-9)] == [
        "0%",
        "100%",
        "50%",
        "> 99.9%",
        "0.28%",
        "< 0.01%",
    ]


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("source", "outputs", "loss", "name"),
    [
        ("iris", 3, "cross_entropy", "confusion"),
        ("{iris: {target: petal_width}}", 1, "mse", "residuals"),
    ],
)
def test_fit_draws_what_its_test_split_shows(shell, source, outputs, loss, name):
    text = f"""
data: {{source: {source}, test: 0.2}}
model: {{layers: [{{dense: {outputs}}}]}}
loss: {loss}
optimizer: {{adam: 0.01}}
train: {{epochs: 1}}
"""
    result = shell.run("fit", shell.write(text), "--quiet")
    assert "cannot draw" not in result.stderr
    run = shell.folder / "runs/config"
    assert (run / f"plots/{name}.png").is_file()
    assert shell.run("plot", name, run, "--split", "train").stdout == f"{run}/plots/{name}.png\n"
    shell.run("plot", name, run, "--split", "validation", code=2)
