"""Every config of the gallery passes the gradient check; where its data must be downloaded, with others of the same shape."""

import numpy as np
import pytest

from nntrain.cli.shared import load_setup
from nntrain.config import load
from nntrain.gradient_check.check import Sampling
from nntrain.gradient_check.network import NetworkCheck
from tests.support import ROOT

GALLERY = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
DOWNLOADED = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
SOME = Sampling(all_below=0, elements=4, directions=2)  # all take minutes
SLOW = {
    "char_gru",
    "char_transformer",
    "cifar_resnet20",
    "cifar_vgg",
    "fashion_cnn",
    "gpt_char",
    "mnist_cnn_best",
}


def stand_in(folder, shape: tuple[int, ...]) -> str:
    """Images with a black border, and black pixels within."""
    draw = np.random.default_rng(0)
    x = draw.integers(0, 256, (40, *shape), dtype=np.uint8) * (draw.random((40, *shape)) < 0.5)
    x[:, :4] = x[:, -4:] = x[:, :, :4] = x[:, :, -4:] = 0
    np.savez(folder / "images.npz", x=x.astype(np.uint8), y=np.arange(40) % 10)
    return f"data.source={{npz: {folder / 'images.npz'}}}"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in GALLERY]
)
def test_every_config_of_the_gallery_passes(tmp_path, name):
    path = ROOT / f"configs/{name}.yaml"
    source = load(path)[0].data.source.yaml_name
    overrides = (stand_in(tmp_path, DOWNLOADED[source]),) if source in DOWNLOADED else ()
    checks = list(NetworkCheck(load_setup(path, overrides)[0], rows=6, sampling=SOME).run())
    assert checks
    assert [check for check in checks if check.status == "FAIL"] == []
    # A tensor whose every derivative is at a kink would pass unchecked.
    assert all(check.kinks < check.checked for check in checks)
    assert sum(check.kinks for check in checks) <= 0.05 * sum(check.checked for check in checks)
