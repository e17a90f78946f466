"""The README is true: its config trains, its example of errors is the program's output, and it lists every command."""

import re
from pathlib import Path

import pytest

from nntrain.cli.main import main

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/article.md",
    "docs/installation.md",
    "docs/scale.md",
    "docs/serving.md",
)


def block(number: int) -> str:
    """A code block under "A config": 0 is the config, 1 the errors."""
    section = (ROOT / "README.md").read_text().split("## A config", 1)[1]
    return section.split("```")[2 * number + 1].split("\n", 1)[1]


def test_it_is_short():
    """What does not fit is for docs/."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 165


def test_the_config_trains(shell):
    run = shell.fit(block(0), "--set", "train.epochs=1", "--set", "schedule=constant")
    assert (run / "checkpoints/best.safetensors").exists()


def test_errors_are_reported_as_shown(shell):
    wrong = {"activation: relu": "activation: rleu", "batch_size: 32": "batch_size: 32, patience: 3"}
    config = block(0)
    for right, typed in wrong.items():
        config = config.replace(right, typed)
    shell.write(config)
    assert shell.run("fit", "config.yaml", code=2).stderr == block(1)


@pytest.mark.parametrize("verb", main.list_commands(None))
def test_every_command_is_listed(shell, verb):
    assert f"`nntrain {verb}" in (ROOT / "README.md").read_text()
    shell.run(verb, "--help")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_path_leads_to_a_file(document):
    """Of links, and of paths in backticks that begin with a folder of the repository."""
    text = (ROOT / document).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    folder = (ROOT / document).parent
    assert [link for link in links if not (folder / link).exists()] == []
    paths = re.findall(r"`((?:nntrain|tests|docs|configs|runs)/[\w./-]*)`", text)
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_every_config_is_in_the_gallery():
    text = (ROOT / "README.md").read_text()
    missing = [
        file.name for file in (ROOT / "configs").glob("*.yaml") if f"(configs/{file.name})" not in text
    ]
    assert missing == []
