"""A run that is killed at any of its writes, and resumed, leaves what an uninterrupted one leaves."""

import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.parametrize("kind", ["started", pytest.param("extended", marks=pytest.mark.slow)])
def test_a_run_killed_at_any_write_can_be_resumed_to_the_same_files(tmp_path, kind):
    command = [sys.executable, "-m", "tests.support.killing", str(tmp_path), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 40
    assert [line for line in lines if not line.endswith(": exit code 0, different: []")] == []
