"""Pictures that judge a classifier by its probabilities: ROC, precision and recall, calibration."""

import itertools

import numpy as np
import pytest

from nntrain.errors import UserError
from nntrain.metrics.ranking import AreaUnderCurve
from nntrain.report.pictures.judging.calibration import Calibration, wilson
from nntrain.report.pictures.judging.pr import Pr
from nntrain.report.pictures.judging.predictions import judged
from nntrain.report.pictures.judging.rankings import ALL, POINTS, WORST, thinned
from nntrain.report.pictures.judging.roc import Roc
from tests.support.judging import logits, with_outputs
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "$x^2$ a very long name with {braces} of a class"


def drawn(picture, subject, style="light"):
    assert picture.applies(subject)
    arrays = picture.collect(subject)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    assert faults(figure) == []
    return arrays, figure


def classifier(number, samples=300, seed=0):
    outputs, target = logits(np.random.default_rng(seed), samples, number)
    return with_outputs(outputs, target, tuple(LONG if i == 1 else f"class {i}" for i in range(number)))


def curve(arrays, place=0):
    part = slice(([0, *arrays["ends"]])[place], arrays["ends"][place])
    return arrays["x"][part], arrays["y"][part]


@pytest.mark.parametrize(("number", "style"), [(2, "light"), (5, "dark"), (100, "light")])
def test_the_auc_is_that_of_the_metric(number, style):
    subject = classifier(number)
    arrays, figure = drawn(Roc(), subject, style)
    value = judged(subject).score(AreaUnderCurve())
    assert arrays["mean_area"] == pytest.approx(value, abs=1e-12)
    for place in range(len(arrays["names"])):
        assert np.trapezoid(*curve(arrays, place)[::-1]) == pytest.approx(arrays["areas"][place], abs=1e-12)
    text = words(figure)
    assert f"AUC {value:.4f}" in text
    assert ("are shown" in text) == (number > ALL)
    assert len(arrays["names"]) == {2: 1, 5: 5, 100: WORST}[number]
    assert len(arrays["mean"]) == (0 if number == 2 else 501)


def test_the_auc_of_one_output_is_that_of_the_metric():
    draw = np.random.default_rng(0)
    outputs, target = draw.normal(size=(200, 1)), draw.integers(0, 2, 200)
    subject = with_outputs(outputs, target, ("no", "yes"), "binary_cross_entropy")
    arrays, figure = drawn(Roc(), subject)
    assert arrays["areas"][0] == judged(subject).score(AreaUnderCurve())
    assert list(arrays["names"]) == ["yes"]
    # The marked point is that of the predictions.
    predicted = outputs[:, 0] > 0
    assert arrays["points"][0] == pytest.approx(
        [predicted[target == 0].mean(), predicted[target == 1].mean()]
    )
    assert "threshold of the predictions" in words(figure)


def test_average_precision_is_the_sum_over_the_increases_of_recall():
    scores, target = np.array([[0.9], [0.8], [0.8], [0.4], [0.1]]), [1, 1, 0, 0, 1]
    subject = with_outputs(scores, target, ("no", "yes"), "binary_cross_entropy")
    arrays, figure = drawn(Pr(), subject)
    # By falling score: 1 of 1, then 2 of 3, then 3 of 5; recall rises by a third each time.
    assert arrays["areas"][0] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    x, y = curve(arrays)
    assert x == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert y == pytest.approx([1, 1, 2 / 3, 3 / 5])
    text = words(figure)
    assert "base rate: 0.600" in text
    assert "AP 0.7556" in text


def test_the_worst_of_many_classes_have_curves():
    subject = classifier(20)
    for picture in (Roc(), Pr()):
        arrays, _ = drawn(picture, subject)
        assert len(arrays["areas"]) == WORST
        assert all(a <= b for a, b in itertools.pairwise(arrays["areas"]))
        assert arrays["areas"][0] < arrays["mean_area"]


def test_chosen_classes_have_curves(wording):
    subject = classifier(20)
    assert list(Roc(classes=("class 3", "class 0")).collect(subject)["names"]) == ["class 0", "class 3"]
    with pytest.raises(UserError) as caught:
        Roc(classes=("clas 3",)).collect(subject)
    wording(str(caught.value))


def test_a_split_of_one_class_has_no_curve(wording):
    with pytest.raises(UserError) as caught:
        Roc().collect(with_outputs(np.eye(2), [1, 1], ("a", "b")))
    wording(str(caught.value))
    assert not Roc().applies(with_outputs(np.eye(2), [1, 1], ("a", "b")))
    assert not Pr().applies(with_outputs(np.eye(2), [1, 1], ("a", "b")))


def test_perfect_predictions_reach_the_corner_which_is_enlarged():
    subject = with_outputs(5 * np.eye(3)[[0, 1, 2, 0]], [0, 1, 2, 0], ("a", "b", "c"))
    for picture in (Roc(), Pr()):
        arrays, figure = drawn(picture, subject)
        assert set(arrays["areas"]) == {1.0}
        assert len(figure.axes) == 2
        assert "enlarged" in words(figure)


def test_each_label_has_a_curve():
    subject = with_outputs(
        [[3, -1], [-2, 1], [1, 1], [-1, -2]],
        [[1, 0], [0, 1], [0, 1], [0, 0]],
        loss="binary_cross_entropy",
        target_names=("red", "round"),
    )
    arrays, _ = drawn(Roc(), subject)
    assert list(arrays["names"]) == ["red", "round"]
    assert np.isfinite(arrays["points"]).all()


def test_a_long_curve_keeps_its_corners_and_its_ends():
    x, y = thinned(np.array([0, 0, 0, 0.5, 1]), np.array([0, 0.2, 0.4, 0.4, 1]))
    assert list(x) == [0, 0, 0.5, 1]
    assert list(y) == [0, 0.4, 0.4, 1]
    x = np.linspace(0, 1, 10000)
    long = thinned(x, x**2)
    assert len(long[0]) == POINTS
    assert (long[0][0], long[0][-1]) == (0, 1)


def test_margins_have_curves_but_no_calibration():
    subject = with_outputs([[1.0], [-1.0], [0.5]], [1, 0, 0], ("a", "b"), "hinge")
    assert Roc().applies(subject)
    assert not Calibration().applies(subject)


def test_the_calibration_error_is_that_of_guo():
    # Confidence 0.9 twice, once right; confidence 0.62 twice, both right; three classes.
    shares = np.array([[0.9, 0.05, 0.05], [0.9, 0.05, 0.05], [0.2, 0.62, 0.18], [0.18, 0.2, 0.62]])
    target = [0, 1, 1, 2]
    arrays, figure = drawn(Calibration(), with_outputs(np.log(shares), target, ("a", "b", "c")))
    assert arrays["error"] == pytest.approx((2 * abs(0.5 - 0.9) + 2 * abs(1 - 0.62)) / 4, abs=1e-6)
    assert arrays["brier"] == pytest.approx(((shares - np.eye(3)[target]) ** 2).sum(1).mean(), abs=1e-6)
    assert arrays["counts"].sum() == 4
    assert len(arrays["counts"]) == 15
    assert np.flatnonzero(arrays["counts"]).tolist() == [9, 13]  # (9/15, 10/15], (13/15, 14/15]
    text = words(figure)
    assert "0.3900" in text
    assert "4 samples of the test split" in text


def test_two_classes_are_calibrated_by_the_second():
    probability = np.array([0.1, 0.3, 0.8])
    outputs = np.log(probability / (1 - probability))[:, None]
    subject = with_outputs(outputs, [0, 1, 1], ("no", LONG), "binary_cross_entropy")
    arrays, figure = drawn(Calibration(bins=2), subject, "dark")
    assert list(arrays["counts"]) == [2, 1]
    assert arrays["accuracy"] == pytest.approx([0.5, 1])
    assert arrays["confidence"] == pytest.approx([0.2, 0.8])
    assert arrays["brier"] == pytest.approx((0.01 + 0.49 + 0.04) / 3)
    bars = figure.axes[1].patches
    assert [bar.get_height() for bar in bars] == [2, 1]


def test_labels_are_calibrated_together():
    subject = with_outputs(
        [[2.0, -2.0]], [[1, 0]], loss="binary_cross_entropy", target_names=("red", "round")
    )
    arrays, figure = drawn(Calibration(), subject)
    assert arrays["counts"].sum() == 2
    assert arrays["brier"] == pytest.approx((1 / (1 + np.exp(2))) ** 2)
    text = words(figure)
    assert "the probability of a label" in text
    assert "confident" not in text


def test_calibration_needs_a_bin(wording):
    with pytest.raises(UserError) as caught:
        Calibration(bins=0).collect(classifier(2))
    wording(str(caught.value))


def test_the_interval_of_a_share_is_that_of_wilson():
    low, high = wilson(np.array([0.0, 0.5]), np.array([10, 100]))
    assert low == pytest.approx([0, 0.4038], abs=1e-4)
    assert high == pytest.approx([0.2775, 0.5962], abs=1e-4)
