"""The picture of optimizers' paths: the surfaces, the paths, and what the picture says of them."""

import numpy as np
import pytest

from nntrain.errors import UserError
from nntrain.optimizers import Optimizer
from nntrain.report.pictures.training.optimizers import VARIANTS, Optimizers
from nntrain.report.pictures.training.surfaces import RATES, SURFACES, best_path, path_of
from tests.support.pictures import drawn_from, faults, figure_of, words


def drawn(picture):
    return drawn_from(picture.compute(), "Optimizers")


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_has_its_gradient_and_its_minima(name):
    surface = SURFACES[name]
    for at in ((0.3, -0.7), surface.start, *surface.minima):
        x, y = at
        d = 1e-6
        slopes = [
            (surface.loss(x + d, y) - surface.loss(x - d, y)) / (2 * d),
            (surface.loss(x, y + d) - surface.loss(x, y - d)) / (2 * d),
        ]
        np.testing.assert_allclose(surface.gradient(x, y), slopes, atol=1e-4)
    for at in surface.minima:
        assert surface.loss(*at) == pytest.approx(surface.lowest, abs=1e-12)
        np.testing.assert_allclose(surface.gradient(*at), 0, atol=1e-9)
    assert surface.contains(np.array([surface.start]))


def test_a_path_is_made_of_the_steps_of_the_optimizer():
    surface = SURFACES["ravine"]
    path = path_of(Optimizer.parse({"sgd": {"lr": 1.0}}), surface, 0.01, 2)
    np.testing.assert_allclose(path, [[-4, 1], [-3.96, 0.6], [-3.9204, 0.36]], rtol=1e-6)
    diverged = path_of(Optimizer.parse({"sgd": {"lr": 1.0}}), surface, 10.0, 50)
    assert np.isnan(diverged[-1]).all()


def test_the_best_rate_is_near_the_largest_that_gradient_descent_bears():
    lr, path = best_path(Optimizer.parse({"sgd": {"lr": 1.0}}), SURFACES["ravine"], 100)
    assert lr == 0.03  # of the curvature 40 at most 2 / 40
    assert lr in RATES
    assert SURFACES["ravine"].contains(path)


def test_all_optimizers_are_drawn_in_panels_by_family():
    picture = Optimizers(steps=30)
    shown = drawn(picture)
    labels = set(shown.arrays["labels"].tolist())
    alone = {name for name, kind in Optimizer.members().items() if "base" not in kind.model_fields}
    assert labels == {*alone, *VARIANTS}
    figure = figure_of(picture, shown)
    assert faults(figure) == []
    assert len(figure.axes) == len(SURFACES) * 5
    legends = [axes.get_legend() for axes in figure.axes]
    named = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
    assert len(named) == len(SURFACES) * len(labels)
    lr = dict(zip(shown.arrays["labels"].tolist(), shown.arrays["lr"][0], strict=True))
    assert f"adam {lr['adam']:g}" in named
    assert len(figure.axes[4].lines) == len(labels)


@pytest.mark.parametrize("style", ["light", "dark"])
def test_named_optimizers_keep_the_rate_that_is_given(style):
    picture = Optimizers(
        names=("adam", "sgd: 0.02", "sgd: {lr: 0.02, momentum: 0.9}", "sgd: 300"), on=("ravine",), steps=40
    )
    shown = drawn(picture)
    assert shown.arrays["lr"][0, 1:].tolist() == [0.02, 0.02, 300]
    assert shown.arrays["chosen"].tolist() == [True, False, False, False]
    figure = figure_of(picture, shown, style=style)
    assert "On the ravine" in words(figure).replace("\n", " ")
    assert "sgd: 0.02" in words(figure).split("\n")
    assert faults(figure) == []


@pytest.mark.parametrize("options", [{"names": ("adm",)}, {"on": ("raven",)}, {"steps": 0}], ids=str)
def test_wrong_names_are_errors(options, wording):
    with pytest.raises(UserError) as caught:
        Optimizers(**options).compute()
    wording(str(caught.value))
