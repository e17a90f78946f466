"""Exchange: all ranks get the sum over all shards, with the bits of a single process."""

import subprocess
import sys

import numpy as np
import pytest

from tests.distributed.launched import ENVIRONMENT, command, needs_mpi

SIZES = (1, 100, 16384, 50_001)  # short ones travel in one collective, long ones in two
COUNTS = (2, 3, 4, 6, 12)


def leaves(count: int, size: int, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(count * size)
    return (rng.normal(size=(count, size)) * 10.0 ** rng.integers(-4, 5, (count, size))).astype(dtype)


def check_on_this_rank() -> None:
    """The program that each rank runs."""
    from mpi4py import MPI

    from nntrain.distributed.mpi import MpiRanks
    from nntrain.distributed.ranks import ALONE
    from nntrain.distributed.shards import Shards
    from nntrain.distributed.tree_sum import TreeSum

    ranks, done = MpiRanks(MPI.COMM_WORLD), 0
    for count in (count for count in COUNTS if count % ranks.size == 0):
        shards = Shards(count, 10 * count)
        for size in SIZES:
            for used in (count, count - 1, 1):
                for dtype in ("float32", "float64"):
                    values = leaves(count, size, dtype)
                    whole, own, expected, out = (
                        TreeSum(),
                        TreeSum(),
                        np.empty(size, dtype),
                        np.empty(size, dtype),
                    )
                    for index in range(used):
                        whole.add_leaf(index, values[index])
                    ALONE.total(expected, whole, shards, used)
                    mine = [index for index in shards.share(ranks.rank, ranks.size) if index < used]
                    for index in mine:
                        out[...] = values[index]
                        own.add_leaf(index, out, own=index == mine[-1])
                    ranks.any(False)  # all have computed theirs
                    ranks.total(out, own, shards, used)
                    assert out.tobytes() == expected.tobytes(), (count, size, used, dtype)
                    for place in (ranks.memory(size, np.dtype(dtype)), np.zeros(size, dtype)):
                        assert place is not None
                        for index in mine:
                            place[...] = values[index]
                            own.add_leaf(index, place, own=index == mine[-1])
                        ranks.any(False)
                        part = ranks.total_of_part(place, own, shards, used)
                        assert place[part].tobytes() == expected[part].tobytes()
                        ranks.share(place)
                        assert place.tobytes() == expected.tobytes(), (count, size, used, dtype)
                    done += 1
    rows = np.zeros((2 * ranks.size, 3))
    own_rows = slice(2 * ranks.rank, 2 * ranks.rank + 2)
    rows[own_rows] = ranks.rank + 1
    ranks.complete(rows)
    assert rows[:, 0].tolist() == np.repeat(np.arange(ranks.size) + 1, 2).tolist()
    assert ranks.any(ranks.rank == 1, False, True) == (True, False, True)
    assert ranks.gathered(ranks.rank) == list(range(ranks.size))
    assert ranks.broadcast(f"of rank {ranks.rank}") == "of rank 0"
    ranks.wait()
    print(f"rank {ranks.rank}: {done} sums")


@needs_mpi
@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_all_ranks_get_the_bits_of_one_process(ranks):
    words = command(ranks, "-m", "tests.distributed.test_exchange")
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    sums = {2: 4, 3: 3, 4: 2}[ranks] * len(SIZES) * 3 * 2
    for rank in range(ranks):  # whose lines may arrive as one
        assert f"rank {rank}: {sums} sums" in done.stdout


if __name__ == "__main__":
    check_on_this_rank()
    sys.exit(0)
