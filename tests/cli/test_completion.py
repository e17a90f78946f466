"""What a shell completes: commands, options, kinds, and the names of files where an argument is one."""

import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from nntrain.cli.main import main


def completed(*words: str) -> list[tuple[str, str]]:
    """What the shell completes the last of the words by: ("plain", text), or ("file", beginning)."""
    found = ShellComplete(main, {}, "nntrain", "_NNTRAIN_COMPLETE").get_completions(
        list(words[:-1]), words[-1]
    )
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "conf"),
        ("check", "conf"),
        ("eval", "runs/d"),
        ("eval", "runs/digits", "--data", "new"),
        ("predict", "runs/d"),
        ("predict", "runs/digits", "new"),
        ("predict", "runs/digits", "a.csv", "b"),
        ("report", "runs/a", "runs/"),
        ("runs", "diff", "runs/a", "runs/"),
        ("plot", "runs/"),
        ("plot", "loss", "runs/"),
    ],
)
def test_configs_runs_and_data_are_completed_as_files(words):
    assert completed(*words) == [("file", words[-1])]


@pytest.mark.parametrize(
    ("words", "one"),
    [
        (("pred",), "predict"),
        (("predict", "runs/digits", "--prob"), "--probabilities"),
        (("predict", "runs/digits", "x.csv", "--on-error", "bl"), "blank"),
        (("describe", "optimi"), "optimizer"),
        (("describe", "optimizer", "ada"), "adam"),
        (("describe", "train", "epo"), "epochs"),
        (("new", "digits_"), "digits_cnn"),
        (("plot", "confu"), "confusion"),
    ],
)
def test_names_are_completed(words, one):
    assert ("plain", one) in completed(*words)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes_commands_and_leaves_files_to_its_own_completion(tmp_path):
    (tmp_path / "nntrain").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nntrain "$@"\n')
    (tmp_path / "nntrain").chmod(0o755)
    script = """
    eval "$(_NNTRAIN_COMPLETE=bash_source nntrain)"
    compopt() { echo "compopt $1 $2"; }
    complete -p nntrain
    COMP_WORDS=(nntrain grad); COMP_CWORD=1; _nntrain_completion nntrain; echo "${COMPREPLY[@]}"
    COMP_WORDS=(nntrain fit conf); COMP_CWORD=2; _nntrain_completion nntrain; echo "${COMPREPLY[@]}"
    """
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == [
        "complete -o nosort -F _nntrain_completion nntrain",
        "gradcheck",
        "compopt -o default",
        "",
        "",
    ]
