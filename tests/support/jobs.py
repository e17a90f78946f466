"""Tasks for the tests of jobs, which other processes find by their names; and a program that runs them and is killed.

`python -m tests.support.jobs FOLDER JOBS` runs waiting tasks, whose processes write their ids into FOLDER.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from nntrain.errors import DataError
from nntrain.search.jobs import Job, run_jobs
from nntrain.training.interruption import Interrupted, Interruption


def doubled(task: int, job: Job) -> tuple[int, int, bool]:
    job.report(f"at {task}")
    return 2 * task, job.threads, os.getpid() == int(os.environ["PARENT_OF_JOBS"])


def killed_at_one(task: int, job: Job) -> int:
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def wrong_at_one(task: int, job: Job) -> int:
    if task == 1:
        raise DataError("a wrong value", "Fix it.", "t.csv:7")
    return task


def defective(task: int, job: Job) -> int:
    return [][task]


def asked_at_one(task: int, job: Job) -> int:
    """As a training whose process alone gets a signal."""
    with job.interruption() as stop:
        if task == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            while not stop:
                time.sleep(0.001)
            raise Interrupted("interrupted")
    return task


def waiting(folder: Any, job: Job) -> None:
    """Until it is asked to stop, as a training."""
    with job.interruption() as stop:
        (Path(folder) / str(os.getpid())).touch()
        while not stop:
            time.sleep(0.01)
        (Path(folder) / f"{os.getpid()}.saved").touch()
        raise Interrupted("interrupted")


if __name__ == "__main__":
    try:
        run_jobs(waiting, [sys.argv[1]] * 3, int(sys.argv[2]), 2, Interruption)
    except Interrupted:
        sys.exit(Interrupted.exit_code)
