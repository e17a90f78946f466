"""Pictures of functions: activations, losses, learning rates."""

import numpy as np
import pytest

import nntrain
from nntrain.api.plot import plot
from nntrain.api.setup import load_setup
from nntrain.errors import UserError
from nntrain.report.pictures.elements.activations import Activations, spans
from nntrain.report.pictures.elements.losses import Losses
from nntrain.report.pictures.training.schedules import MOST_STEPS, Schedules, steps_of
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words


def computed(picture):
    return drawn_from(picture.compute(), picture.name.capitalize())


def test_activations_are_those_of_the_layers_and_their_slopes():
    arrays = Activations(names=("sigmoid", "relu", "leaky_relu: 0.2", "softmax")).compute()
    x, middle = arrays["x"], len(arrays["x"]) // 2
    sigmoid = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(arrays["y"][0], sigmoid, rtol=1e-12)
    np.testing.assert_allclose(arrays["slope"][0], sigmoid * (1 - sigmoid), rtol=1e-9)
    np.testing.assert_array_equal(arrays["y"][1], np.maximum(x, 0))
    assert set(arrays["slope"][2][x < 0]) == {0.2}
    np.testing.assert_allclose(arrays["y"][3], np.exp(x) / (np.exp(x) + 2), rtol=1e-12)
    assert [bool(note) for note in arrays["notes"]] == [False, False, False, True]
    assert x[middle] == 0


def test_each_activation_has_a_panel_with_the_vanishing_slopes_shaded():
    figure = figure_of(Activations(), computed(Activations()))
    panels = {axes.get_title(): axes for axes in figure.axes}
    assert list(panels) == ["sigmoid", "softplus", "relu", "tanh", "prelu", "maxout"]
    shaded = {
        name: [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
        for name, axes in panels.items()
    }
    assert [len(shaded[name]) for name in panels] == [2, 1, 1, 2, 0, 0]
    (relu,) = shaded["relu"]
    assert (relu.x0, relu.x1) == pytest.approx((-6, 0), abs=0.02)
    assert shaded["sigmoid"][1].x0 == pytest.approx(np.log(98), abs=0.02)  # s(1 - s) = 0.01
    assert "sigmoid is at most 0.25" in words(figure).replace("\n", " ")
    assert "1,000,000 times" in words(figure)
    assert faults(figure) == []


@pytest.mark.parametrize("style", ["light", "dark"])
def test_every_activation_is_drawn(style):
    from nntrain.layers.layer import Activation

    picture = Activations(names=(*Activation.members(), "maxout"))
    figure = figure_of(picture, computed(picture), style=style)
    assert sum(axes.get_visible() for axes in figure.axes) == len(picture.names)
    assert faults(figure) == []
    one = Activations(names=("$relu$",))
    with pytest.raises(UserError):
        one.compute()


@pytest.mark.parametrize("name", ["rleu", "dense", "", "leaky_relu: {slop: 1}", "[relu]", "hubr: 1"])
@pytest.mark.parametrize("kind", [Activations, Losses])
def test_an_unknown_name_is_an_error(kind, name, wording):
    with pytest.raises(UserError) as caught:
        kind(names=(name,)).compute()
    wording(str(caught.value))


def test_a_picture_of_names_is_drawn_where_one_is(tmp_path, monkeypatch, shell):
    monkeypatch.chdir(tmp_path)
    assert str(plot("activations", "relu", "elu: 0.5")) == "activations.png"
    assert (tmp_path / "activations.png").stat().st_size > 10_000
    assert (
        shell.run("plot", "losses", "mae", "--output", str(tmp_path / "x.svg"))
        .stdout.strip()
        .endswith("x.svg")
    )
    assert "activations [NAMES" in shell.run("plot", "--list").stdout


@pytest.mark.usefixtures("pictures")
def test_activations_of_a_run_are_those_of_its_layers(tmp_path):
    train = {"epochs": 1, "batch_size": 16, "record": True}
    nntrain.fit({**XOR, "train": train, "name": "recorded"}, runs_dir=tmp_path)
    found = plot("activations", tmp_path / "recorded", output=tmp_path / "a.png")
    assert (
        found.read_bytes()
        == plot("layer_outputs", tmp_path / "recorded", output=tmp_path / "b.png").read_bytes()
    )
    nntrain.fit({**XOR, "train": {"epochs": 1}, "name": "plain"}, runs_dir=tmp_path)
    with pytest.raises(UserError, match="recorded"):
        plot("activations", tmp_path / "plain")


def test_stretches_are_found():
    assert spans(np.array([True, True, False, True])) == [(0, 1), (3, 3)]
    assert spans(np.array([False])) == []


def test_losses_are_those_of_the_kernels_and_their_slopes():
    arrays = Losses(names=("mse", "mae", "huber: 2", "cross_entropy", "hinge", "cosine")).compute()
    e, p = arrays["x_0"], arrays["x_3"]
    np.testing.assert_allclose(arrays["loss_0"], e**2, atol=1e-12)
    np.testing.assert_allclose(arrays["slope_0"], 2 * e, atol=1e-12)
    np.testing.assert_allclose(arrays["slope_2"], np.clip(e, -2, 2), atol=1e-12)
    np.testing.assert_allclose(arrays["loss_3"], -np.log(p), rtol=1e-9)
    np.testing.assert_allclose(arrays["slope_3"], p - 1, rtol=1e-9)
    np.testing.assert_allclose(
        arrays["density_0"], np.exp(-(arrays["errors"] ** 2) / 2) / np.sqrt(2 * np.pi), atol=1e-9
    )
    np.testing.assert_allclose(arrays["density_1"], np.exp(-np.abs(arrays["errors"])) / 2, rtol=1e-3)
    assert list(arrays["groups"]) == [
        "error",
        "error",
        "error",
        "probability",
        "margin",
        "angle",
        "probability",
    ]
    assert arrays["labels"][-1] == "mse of a softmax"
    np.testing.assert_allclose(arrays["slope_6"], -2 * (1 - p) ** 2 * p, rtol=1e-9)
    np.testing.assert_allclose(arrays["slope_5"], np.sin(np.radians(arrays["x_5"])), atol=1e-9)
    best = [arrays["constants"][arrays[f"constant_{i}"].argmin()] for i in range(2)]
    assert best == pytest.approx([4, 2], abs=0.03)  # the mean and the median of 0, 1, 2, 3, 14


def test_every_loss_is_drawn():
    from nntrain.losses import Loss

    default = figure_of(Losses(), computed(Losses()))
    assert faults(default) == []
    assert [len(axes.lines) for axes in default.axes[:2]] == [3, 2]
    assert {"mse: Gaussian, exp(−e²/2)", "mse: 4.0", "mae: 2.0", "outlier"} <= set(words(default).split("\n"))
    for names in (tuple(Loss.members()), ("hinge",), ("cosine", "poisson")):
        picture = Losses(names=names)
        for style in ("light", "dark"):
            assert faults(figure_of(picture, computed(picture), style=style)) == []


MULTI_STEP = {"multi_step": {"milestones": [4, 6]}}
LINEAR = {"linear": {"warmup": {"epochs": 2}}}
SCHEDULES = [
    ("constant", "stays at 0.1 for 8 epochs of 2 steps"),
    (MULTI_STEP, "from 0.1 to 0.001 over 8 epochs of 2 steps"),
    ("cosine", "from 0.1 to 0.00381"),
    ({"one_cycle": {"max_lr": 0.5, "unit": "step"}}, "up to 0.5, then"),
    (LINEAR, "from 0.001 up to"),
    ({"reduce_on_plateau": {"patience": 3}}, "validation_loss does not improve for more than 3 evaluations"),
]


XOR = {
    "data": {"source": {"synthetic": {"kind": "xor", "samples": 64}}, "validation": 0.5},
    "model": {"layers": [{"dense": 2}]},
    "loss": "cross_entropy",
    "optimizer": {"sgd": 0.1},
}


def schedule_of(schedule, epochs=8):
    setup = load_setup({**XOR, "schedule": schedule, "train": {"epochs": epochs, "batch_size": 16}})[0]
    return setup, Schedules().collect(subject_of(setup))


@pytest.mark.parametrize(("schedule", "text"), SCHEDULES)
def test_the_learning_rate_is_that_of_training(schedule, text):
    setup, arrays = schedule_of(schedule)
    config = setup.config
    expected = [config.schedule.lr(0.1, step, 2, 8, config.schedule.start()) for step in range(16)]
    np.testing.assert_array_equal(arrays["lr"], expected)
    figure = figure_of(Schedules(), drawn_from(arrays))
    assert text in words(figure).replace("\n", " ")
    assert faults(figure) == []
    assert len(arrays["names"]) == 13
    assert config.schedule.yaml_name not in arrays["names"]


def test_the_rates_of_parameter_groups_are_drawn():
    groups = [{"match": "dense_1.weight", "lr": 0.4}, {"match": "*.bias", "freeze": True}]
    config = {**XOR, "schedule": LINEAR, "parameter_groups": groups, "train": {"epochs": 8, "batch_size": 16}}
    figure = figure_of(Schedules(), drawn_from(Schedules().collect(subject_of(load_setup(config)[0]))))
    main, group = figure.axes[0].lines[:2]
    assert group.get_ydata().max() == pytest.approx(4 * main.get_ydata().max())
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "all others",
        "dense_1.weight",
    ]
    assert faults(figure) == []


def test_drops_and_warmup_are_marked():
    figure = figure_of(Schedules(), drawn_from(schedule_of(MULTI_STEP)[1]))
    main = figure.axes[0]
    assert main.get_yscale() == "log"
    assert [line.get_xdata()[0] for line in main.lines[1:]] == [4, 6]
    assert {"0.01 from epoch 4", "0.001 from epoch 6"} <= set(words(figure).split("\n"))
    warm = figure_of(Schedules(), drawn_from(schedule_of(LINEAR)[1]))
    assert warm.axes[0].get_yscale() == "linear"
    assert "warmup" in words(warm)
    plateau = figure_of(Schedules(), drawn_from(schedule_of({"reduce_on_plateau": {"factor": 0.5}})[1]))
    assert [line.get_ydata()[0] for line in plateau.axes[0].lines[1:]] == [0.05, 0.025, 0.0125]


def test_a_long_training_is_thinned_and_a_short_one_drawn():
    steps = steps_of(10_000, 1000)
    assert len(steps) < MOST_STEPS + 2002
    assert {0, 9_999, 10_000, 9_999_999} <= set(steps.tolist())
    for epochs, name in ((1, "x"), (1000, "名前" * 20)):
        figure = figure_of(
            Schedules(), drawn_from(schedule_of({"step": {"step_size": 100}}, epochs)[1], name)
        )
        assert faults(figure) == []
