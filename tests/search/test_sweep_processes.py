"""Several processes on one sweep: one is killed, and yet each trial ends once, and none is lost or one too many."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import nntrain
from nntrain.search.sweep.storage import close, cut_back, journal, shown
from nntrain.search.sweep_files import read_sweep
from tests.support import ROOT

SWEEP = """
config:
  data: {source: digits, validation: 0.2}
  model: {layers: [{dense: {units: 16, activation: relu}}, {dense: 10}]}
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: adam
  train: {epochs: 12, batch_size: 32}
trials: 8
objective: accuracy
parameters:
  optimizer:
    - sgd: {lr: {log_uniform: [0.01, 1]}, momentum: 0.9}
    - adam: {lr: {log_uniform: [1e-4, 1e-2]}}
  model.layers[0].dense.units: {log_int: [8, 64]}
"""
DEADLINE_S = 300.0


def start(folder: Path, *options: str) -> subprocess.Popen:
    """`nntrain sweep` in a process of its own, without pictures."""
    program = (
        "from nntrain.api import sweep; sweep.Lead.draw = lambda lead, best: None;"
        "from nntrain.cli.main import main; main()"
    )
    words = [sys.executable, "-c", program, "sweep", "digits.yaml", "--threads", "1", *options]
    return subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen) -> int:
    _, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode >= 0, error.decode()
    return process.returncode


def wait_for(folder: Path, trials: int) -> None:
    """Until so many trials have begun."""
    deadline = time.monotonic() + DEADLINE_S
    while len(list((folder / "runs/digits/trials").glob("0*/metrics.csv"))) < trials:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_one_of_two(
    folder: Path, storage: "optuna.storages.BaseStorage | None" = None, *options: str
) -> None:
    """Two processes work on the sweep, of which one is killed."""
    first, second = start(folder, *options), start(folder, *options)
    wait_for(folder, 4)
    second.kill()
    second.communicate()
    assert ended(first) == 0
    check(folder, storage)


def check(folder: Path, storage: "optuna.storages.BaseStorage | None") -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = storage or JournalStorage(JournalFileBackend(str(folder / "runs/digits/journal.log")))
        trials = optuna.load_study(study_name="digits", storage=storage).trials
    assert Counter(trial.state.name for trial in trials if trial.number < 8) == {"COMPLETE": 8}
    result = read_sweep(folder / "runs/digits")
    assert [trial.value for trial in result.trials] == [trial.value for trial in trials[:8]]
    again = nntrain.fit(folder / "runs/digits/best.yaml", runs_dir=None)
    assert again.scores["validation"]["accuracy"] == result.best.value


@pytest.mark.slow
def test_no_trial_is_lost_or_counted_twice_when_one_of_two_processes_is_killed(tmp_path):
    (tmp_path / "digits.yaml").write_text(SWEEP)
    kill_one_of_two(tmp_path)


@pytest.mark.slow
def test_a_sweep_whose_only_process_was_killed_continues_its_trial(tmp_path):
    (tmp_path / "digits.yaml").write_text(SWEEP.replace("trials: 8", "trials: 2"))
    process = start(tmp_path)
    wait_for(tmp_path, 1)
    process.kill()
    process.communicate()
    assert ended(start(tmp_path)) == 0
    assert len(read_sweep(tmp_path / "runs/digits").trials) == 2


@pytest.mark.slow
def test_jobs_side_by_side_stop_at_ctrl_c_and_continue(tmp_path):
    (tmp_path / "digits.yaml").write_text(SWEEP)
    process = start(tmp_path, "--jobs", "2")
    wait_for(tmp_path, 3)
    process.send_signal(signal.SIGINT)
    assert ended(process) == 130
    assert ended(start(tmp_path, "--jobs", "2")) == 0
    check(tmp_path, None)


POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)


@contextmanager
def postgres() -> Iterator[str]:
    """A server on loopback with a temporary folder of its own; the URL of its database."""
    account = [] if os.geteuid() else ["runuser", "-u", "nobody", "--"]  # initdb refuses root
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        if account:
            shutil.chown(folder, "nobody")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()

        def call(program: str, *words: str) -> None:
            command = [*account, str(POSTGRES / program), "-D", f"{folder}/data", *words]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

        call("initdb", "-U", "sweeps", "-A", "trust")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "-w", "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql+psycopg://sweeps@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.mark.slow
@pytest.mark.skipif(POSTGRES is None, reason="there is no PostgreSQL server")
def test_two_processes_share_a_database_of_postgresql(tmp_path):
    pytest.importorskip("psycopg")
    with postgres() as url:
        (tmp_path / "digits.yaml").write_text(f"{SWEEP}storage: {url}\n")
        storage = optuna.storages.RDBStorage(url)
        try:
            kill_one_of_two(tmp_path, storage)
        finally:
            close(storage)


def test_a_half_written_line_of_a_journal_is_removed(tmp_path):
    path = tmp_path / "journal.log"
    path.write_bytes(b'{"a": 1}\n{"b": ')
    cut_back(path)
    assert path.read_bytes() == b'{"a": 1}\n'


def test_a_file_that_is_no_journal_is_an_error(tmp_path):
    path = tmp_path / "journal.log"
    path.write_text("number,value\n1,2\n")
    with pytest.raises(nntrain.UserError, match="not a journal of Optuna"):
        journal(path)


def test_no_message_shows_a_password():
    assert shown("postgresql+psycopg://me:secret@host:5432/db") == "postgresql+psycopg://me@host:5432/db"
    assert shown("sqlite:///sweeps.db") == "sqlite:///sweeps.db"
