"""The picture of importance: shuffled columns and steps, and the saliency of images."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain import randomness
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import OneHot
from nntrain.errors import UserError
from nntrain.metrics.classification import Accuracy
from nntrain.report.pictures.judging import permutation
from nntrain.report.pictures.judging.importance import Importance
from nntrain.report.pictures.judging.permutation import MOST
from nntrain.report.pictures.judging.predictions import judged
from tests.support.judging import logits, run_of, with_outputs
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "$x^2$ a very long name of a column, with {braces}"


def drawn(subject, style="light", **options):
    picture = Importance(**options)
    assert picture.applies(subject)
    arrays = picture.collect(subject)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    assert faults(figure) == []
    return arrays, figure


def fitted(columns, informative, samples=400, **more):
    """A least squares fit of targets to which the columns `informative` contribute, the first most."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(2 * samples, columns)).astype(np.float32)
    effect = np.zeros(columns)
    effect[informative] = 2.0 ** -np.arange(len(informative))
    target = (x @ effect + 0.3 * draw.normal(size=2 * samples)).astype(np.float32)[:, None]
    names = tuple(f"{LONG} {place}" for place in range(columns))
    data = [
        Dataset(x[half], target[half], feature_names=names, **more)
        for half in (slice(samples), slice(samples, None))
    ]
    subject = run_of(Splits(train=data[0], test=data[1]), "dense: 1", "mse")
    parameters = subject.network.arena.parameters
    parameters["dense_1.weight"][...] = np.linalg.lstsq(data[0].x, data[0].target, rcond=None)[0]
    parameters["dense_1.bias"][...] = 0
    return subject


@pytest.mark.parametrize(("columns", "style"), [(10, "light"), (300, "dark")])
def test_planted_columns_come_first_and_noise_is_near_zero(columns, style):
    subject = fitted(columns, [7, 2, 5], samples=1000 if columns > 10 else 400)
    arrays, figure = drawn(subject, style, repeats=5)
    assert [name.rsplit(" ", 1)[1] for name in arrays["names"][:3]] == ["7", "2", "5"]
    noise = arrays["drops"][3:]
    assert np.abs(noise.mean(axis=1)).max() < 0.1 * arrays["drops"][2].mean()
    near = np.abs(noise.mean(axis=1)) <= 3 * noise.std(axis=1) + 1e-3
    assert near.mean() > 0.95
    bars = figure.axes[0].patches
    assert len(bars) == min(columns, MOST)
    assert bars[0].get_width() == pytest.approx(arrays["drops"][0].mean())
    text = words(figure)
    assert (f"the {MOST} most important of 300 columns" in text) == (columns > MOST)
    assert "matters most" in text


def test_a_drop_is_the_score_minus_that_of_shuffled_data():
    outputs, target = logits(np.random.default_rng(0), 60, 3)
    subject = with_outputs(outputs, target, ("a", "b", "c"))
    arrays, _ = drawn(subject, repeats=3)
    assert arrays["baseline"] == judged(subject).score(Accuracy())
    place = list(arrays["names"]).index("x2")
    for repeat in range(3):
        shuffled = outputs.copy()
        key = randomness.key("importance", 0, 1, repeat)
        shuffled[:, 1] = outputs[randomness.permutation(key, 60), 1]
        score = (shuffled.argmax(1) == target).mean()
        assert arrays["drops"][place, repeat] == pytest.approx(arrays["baseline"] - score)
    assert arrays["drops"].shape == (3, 3)
    again, _ = drawn(subject, repeats=3)
    assert np.array_equal(again["drops"], arrays["drops"])


def test_the_data_are_unchanged_afterwards():
    subject = fitted(4, [1])
    before = subject.judged_data.x.copy()
    drawn(subject)
    assert np.array_equal(subject.judged_data.x, before)


def test_the_categories_of_a_column_are_shuffled_together():
    outputs, target = np.eye(3)[[0, 1, 2] * 20], np.array([0, 1, 2] * 20)
    x = np.column_stack([np.zeros(60), outputs])
    subject = with_outputs(
        np.column_stack([x[:, 1:], x[:, 0]]),
        target,
        ("a", "b", "c", "d"),
        feature_names=("town=Ulm", "town=Bonn", "town=Kiel", "age"),
        one_hot=(OneHot("town", ("Ulm", "Bonn", "Kiel"), 0),),
    )
    arrays, _ = drawn(subject)
    assert list(arrays["names"]) == ["town", "age"]
    # Each row has one town after shuffling, too: a third of them the right one.
    assert arrays["drops"][0].mean() == pytest.approx(2 / 3, abs=0.1)
    assert not arrays["drops"][1].any()


def test_a_loss_rises(wording):
    subject = fitted(4, [1])
    arrays, figure = drawn(subject, score="loss")
    assert arrays["rises"]
    assert arrays["drops"][0].min() > 0
    assert "rise of the loss" in words(figure)
    assert drawn(subject, score="rmse")[0]["rises"]
    for options in ({"score": "accuracy"}, {"score": "rmsee"}, {"repeats": 1}, {"by": "step"}):
        with pytest.raises(UserError) as caught:
            Importance(**options).collect(subject)
        wording(str(caught.value))


def test_outputs_on_another_scale_are_scored_by_what_they_predict():
    subject = with_outputs(np.log([[1.0], [4.0], [2.0]]), [[1], [3], [2]], loss="poisson")
    arrays = drawn(subject)[0]
    assert arrays["score"] == "R²"
    assert arrays["baseline"] == pytest.approx(0.5)  # 1 - 1 / 2


def test_no_column_that_matters_is_said():
    subject = fitted(4, [1])
    subject.network.arena.parameters["dense_1.weight"][...] = 0
    assert "No column matters by more than the spread" in words(drawn(subject)[1])


def test_gaps_are_filled_before_columns_are_shuffled():
    subject = fitted(3, [0], impute="mean", fill=np.zeros(3))
    subject.judged_data.x[::7, 0] = np.nan
    arrays, _ = drawn(subject)
    assert np.isfinite(arrays["drops"]).all()
    assert arrays["names"][0] == f"{LONG} 0"


def test_few_samples_are_shuffled_where_there_are_many_columns(monkeypatch):
    monkeypatch.setattr(permutation, "BUDGET", 1000)
    monkeypatch.setattr(permutation, "FEWEST", 20)
    _, figure = drawn(fitted(10, [0]), repeats=2)
    assert "400 samples of the test split; 50 of them are shuffled" in words(figure)


def sequences(**more):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 5, 2)).astype(np.float32)
    target = (x[:, 3, 1] > 0).astype(np.int32)
    subject = run_of(Dataset(x, target, ("low", "high"), **more), "flatten, {dense: 2}", "cross_entropy")
    weight = subject.network.arena.parameters["dense_1.weight"]
    weight[...] = 0
    weight[7] = [-5, 5]  # the second column of step 3
    return subject


def test_sequences_are_shuffled_by_column_or_by_step():
    arrays, _ = drawn(sequences())
    assert list(arrays["names"]) == ["x2", "x1"]
    assert not arrays["drops"][1].any()
    arrays, figure = drawn(sequences(), by="step")
    means = arrays["drops"].mean(axis=1)
    assert np.flatnonzero(means).tolist() == [3]
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx(means)
    assert "step 3 matters most" in words(figure)


def test_padding_stays_padding(wording):
    lengths = np.full(80, 4, np.int32)
    data = sequences().judged_data
    target = np.repeat(data.target[:, None], 5, axis=1)
    subject = run_of(replace(data, target=target, lengths=lengths), "dense: 2", "cross_entropy")
    seen = []
    before = permutation.scored

    def watched(subject, feeds, data, metric):
        seen.append(data.x[:, 4].copy())
        return before(subject, feeds, data, metric)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(permutation, "scored", watched)
        drawn(subject, repeats=2)
    assert all(np.array_equal(steps, data.x[:, 4]) for steps in seen)
    with pytest.raises(UserError) as caught:
        Importance(by="step").collect(subject)
    wording(str(caught.value))


def test_tokens_are_shuffled_by_position():
    tokens = np.random.default_rng(0).integers(0, 3, (50, 4)).astype(np.int32)
    data = Dataset(tokens, tokens[:, 2].copy(), ("a", "b", "c"), vocabulary=3)
    subject = run_of(data, "{embedding: 3}, flatten, {dense: 3}", "cross_entropy")
    parameters = subject.network.arena.parameters
    parameters["embedding_1.weight"][...] = np.eye(3)
    parameters["dense_1.weight"][...] = 0
    parameters["dense_1.weight"][6:9] = np.eye(3)
    arrays, _ = drawn(subject)
    assert np.flatnonzero(arrays["drops"].mean(axis=1)).tolist() == [2]
    text = replace(data, target=tokens)
    assert not Importance().applies(run_of(text, "{embedding: 3}, {dense: 3}", "cross_entropy"))


@pytest.mark.parametrize(("shape", "number"), [((6, 6, 1), 3), ((5, 40, 3), 2), ((40, 5, 1), 30), ((36,), 3)])
def test_the_saliency_of_a_linear_network_is_its_weights(shape, number):
    draw = np.random.default_rng(0)
    x = draw.random((60, *shape)).astype(np.float32)
    data = Dataset(x, np.arange(60, dtype=np.int32) % number, tuple(f"{LONG} {i}" for i in range(number)))
    layers = "flatten, " * (len(shape) > 1) + f"{{dense: {number}}}"
    subject = run_of(data, layers, "cross_entropy")
    arrays, figure = drawn(subject, "dark")
    weight = np.abs(subject.network.arena.parameters["dense_1.weight"])  # (pixels, classes)
    channels = shape[2] if len(shape) == 3 else 1
    height, width = shape[:2] if len(shape) == 3 else (6, 6)
    by_class = weight.T.reshape(number, height, width, channels).max(axis=3)
    for slopes in arrays["maps"]:
        assert min(np.abs(slopes - each).max() for each in by_class) < 1e-6
    assert len(arrays["maps"]) == min(number, 10)
    assert len(figure.axes) == 3 * len(arrays["maps"])
    assert ("10 of 30 classes" in words(figure)) == (number == 30)


def test_images_with_numbers_have_saliency_without_classes():
    x = np.random.default_rng(0).random((12, 6, 6, 1)).astype(np.float32)
    data = Dataset(x, x.mean((1, 2)))
    _, figure = drawn(run_of(data, "flatten, {dense: 1}", "mse"))
    assert len(figure.axes) == 20
    assert "10 of 12 images" in words(figure)


def test_rounding_is_no_importance(monkeypatch):
    subject = fitted(3, [0])
    scores = iter([0.1 + 0.2, *[0.3] * 30])
    monkeypatch.setattr(permutation, "scored", lambda *_: next(scores))
    arrays, _ = drawn(subject, repeats=10)
    assert (arrays["drops"] == 0).all()


def test_a_column_with_a_curve_is_shuffled_too_and_with_it_whether_it_is_missing():
    names = ("size", "size (missing)", "day (month sin)", "day (month cos)", "rest")
    curves = (Curve(0),)
    x = np.abs(np.random.default_rng(0).normal(size=(200, 5)))
    data = Dataset(x, x[:, :1] + 2 * x[:, 1:2], feature_names=names, curves=curves)
    subject = run_of(Splits(train=data, test=data), "dense: 1", "mse")
    subject.network.arena.parameters["dense_1.weight"][...] = [[1], [2], [0], [0], [0]]
    arrays, _ = drawn(subject)
    assert arrays["names"].tolist() == ["size", "day", "rest"]
    assert arrays["drops"].mean(axis=1)[0] > 0.1
