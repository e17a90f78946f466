"""Augmentation: each kind does what it says, and what training sees can be made again from seed, epoch and sample."""

import numpy as np
import pytest

from nntrain import kernels, randomness
from nntrain.config import load
from nntrain.data.batches import Batches
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.transforms.augment import Augmentation, AugmentationContext
from nntrain.data.transforms.augmentations.geometric import rotation
from nntrain.data.transforms.augmentations.mixing import Mixing
from nntrain.data.transforms.augmented import Augmenter, augmented
from nntrain.data.transforms.standardize import standardize
from nntrain.run.score import score
from nntrain.run.stored import open_stored
from nntrain.training.setup import Setup, prepare
from nntrain.training.step import Step
from tests.conftest import contents, interrupt_at
from tests.support.data import refused
from tests.support.reference import augment as reference

SAMPLES = {
    "random_crop": 2,
    "random_shift": 0.3,
    "random_flip": "vertical",
    "random_rotation": 30,
    "random_zoom": 0.3,
    "random_affine": {"degrees": 20, "zoom": 0.2, "shear": 10, "shift": 0.1},
    "random_erasing": {"probability": 0.9, "area": [0.1, 0.3]},
    "brightness": 0.5,
    "contrast": 0.5,
    "mixup": 1.0,
    "cutmix": {"alpha": 1.0, "probability": 0.9},
}
SHAPES = [(5, 7, 1), (8, 6, 3), (1, 4, 2)]
INFINITE = (-np.inf, np.inf)
each_kind = pytest.mark.parametrize("name", SAMPLES)


def made(name, **options) -> Augmentation:
    value = SAMPLES[name]
    return Augmentation.parse({name: options or value})


def pictures(count=40, shape=(8, 8, 3), dtype=np.float32, classes=3) -> Dataset:
    x = np.random.default_rng(0).random((count, *shape))
    x = (x * 255).astype(np.uint8) if dtype == np.uint8 else x.astype(dtype)
    return Dataset(x, np.arange(count, dtype=np.int32) % classes, tuple(map(str, range(classes))))


def seen_by(data: Dataset, *augmentations: Augmentation, seed=1, epoch=0, dtype=np.float64):
    """What an epoch sees of all of `data`."""
    augmenter = Augmenter(data, augmentations, seed, len(data), dtype)
    batch = augmenter.batch(len(data), dtype)
    augmenter.gather(np.arange(len(data)), epoch, batch)
    return batch


# --- the kernels -----------------------------------------------------------------------------------------------------


def arguments(name: str, shape, rng) -> tuple:
    """What the kernel takes besides out and x, of 6 images."""
    height, width, _ = shape
    other = rng.random((6, *shape))
    return {
        "shift": (rng.integers(-height - 1, height + 2, 6), rng.integers(-width - 1, width + 2, 6)),
        "flip": (rng.random(6) < 0.5, bool(rng.random() < 0.5)),
        "affine": (rng.normal([1, 0, 0, 0, 1, 0], 1, (6, 6)),),
        "spread": (rng.random(6) * 3, bool(rng.random() < 0.5), 0.1, 0.8),
        "paste": (other, np.sort(rng.integers(0, min(height, width) + 1, (6, 2, 2))).reshape(6, 4)),
        "mix": (other, rng.random(6)),
    }[name]


def of_image(name: str, given: tuple, i: int, x: np.ndarray) -> np.ndarray:
    if name == "flip":
        return reference.flipped(x, given[1]) if given[0][i] else x
    own = tuple(value[i] if isinstance(value, np.ndarray) else value for value in given)
    slow = {"shift": "shifted", "affine": "mapped", "spread": "spread", "paste": "pasted", "mix": "mixed"}[
        name
    ]
    return getattr(reference, slow)(x, *own)


@pytest.mark.parametrize("name", ["shift", "flip", "affine", "spread", "paste", "mix"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_do_what_the_reference_does(name, dtype):
    rng = np.random.default_rng(0)
    for shape in SHAPES * 4:
        x = rng.random((6, *shape))
        given = arguments(name, shape, rng)
        cast = tuple(value.astype(dtype) if np.shape(value) == x.shape else value for value in given)
        out = np.full(x.shape, np.nan, dtype)
        getattr(kernels.augment, name).serial(out, x.astype(dtype), *cast)
        expected = [of_image(name, given, i, x[i]) for i in range(6)]
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12 if dtype == np.float64 else 2e-6)


@pytest.mark.parametrize("name", ["shift", "flip", "affine", "spread", "paste", "mix"])
def test_serial_and_parallel_kernels_give_the_same_bits(name):
    rng = np.random.default_rng(0)
    shape = (31, 33, 3)
    x = rng.random((6, *shape)).astype(np.float32)
    given = tuple(
        value.astype(np.float32) if np.shape(value) == x.shape else value
        for value in arguments(name, shape, rng)
    )
    kernel = getattr(kernels.augment, name)
    outs = [np.empty_like(x) for _ in range(2)]
    kernel.serial(outs[0], x, *given)
    kernel.parallel(outs[1], x, *given)
    assert outs[0].tobytes() == outs[1].tobytes()


# --- each kind -------------------------------------------------------------------------------------------------------


def test_every_kind_has_a_sample():
    assert set(SAMPLES) == set(Augmentation.members())


@each_kind
@pytest.mark.parametrize("stored", [np.uint8, np.float32, np.float64])
def test_a_sample_comes_out_the_same_whatever_batch_it_is_in(name, stored):
    data, kind = pictures(dtype=stored), made(name)
    whole = seen_by(data, kind, dtype=np.float32)
    for index in (0, 7, 39):
        x, target = augmented(data, [kind], seed=1, epoch=0, index=index)
        assert x.tobytes() == whole.x[index].tobytes()
        assert np.array_equal(target, whole.target[index])


@each_kind
def test_another_epoch_and_another_seed_see_other_images(name):
    data, kind = pictures(), made(name)
    images = [seen_by(data, kind, seed=seed, epoch=epoch).x for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    plain = seen_by(data).x
    for i, image in enumerate(images):
        assert (image != plain).any(axis=(1, 2, 3)).mean() > 0.3
        assert all((image != other).any(axis=(1, 2, 3)).mean() > 0.3 for other in images[:i])


def test_the_same_kind_twice_draws_twice():
    data, kind = pictures(), made("brightness")
    once, twice = seen_by(data, kind).x, seen_by(data, kind, kind).x
    factors = [(images / seen_by(data).x)[:, 0, 0, 0] for images in (once, twice)]
    assert np.abs(factors[1] / factors[0] - factors[0]).max() > 0.1


@each_kind
def test_bytes_stay_between_black_and_white_and_floats_have_no_bounds(name):
    seen = seen_by(pictures(dtype=np.uint8), made(name)).x
    assert seen.min() >= 0
    assert seen.max() <= 1 + 1e-12
    if name in ("brightness", "contrast"):
        assert seen.max() > 1 - 1e-12
        assert seen_by(pictures(), made(name)).x.max() > 1.05


def test_no_chance_no_change():
    data = pictures()
    never = [
        made("random_flip", probability=0.0),
        made("random_erasing", probability=0.0),
        made("cutmix", probability=0.0),
        made("mixup", probability=0.0),
    ]
    batch = seen_by(data, *never)
    assert np.array_equal(batch.x, seen_by(data).x)
    assert np.array_equal(batch.target, np.eye(3)[data.target])


def test_crops_are_shifts_by_all_of_the_padding_alike():
    data = Dataset(np.zeros((3000, 9, 9, 1), np.float32), np.zeros((3000, 1)))
    data.x[:, 4, 4] = 1  # one white pixel tells where the image went
    places = np.argwhere(seen_by(data, made("random_crop")).x[..., 0])[:, 1:] - 4
    assert len(places) == 3000
    _, counts = np.unique(places, axis=0, return_counts=True)
    assert len(counts) == 25
    assert counts.min() > 70  # 120 are expected, with a deviation of 11


@pytest.mark.parametrize(
    "name", ["random_crop", "random_shift", "random_rotation", "random_zoom", "random_erasing"]
)
def test_what_comes_in_is_stored_0_before_standardize(name):
    data = standardize(Splits(pictures(shape=(32, 32, 3), dtype=np.uint8))).train
    kind = made(name) if name != "random_erasing" else made(name, probability=1.0)
    black = -data.shift * data.scale
    assert np.isclose(seen_by(data, kind).x, black, rtol=1e-12).all(axis=-1).any(axis=(1, 2)).mean() > 0.4
    assert not np.isclose(seen_by(data).x, black, rtol=1e-12).all(axis=-1).any()


def test_a_quarter_turn_is_counterclockwise():
    x = np.random.default_rng(0).random((1, 5, 5, 2))
    out = np.empty_like(x)
    linear = rotation(np.radians(np.array([90.0])))[0]
    matrix = np.column_stack([linear, 2 - linear @ [2, 2]]).reshape(1, 6)
    kernels.augment.affine.serial(out, x, matrix)
    np.testing.assert_allclose(out[0], np.rot90(x[0]), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("random_rotation", {"degrees": 1e-9}),
        ("random_zoom", {"fraction": 1e-9}),
        ("random_affine", {"shear": 1e-9}),
        ("random_affine", {"shift": 1e-9}),
        ("random_affine", {"degrees": 1e-9, "zoom": 1e-9}),
    ],
)
def test_next_to_no_map_changes_next_to_nothing(name, options):
    data = pictures(shape=(8, 6, 3))
    np.testing.assert_allclose(seen_by(data, made(name, **options)).x, seen_by(data).x, atol=1e-6)


def test_zoom_above_1_shows_less_of_the_image():
    data = Dataset(np.ones((400, 20, 20, 1), np.float32), np.zeros((400, 1)))
    images = seen_by(data, made("random_zoom")).x
    larger = (images > 1 - 1e-6).all(axis=(1, 2, 3))
    assert 0.4 < larger.mean() < 0.6
    assert 0.4 < (images == 0).mean(axis=(1, 2, 3)).max() < 0.55  # 1 - 0.7², and whole pixels


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 2.0, 20.0])
def test_shares_are_from_the_symmetric_beta_distribution(alpha):
    shares = made("mixup", alpha=alpha).shares(AugmentationContext(123, np.arange(20000), INFINITE))
    expected = np.sort(np.random.default_rng(0).beta(alpha, alpha, 20000))
    # Kolmogorov and Smirnov: beyond 1.95 sqrt(2 / n) once in a thousand times.
    gap = np.abs(np.searchsorted(np.sort(shares), expected) / 20000 - (np.arange(20000) + 0.5) / 20000).max()
    assert gap < 1.95 * np.sqrt(2 / 20000)


def test_shares_of_a_tiny_alpha_are_nearly_all_or_nothing():
    shares = made("mixup", alpha=1e-300).shares(AugmentationContext(123, np.arange(1000), INFINITE))
    assert set(shares) == {0.0, 1.0}


def test_mixed_targets_say_how_much_of_each_class_there_is():
    data = Dataset(np.zeros((60, 6, 6, 1), np.float32), np.arange(60, dtype=np.int32) % 3, ("a", "b", "c"))
    data.x[...] = np.eye(3)[data.target][:, 2].reshape(
        60, 1, 1, 1
    )  # an image of class c is white, the others are black
    for name in ("mixup", "cutmix"):
        batch = seen_by(data, made(name, alpha=1.0))
        np.testing.assert_allclose(batch.x.mean(axis=(1, 2, 3)), batch.target[:, 2], atol=1e-7)
        np.testing.assert_allclose(batch.target.sum(axis=1), 1)
        assert np.array_equal(batch.label, batch.target.argmax(axis=1))
        assert batch.answer is batch.label
        assert (batch.target[:, 2] > 0.01).sum() > (data.target == 2).sum() + 5


def test_partners_are_seen_as_the_steps_before_left_them():
    data, before, after = pictures(), [made("random_crop"), made("contrast")], made("random_flip")
    mixup = made("mixup", alpha=1.0)
    earlier = seen_by(data, *before)
    batch = seen_by(data, *before, mixup, after)
    ctx = AugmentationContext(randomness.key(1, "augment", 0, 2), np.arange(40), INFINITE)
    partners, share = mixup.partners(ctx, data), mixup.shares(ctx)[:, None, None, None]
    expected = share * earlier.x + (1 - share) * earlier.x[partners]
    flipped = (
        AugmentationContext(randomness.key(1, "augment", 0, 3), np.arange(40), INFINITE).uniform(0) < 0.5
    )
    expected[flipped] = expected[flipped, ::-1]
    np.testing.assert_allclose(batch.x, expected, atol=2e-7)


def test_two_kinds_of_mixing_follow_each_other():
    batch = seen_by(pictures(), made("mixup", alpha=1.0), made("cutmix", alpha=1.0))
    np.testing.assert_allclose(batch.target.sum(axis=1), 1)
    assert ((batch.target > 0).sum(axis=1) == 3).any()


def test_numbers_to_predict_are_mixed_too():
    x = np.random.default_rng(0).random((30, 4, 4, 1))
    data = Dataset(x, x.reshape(30, -1)[:, :2].copy())
    batch = seen_by(data, made("mixup", alpha=1.0))
    assert batch.label is None
    np.testing.assert_allclose(batch.target, batch.x.reshape(30, -1)[:, :2])


# --- what does not suit ----------------------------------------------------------------------------------------------


@each_kind
def test_only_images_can_be_augmented(name, wording):
    wording(refused(made(name).check, Dataset(np.zeros((5, 4)), np.zeros((5, 1)))))
    tokens = Dataset(np.zeros((5, 4, 4, 2), np.int32), np.zeros((5, 1)), vocabulary=3)
    wording(refused(made(name).check, tokens))
    made(name).check(pictures())


CNN = """
data:
  source: {random: {input: [6, 6, 2], classes: 3, samples: 50}}
  validation: 0.2
  standardize: true
  augment: [{random_crop: 1}, {random_rotation: 20}, {contrast: 0.3}, {mixup: 0.5}, random_flip, {cutmix: 1.0}]
model: {layers: [flatten, {dense: {units: 8, activation: relu}}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy, f1]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 3, batch_size: 12}
"""
PROBLEMS = {
    "no images": (CNN.replace("[6, 6, 2]", "[6]"), "data.augment[0].random_crop"),
    "too much padding": (CNN.replace("crop: 1", "crop: 6"), "data.augment[0].random_crop"),
    "a class per step": (
        CNN.replace("samples: 50", "samples: 50, target_per_step: true"),
        "data.augment[3].mixup",
    ),
    "an unknown kind": (CNN.replace("random_flip", "random_flop"), "data.augment[4]"),
    "the larger area first": (
        CNN.replace("random_flip", "{random_erasing: {area: [0.3, 0.1]}}"),
        "data.augment[4].random_erasing",
    ),
    "an affine map of nothing": (
        CNN.replace("random_flip", "random_affine"),
        "data.augment[4].random_affine",
    ),
}
HINGE = (
    CNN.replace("classes: 3", "classes: 2").replace("cross_entropy", "hinge").replace("dense: 3", "dense: 1")
)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_does_not_suit_is_reported_at_its_place(shell, problem, wording):
    text, place = PROBLEMS[problem]
    told = shell.run("fit", shell.write(text), code=2).stderr
    assert f"{place}: " in told
    wording(told)
    assert not (shell.folder / "runs").exists()


def test_hinge_does_not_take_mixed_targets(shell):
    assert "data.augment[3].mixup: " in shell.run("fit", shell.write(HINGE), code=2).stderr


# --- training --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["inline", "ahead"])
def ahead(request, monkeypatch):
    """Whether a thread prepares the next batch."""
    monkeypatch.setattr(Setup, "waits_for_disk", request.param)


@pytest.mark.usefixtures("ahead")
def test_training_sees_what_can_be_made_again(shell, monkeypatch):
    seen = []
    original = Step.move

    def noting(self, port, *rest):
        seen.append((port.batch.x.copy(), port.batch.target.copy()))
        return original(self, port, *rest)

    monkeypatch.setattr(Step, "move", noting)
    shell.fit(CNN)
    config, _ = load(shell.write(CNN))
    data = prepare(config, shell.folder).splits.train
    batches = Batches(data, 12)
    seen = seen[-3 * len(batches) :]  # without those of the warm-up
    for epoch in range(3):
        for number in range(len(batches)):
            x, target = seen[epoch * len(batches) + number]
            for row, index in enumerate(batches.indices(epoch, number)):
                again = augmented(data, config.data.augment, config.seed, epoch, index)
                assert again[0].tobytes() == x[row].tobytes()
                assert again[1].tobytes() == target[row].tobytes()


def test_with_and_without_reading_ahead_runs_are_the_same_bytes(shell, monkeypatch):
    inline = contents(shell.fit(CNN, name="inline"))
    monkeypatch.setattr(Setup, "waits_for_disk", True)
    assert contents(shell.fit(CNN, name="ahead")) == inline


def test_one_thread_and_all_give_the_same_bytes(shell):
    wide = (
        CNN.replace("[6, 6, 2]", "[40, 40, 3]")
        .replace("samples: 50", "samples: 100")
        .replace("size: 12", "size: 40")
    )
    assert contents(shell.fit(wide, "--threads", 1, name="one")) == contents(shell.fit(wide, name="all"))


@pytest.mark.usefixtures("ahead")
@pytest.mark.parametrize("step", [2, 4, 7])  # four steps an epoch
def test_an_interrupted_and_resumed_run_equals_the_straight_one(shell, monkeypatch, step):
    straight = contents(shell.fit(CNN, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        run = shell.fit(CNN, name="broken", code=130)
    shell.fit(CNN, "--resume", name="broken")
    assert contents(run) == straight


def test_scores_are_of_images_as_they_are(shell):
    stored = open_stored(shell.fit(CNN))
    with_augmentation = score(stored, "train").to_dict()
    data = stored.config.data.model_copy(update={"augment": ()})
    stored.config = stored.config.model_copy(update={"data": data})
    assert score(stored, "train").to_dict() == with_augmentation


def test_two_classes_and_one_output_learn_from_mixtures(shell):
    binary = CNN.replace("classes: 3", "classes: 2").replace("cross_entropy", "binary_cross_entropy")
    run = shell.fit(binary.replace("dense: 3", "dense: 1"))
    assert 0 <= shell.scores(run)["accuracy"] <= 1


def test_mixing_is_a_part_of_the_family():
    assert {name for name, kind in Augmentation.members().items() if issubclass(kind, Mixing)} == {
        "mixup",
        "cutmix",
    }
