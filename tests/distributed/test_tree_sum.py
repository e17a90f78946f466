"""Tree sum: the order of additions is a property of the number of leaves alone, however neighbours are grouped."""

import numpy as np
import pytest

from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum, nodes_of

SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16]


def leaves(count: int, size: int = 50) -> np.ndarray:
    """Values so different that another order of additions gives other bits."""
    rng = np.random.default_rng(count)
    return (rng.normal(size=(count, size)) * 10.0 ** rng.integers(-4, 5, (count, size))).astype(np.float32)


def by_recursion(values: np.ndarray) -> np.ndarray:
    """The definition: the largest power of two below the count on the left, the rest on the right."""
    if len(values) == 1:
        return values[0]
    left = 1 << (len(values) - 1).bit_length() - 1
    return by_recursion(values[:left]) + by_recursion(values[left:])


def whole(values: np.ndarray) -> np.ndarray:
    sums, total = TreeSum(), np.empty_like(values[0])
    for index, leaf in enumerate(values):
        sums.add_leaf(index, leaf)
    sums.total(total)
    return total


@pytest.mark.parametrize("count", SIZES)
def test_it_is_the_binary_tree_over_its_leaves(count):
    values = leaves(count)
    assert np.array_equal(whole(values), by_recursion(values))


def test_the_order_matters_for_these_leaves():
    values = leaves(7)
    assert not np.array_equal(whole(values), values.sum(axis=0))


@pytest.mark.parametrize("count", SIZES)
def test_partial_sums_of_neighbours_give_the_same_bits(count):
    """For every way to give each rank equally many of the leaves, or fewer where the last are empty."""
    expected = whole(leaves(count))
    for shards in range(count, count + 5):
        for ranks in (ranks for ranks in range(1, shards + 1) if shards % ranks == 0):
            together, total, values = TreeSum(), np.empty_like(expected), leaves(count)
            for rank in range(ranks):
                own = Shards(shards, shards).share(rank, ranks)
                part = TreeSum()
                for index in own:
                    if index < count:
                        part.add_leaf(index, values[index])
                assert tuple(node for node, _ in part.nodes) == nodes_of(
                    min(own.start, count), min(own.stop, count)
                )
                for node, found in part.nodes:
                    together.add_node(node, found)
            together.total(total)
            assert total.tobytes() == expected.tobytes()


def test_a_leaf_may_change_after_it_is_added():
    values, buffer = leaves(5), np.empty(50, np.float32)
    sums, total = TreeSum(), np.empty(50, np.float32)
    for index, leaf in enumerate(values):
        buffer[...] = leaf
        sums.add_leaf(index, buffer)
    buffer.fill(np.nan)
    sums.total(total)
    assert np.array_equal(total, by_recursion(values))


def test_the_last_leaf_can_be_the_output_without_a_copy():
    values, buffer = leaves(6), np.empty(50, np.float32)
    sums = TreeSum()
    for _ in range(3):  # its memory is used again, and is never the caller's
        for index, leaf in enumerate(values):
            buffer[...] = leaf
            sums.add_leaf(index, buffer, own=index == 5)
        sums.total(buffer)
        assert np.array_equal(buffer, by_recursion(values))
    assert all(made is not buffer for made in sums._made)
    assert len(sums._made) <= 3


@pytest.mark.parametrize("own", range(6))
def test_what_belongs_to_others_is_read_and_not_changed(own):
    """One of six arrays is this rank's, and becomes the sum."""
    values = leaves(6)
    expected, before, sums = by_recursion(values), values.copy(), TreeSum()
    for index, leaf in enumerate(values):
        sums.add_node((0, index), leaf, own=index == own, lasting=True)
    sums.total(values[own])
    assert np.array_equal(values[own], expected)
    before[own] = expected
    assert np.array_equal(values, before)


def test_the_sum_of_nothing_is_zero():
    total = np.ones(3)
    TreeSum().total(total)
    assert not total.any()


def test_large_arrays_are_added_by_a_kernel_with_the_same_bits():
    values = leaves(5, 200_000)
    assert np.array_equal(whole(values), by_recursion(values))


@pytest.mark.parametrize(
    ("rows", "used", "shortest"), [(12, 4, 3), (11, 4, 2), (10, 4, 1), (9, 3, 3), (2, 1, 2)]
)
def test_a_short_batch_fills_the_first_shards(rows, used, shortest):
    shards, samples = Shards(4, 12), np.arange(rows)
    assert (shards.rows, shards.used(rows), shards.shortest(rows)) == (3, used, shortest)
    parts = [shards.of(samples, shard) for shard in range(4)]
    assert np.array_equal(np.concatenate(parts), samples)
    assert [len(part) > 0 for part in parts] == [shard < used for shard in range(4)]
