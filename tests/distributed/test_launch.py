"""Launch: which processes are ranks of a run on MPI, and what they need for it."""

import subprocess
import sys

import pytest

from nntrain.distributed.launch import RANKS, SIZES, SLURM, connected, launched_rank, launched_size
from nntrain.distributed.ranks import ALONE
from nntrain.errors import UserError
from tests.distributed.launched import ENVIRONMENT, needs_mpi

STARTED = {  # what launchers set, and the size and rank that it means
    "MPICH": ({"PMI_SIZE": "4", "PMI_RANK": "3"}, (4, 3)),
    "Open MPI": ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1", "PMIX_RANK": "1"}, (2, 1)),
    "Slurm with PMIx": ({"SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "16", "PMIX_RANK": "5"}, (8, 5)),
    "a shell that salloc opened": ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, (1, 0)),
    "a program that srun started without MPI": ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"}, (1, 0)),
    "a single rank": ({"PMI_SIZE": "1", "PMI_RANK": "0"}, (1, 0)),
    "only a rank": ({"PMIX_RANK": "1"}, (1, 0)),
}


@pytest.fixture
def launched_with(monkeypatch):
    """Sets the variables of a launcher, and no others."""
    for name in (*SIZES, *RANKS, *SLURM):
        monkeypatch.delenv(name, raising=False)

    def apply(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return apply


@pytest.mark.parametrize("launcher", STARTED)
def test_only_a_launcher_of_mpi_makes_several_ranks(launcher, launched_with):
    variables, expected = STARTED[launcher]
    launched_with(variables)
    assert (launched_size(), launched_rank()) == expected
    if expected == (1, 0):
        assert connected.__wrapped__() is ALONE


def test_without_mpi4py_the_error_says_what_to_install(launched_with, monkeypatch):
    launched_with({"PMI_SIZE": "2", "PMI_RANK": "0"})
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "nntrain.distributed.mpi", raising=False)
    with pytest.raises(UserError) as caught:
        connected.__wrapped__()
    assert "pip install 'nntrain[mpi]'" in caught.value.hint
    assert caught.value.on_all_ranks


@needs_mpi
@pytest.mark.parametrize("rank", [0, 1])
def test_another_mpi_than_the_launcher_has_is_an_error_that_the_root_reports(rank, tmp_path):
    """Here there is no launcher at all: mpi4py finds a single rank."""
    environment = {**ENVIRONMENT, "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": str(rank)}
    command = [sys.executable, "-m", "nntrain", "fit", "missing.yaml"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("error: ") == (rank == 0)
    assert "Warning" not in done.stderr
    if rank == 0:
        assert "started 2 ranks, but mpi4py found 1" in done.stderr
