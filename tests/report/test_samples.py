"""The picture of samples: every kind of data, with its targets, its class balance, and what was left out."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.computing.images import as_images, image_shape
from nntrain.report.pictures.data.samples import Samples, kind_of
from nntrain.report.pictures.data.shown_table import PANELS, between_classes, bin_edges, correlation
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import draw_counts, room_for_names
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

TEXT = """
data: {source: SOURCE, test: 0.2}
model: {layers: [LAYERS]}
loss: LOSS
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""


def setup_of(shell, source, layers="flatten, {dense: 10}", loss="cross_entropy", test=True):
    text = TEXT.replace("SOURCE", source).replace("LAYERS", layers).replace("LOSS", loss)
    config, _ = load(shell.write(text if test else text.replace(", test: 0.2", "")))
    return prepare(config, shell.folder)


def drawn(setup, **options):
    picture = Samples(**options)
    arrays = picture.collect(subject_of(setup))
    figure = figure_of(picture, drawn_from(arrays))
    assert faults(figure) == []
    return arrays, figure


def test_vectors_of_brightness_are_shown_as_images(shell):
    setup = setup_of(shell, "digits", test=False)
    train = setup.splits.train
    arrays, figure = drawn(setup)
    assert arrays["kind"] == "images"
    assert arrays["images"].shape == (10, 12, 8, 8, 1)
    assert list(arrays["names"]) == list("0123456789")
    for row, images in enumerate(arrays["images"]):
        own = train.x[train.target == row][:12].reshape(12, 8, 8, 1)
        np.testing.assert_array_equal(images, own)
    assert arrays["counts"].tolist() == np.bincount(train.target).tolist()
    bars = figure.axes[-1].patches
    assert [bar.get_height() for bar in bars] == arrays["counts"].tolist()
    assert "1,437 train, 360 test" in words(figure)


@pytest.mark.parametrize(("shape", "classes"), [((5, 40, 3), 2), ((6, 6, 1), 100), ((4, 4, 4), 12)])
def test_images_of_odd_shapes_and_many_classes(shell, shape, classes):
    source = f"{{random: {{input: {list(shape)}, classes: {classes}, samples: 900}}}}"
    arrays, figure = drawn(setup_of(shell, source, f"flatten, {{dense: {classes}}}"))
    shown = arrays["images"][arrays["present"]]
    assert shown.shape[-1] == (shape[2] if shape[2] in (1, 3) else 1)
    assert (shown >= 0).all()
    assert (shown <= 1).all()
    assert len(arrays["counts"]) == len(figure.axes[-1].patches) == classes
    if classes > 10:
        assert ("of the first 96" in words(figure)) == (classes == 100)
        assert len(shown) == len(set(arrays["captions"][arrays["present"]]))  # one image of each class


def test_columns_are_histograms_in_the_colours_of_the_classes(shell):
    arrays, figure = drawn(setup_of(shell, "iris", "{dense: 3}"))
    assert (arrays["kind"], len(arrays["names"]), arrays["of"]) == ("table", 4, 4)
    for axes, column in zip(figure.axes[:4], arrays["values"].T, strict=True):
        assert sum(bar.get_height() for bar in axes.patches) == len(column)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(arrays["classes"])


def test_of_many_columns_those_that_tell_most_of_the_target_are_shown(shell):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 300))
    label = np.where(x[:, 40] > 0, "a kind whose name has more than forty letters", "$x^2$ 温度")
    names = [f"column {number}" for number in range(300)]
    names[40] = "a column whose name has more than forty letters"
    rows = [",".join([*(f"{value:.3f}" for value in row), name]) for row, name in zip(x, label, strict=True)]
    (shell.folder / "wide.csv").write_text("\n".join([",".join([*names, "kind"]), *rows]) + "\n")
    arrays, figure = drawn(setup_of(shell, "{csv: {path: wide.csv, target: kind}}", "{dense: 2}"))
    assert len(arrays["names"]) == PANELS
    assert names[40] in arrays["names"]
    assert f"{PANELS} of 300 columns" in words(figure)


def test_columns_of_a_regression_are_drawn_against_the_target(shell):
    source = "{iris: {target: petal_width}}"
    arrays, figure = drawn(setup_of(shell, source, "{dense: 1}", "mse"))
    assert arrays["label"] == "petal_width"
    line = figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), arrays["values"][:, 0])
    np.testing.assert_array_equal(line.get_ydata(), arrays["target"])


def test_a_column_that_separates_the_classes_tells_all_of_them():
    target = np.repeat([0, 1, 2], 20)
    noise = np.random.default_rng(0).normal(size=60)
    assert between_classes(target * 3.0, target) == pytest.approx(1)
    assert between_classes(noise, target) < 0.2
    assert between_classes(np.where(noise > 0, np.nan, target * 1.0), target) == pytest.approx(1)
    assert between_classes(np.full(60, np.nan), target) == between_classes(np.ones(60), target) == 0
    assert correlation(-2.0 * noise + 1, noise) == pytest.approx(1)
    assert correlation(np.ones(60), noise) == 0


@pytest.mark.parametrize(
    "values", [[0, 1], [5.1, 5.2, 5.4, 7.9], np.linspace(0, 9, 200), [3.0], [0, np.pi, 4]]
)
def test_bins_hold_every_value_and_on_a_grid_equally_many_points(values):
    values = np.asarray(values, float)
    edges = bin_edges(values)
    assert np.histogram(values, edges)[0].sum() == len(values)
    if len(values) == 200:
        assert np.ptp(np.histogram(values, edges)[0][:-1]) == 0


@pytest.mark.parametrize(
    ("kind", "layers", "loss", "expected"),
    [
        (
            "{synthetic: {kind: spirals, classes: 3, samples: 90}}",
            "{dense: 3}",
            "cross_entropy",
            "with 30 each",
        ),
        ("{synthetic: {kind: curve, samples: 90}}", "{dense: 1}", "mse", "the target against the input"),
        ("{random: {input: [2], targets: 1, samples: 90}}", "{dense: 1}", "mse", "colours of the target"),
    ],
)
def test_points_lie_where_the_inputs_are(shell, kind, layers, loss, expected):
    setup = setup_of(shell, kind, layers, loss, test="random" in kind)
    arrays, figure = drawn(setup)
    assert arrays["kind"] == "points"
    assert expected in words(figure)
    axes = figure.axes[0]
    shown = sum(len(line.get_xdata()) for line in axes.lines) + sum(
        len(points.get_offsets()) for points in axes.collections
    )
    assert shown == len(arrays["x"]) == len(setup.splits.train)


@pytest.mark.parametrize(
    ("kind", "layers", "loss"),
    [
        ("{kind: adding, steps: 20, samples: 40, test_samples: 9}", "{gru: 2}, {dense: 1}", "mse"),
        ("{kind: sines, steps: 20, horizon: 3, samples: 40, test_samples: 9}", "{gru: 2}, {dense: 3}", "mse"),
        (
            "{kind: parity, steps: 20, samples: 40, test_samples: 9}",
            "{gru: {units: 2, return_sequences: true}}, {dense: 2}",
            "cross_entropy",
        ),
    ],
)
def test_sequences_are_lines(shell, kind, layers, loss):
    setup = setup_of(shell, f"{{synthetic_sequences: {kind}}}", layers, loss, test=False)
    arrays, figure = drawn(setup)
    assert arrays["kind"] == "sequences"
    np.testing.assert_array_equal(
        figure.axes[0].lines[0].get_ydata(), np.asarray(setup.splits.train.x)[0, :, 0]
    )
    if "sines" in kind:
        np.testing.assert_array_equal(figure.axes[0].lines[1].get_xdata(), [21, 22, 23])
    if "adding" in kind:
        assert len(figure.axes[0].lines) == 2


def test_tokens_are_cells_up_to_the_end_of_each_sequence(shell):
    source = "{synthetic_sequences: {kind: brackets, steps: 60, samples: 30, test_samples: 9}}"
    layers = "{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 8}"
    setup = setup_of(shell, source, layers, test=False)
    arrays, figure = drawn(setup)
    train = setup.splits.train
    for row, axes in enumerate(figure.axes[:8]):
        assert len(axes.patches) == min(train.lengths[row], 40)
    assert arrays["frequencies"].sum() == arrays["counts"].sum() == train.lengths.sum()


def test_text_shows_the_first_window_and_the_most_frequent_tokens(shell):
    text = ("the quick brown fox, 123 $x^2$\n" * 40).replace("fox", "fox\tй")
    (shell.folder / "text.txt").write_text(text)
    source = "{text: {path: text.txt, window: 50}}"
    setup = setup_of(shell, source, "{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 25}")
    arrays, figure = drawn(setup)
    assert arrays["inputs"] == text[:50]
    counts = {token: text[: arrays["length"]].count(token) for token in arrays["tokens"]}
    assert list(counts.values()) == arrays["frequencies"].tolist()
    assert "␣" in words(figure)


def test_another_split_and_one_that_is_missing(shell, wording):
    setup = setup_of(shell, "iris", "{dense: 3}")
    assert drawn(setup, split="test")[0]["counts"].sum() == 30
    with pytest.raises(UserError) as caught:
        Samples(split="validation").collect(subject_of(setup))
    wording(str(caught.value))


def test_what_is_an_image(shell):
    assert image_shape(setup_of(shell, "digits", test=False).splits.train) == (8, 8, 1)
    assert image_shape(setup_of(shell, "iris", "{dense: 3}").splits.train) is None
    noise = setup_of(shell, "{random: {input: [64], classes: 2, samples: 50}}", "{dense: 2}").splits.train
    assert (kind_of(noise) == "images") == bool(noise.x.min() >= 0)
    images = setup_of(shell, "{random: {input: [4, 9, 3], classes: 2, samples: 50}}", "flatten, {dense: 2}")
    assert as_images(images.splits.train, np.arange(3)).shape == (3, 4, 9, 3)


def test_of_many_rows_some_from_all_over_the_data_are_shown(shell, monkeypatch):
    monkeypatch.setattr("nntrain.report.pictures.data.shown_table.ROWS", 30)
    monkeypatch.setattr("nntrain.report.pictures.data.shown_points.MOST", 30)
    rows = [f"{number / 100},{number % 7},{'ab'[number // 50]}" for number in range(100)]
    (shell.folder / "sorted.csv").write_text("\n".join(["u,v,kind", *rows]) + "\n")
    points = setup_of(shell, "{csv: {path: sorted.csv, target: kind}}", "{dense: 2}", test=False)
    arrays, figure = drawn(points)
    assert len(arrays["x"]) == 30
    assert set(arrays["target"]) == {0, 1}
    assert "30 of 100 samples" in words(figure)
    table = setup_of(shell, "iris", "{dense: 3}")
    assert "30 of 120 rows" in words(drawn(table)[1])


@pytest.mark.parametrize("number", [60, 72, 100, 120])
def test_names_below_many_bars_do_not_overlap(number):
    names = [f"the long name of the class number {place}" for place in range(number)]
    with canvas.styled("light"):
        figure = canvas.new_figure(canvas.WIDTH, 2 + room_for_names(names))
        axes = figure.add_axes((0.1, room_for_names(names) / (2 + room_for_names(names)), 0.88, 0.4))
        draw_counts(axes, names, np.arange(number))
        figure.draw_without_rendering()
        assert faults(figure) == []
    assert ("every second name" in words(figure)) == (number > 72)


def test_sequences_of_different_lengths_say_so_and_their_classes_are_of_samples(shell):
    rows = [f"{number},{step},{number % 2}" for number in range(20) for step in range(3 if number % 2 else 9)]
    (shell.folder / "sequences.csv").write_text("\n".join(["id,u,class", *rows]))
    source = "{sequences: {path: sequences.csv, id: id, task: classification}}"
    _, figure = drawn(setup_of(shell, source, "{lstm: 3}, {dense: 2}"))
    assert "2 sequences of the training split, 3 to 9 steps" in " ".join(words(figure).split())
    assert figure.axes[-1].get_ylabel() == "training samples"
