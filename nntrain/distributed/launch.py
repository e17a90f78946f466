"""Launch: whether a launcher of MPI started this process as one of several ranks, and which ones they are."""

import os
import warnings
from functools import cache
from typing import TYPE_CHECKING

from nntrain.errors import UserError

if TYPE_CHECKING:
    from nntrain.distributed.ranks import Ranks

# Where launchers say how many ranks they started: MPICH, Intel MPI and Slurm's pmi2; Open MPI; MVAPICH.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK")
SLURM = ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")  # which with PMIx alone says it

FORWARDING_S = 0.3  # until the launcher has read a message: what is unread when it ends all ranks is lost


def launched_size() -> int:
    """The number of ranks that the launcher started; 1 without one."""
    names = (*SIZES, *(SLURM if "PMIX_RANK" in os.environ else ()))
    return max(next((_number(name) for name in names if name in os.environ), 1), 1)


def launched_rank() -> int:
    """The number of this rank, known before MPI is loaded; 0 without a launcher."""
    return next((_number(name) for name in RANKS if name in os.environ), 0) if launched_size() > 1 else 0


def _number(name: str) -> int:
    text = os.environ[name]
    return int(text) if text.isdecimal() else 0


def on_all_ranks(message: str, hint: str) -> UserError:
    """An error that all ranks have, and the root reports."""
    error = UserError(message, hint)
    error.on_all_ranks = True
    return error


def require_one_process(what: str, hint: str) -> None:
    """Raises UserError, on all ranks, where a launcher started several of them."""
    if (size := launched_size()) > 1:
        raise on_all_ranks(f"{what} runs in a single process, but a launcher started {size}", hint)


@cache
def connected() -> "Ranks":
    """The ranks that the launcher started, this one among them; ALONE without a launcher.

    Raises UserError without mpi4py, or where that belongs to another MPI than the launcher.
    """
    from nntrain.distributed.ranks import ALONE

    size = launched_size()
    if size == 1:
        return ALONE
    try:
        with warnings.catch_warnings(action="ignore"):  # of another MPI than the launcher's: see below
            from nntrain.distributed.mpi import MpiRanks
    except (ImportError, RuntimeError) as error:  # RuntimeError: no library of MPI
        raise on_all_ranks(
            f"a launcher started {size} ranks, but mpi4py cannot be loaded: {error}",
            "Install it: pip install 'nntrain[mpi]', and where the machine has no MPI: pip install mpich",
        ) from None
    ranks = MpiRanks()
    if ranks.size != size:
        raise on_all_ranks(
            f"the launcher started {size} ranks, but mpi4py found {ranks.size}: it uses another MPI than the launcher",
            "Use the launcher of the MPI that mpi4py was built for; `python -m mpi4py --mpi-lib-version` names it.",
        )
    return ranks


def joined() -> "Ranks":
    """The ranks that are connected already; ALONE before, and in commands that do not connect."""
    from nntrain.distributed.ranks import ALONE

    return connected() if connected.cache_info().currsize else ALONE
