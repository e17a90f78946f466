"""A run that SIGKILL ends at random moments, several times, and that is resumed, leaves what an uninterrupted one leaves."""

import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.support.scale import examples


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_runs_killed_at_random_moments_are_resumed_to_the_same_files(tmp_path):
    kills = examples(5, 30)
    command = [sys.executable, "-m", "tests.support.random_kills", str(tmp_path), str(kills)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = [line for line in done.stdout.splitlines() if ": killed at " in line]
    assert len({line.partition(":")[0] for line in runs}) == 5
    assert [line for line in runs if not line.endswith("exit code 0, different: []")] == [], done.stdout
