"""Whole networks of images: the gradients of a deep residual one, and runs that no number of threads changes."""

import numba
import numpy as np
import pytest

from nntrain.cli.shared import load_setup
from nntrain.config import load
from nntrain.data.transforms.augment import Augmentation
from nntrain.gradient_check.check import Sampling
from nntrain.gradient_check.network import NetworkCheck
from tests.conftest import contents
from tests.support import ROOT

RESNET = ROOT / "configs/cifar_resnet20.yaml"
# 12 x 10 pixels become 6 x 5 and 3 x 3: even and odd, by Winograd's way and by the direct one.
SMALL = "data.source={random: {input: [12, 10, 3], classes: 10, samples: 8}}"


def test_the_gradients_of_the_resnet_are_right():
    """Two directions through each tensor, which see all of its elements, and four elements: all of them take minutes."""
    setup, _ = load_setup(RESNET, (SMALL,))
    checks = list(NetworkCheck(setup, sampling=Sampling(all_below=0, elements=4, directions=2)).run())
    kinds = [
        check.component.rpartition(".")[2].rpartition("_")[0]
        for check in checks
        if check.tensor in ("weight", "scale")
    ]
    assert [kinds.count(kind) for kind in ("conv2d", "batch_norm", "dense")] == [21, 21, 1]
    assert [check for check in checks if check.status == "FAIL"] == []
    assert sum(check.kinks for check in checks) < 0.05 * sum(check.checked for check in checks)


AUGMENTED = """
data:
  source: {npz: images.npz}
  validation: 0.2
  standardize: true
  augment:
    - random_crop: 2
    - random_flip
    - {random_shift: 0.1}
    - {random_rotation: 15}
    - {random_zoom: 0.1}
    - {random_affine: {degrees: 10, zoom: 0.1, shear: 5, shift: 0.1}}
    - {random_erasing: {probability: 0.5}}
    - {brightness: 0.2}
    - {contrast: 0.2}
    - {mixup: 0.4}
    - {cutmix: {alpha: 1.0, probability: 0.5}}
model:
  layers:
    - conv2d: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
    - batch_norm
    - relu
    - max_pool2d: 2
    - residual: {body: [{conv2d: {filters: 16, kernel_size: 3, padding: same}}, {group_norm: 4}, relu]}
    - spatial_dropout: 0.1
    - depthwise_conv2d: {kernel_size: 3, padding: same, stride: 2, activation: {leaky_relu: 0.1}}
    - conv2d_transpose: {filters: 24, kernel_size: 4, stride: 2, padding: same, activation: relu}
    - conv2d: {filters: 20, kernel_size: [3, 2], stride: 2, groups: 4}
    - {prelu: {per_channel: true}}
    - avg_pool2d: {pool_size: 2, stride: 1, padding: same}
    - global_avg_pool
    - dense: 3
loss: cross_entropy
metrics: [accuracy, f1]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 2, batch_size: 48}
"""


def test_an_augmented_run_is_the_same_bytes_for_one_and_two_threads(shell):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("needs two threads")
    draw = np.random.default_rng(0)
    x = draw.integers(
        0, 256, (250, 24, 20, 3), dtype=np.uint8
    )  # 200 to train on: the last batch is a short one
    np.savez(shell.folder / "images.npz", x=x, y=np.arange(250) % 3)
    config, _ = load(shell.write(AUGMENTED))
    assert {kind.yaml_name for kind in config.data.augment} == set(Augmentation.members())
    one, two = (
        contents(shell.fit(AUGMENTED, "--threads", count, name=f"threads-{count}")) for count in (1, 2)
    )
    assert one == two
