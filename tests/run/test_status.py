"""The status of a run, also of one whose process is gone."""

import json

from nntrain.api.run import open_run
from nntrain.run.lock import RunLock
from nntrain.run.status import status_of
from tests.support.run_folders import write_folder

RUNNING = {"status": "running"}


def test_a_run_that_nobody_trains_any_more_was_killed(tmp_path):
    run = write_folder(tmp_path / "run", **RUNNING)
    with RunLock(run):
        assert status_of(run, RUNNING) == "running"
    assert status_of(run, RUNNING) == "killed"
    (run / ".lock").unlink()  # a copy without hidden files
    assert status_of(run, RUNNING) == "killed"


def test_a_run_that_ends_while_it_is_looked_at_was_not_killed(tmp_path):
    run = write_folder(tmp_path / "run", status="finished")
    assert status_of(run, RUNNING) == "finished"  # what was read before


def test_another_users_run_is_looked_at_without_writing(tmp_path):
    run = write_folder(tmp_path / "run", **RUNNING)
    with RunLock(run):
        (run / ".lock").chmod(0o444)
        assert status_of(run, RUNNING) == "running"
    assert status_of(run, RUNNING) == "killed"


def test_a_status_that_is_missing_or_no_text_is_unknown(tmp_path):
    for info in ({}, {"status": None}, {"status": 3}, {"status": ""}):
        assert status_of(tmp_path, info) == "unknown"


def test_a_run_that_was_killed_is_opened_as_such(shell):
    run = shell.fit()
    info = json.loads((run / "run.json").read_text()) | RUNNING
    (run / "run.json").write_text(json.dumps(info))
    assert open_run(run).status == "killed"
