"""A run folder in place of a config repeats the run; a run finds its data after it was moved or copied with its project."""

import json
import shutil

import pytest

from tests.conftest import MOONS, TABLE, contents, write_table


def overrides(run) -> list[str]:
    return json.loads((run / "run.json").read_text())["overrides"]


def last_and_best(run) -> list[bytes]:
    return [data for name, data in contents(run).items() if name.startswith("checkpoints")]


@pytest.mark.parametrize("name", ["", "config.yaml", "config.resolved.yaml"])
def test_a_run_is_repeated_with_its_overrides(shell, name):
    run = shell.fit(MOONS, "--set", "optimizer.adam.lr=0.05", "--set", "train.epochs=2")
    shell.write(MOONS.replace("units: 8", "units: 9"))  # the run keeps the config that it was trained with
    shell.run("fit", run / name, "--quiet")
    again = shell.folder / "runs/run-2"
    assert contents(again) == contents(run)
    assert overrides(again) == ([] if "resolved" in name else overrides(run))


def test_a_run_is_repeated_with_another_override(shell):
    run = shell.fit(MOONS, "--set", "train.epochs=2")
    shell.run("fit", run, "--set", "seed=1", "--quiet")
    assert overrides(shell.folder / "runs/run-2") == ["train.epochs=2", "seed=1"]


def test_a_run_folder_is_all_that_it_takes_to_resume(shell, monkeypatch):
    straight = contents(shell.fit(MOONS.replace("epochs: 4", "epochs: 6"), name="straight"))
    run = shell.fit(MOONS, name="other")
    (shell.folder / "config.yaml").unlink()
    monkeypatch.chdir(shell.folder.parent)
    shell.run("fit", run, "--resume", "--set", "train.epochs=6", "--quiet")
    assert contents(run)["steps.csv"] == straight["steps.csv"]


def test_a_config_that_extends_another_is_repeated_as_it_was(shell):
    base = shell.write(MOONS, "base.yaml")
    run = shell.fit("extends: base.yaml\ntrain: {epochs: 2}\n")
    base.unlink()
    shell.run("fit", run, "--quiet")
    assert contents(shell.folder / "runs/run-2") == contents(run)


def test_a_summary_of_a_run_is_that_of_its_config(shell):
    run = shell.fit(MOONS, "--set", "model.layers[0].dense.units=5")
    assert "(5,)" in shell.run("summary", run).output


@pytest.fixture
def project(shell):
    """A folder with a table, a config and its run; paths are relative to the config."""
    folder = shell.folder / "project"
    folder.mkdir()
    write_table(folder)
    (folder / "config.yaml").write_text(TABLE)
    shell.run("fit", folder / "config.yaml", "--runs-dir", folder / "runs", "--name", "run", "--quiet")
    return folder


def test_a_copied_project_is_evaluated_on_its_own_data(shell, project):
    copy = shell.folder / "copy"
    shutil.copytree(project, copy)
    table = (project / "table.csv").read_text()
    (project / "table.csv").write_text(table.replace("yes", "?").replace("no", "yes").replace("?", "no"))
    (copy / "config.yaml").unlink()  # only the data tell where they are
    assert "changed" in shell.run("eval", project / "runs/run").stderr
    assert shell.run("eval", copy / "runs/run").stderr == ""


def test_a_moved_project_is_evaluated_and_repeated(shell, project):
    moved = project.rename(shell.folder / "moved")
    shell.run("eval", moved / "runs/run")
    shell.run("fit", moved / "runs/run", "--quiet")
    assert last_and_best(moved / "runs/run-2") == last_and_best(moved / "runs/run")


def test_a_run_that_is_copied_alone_finds_its_data_where_they_were(shell, project):
    shutil.copytree(project / "runs/run", shell.folder / "deeper/alone")
    assert shell.run("eval", shell.folder / "deeper/alone").stderr == ""


def test_data_that_are_gone_are_named_with_the_way_to_give_others(shell, project, wording):
    (project / "table.csv").unlink()
    message = shell.run("eval", project / "runs/run", code=2).stderr
    assert str(project) in message
    assert "--data" in message
    wording(message)


def test_a_run_with_a_plugin_asks_for_it(shell, wording, monkeypatch):
    monkeypatch.setattr("nntrain.plugins.loaded", {})
    plugin = shell.folder / "plugin.py"
    plugin.write_text("")
    run = shell.fit(MOONS, "--plugin", plugin)
    monkeypatch.setattr("nntrain.plugins.loaded", {})
    wording(shell.run("fit", run, code=2).stderr)
