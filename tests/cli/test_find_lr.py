"""`nntrain find-lr`: the suggestion as lines to paste and as JSON, and its picture."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import nntrain
from tests.conftest import MOONS

NAMES = [
    "suggestion",
    "key",
    "lr",
    "loss",
    "yaml",
    "notes",
    "lowest",
    "diverged",
    "rates",
    "losses",
    "smoothed",
    "picture",
]


def test_it_prints_the_suggestion_and_writes_one_picture(shell, wording):
    config = shell.write(MOONS)
    done = shell.run("find-lr", "config.yaml")
    assert done.stderr == ""
    result = nntrain.find_lr(config)
    assert f"optimizer: {{adam: {{lr: {result.suggestion:g}}}}}" in done.stdout
    assert sorted(path.name for path in shell.folder.iterdir()) == ["config-learning_rate.png", "config.yaml"]
    wording(re.sub(r"\b\d[\d.]*(e-?\d+)?\b", "N", done.stdout))
    command = done.stdout.splitlines()[-1].removeprefix("next").split()
    assert command[:2] == ["nntrain", "fit"]
    run = shell.run(*command[1:], "--runs-dir", "runs", "--name", "run", "--quiet")
    assert "finished" in run.stdout
    assert nntrain.open_run("runs/run").config["optimizer"]["adam"]["lr"] == result.suggestion


def test_json_is_one_object_with_the_curve(shell):
    config = shell.write(MOONS)
    done = shell.run("find-lr", config, "--json", "--steps", "80", "--highest", "10", "--threads", "1")
    found = json.loads(done.stdout)
    assert list(found) == NAMES
    result = nntrain.find_lr(config, steps=80, highest=10)
    assert found["suggestion"] == result.suggestion
    assert found["losses"] == result.losses.tolist()
    assert len(found["smoothed"]) == len(found["rates"]) <= 80
    assert found["picture"] == "config-learning_rate.png"


def test_overrides_and_the_file_of_the_picture_can_be_chosen(shell, wording):
    config = shell.write(MOONS)
    done = shell.run(
        "find-lr",
        config,
        "--set",
        "optimizer={sgd: {lr: 5, momentum: 0.9}}",
        "--output",
        "rate.svg",
        "--style",
        "dark",
    )
    assert "optimizer: {sgd: {lr: " in done.stdout
    assert "which is 5 in the config" in done.stdout
    assert "--set 'optimizer={sgd: {lr: 5, momentum: 0.9}}' --set optimizer.sgd.lr=" in done.stdout
    assert b"<svg" in (shell.folder / "rate.svg").read_bytes()
    shell.run("find-lr", config, "--output", "rate.svg")  # our own picture is replaced
    (shell.folder / "rate.svg").write_text("mine")
    wording(shell.run("find-lr", config, "--output", "rate.svg", code=2).stderr)
    wording(shell.run("find-lr", config, "--output", "rate.pdf", code=2).stderr)
    wording(shell.run("find-lr", config, "--lowest", "2", "--highest", "1", code=2).stderr)
    shell.run("find-lr", config, "--output", "rate.svg", "--overwrite")


def test_a_run_and_stdin_are_configs_too(shell):
    shell.fit()
    first = json.loads(shell.run("find-lr", "runs/run", "--json").stdout)
    second = json.loads(shell.run("find-lr", "-", "--json", given=MOONS.encode()).stdout)
    assert (first["picture"], second["picture"]) == ("run-learning_rate.png", "stdin-learning_rate.png")
    assert first["losses"] == second["losses"]


def test_the_verb_has_a_hyphen_and_is_suggested_for_an_underscore(shell):
    assert "Did you mean 'find-lr'?" in shell.run("find_lr", "config.yaml", code=2).stderr


@pytest.mark.parametrize("style", ["light", "dark"])
def test_plot_draws_the_same_picture(shell, style):
    config = shell.write(MOONS)
    shell.run("find-lr", config, "--style", style)
    shell.run("plot", "learning_rate", config, "--style", style, "--output", "other.png")
    pictures = [np.asarray(Image.open(name)) for name in ("config-learning_rate.png", "other.png")]
    assert np.array_equal(*pictures)
