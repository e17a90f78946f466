"""The picture of an embedding: principal components of a layer's outputs, or of the vectors of tokens."""

import itertools

import numpy as np
import pytest

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.labels import place_labels
from nntrain.report.pictures.learned.embedded import POINTS
from nntrain.report.pictures.learned.embedding import Embedding
from nntrain.report.pictures.learned.principal import principal_plane
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, texts, words

CONFIG = """
data: {source: SOURCE}
model: {layers: [LAYERS]}
loss: LOSS
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""
TAGGED = "{embedding: 4}, {gru: {units: 5, return_sequences: true}}, "


def subject(shell, source, layers, loss="cross_entropy"):
    text = CONFIG.replace("SOURCE", source).replace("LAYERS", layers).replace("LOSS", loss)
    setup = prepare(load(shell.write(text))[0], shell.folder)
    return subject_of(setup, setup.network(64, backward=False))


@pytest.mark.parametrize(("samples", "features"), [(40, 5), (6, 30), (7, 7), (3, 1), (1, 4)])
def test_the_plane_is_that_of_the_singular_value_decomposition(samples, features):
    x = np.random.default_rng(0).normal(size=(samples, features)) + 100
    plane, shares = principal_plane(x)
    u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    expected = (u * s)[:, :2]
    found = plane[:, : expected.shape[1]]
    if samples > 1:
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)
        np.testing.assert_allclose(shares[: len(s)], (s**2 / (s**2).sum())[:2], atol=1e-8)
        assert (
            found.max() > -found.min() or np.abs(found).max() < 1e-9 or found[:, 0].max() > -found[:, 0].min()
        )
    assert np.isfinite(plane).all()
    assert np.isfinite(shares).all()


def test_the_last_hidden_layer_is_projected_and_coloured_by_class(shell):
    digits = subject(shell, "digits", "{dense: {units: 12, activation: relu}}, {dropout: 0.5}, {dense: 10}")
    picture = Embedding()
    assert picture.applies(digits)
    arrays = picture.collect(digits)
    assert (arrays["layer"], len(arrays["plane"])) == ("dense_1.relu", 360)
    np.testing.assert_array_equal(arrays["group"], digits.judged_data.target)
    data, parameters = digits.judged_data, digits.network.arena.parameters
    hidden = np.maximum(data.x @ parameters["dense_1.weight"] + parameters["dense_1.bias"], 0)
    np.testing.assert_allclose(np.abs(arrays["plane"]), np.abs(principal_plane(hidden)[0]), atol=1e-3)
    for style in ("light", "dark"):
        figure = figure_of(picture, drawn_from(arrays), style=style)
        axes = figure.axes[0]
        assert sum(len(line.get_xdata()) for line in axes.lines) == 360
        assert f"{arrays['shares'][0]:.0%} of the variance" in axes.get_xlabel()
        assert {text.get_text() for text in axes.texts} <= set("0123456789")
        assert faults(figure) == []


@pytest.mark.parametrize("size", [1e-5, 1, 1e7])
def test_a_hundred_classes_with_long_names_do_not_overlap(size):
    draw = np.random.default_rng(0)
    arrays = {
        "plane": size * draw.normal(size=(1000, 2)),
        "shares": np.array([0.5, 0.25]),
        "layer": np.array("a layer whose name has more than forty letters in it"),
        "names": np.array([f"{number} $x^2$ a class of a long name" for number in range(100)]),
        "group": np.arange(1000) % 100,
        "values": np.zeros(0),
        "tokens": np.array((), dtype=str),
        "of": np.array(5000),
        "what": np.array("samples of the test split"),
    }
    figure = figure_of(Embedding(), drawn_from(arrays))
    assert faults(figure) == []
    assert "1,000 of 5,000 samples" in words(figure)


@pytest.mark.parametrize(
    ("source", "layers", "layer"),
    [
        ("{iris: {target: petal_width}}", "{dense: {units: 4, activation: tanh}}, {dense: 1}", None),
        (
            "{synthetic_sequences: {kind: adding, steps: 20, samples: 40, test_samples: 9}}",
            "{gru: {units: 3, return_sequences: true}}, {gru: 3}, {dense: 1}",
            "gru_1",
        ),
    ],
)
def test_a_regression_is_coloured_by_its_target(shell, source, layers, layer):
    regression = subject(shell, source, layers, "mse")
    picture = Embedding(layer=layer)
    arrays = picture.collect(regression)
    np.testing.assert_array_equal(arrays["values"], np.ravel(regression.judged_data.target))
    figure = figure_of(picture, drawn_from(arrays))
    assert len(figure.axes) == 2  # with the colour bar
    assert faults(figure) == []


def test_steps_of_sequences_have_their_own_targets_and_padding_is_left_out(shell):
    source = "{synthetic_sequences: {kind: brackets, steps: 20, samples: 40, test_samples: 30}}"
    tagging = subject(shell, source, TAGGED + "{dense: 8}")
    arrays = Embedding().collect(tagging)
    assert arrays["layer"] == "gru_1"
    lengths = tagging.judged_data.lengths
    assert len(arrays["plane"]) == min(lengths.sum(), POINTS)
    if lengths.sum() <= POINTS:
        real = np.arange(20) < lengths[:, None]
        np.testing.assert_array_equal(arrays["group"], tagging.judged_data.target[real])
    assert faults(figure_of(Embedding(), drawn_from(arrays))) == []


def test_tokens_of_a_text_are_where_training_moved_them(shell):
    (shell.folder / "text.txt").write_text("The quick brown fox, 123 jumps.\n" * 40)
    source = "{text: {path: text.txt, window: 20}}"
    text = subject(shell, source, TAGGED + "{dense: 26}")
    picture = Embedding()
    weight = text.network.arena.parameters["embedding_1.weight"]
    train = text.setup.splits.train
    counts = np.bincount(np.ravel(train.x.stream), minlength=len(train.classes))
    order = np.argsort(-counts, kind="stable")
    untrained = picture.collect(text)
    assert not untrained["moved"]
    np.testing.assert_allclose(untrained["plane"], principal_plane(weight[order])[0], atol=1e-6)
    change = np.random.default_rng(0).normal(size=weight.shape).astype(weight.dtype)
    weight += change
    arrays = picture.collect(text)
    assert list(arrays["tokens"]) == [train.classes[token] for token in order]
    np.testing.assert_allclose(arrays["plane"], principal_plane(change[order])[0], atol=1e-4)
    assert arrays["names"][arrays["group"][list(arrays["tokens"]).index("2")]] == "digits"
    figure = figure_of(picture, drawn_from(arrays))
    assert faults(figure) == []
    shown = [text for text in texts(figure) if text.get_text() in {*arrays["tokens"], "␣", "↵"}]
    dots = sum(len(line.get_xdata()) for line in figure.axes[0].lines)
    assert dots + len(figure.axes[0].texts) == len(arrays["tokens"])
    assert shown


def test_a_network_without_a_hidden_layer_and_an_unknown_layer(shell, wording):
    linear = subject(shell, "digits", "{dense: 10}")
    assert not Embedding().applies(linear)
    for layer in (None, "dense_2"):
        with pytest.raises(UserError) as caught:
            Embedding(layer=layer).collect(linear)
        wording(str(caught.value))


def test_outputs_that_are_not_finite_are_left_out(shell, wording):
    digits = subject(shell, "digits", "{dense: 6}, relu, {dense: 10}")
    digits.judged_data.x[:5] = np.inf
    arrays = Embedding().collect(digits)
    assert len(arrays["plane"]) == len(arrays["group"]) <= 355
    assert faults(figure_of(Embedding(), drawn_from(arrays))) == []
    digits.network.theta[...] = 0
    assert (Embedding().collect(digits)["shares"] == 0).all()
    digits.network.theta[...] = np.nan
    with pytest.raises(UserError) as caught:
        Embedding().collect(digits)
    wording(str(caught.value))


@pytest.mark.usefixtures("pictures")
def test_a_run_of_text_leaves_the_picture(shell):
    (shell.folder / "text.txt").write_text("The quick brown fox, 123 jumps.\n" * 40)
    text = CONFIG.replace("SOURCE", "{text: {path: text.txt, window: 20}}").replace("LOSS", "cross_entropy")
    run = shell.fit(text.replace("LAYERS", TAGGED + "{dense: 26}"))
    with np.load(run / "plots/embedding.npz") as arrays:
        assert arrays["moved"]
    assert canvas.is_ours(run / "plots/embedding.png")


def test_outputs_that_do_not_differ_are_named(shell):
    digits = subject(shell, "digits", "{dense: {units: 3, activation: relu}}, {dense: 10}")
    digits.network.arena.parameters["dense_1.weight"][...] = 0
    figure = figure_of(Embedding(), drawn_from(Embedding().collect(digits)))
    assert "The outputs of dense_1.relu are the same for all samples" in " ".join(words(figure).split())


def test_the_names_of_classes_do_not_hide_a_few_points(shell):
    xor = subject(
        shell,
        "{synthetic: {kind: xor, samples: 4, noise: 0}}",
        "{dense: {units: 3, activation: tanh}}, {dense: 2}",
    )
    figure = figure_of(Embedding(), drawn_from(Embedding().collect(xor)))
    assert len(figure.axes[0].texts) == 0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0", "1"]


def test_a_class_whose_label_has_no_room_is_labelled_next_to_its_centre():
    with canvas.styled():
        figure = canvas.new_figure()
        axes = figure.subplots()
        axes.set(xlim=(-1, 1), ylim=(-1, 1))
        points = np.zeros((3, 2))
        assert place_labels(axes, points, ["a", "b", "c"]).tolist() == [True, False, False]
        for text in list(axes.texts):
            text.remove()
        assert place_labels(axes, points, ["a", "b", "c"], nudged=True).all()
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert max(abs(text.get_position()[1]) for text in axes.texts) < 0.2  # still near
