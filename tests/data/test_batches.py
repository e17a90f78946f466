"""Batches, and the gathering of their samples."""

import subprocess
import sys

import numpy as np
import pytest

from nntrain import kernels, randomness
from nntrain.data.batches import Batches, order
from nntrain.data.dataset import Dataset, Splits
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
    [
        (1, [1] * 10),
        (4, [4, 4, 2]),
        (5, [5, 5]),
        (10, [10]),
        (64, [10]),
        ("full", [10]),
    ],
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
