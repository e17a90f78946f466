"""Configs from stdin and pipes, and variables and `~` in the paths of configs and of the environment."""

import json
import os
import shlex
import threading
from pathlib import Path

import pytest

from nntrain import paths
from nntrain.errors import DataError
from nntrain.report.progress_observer import resume_command
from nntrain.run.folder import RunFolder
from tests.conftest import TABLE, write_table

QUIET = ("--quiet", "--threads", 1)


@pytest.fixture
def fifo(shell):
    """A function that makes a pipe with a text in it, as a shell does for <(...)."""
    writers = []

    def make(text: str) -> Path:
        path = shell.folder / "elsewhere" / "63"
        path.parent.mkdir()
        os.mkfifo(path)
        writers.append(threading.Thread(target=lambda: path.write_text(text)))
        writers[-1].start()
        return path

    yield make
    for writer in writers:
        writer.join()


def info(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_a_config_on_stdin_has_paths_from_the_current_folder(table, monkeypatch):
    table.run("fit", "-", *QUIET, given=TABLE.encode())
    run = table.folder / "runs" / "stdin"
    assert (run / "config.yaml").read_text() == TABLE
    assert info(run)["config"] is None
    assert info(run)["config_folder"] == str(table.folder)
    table.run("fit", "-", *QUIET, given=f"name: own{TABLE}".encode())
    assert (table.folder / "runs" / "own").is_dir()
    monkeypatch.chdir("/")
    assert table.scores(run)["split"] == "test"


def test_a_pipe_is_read_once_and_its_paths_begin_in_the_current_folder(table, fifo):
    table.run("fit", fifo(TABLE), *QUIET)
    assert info(table.folder / "runs" / "stdin")["status"] == "finished"


def test_the_command_that_resumes_a_run_from_a_pipe_works_from_any_folder(table, monkeypatch):
    table.run("fit", "-", *QUIET, given=TABLE.encode())
    folder = RunFolder(table.folder / "runs" / "stdin")
    monkeypatch.chdir("/")
    _, *words = shlex.split(resume_command(folder))
    table.run(*words, "--set", "train.epochs=3", *QUIET)
    assert folder.read_info()["resumed_from_steps"]
    assert folder.read_info()["status"] == "finished"


def test_errors_of_a_piped_config_name_it(shell, fifo, wording):
    wording(shell.run("summary", "-", given=b"data: digits\nlos: mse\n", code=2).stderr)
    wording(shell.run("summary", "-", given=b"", code=2).stderr)
    wording(shell.run("summary", fifo("a: [\n"), code=2).stderr)


def test_variables_in_paths_are_expanded(table, monkeypatch, wording):
    (table.folder / "data").mkdir()
    (table.folder / "table.csv").rename(table.folder / "data" / "table.csv")
    monkeypatch.setenv("TABLES", str(table.folder / "data"))
    for spelled in ("$TABLES/table.csv", "'${TABLES}/table.csv'", "'data/${EMPTY}table.csv'"):
        monkeypatch.setenv("EMPTY", "")
        table.fit(TABLE.replace("table.csv", spelled), "--overwrite")
        assert table.scores("runs/run")["split"] == "test"
    (table.folder / "base.yaml").write_text(TABLE.replace("table.csv", "data/table.csv"))
    table.write("extends: $BASE/base.yaml")
    monkeypatch.setenv("BASE", ".")
    table.run("summary", "config.yaml")
    monkeypatch.delenv("BASE")
    monkeypatch.delenv("TABLES")
    wording(table.run("summary", "config.yaml", code=2).stderr)
    wording(table.run("eval", "runs/run", "--data", "{csv: $TABLES/table.csv}", code=2).stderr)


def test_a_dollar_sign_can_be_part_of_a_name(table):
    (table.folder / "table.csv").rename(table.folder / "a$b.csv")
    for spelled in ("a$b.csv", "a$$b.csv"):
        table.fit(TABLE.replace("table.csv", spelled), "--overwrite")


def test_pretrained_weights_are_found_in_the_home_folder(table, monkeypatch):
    run = table.fit(TABLE)
    monkeypatch.setenv("HOME", str(table.folder))
    again = table.fit(TABLE, "--set", "model.initializer.pretrained=~/runs/run", name="again")
    assert "pretrained" in (again / "train.log").read_text()
    assert run != again


@pytest.mark.parametrize("spelled", ["~", "house", ""])
def test_a_home_that_is_no_absolute_path_is_not_used(monkeypatch, tmp_path, spelled):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", spelled)
    assert paths.home() is None or paths.home().is_absolute()
    assert "~" not in str(paths.cache_folder())
    assert not paths.cache_folder().is_relative_to(tmp_path)


def test_folders_of_the_environment_can_have_a_tilde_or_be_relative(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    for written, expected in (
        ("~/cache", "/home/ada/cache"),
        ("cache", str(tmp_path / "cache")),
        ("/c", "/c"),
    ):
        monkeypatch.setenv("NNTRAIN_CACHE", written)
        assert str(paths.cache_folder()) == expected
        monkeypatch.setenv("NNTRAIN_DATA", written)
        assert str(paths.named_by("NNTRAIN_DATA")) == expected
    monkeypatch.setenv("NNTRAIN_CACHE", "")
    assert str(paths.cache_folder()) == "/home/ada/.cache/nntrain"


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(DataError, match="NOWHERE"):
        paths.expanded("${NOWHERE}/x")
    assert paths.expanded("100$ and $$5") == "100$ and $5"


def test_data_in_a_folder_named_with_a_tilde_are_found(shell, monkeypatch):
    write_table(shell.folder)
    monkeypatch.setenv("HOME", str(shell.folder))
    shell.fit(TABLE.replace("table.csv", "~/table.csv"))
