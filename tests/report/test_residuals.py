"""The picture of the residuals of a regression."""

import numpy as np
import pytest

from nntrain.errors import UserError
from nntrain.inference.evaluate import evaluate
from nntrain.inference.feed import Feeds
from nntrain.metrics.regression import R2, MeanAbsoluteError, RootMeanSquaredError
from nntrain.report.pictures.judging.residuals import MOST, POINTS, Residuals
from tests.support.judging import with_outputs
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "$x^2$ a very long name of a target, with {braces}"


def regression(samples=100, outputs=1, loss="mse", seed=0, **more):
    draw = np.random.default_rng(seed)
    target = 3 * draw.normal(size=(samples, outputs)) + 5
    error = draw.normal(size=(samples, outputs)) * (1 + np.arange(outputs)[::-1])
    names = tuple(LONG if i == 0 else f"target {i}" for i in range(outputs))
    return with_outputs(target + error, target, loss=loss, target_names=names, **more)


def drawn(subject, style="light", **options):
    picture = Residuals(**options)
    assert picture.applies(subject)
    arrays = picture.collect(subject)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    assert faults(figure) == []
    return arrays, figure


@pytest.mark.parametrize(("outputs", "style"), [(1, "light"), (3, "dark"), (12, "light")])
def test_the_errors_are_those_of_the_metrics(outputs, style):
    subject = regression(outputs=outputs)
    arrays, figure = drawn(subject, style)
    metrics = [RootMeanSquaredError(), MeanAbsoluteError(), R2()]
    scores = evaluate(
        Feeds(subject.network, subject.judged_data), subject.judged_data, subject.setup.config.loss, metrics
    )
    assert arrays["overall"] == pytest.approx([scores["rmse"], scores["mae"], scores["r2"]], rel=1e-6)
    assert len(figure.axes) == 4 * min(outputs, MOST)
    text = words(figure)
    assert f"R² {scores['r2']:.4f}" in text
    assert (f"{MOST} of {outputs} outputs with the lowest R²" in text) == (outputs > MOST)
    assert "true $x^2$ a v" in text  # the name, as it is


def test_the_least_explained_outputs_are_shown():
    arrays, _ = drawn(regression(outputs=8))
    assert list(arrays["names"]) == [LONG, "target 1", "target 2", "target 3"]
    assert arrays["scores"][:, 0] == pytest.approx([8, 7, 6, 5], rel=0.3)
    arrays, _ = drawn(regression(outputs=8), outputs=("target 7",))
    assert list(arrays["names"]) == ["target 7"]


def test_the_panels_show_the_data():
    subject = regression(outputs=1)
    arrays, figure = drawn(subject)
    true, predicted = subject.judged_data.target[:, 0], subject.judged_outputs[:, 0]
    compared, spread, quantiles, histogram = figure.axes
    assert compared.lines[0].get_xdata() == pytest.approx(true)
    assert compared.lines[0].get_ydata() == pytest.approx(predicted)
    assert spread.lines[0].get_ydata() == pytest.approx(true - predicted, abs=1e-5)
    assert histogram.patches[0].get_data().values.sum() == 100
    # Normal errors lie on the line.
    x, y = quantiles.lines[0].get_data()
    assert np.abs(x - y)[10:-10].max() < 0.4
    assert arrays["halfway"] == pytest.approx(np.median(np.abs(true - predicted)))


def test_many_points_are_thinned_and_it_says_so():
    arrays, figure = drawn(regression(samples=POINTS + 1000))
    assert len(arrays["true"]) == POINTS
    assert arrays["counts"].sum() == POINTS + 1000
    assert f"{POINTS:,} of {POINTS + 1000:,} points are drawn" in words(figure)


def test_counts_are_compared_on_the_scale_of_the_targets():
    subject = with_outputs(np.log([[1.0], [4.0]]), [[1], [3]], loss="poisson")
    assert drawn(subject)[0]["overall"][1] == pytest.approx(0.5)


def test_constant_targets_and_exact_predictions_are_drawn():
    for outputs, target in (([[1.0], [1.0]], [[1], [1]]), ([[1.0]], [[2]])):
        arrays, _ = drawn(with_outputs(outputs, target, loss="mse"))
        assert np.isfinite(arrays["quantiles"]).all()


def test_steps_of_sequences_are_predictions():
    outputs = np.arange(6.0).reshape(2, 3, 1)
    subject = with_outputs(outputs, outputs + 1, loss="mse", lengths=np.array([3, 1], np.int32))
    arrays, figure = drawn(subject)
    assert sorted(arrays["true"][:, 0]) == [1, 2, 3, 4]
    assert "4 steps in 2 samples" in words(figure)


def test_an_unknown_output_is_an_error(wording):
    with pytest.raises(UserError) as caught:
        Residuals(outputs=("target1",)).collect(regression(outputs=2))
    wording(str(caught.value))


def test_classifiers_have_no_residuals():
    assert not Residuals().applies(with_outputs(np.eye(2), [0, 1], ("a", "b")))


def test_the_r2_of_a_network_that_is_far_off_is_short():
    target = np.random.default_rng(0).normal(size=(50, 2))
    _, figure = drawn(with_outputs(target + 5000, target, loss="mse", target_names=("a", "b")))
    assert "R² -2" in words(figure)
    assert "e7: half of the predictions" in words(figure)
    _, figure = drawn(with_outputs(1e-2 * target - 0.02, 1e-2 * target, loss="mse", target_names=("a", "b")))
    assert len(figure.axes) == 8
