"""The picture of augmented images: the images that training sees, drawn in a separate process."""

import numpy as np
import pytest
from PIL import Image

from nntrain.config import load
from nntrain.data.transforms.augmented import augmented
from nntrain.report.pictures.data.augmented import EPOCHS, IMAGES, mixture
from nntrain.report.pictures.registry import pictures as all_pictures
from nntrain.training.setup import prepare
from tests.support.pictures import subject_of

DIGITS = """
data: {source: {digits: image}, validation: 0.5, augment: [{random_crop: 1}, {cutmix: {probability: 0.5}}]}
model: {layers: [flatten, {dense: 10}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 200}
"""


PICTURE = all_pictures()["augmented"]


def setup_of(shell, text=DIGITS):
    config, _ = load(shell.write(text))
    return prepare(config, shell.folder)


def examples_of(setup):
    return PICTURE.collect(subject_of(setup))


def test_examples_are_what_epochs_see(shell):
    setup = setup_of(shell)
    examples = examples_of(setup)
    assert examples["images"].shape == (IMAGES, 1 + EPOCHS, 8, 8, 1)
    assert examples["captions"].shape == (IMAGES, 1 + EPOCHS)
    data, indices = setup.splits.train, setup.batches().indices(0, 0)[:IMAGES]
    for row, index in enumerate(indices):
        assert np.array_equal(examples["images"][row, 0], np.rint(data.x[index] * 255))
        assert examples["captions"][row, 0] == data.classes[data.target[index]]
        for epoch in range(EPOCHS):
            x, target = augmented(data, setup.config.data.augment, setup.config.seed, epoch, index)
            assert np.array_equal(examples["images"][row, 1 + epoch], np.rint(x * 255))
            assert examples["captions"][row, 1 + epoch] == mixture(data.classes, target)


def test_standardized_bytes_are_shown_as_they_are_stored(shell):
    text = DIGITS.replace("{digits: image}", "{npy: {x: x.npy, target: y.npy}}, standardize: true")
    x = np.random.default_rng(0).integers(100, 200, (20, 8, 8, 3), dtype=np.uint8)
    np.save(shell.folder / "x.npy", x)
    np.save(shell.folder / "y.npy", np.arange(20) % 10)
    setup = setup_of(shell, text.replace("random_crop: 1", "random_flip: {probability: 0.0}"))
    images = examples_of(setup)["images"]
    assert 100 <= images.min() <= images.max() < 200


def test_shares_of_a_mixed_target_are_named():
    names = ("cat", "dog", "cow")
    assert mixture(names, np.array([0.7, 0.3, 0])) == "cat 0.7, dog 0.3"
    assert mixture(names, np.array([0, 0.001, 0.999])) == "cow"
    assert mixture(names[:2], np.array([0.25])) == "cat 0.75, dog 0.25"


@pytest.mark.parametrize(("shape", "mixed"), [((28, 28, 1), True), ((5, 20, 3), False), ((20, 5, 4), True)])
def test_the_picture_has_a_cell_for_every_image(tmp_path, shape, mixed):
    captions = np.array([["a"] + ["a 0.5, b 0.5" if mixed else ""] * 7] * 6)
    (tmp_path / "plots").mkdir()
    np.savez(
        tmp_path / "plots/augmented.npz", images=np.full((6, 8, *shape), 128, np.uint8), captions=captions
    )
    PICTURE.draw_stored(tmp_path)
    first = (tmp_path / "plots/augmented.png").read_bytes()
    with Image.open(tmp_path / "plots/augmented.png") as picture:
        grey = (np.asarray(picture.convert("RGB")) == 128).all(axis=2)
    share = min(1, shape[0] / shape[1]) * min(1, shape[1] / shape[0])
    assert grey.sum() == pytest.approx(48 * (1.06 * 150) ** 2 * share, rel=0.1)  # borders cover some
    PICTURE.draw_stored(tmp_path)
    assert (tmp_path / "plots/augmented.png").read_bytes() == first


@pytest.mark.usefixtures("pictures")
def test_a_run_that_augments_leaves_the_picture(shell):
    run = shell.fit(DIGITS)
    with Image.open(run / "plots/augmented.png") as picture:
        assert picture.size[0] > 1000
    assert {path.name for path in (run / "plots").iterdir()} >= {"augmented.npz", "augmented.png"}
    plain = shell.fit(
        DIGITS.replace(", augment: [{random_crop: 1}, {cutmix: {probability: 0.5}}]", ""), "--overwrite"
    )
    assert plain == run
    assert not list(run.rglob("augmented*"))
