"""The picture of a range test: a logarithmic axis, the curve, the suggestion and where training diverges."""

import numpy as np
import pytest

from nntrain.report.pictures.registry import pictures
from tests.support.pictures import drawn_from, faults, figure_of, words

PICTURE = pictures()["learning_rate"]


def arrays(
    start: float = 2.3, end: float = 0.9, diverged: float = np.nan, **changes
) -> dict[str, np.ndarray]:
    """200 rates from 1e-7 to 100; the loss falls around 0.01 and rises beyond 1."""
    rates = np.geomspace(1e-7, 100, 200)
    decades = np.log10(rates)
    smooth = end + (start - end) / (1 + np.exp(5 * (decades + 2))) + np.exp(9 * (decades - 0.6))
    losses = smooth + 0.02 * np.random.default_rng(0).normal(size=200)
    if np.isfinite(diverged):
        keep = rates <= diverged * 1.001
        rates, losses, smooth = rates[keep], losses[keep], smooth[keep]
        losses[-1] = smooth[-1] = np.nan
    values = {
        "rates": rates,
        "losses": losses,
        "smoothed": smooth,
        "suggestion": 0.021,
        "lr": 0.1,
        "diverged": diverged,
    }
    names = {"key": "optimizer.sgd.lr", "loss": "cross_entropy"}
    return {name: np.asarray(value) for name, value in (values | names | changes).items()}


def line(figure, label: str):
    (axes,) = figure.axes
    return next(line for line in axes.lines if str(line.get_label()).startswith(label))


def test_the_curve_is_drawn_over_a_logarithmic_rate():
    found = arrays(diverged=np.geomspace(1e-7, 100, 200)[170])
    figure = figure_of(PICTURE, drawn_from(found))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_yscale() == "linear"
    np.testing.assert_array_equal(line(figure, "smoothed").get_ydata(), found["smoothed"])
    assert 150 < len(line(figure, "mini-batch").get_xdata()) < 171
    assert line(figure, "suggestion: 0.021").get_xdata()[0] == 0.021
    assert line(figure, "config: 0.1").get_xdata()[0] == 0.1
    (area,) = axes.patches
    assert area.get_x() == pytest.approx(float(found["diverged"]))
    assert area.get_x() + area.get_width() == pytest.approx(axes.get_xlim()[1])
    low, high = axes.get_ylim()
    assert low < np.nanmin(found["losses"])
    assert 2.3 < high < 4  # where training diverges, the curve leaves the picture
    text = words(figure)
    for part in (
        "learning rate (optimizer.sgd.lr)",
        "training loss (cross_entropy)",
        "training diverges",
        "toy",
    ):
        assert part in text


def test_a_loss_that_falls_by_orders_of_magnitude_has_a_logarithmic_axis():
    figure = figure_of(PICTURE, drawn_from(arrays(end=0.001)))
    assert figure.axes[0].get_yscale() == "log"
    assert not figure.axes[0].patches  # it did not diverge


def test_a_rate_that_the_config_does_not_set_is_not_drawn():
    figure = figure_of(PICTURE, drawn_from(arrays(lr=np.nan)))
    assert "config" not in words(figure)
    assert "suggestion" in words(figure)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lr": 1e-9},
        {"lr": 1e4},
        {"suggestion": 1e-7},
        {"start": 2e-9, "end": 1e-9},
        {"start": 3e12, "end": 1e3},
        {"start": 1.0, "end": -4.0},
        {"key": "schedule.a_plugin_with_a_rather_long_name.max_lr", "loss": "a_loss_with_a_rather_long_name"},
    ],
)
@pytest.mark.parametrize("style", ["light", "dark"])
def test_no_text_overlaps_or_is_cut_off(changes, style):
    figure = figure_of(PICTURE, drawn_from(arrays(**changes), "a name of a config " * 6), style=style)
    assert faults(figure) == []
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    assert low <= float(line(figure, "config").get_xdata()[0]) <= high
    assert low <= float(line(figure, "suggestion").get_xdata()[0]) <= high
