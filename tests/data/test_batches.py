"""Batches: their order, gathering, and copies."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from nntrain import kernels, randomness
from nntrain.data.batch import Batch
from nntrain.data.batches import Batches, order
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.transforms.augment import Augmentation
from nntrain.data.transforms.augmented import Augmenter
from nntrain.data.transforms.standardize import standardize
from tests.support.data import labelled, load, seen


@pytest.mark.parametrize("shape", [(64,), (513,), (5, 7, 3), (300, 2)], ids=str)
@pytest.mark.parametrize("source", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("per_channel", [False, True])
def test_gather_shifts_and_scales_the_rows_asked_for(shape, source, dtype, per_channel):
    rng = np.random.default_rng(0)
    x = (rng.random((40, *shape)) * 255).astype(source)
    channels = shape[-1] if per_channel else 1
    data = Dataset(x, rng.random((40, 2)), shift=rng.random(channels) * 100, scale=rng.random(channels))
    indices = randomness.permutation(1, 40)[:9]
    batch = data.batch(16, dtype)
    batch.x[:], batch.target[:] = 77, 77
    data.gather(indices, batch)
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(
        batch.x[:9], (x[indices].astype(np.float64) - data.shift) * data.scale, rtol=tolerance, atol=1e-12
    )
    np.testing.assert_allclose(batch.target[:9], data.target[indices], rtol=tolerance)
    assert (batch.x[9:] == 77).all()
    assert (batch.target[9:] == 77).all()
    assert batch.x.dtype == dtype
    assert batch.target.dtype == dtype


def test_both_precisions_see_the_same_numbers_but_for_one_rounding():
    x = np.random.default_rng(0).normal(2e6, 1, (50, 8))  # far from 0: float32 arithmetic would be off by 0.1
    data = standardize(Splits(Dataset(x, x))).train
    assert np.array_equal(seen(data, np.float32), seen(data, np.float64).astype(np.float32))


def test_bytes_are_seen_between_0_and_1():
    data = Dataset(np.array([[0, 51, 255]], np.uint8), np.zeros((1, 1)))
    np.testing.assert_allclose(seen(data), [[0, 0.2, 1]], rtol=1e-15)


def test_unscaled_floats_are_copied_exactly():
    x = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32)
    assert np.array_equal(seen(Dataset(x, x), np.float32), x)


def test_gather_copies_tokens_and_class_numbers():
    data = load(
        {"random": {"input": [6], "classes": 5, "vocabulary": 9, "target_per_step": True, "samples": 20}}
    ).train
    batch = data.batch(4, np.float32)
    data.gather(np.array([3, 19, 0]), batch)
    assert batch.x.dtype == batch.target.dtype == np.int32
    assert np.array_equal(batch.x[:3], data.x[[3, 19, 0]])
    assert np.array_equal(batch.target[:3], data.target[[3, 19, 0]])


def numbered(shape: tuple[int, ...], dtype) -> np.ndarray:
    return np.arange(1, 1 + np.prod(shape), dtype=dtype).reshape(shape)


REALS, CLASSES, LENGTHS = np.float32, np.int32, np.array([5, 2, 3, 1, 4, 5], np.int32)
# The shapes of x, target, weight, lengths and label of one row; None: the batch lacks it.
BATCHES = {
    "classes": [((3,), REALS), ((), CLASSES), None, None, None],
    "reals": [((3,), REALS), ((2,), REALS), None, None, None],
    "weighted": [((3,), REALS), ((2,), REALS), ((), REALS), None, None],
    "mixed labels": [((4, 4, 1), REALS), ((3,), REALS), None, None, ((), CLASSES)],
    "class per step": [((5,), CLASSES), ((5,), CLASSES), ((5,), REALS), ((), CLASSES), None],
    "reals per step": [((5, 2), REALS), ((5, 1), REALS), ((5,), REALS), ((), CLASSES), None],
    "padded": [((5, 2), REALS), ((), CLASSES), None, ((), CLASSES), None],
}


@pytest.mark.parametrize("arrays", BATCHES.values(), ids=BATCHES)
def test_a_batch_is_copied_with_every_array(arrays):
    assert len(arrays) == len(fields(Batch))
    source = Batch(*(array and numbered((6, *array[0]), array[1]) for array in arrays))
    copy = Batch(*(array and np.zeros((4, *array[0]), array[1]) for array in arrays))
    copy.copy_rows(source, 3)
    for field, array in zip(fields(Batch), arrays, strict=True):
        came = getattr(copy, field.name)
        if array is None:
            assert came is None
        else:
            assert np.array_equal(came[:3], getattr(source, field.name)[:3])
            assert not came[3:].any()


@pytest.mark.parametrize("per_step", [True, False])
def test_a_batch_read_ahead_is_copied_to_a_shorter_one(per_step):
    x = numbered((6, 5, 2), np.float64)
    target = numbered((6, 5, 1), np.float64) if per_step else np.arange(6, dtype=np.int32)
    data = Dataset(x, target, () if per_step else tuple("abcdef"), lengths=LENGTHS)
    spare = Augmenter(data, (), 0, 4, np.float32).batch(4, np.float32)
    short = Dataset(x[:, :4], target[:, :4] if per_step else target, data.classes, lengths=LENGTHS)
    copy, straight = short.batch(3, np.float32), short.batch(3, np.float32)
    indices = np.array([2, 1, 4])  # at most 4 steps
    data.gather(indices, spare)
    short.gather(indices, straight)
    copy.copy_rows(spare, 3)
    for field in fields(Batch):
        assert np.array_equal(getattr(copy, field.name), getattr(straight, field.name))
    assert copy.lengths.tolist() == [3, 2, 4]


def test_a_mixed_batch_read_ahead_is_copied_with_its_labels():
    data = Dataset(np.zeros((6, 4, 4, 1), np.float32), np.arange(6, dtype=np.int32) % 3, tuple("abc"))
    augmenter = Augmenter(data, [Augmentation.parse("mixup")], 0, 4, np.float32, 3)
    spare, copy = augmenter.batch(4, np.float32), augmenter.batch(2, np.float32)
    augmenter.gather(np.array([2, 1]), 0, spare)
    copy.copy_rows(spare, 2)
    assert np.array_equal(copy.label, spare.label[:2])
    assert np.array_equal(copy.target, spare.target[:2])


def test_a_batch_is_not_copied_in_part():
    data = labelled([0, 1, 1]).train
    padded = Dataset(np.zeros((3, 5, 1)), data.target, data.classes, lengths=LENGTHS[:3])
    with pytest.raises(ValueError, match="lengths"):
        Batch(np.zeros((3, 5, 1)), data.target).copy_rows(padded.batch(3, np.float64), 3)
    with pytest.raises(ValueError, match="cannot copy"):
        data.batch(3, np.float64).copy_rows(data.batch(2, np.float64), 3)


@pytest.mark.parametrize(("wrong", "tokens"), [(-1, False), (3, False), (3, True)])
def test_gather_beyond_the_data_is_an_error(wrong, tokens):
    x = np.zeros((3, 2), np.int32) if tokens else np.zeros((3, 2))
    data = Dataset(x, np.zeros((3, 1)), vocabulary=2 if tokens else 0)
    with pytest.raises(IndexError):
        data.gather(np.array([0, wrong]), data.batch(2, np.float32))


def test_read_only_mapped_and_strided_data_share_one_compiled_kernel(tmp_path):
    x = np.random.default_rng(0).random((20, 6))
    plain = seen(Dataset(x, x))
    compiled = len(kernels.gather.rows.serial.signatures)
    frozen = x.copy()
    frozen.flags.writeable = False
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    strided = np.concatenate([x, x], axis=1)[:, :6]
    for same in (frozen, mapped, strided):
        assert np.array_equal(seen(Dataset(same, same)), plain)
    assert not frozen.flags.writeable
    assert len(kernels.gather.rows.serial.signatures) == compiled


def test_mapped_data_are_not_copied_into_memory(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((20, 2, 3)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = Dataset(mapped, np.zeros((20, 1)))
    seen(data)
    assert np.shares_memory(data._x, mapped)


@pytest.mark.parametrize(
    ("batch_size", "sizes"),
    [(1, [1] * 10), (4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (64, [10]), ("full", [10])],
)
def test_an_epoch_sees_every_sample_once(batch_size, sizes):
    batches = Batches(labelled(np.arange(10) % 2).train, batch_size, seed=5)
    epoch = [batches.indices(2, number) for number in range(len(batches))]
    assert [len(indices) for indices in epoch] == sizes
    assert batches.rows == sizes[0]
    assert sorted(np.concatenate(epoch)) == list(range(10))


def test_batches_are_a_function_of_seed_and_epoch_so_an_epoch_can_start_anywhere():
    data = labelled(np.arange(100) % 2).train
    straight = Batches(data, 8, seed=5)
    for epoch in (0, 1):
        for number in range(len(straight)):
            assert np.array_equal(
                Batches(data, 8, seed=5).indices(epoch, number), straight.indices(epoch, number)
            )
    assert not np.array_equal(order(100, 5, 0), order(100, 5, 1))
    assert not np.array_equal(order(100, 5, 0), order(100, 6, 0))


def test_without_shuffling_samples_come_in_order():
    batches = Batches(labelled([0, 1, 0]).train, 2, shuffle=False)
    assert [batches.indices(7, number).tolist() for number in (0, 1)] == [[0, 1], [2]]
    assert batches.indices(0, 0).dtype == order(3, 0, 0).dtype == np.int64


def test_reading_and_splitting_do_not_load_numba():
    code = (
        "import sys; from pathlib import Path; import nntrain.data; from nntrain.data.dataset import Reader; "
        "Reader.parse('digits').load(Path()); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
