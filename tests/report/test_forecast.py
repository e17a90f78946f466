"""The picture of forecasts: what it shows is what the network says of windows of the split that training saw least of."""

import numpy as np
import pytest
from PIL import Image

from nntrain.config import load
from nntrain.inference.evaluate import predictions
from nntrain.report.pictures.learned import PANELS, STEPS, draw_learned, forecasts
from nntrain.training.setup import prepare

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
def test_forecasts_are_those_of_the_test_part(shell, horizon):
    setup = setup_of(
        shell, SERIES.replace("horizon: 5", f"horizon: {horizon}").replace("dense: 5", f"dense: {horizon}")
    )
    network = setup.network(32, backward=False)
    before, truth, told, what, name = forecasts(setup, network)
    test, said = setup.splits.test, predictions(network, setup.splits.test)
    assert name == "load"
    assert "of the test part" in what
    targets = np.asarray(test.target)
    if horizon == 5:
        assert truth.shape == told.shape == (PANELS, 5)
        for place, came, foretold in zip((0, -1), truth[[0, -1]], told[[0, -1]], strict=True):
            np.testing.assert_array_equal(came, targets[place])
            np.testing.assert_allclose(foretold, said[place], rtol=1e-5)
        assert np.array_equal(before[0], np.asarray(test.x)[0, :, 1])
    else:
        first = len(test) // 2
        shown = min(STEPS, len(test) - first)
        np.testing.assert_array_equal(truth, targets[first : first + shown].T)
        np.testing.assert_allclose(told, said[first : first + shown].T, rtol=1e-5)
        assert np.array_equal(before[0], np.asarray(test.x)[first, :, 1])
    assert draw_learned(shell.folder, setup, network) == shell.folder / "forecast.png"
    with Image.open(shell.folder / "forecast.png") as picture:
        assert picture.size[0] > 1000
