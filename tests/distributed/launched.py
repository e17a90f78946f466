"""Runs a program on several ranks by mpiexec; the tests that need it are skipped without mpi4py or mpiexec."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nntrain

BUNDLED = Path(sys.executable).parent / "mpiexec"  # where the package mpich puts it
MPIEXEC = str(BUNDLED) if BUNDLED.exists() else shutil.which("mpiexec")
needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or MPIEXEC is None, reason="needs mpi4py and mpiexec"
)
ROOT = Path(nntrain.__file__).parents[1]  # the package that is tested, and its tests
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NNTRAIN_OFFLINE": "1", "GOMP_SPINCOUNT": "0"}


def command(ranks: int, *arguments: object) -> list[str]:
    assert MPIEXEC is not None
    return [MPIEXEC, "-n", str(ranks), sys.executable, *map(str, arguments)]


def start(folder: Path, ranks: int, *arguments: object) -> subprocess.Popen[str]:
    """`mpiexec -n RANKS nntrain ARGUMENTS` in a folder; one thread per rank."""
    words = command(ranks, "-m", "nntrain", *arguments)
    return subprocess.Popen(
        words, cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(folder: Path, ranks: int, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    process = start(folder, ranks, *arguments)
    out, errors = process.communicate(timeout=240)
    assert process.returncode == code, (process.returncode, out, errors)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)
