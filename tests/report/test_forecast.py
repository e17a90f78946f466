"""The picture of forecasts: it shows the outputs of the network for windows of the test split."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.inference.evaluate import predictions
from nntrain.report.pictures.learned.forecast import PANELS, STEPS
from nntrain.report.pictures.registry import pictures as all_pictures
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of

SERIES = """
data: {source: {sequences: {path: load.csv, predict: next, target: [load], window: 12, horizon: 5}}, test: 0.3}
model: {layers: [{gru: 4}, {dense: 5}]}
loss: mse
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""


def setup_of(shell, text):
    rows = [f"{wind},{load}" for wind, load in np.random.default_rng(0).normal(size=(300, 2)).round(3)]
    (shell.folder / "load.csv").write_text("\n".join(["wind,load", *rows]) + "\n")
    config, _ = load(shell.write(text))
    return prepare(config, shell.folder)


@pytest.mark.parametrize("horizon", [5, 1])
def test_forecasts_are_those_of_the_test_split(shell, horizon):
    setup = setup_of(
        shell, SERIES.replace("horizon: 5", f"horizon: {horizon}").replace("dense: 5", f"dense: {horizon}")
    )
    network = setup.network(32, backward=False)
    picture, subject = all_pictures()["forecast"], subject_of(setup, network)
    assert picture.applies(subject)
    assert not any(
        all_pictures()[name].applies(subject) for name in ("augmented", "filters", "fit", "regions")
    )
    arrays = picture.collect(subject)
    past, actual, forecast = (arrays[name] for name in ("past", "actual", "forecast"))
    test, outputs = setup.splits.test, predictions(network, setup.splits.test)
    assert (arrays["label"], arrays["split"], arrays["horizon"]) == ("load", "test", horizon)
    targets = np.asarray(test.target)
    if horizon == 5:
        assert actual.shape == forecast.shape == (PANELS, 5)
        for window in (0, -1):
            np.testing.assert_array_equal(actual[window], targets[window])
            np.testing.assert_allclose(forecast[window], outputs[window], rtol=1e-5)
        assert np.array_equal(past[0], np.asarray(test.x)[0, :, 1])
    else:
        first = len(test) // 2
        shown = min(STEPS, len(test) - first)
        np.testing.assert_array_equal(actual, targets[first : first + shown].T)
        np.testing.assert_allclose(forecast, outputs[first : first + shown].T, rtol=1e-5)
        assert np.array_equal(past[0], np.asarray(test.x)[first, :, 1])
    figure = figure_of(picture, drawn_from(arrays))
    assert len(figure.axes) == len(forecast)
    assert faults(figure) == []
