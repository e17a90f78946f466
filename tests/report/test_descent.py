"""The picture of gradient descent: the cut, its learning rates, the path of training and the landscapes."""

import json

import numpy as np
import pytest

import nntrain
from nntrain.api.plot import subject_of as run_of
from nntrain.errors import UserError
from nntrain.inference.evaluate import evaluate
from nntrain.inference.feed import Feeds
from nntrain.report.pictures.training.cut import Cut, Objective, rates
from nntrain.report.pictures.training.descent import Descent
from nntrain.report.pictures.training.landscape import path_directions, places, random_directions, spans
from nntrain.report.pictures.training.trajectory import initial, retrained, stored, trajectory
from nntrain.run.checkpoint import read
from tests.support.pictures import drawn_from, faults, figure_of, words

CONFIG = {
    "data": {"source": {"synthetic": {"kind": "two_moons", "samples": 80, "noise": 0.1}}, "validation": 0.25},
    "model": {
        "layers": [
            {"dense": {"units": 6, "activation": "tanh"}},
            {"batch_norm": {}},
            {"dropout": 0.2},
            {"dense": 2},
        ]
    },
    "loss": "cross_entropy",
    "optimizer": {"adam": 0.05},
    "train": {"epochs": 6, "batch_size": 20, "checkpoint": {"keep": 2}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    nntrain.fit({**CONFIG, "name": "moons"}, runs_dir=folder)
    return folder / "moons"


def theta_in(path, subject):
    tensors = read(path).tensors
    network = subject.setup.network(1, backward=False, initial=False)
    for name, parameter in network.arena.parameters.items():
        parameter[...] = tensors[f"parameter.{name}"]
    return network.theta


def test_the_rates_creep_arrive_and_overshoot_in_a_parabola():
    t = np.linspace(-1, 6, 701)
    cut = Cut(t, (t - 2) ** 2)  # the curvature is 2, so gradient descent diverges from a rate of 1 on
    found = rates(cut)
    assert found["small"] < found["good"] / 5
    assert 0.1 < found["good"] < 0.5
    assert 0.99 < found["too large"] < 1.2
    np.testing.assert_allclose(cut.descend(0.25)[:3], [0, 1, 1.5], atol=1e-6)
    assert len(cut.descend(0.25)) == 9
    assert cut.descend(3.0)[-1] > 6  # leaves the cut


def test_the_objective_is_the_loss_of_the_network(run):
    subject = run_of(run)
    objective = Objective(subject, 10)
    data, config = subject.setup.splits.train, subject.setup.config
    assert objective.rows == len(data)
    expected = evaluate(Feeds(subject.network, data), data, config.loss, config.metrics)["loss"]
    assert objective(objective.start) == pytest.approx(expected, rel=1e-6)


def test_a_run_that_is_trained_again_goes_through_its_checkpoints(run):
    subject = run_of(run)
    path = retrained(subject)
    assert path.how == "trained again in memory, with the same bits"
    assert path.steps[-1] == 18
    np.testing.assert_array_equal(path.thetas[0], initial(subject))
    np.testing.assert_array_equal(path.thetas[-1], theta_in(run / "checkpoints/last.safetensors", subject))
    assert trajectory(subject, retrain=False).how == path.how  # it was quick


def test_a_slow_run_shows_the_checkpoints_that_it_kept(run, monkeypatch):
    monkeypatch.setattr("nntrain.report.pictures.training.trajectory.QUICK_S", 0.0)
    subject = run_of(run)
    path = trajectory(subject, retrain=False)
    np.testing.assert_array_equal(path.thetas[-1], stored(subject).thetas[-1])
    assert {0, 15, 18} <= set(path.steps.tolist())
    assert "keep" in path.how
    assert len(trajectory(subject, retrain=True).steps) > len(path.steps)


def test_random_directions_are_as_long_as_the_filters(run):
    network = run_of(run).learner(4)
    directions = random_directions(network, 0)
    for name, (start, parameter) in places(network).items():
        part = directions[0, start : start + parameter.size].reshape(parameter.shape)
        np.testing.assert_array_equal(network.theta[start : start + parameter.size], parameter.ravel())
        expected = np.linalg.norm(parameter, axis=0) if parameter.ndim > 1 else 0 * parameter
        np.testing.assert_allclose(
            np.linalg.norm(part, axis=0) if parameter.ndim > 1 else part, expected, rtol=1e-5
        )
        assert name in network.arena.gradients
    assert not np.allclose(*directions)


def test_the_plane_of_a_path_holds_it():
    draw = np.random.default_rng(0)
    first, second = np.linalg.qr(draw.normal(size=(50, 2)))[0].T
    thetas = np.outer(np.linspace(-3, 0, 9), first) + np.outer(np.sin(np.linspace(0, np.pi, 9)), second) + 1
    axes, coordinates, shares = path_directions(thetas, thetas[-1], draw.normal(size=50))
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(coordinates @ axes, thetas - thetas[-1], atol=1e-9)
    assert shares.sum() == pytest.approx(1)
    assert (coordinates[0] <= 1e-9).all()
    straight, coordinates, shares = path_directions(thetas[[0, -1]], thetas[-1], draw.normal(size=50))
    np.testing.assert_allclose(straight @ straight.T, np.eye(2), atol=1e-9)
    assert shares[1] == pytest.approx(0, abs=1e-9)
    across, up = spans(coordinates)  # a straight path has a plane around it, too
    assert across[0] < coordinates[0, 0] < 0 < across[1]
    assert up[1] - up[0] == pytest.approx(0.4 * (across[1] - across[0]))
    assert spans(np.zeros((1, 2))) == [(-0.7, 0.7)] * 2


@pytest.mark.parametrize("style", ["light", "dark"])
def test_a_run_has_three_cuts_and_two_landscapes(run, style):
    picture = Descent(grid=5)
    arrays = picture.collect(run_of(run))
    assert arrays["around"].shape == arrays["along"].shape == (5, 5)
    objective = Objective(run_of(run), 10)
    assert arrays["around"][2, 2] == pytest.approx(objective(objective.start), rel=1e-6)
    np.testing.assert_allclose(arrays["path"][-1], 0, atol=5)
    figure = figure_of(picture, drawn_from(arrays), style=style)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [title.split(":")[0] for title in titles] == [
        "small",
        "good",
        "too large",
        "Two random directions",
        "The path of training, 18 steps",
    ]
    assert "with the same bits" in words(figure).replace("\n", " ")
    assert faults(figure) == []


def test_a_config_has_three_cuts_alone(shell):
    path = shell.write("\n".join(f"{key}: {json.dumps(value)}" for key, value in CONFIG.items()))
    arrays = Descent().collect(run_of(path))
    assert "along" not in arrays
    assert arrays["lr"][0] < arrays["lr"][1] < arrays["lr"][2]
    assert arrays["loss"][np.abs(arrays["t"]).argmin()] > arrays["loss"].min()
    for name in ("toy", "名前 $x^2$ " * 5):
        figure = figure_of(Descent(), drawn_from(arrays, name))
        assert len(figure.axes) == 3
        assert faults(figure) == []


def test_losses_that_are_not_finite_are_left_out():
    t = np.linspace(-1, 6, 50)
    loss = (t - 2) ** 2
    grid = np.array([[np.nan, 1, 2], [3, 0.5, 1e9], [1, np.inf, 2]])
    x = np.arange(-1.0, 2)
    arrays = {
        "t": t,
        "loss": loss,
        "lr": np.array([0.01, 0.3, 1.1]),
        "rows": np.array(4),
        "across": x,
        "around": grid,
        "x": x,
        "y": x,
    }
    arrays |= {
        "along": grid,
        "path": np.array([[-1.0, -1], [0, 0]]),
        "steps": np.array([0, 9]),
        "shares": np.array([1.0, 0]),
        "how": np.array("x"),
    }
    assert faults(figure_of(Descent(), drawn_from(arrays))) == []


def test_a_grid_out_of_range_is_an_error(run, wording):
    with pytest.raises(UserError) as caught:
        Descent(grid=2).collect(run_of(run))
    wording(str(caught.value))
