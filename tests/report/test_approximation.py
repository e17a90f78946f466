"""The picture of approximation: networks of different widths trained on the same data, animations, and bumps made by hand."""

import json

import numpy as np
import pytest
from PIL import Image

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.learned.approximation import MOMENTS, Approximation
from nntrain.report.pictures.learned.bumps import bumps_of, by_hand, step
from nntrain.report.pictures.learned.fitting import fitted, with_width
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

CURVE = """
data: {source: {synthetic: {kind: curve, function: bumps, samples: 120, noise: 0.02}}}
model: {layers: [{dense: {units: 5, activation: tanh, weight_initializer: {normal: {std: 8}}}}, {dense: 1}]}
loss: mse
optimizer: {adam: {lr: 0.05}}
train: {epochs: 120, batch_size: 20, early_stopping: {patience: 1}}
"""


def curve_setup(shell, text=CURVE):
    return prepare(load(shell.write(text))[0], shell.folder)


@pytest.fixture
def arrays(shell):
    return Approximation(units=(1, 16)).collect(subject_of(curve_setup(shell)))


def test_a_wider_network_fits_better(arrays):
    assert arrays["units"].tolist() == [1, 16]
    assert arrays["losses"][1] < arrays["losses"][0] / 3
    assert arrays["of"] == 120
    assert arrays["epochs"][0] == 0
    assert arrays["epochs"][-1] == 120
    assert len(arrays["moments"]) <= MOMENTS
    np.testing.assert_array_equal(arrays["moments"][-1], arrays["curves"][-1])
    assert (arrays["moments"][0] != arrays["moments"][-1]).any()


def test_the_loss_is_that_of_a_run_of_such_a_network(shell, arrays):
    text = CURVE.replace("units: 5", "units: 16")
    shell.fit(text.replace("early_stopping: {patience: 1}", "evaluate_every: {epochs: 120}"))
    scores = json.loads((shell.folder / "runs/run/run.json").read_text())["scores"]
    assert arrays["losses"][1] == pytest.approx(scores["test"]["loss"], rel=1e-6)


def test_each_width_is_set_in_every_hidden_layer(shell):
    text = CURVE.replace("{dense: 1}]", "{dense: 7}, relu, {dense: 1}]")
    config = with_width(curve_setup(shell, text).config, 3, 9)
    assert [getattr(layer, "units", None) for layer in config.model.layers] == [3, 3, None, 1]
    assert (config.train.epochs, config.train.evaluate_every.epochs) == (9, 9)


def test_large_targets_of_a_named_column(shell):
    x = np.linspace(100, 900, 40)
    rows = [f"{value},{30_000 * np.sin(value / 100):.0f}" for value in x]
    (shell.folder / "one.csv").write_text(
        "\n".join(["a long name of an input of more than forty letters,$y$", *rows]) + "\n"
    )
    text = CURVE.replace(
        "{synthetic: {kind: curve, function: bumps, samples: 120, noise: 0.02}}",
        "{csv: {path: one.csv, target: $y$}}, standardize: true",
    )
    layers = "[{dense: {units: 5, activation: relu}}, {dense: {units: 5, activation: relu}}, {dense: 1}]"
    arrays = Approximation(units=(1, 3), epochs=3).collect(
        subject_of(
            curve_setup(shell, text.replace(text[text.index("[{dense") : text.index("}\nloss")], layers))
        )
    )
    picture = Approximation()
    figure = figure_of(picture, drawn_from(arrays))
    assert "in each of 2 layers" in words(figure)
    assert faults(figure) == []
    with canvas.styled("light"):
        for frame in picture.frames(drawn_from(arrays)):
            frame.draw_without_rendering()
        assert faults(frame) == []


def test_a_network_that_diverges_is_drawn_and_said_so(shell):
    setup = curve_setup(shell, CURVE.replace("adam: {lr: 0.05}", "sgd: {lr: 1e9}"))
    fit = fitted(setup, 4, 20, np.linspace(-1, 1, 30), 5)
    assert np.isnan(fit.loss)
    arrays = Approximation(units=(2, 4), epochs=20).collect(subject_of(setup))
    figure = figure_of(Approximation(), drawn_from(arrays))
    assert "diverged" in words(figure)


@pytest.mark.parametrize(("part", "panels"), [("all", 3 + 4 + 4), ("units", 3), ("training", 4), ("bump", 4)])
def test_every_part_is_drawn(arrays, part, panels):
    for style in ("light", "dark"):
        figure = figure_of(Approximation(part=part), drawn_from(arrays), style=style)
        assert len(figure.axes) == panels
        assert faults(figure) == []
    if part == "units":
        curve = figure.axes[1].lines[-1]
        np.testing.assert_array_equal(curve.get_ydata(), arrays["curves"][1])
        assert figure.axes[2].get_yscale() == "log"


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_the_training_is_animated(tmp_path, arrays, suffix):
    path = tmp_path / f"fit{suffix}"
    picture = Approximation()
    assert suffix in picture.suffixes
    picture.write(path, drawn_from(arrays))
    first = path.read_bytes()
    with Image.open(path) as animation:
        assert animation.n_frames == len(arrays["moments"])
        assert animation.info["loop"] == 0
        assert animation.size[0] > 500
    assert canvas.is_ours(path)
    picture.write(path, drawn_from(arrays))
    assert path.read_bytes() == first


def test_bumps_by_hand_follow_the_function():
    x = np.linspace(-3, 5, 2000)
    target = np.sin(x) + 2
    edges, heights = by_hand(x, target)
    total = bumps_of(x, edges, heights).sum(axis=0)
    inside = (x > -2.5) & (x < 4.5)
    assert np.abs(total - target)[inside].max() < 0.3
    assert step(x, 1.0)[[0, -1]] == pytest.approx([0, 1], abs=1e-6)
    assert step(x, x[1000])[1000] == pytest.approx(0.5)
    gap_x, gap_y = np.array([0.0, 1.0]), np.array([2.0, 4.0])
    assert by_hand(gap_x, gap_y)[1] == pytest.approx(
        2 + 2 * (np.diff(by_hand(gap_x, gap_y)[0]) / 2 + by_hand(gap_x, gap_y)[0][:-1]), abs=0.11
    )


def test_what_it_does_not_apply_to(shell, wording):
    digits = subject_of(
        curve_setup(
            shell,
            CURVE.replace(CURVE.splitlines()[1], "data: {source: iris}")
            .replace("{dense: 1}", "{dense: 3}")
            .replace("mse", "cross_entropy"),
        )
    )
    assert not Approximation().applies(digits)
    linear = CURVE.replace(
        "{dense: {units: 5, activation: tanh, weight_initializer: {normal: {std: 8}}}}, ", ""
    )
    assert not Approximation().applies(subject_of(curve_setup(shell, linear)))
    with pytest.raises(UserError) as caught:
        Approximation(units=(0, 2)).collect(subject_of(curve_setup(shell)))
    wording(str(caught.value))
    arrays = Approximation(part="bump").collect(subject_of(curve_setup(shell)))
    with pytest.raises(UserError) as caught:
        list(Approximation(part="bump").frames(drawn_from(arrays)))
    wording(str(caught.value))
