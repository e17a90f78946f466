"""Jobs: the same outcomes for any number of processes, and an end of all of them, however it comes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nntrain.errors import DataError
from nntrain.search.jobs import run_jobs
from nntrain.training.interruption import NeverInterrupted
from tests.support import ROOT, jobs


@pytest.mark.parametrize(("count", "share"), [(1, 6), (2, 3)])
def test_outcomes_are_in_the_order_of_tasks_and_threads_are_divided(monkeypatch, count, share):
    monkeypatch.setenv("PARENT_OF_JOBS", str(os.getpid()))
    monkeypatch.setattr("nntrain.kernels.jit.use_threads", lambda threads: threads)
    finished, reported = [], []
    outcomes = run_jobs(
        jobs.doubled,
        [3, 1, 2],
        count,
        6 if count == 1 else 3,
        NeverInterrupted,
        finished=lambda place, outcome: finished.append(place),
        reported=lambda place, message: reported.append((place, message)),
    )
    threads = 6 if count == 1 else 1
    assert [outcome.value for outcome in outcomes] == [(2 * task, threads, count == 1) for task in (3, 1, 2)]
    assert sorted(finished) == [0, 1, 2]
    assert sorted(reported) == [(0, "at 3"), (1, "at 1"), (2, "at 2")]


def test_no_more_processes_than_tasks_and_none_for_no_tasks(monkeypatch):
    monkeypatch.setenv("PARENT_OF_JOBS", str(os.getpid()))
    assert run_jobs(jobs.doubled, [4], 8, 2, NeverInterrupted)[0].value == (8, 2, True)
    assert run_jobs(jobs.doubled, [], 8, 2, NeverInterrupted) == []


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_of_a_task_is_its_outcome_and_the_others_go_on(count):
    outcomes = run_jobs(jobs.wrong_at_one, [0, 1, 2], count, 2, NeverInterrupted)
    assert [outcome.value for outcome in outcomes] == [0, None, 2]
    error = outcomes[1].error
    assert str(error) == str(DataError("a wrong value", "Fix it.", "t.csv:7"))
    assert error.exit_code == 2


def test_a_process_that_is_killed_is_an_error_of_its_task_alone(wording):
    outcomes = run_jobs(jobs.killed_at_one, [0, 1, 2, 3], 2, 2, NeverInterrupted)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, 3]
    wording(str(outcomes[1].error))


def test_a_process_that_alone_is_asked_to_stop_is_an_error_of_its_task_alone():
    outcomes = run_jobs(jobs.asked_at_one, [0, 1, 2, 3], 2, 2, NeverInterrupted)
    assert [outcome.value for outcome in outcomes] == [0, None, 2, 3]
    assert outcomes[1].error.message == "its process was asked to stop"


def test_a_defect_in_a_process_is_shown_with_its_traceback():
    with pytest.raises(RuntimeError, match="in defective"):
        run_jobs(jobs.defective, [0, 1], 2, 2, NeverInterrupted)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize(
    ("number", "to_all"),
    [
        (signal.SIGINT, True),
        (signal.SIGTERM, False),
        pytest.param(signal.SIGTERM, True, marks=pytest.mark.slow),
        (signal.SIGKILL, False),
    ],
)
def test_processes_save_and_end_when_their_parent_is_asked_or_killed(tmp_path, number, to_all):
    command = [sys.executable, "-m", "tests.support.jobs", str(tmp_path), "2"]
    parent = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until(lambda: len(list(tmp_path.iterdir())) == 2)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    if to_all:  # as Ctrl-C on a terminal, or Slurm
        os.killpg(parent.pid, number)
    else:
        parent.send_signal(number)
    _, errors = parent.communicate(timeout=60)
    assert parent.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert errors == ""
    until(lambda: not any(map(alive, workers)))
    assert {path.name for path in tmp_path.glob("*.saved")} == {f"{worker}.saved" for worker in workers}
