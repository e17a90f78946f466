"""Other vectors: tests of kernels, run again in a process that computes as on machines with narrower or wider vectors."""

import os
import subprocess
import sys

import pytest

from nntrain.kernels import host
from tests.support import ROOT

# The tests of this process are for this machine's own.
OTHER_WIDTHS = pytest.mark.parametrize("lanes", sorted({4, 8, 16} - {host.FLOAT32_LANES}))


def assert_passes_with(lanes: int, file: str, chosen: str) -> None:
    """The tests of a file, those that pytest's `-k` chooses, pass with so many lanes of float32."""
    assert_passes({host.LANES_VARIABLE: str(lanes)}, file, chosen)


def assert_passes(variables: dict[str, str], file: str, chosen: str = "") -> None:
    """The tests of a file, those that pytest's `-k` chooses, pass with these environment variables."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", chosen]
    done = subprocess.run(
        command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
