"""The command line: its help, its output for people and programs, names of runs, and how it ends."""

import errno
import json
import shlex
import subprocess
import sys

import pytest

import nntrain
from nntrain.run.folder import RunFolder
from nntrain.training import setup
from tests.conftest import MOONS, contents, interrupt_at

VERBS = ("fit", "eval", "gradcheck", "summary")


def test_help_lists_the_verbs_with_the_main_ones_first(shell):
    lines = shell.run("--help").stdout.split("Commands:\n")[1].splitlines()
    listed = [line.split()[0] for line in lines]
    assert listed[:3] == ["fit", "eval", "gradcheck"]
    assert set(VERBS) <= set(listed)
    assert listed[3:] == sorted(listed[3:])
    assert all(len(line.split()) > 1 for line in lines)  # each says what it does


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(shell, verb):
    assert shell.run(verb, "--help").stdout.startswith(f"Usage: nntrain {verb} ")


def test_version(shell):
    assert shell.run("--version").stdout == f"nntrain, version {nntrain.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from nntrain.cli.main import main; main(sys.argv[1:], standalone_mode=False); "
        "sys.exit(str([name for name in ('numba', 'matplotlib', 'pydantic', 'numpy', 'rich') if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stdout
    assert done.stderr == "[]\n"


ENDS = """
import atexit, sys
from nntrain.cli.main import main
atexit.register(print, "at exit")
try:
    main()
finally:
    print("taken apart by Python")
"""


@pytest.mark.parametrize("watched", ["", "import sys; sys.setprofile(lambda *_: None)"])
@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("--unknown", 2)])
def test_the_process_ends_at_once_after_what_was_registered_for_it(watched, argument, code):
    done = subprocess.run(
        [sys.executable, "-c", watched + ENDS, argument], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert "at exit" in done.stdout
    assert ("taken apart by Python" in done.stdout) == bool(watched)
    assert done.stdout.startswith("nntrain, version") or "No such option" in done.stderr


def test_summary_shows_each_layer(shell):
    rows = [line.split() for line in shell.run("summary", shell.write(MOONS)).stdout.splitlines()]
    assert ["dense_1", "dense", "(8,)", "24", "32"] in rows
    assert ["dense_1.tanh", "tanh", "(fused)", "(8,)", "-", "-"] in rows
    assert ["dropout_1", "dropout", "(8,)", "-", "-"] in rows
    assert ["dense_2", "dense", "(2,)", "18", "32"] in rows
    assert "42 parameters, 168 B" in shell.run("summary", "config.yaml").stdout


def test_gradcheck_of_a_config_is_one_json_object(shell):
    found = json.loads(shell.run("gradcheck", shell.write(MOONS), "--json").stdout)
    assert found.keys() == {"passed", "moved", "checks"}
    assert found["passed"] is True
    assert [(check["component"], check["tensor"], check["status"]) for check in found["checks"]] == [
        ("dense_1", "weight", "PASS"),
        ("dense_2", "weight", "PASS"),
        ("dense_1", "bias", "PASS"),
        ("dense_2", "bias", "PASS"),
    ]
    assert all(check["max_rel_error"] <= 1e-6 for check in found["checks"])


def test_gradcheck_shows_a_table(shell):
    lines = shell.run("gradcheck", shell.write(MOONS)).stdout.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("dense_")] == ["PASS"] * 4
    assert "4 tensors: 4 PASS" in lines


# Names of runs


def test_a_second_run_gets_a_name_of_its_own_and_says_so(shell):
    path = shell.write(MOONS, "moons.yaml")
    first, second, third = (shell.run("fit", path).output.splitlines() for _ in range(3))
    for number, lines in (("", first), ("-2", second), ("-3", third)):
        assert f"moons{number}: 4 epochs of 5 steps, in runs/moons{number}" in lines
        assert f"run         runs/moons{number}" in lines
    assert contents(shell.folder / "runs/moons") == contents(shell.folder / "runs/moons-3")
    shell.run("fit", shell.write("name: mine\n" + MOONS, "moons.yaml"))
    assert (shell.folder / "runs/mine/run.json").exists()


def test_an_existing_name_is_refused_resumed_or_overwritten(shell):
    run = shell.fit()
    before = contents(run)
    told = shell.run("fit", "config.yaml", "--name", "run", code=2).stderr
    assert all(way in told for way in ("--resume", "--overwrite", "--name"))
    assert contents(run) == before
    (run / "notes.txt").write_text("mine")
    shell.fit(MOONS.replace("epochs: 4", "epochs: 1"), "--overwrite")
    assert len((run / "metrics.csv").read_text().splitlines()) == 2
    assert (run / "notes.txt").read_text() == "mine"
    assert json.loads((run / "run.json").read_text())["resumed_from_steps"] == []


# What is shown


def test_quiet_prints_how_it_ended(shell):
    lines = shell.run("fit", shell.write(MOONS), "--name", "run", "--quiet").stdout.splitlines()
    assert lines[0].startswith("finished: 4 epochs in ")
    assert [line.split()[0] for line in lines[1:]] == [
        "best",
        "train",
        "validation",
        "test",
        "baseline",
        "run",
        "checkpoint",
        "next",
    ]
    assert lines[-1].split(maxsplit=1)[1] == "nntrain eval runs/run"
    assert shell.run(*lines[-1].split()[2:]).stdout.startswith("test split")


@pytest.mark.parametrize(
    "command", ["fit config.yaml", "gradcheck config.yaml", "summary config.yaml", "eval runs/run"]
)
def test_what_is_no_terminal_gets_plain_lines(shell, command):
    shell.fit()
    result = shell.run(*command.split())
    assert result.stdout
    assert "warning" not in result.stderr
    for character in result.output:
        assert character.isprintable() or character == "\n"


def test_control_characters_of_a_name_do_not_reach_the_terminal(shell):
    assert shell.run("fit", "a\x1b[31m.yaml", code=2).stderr.startswith("error: a\\x1b[31m.yaml: ")


@pytest.mark.parametrize("changes", [[], ["--set", "optimizer.adam.lr=0.05", "--set", "name=a b"]])
def test_an_interrupted_run_tells_how_to_go_on_from_anywhere(shell, monkeypatch, changes):
    straight = contents(shell.fit(MOONS, *changes, name="straight"))
    path = shell.write(MOONS, "the config.yaml")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        result = shell.run("fit", path.name, *changes, code=130)
    name = "a b" if changes else "the config"
    assert "interrupted at step 7, in epoch 2; saved" in result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.split()[:2] == ["next", "nntrain"]
    command = shlex.split(last)[2:]
    assert command == ["fit", str(shell.folder / "runs" / name), "--resume"]
    run = shell.folder / "runs" / name
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    (shell.folder / "elsewhere").mkdir()
    monkeypatch.chdir(shell.folder / "elsewhere")
    shell.run(*command)
    assert contents(run) == straight
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


def test_ctrl_c_outside_of_training_ends_without_a_traceback(shell, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "load_splits", interrupt)
    result = shell.run("fit", shell.write(MOONS), code=130)
    assert (result.stdout, result.stderr) == ("", "interrupted\n")
    assert not (shell.folder / "runs").exists()


def test_a_full_disk_ends_in_one_message_and_a_failed_run(shell, monkeypatch, wording):
    def fill(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunFolder, "flush", fill)
    wording(shell.run("fit", shell.write(MOONS), "--quiet", code=1).stderr)
    info = json.loads((shell.folder / "runs/config/run.json").read_text())
    assert info["status"] == "failed"
    assert "No space left on device" in info["error"]
