"""The README says what the program does: its config trains, and its example of a mistake is the program's own words."""

from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def block(number: int) -> str:
    """A code block under "A config": 0 is the config, 1 the mistake."""
    section = README.read_text().split("## A config", 1)[1]
    return section.split("```")[2 * number + 1].split("\n", 1)[1]


def test_the_config_trains(shell):
    run = shell.fit(block(0), "--set", "train.epochs=1", "--set", "schedule=constant")
    assert (run / "checkpoints/best.safetensors").exists()


def test_the_mistake_is_told_as_shown(shell):
    shell.write(block(0).replace("units: 64", "unit: 64"))
    assert shell.run("fit", "config.yaml", code=2).stderr == "error: " + block(1)


@pytest.mark.parametrize(
    "verb", ["fit", "eval", "predict", "gradcheck", "new", "describe", "summary", "plot", "bench", "schema"]
)
def test_every_command_of_the_readme_is_there(shell, verb):
    assert f"`nntrain {verb}" in README.read_text()
    shell.run(verb, "--help")
