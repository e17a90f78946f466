"""The article is true: every command in it runs, and every figure is drawn by the command above it."""

import re

import pytest

from tests.support.article import ARTICLE, ROOT, run_all, steps

KINDS = (  # what the lesson must show, by the command's picture
    *("loop", "neuron", "activations", "network", "initializers", "convolution", "losses", "loss", "descent"),
    *("optimizers", "schedules", "backprop", "gradients", "approximation", "unroll", "confusion", "mistakes"),
)


@pytest.mark.slow
def test_every_command_runs_and_draws_its_figure(tmp_path):
    drawn = [picture for _, picture in run_all(tmp_path) if picture is not None]
    assert len(drawn) >= len(KINDS)


def test_every_element_has_its_figure():
    commands = [command for step in steps() if step.figure for command in step.commands]
    missing = [
        kind for kind in KINDS if not any(f"nntrain plot {kind} " in f"{command} " for command in commands)
    ]
    assert missing == []


def test_the_figures_are_there_and_small():
    text = ARTICLE.read_text(encoding="utf-8")
    figures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    assert [name for alternative, name in figures if not (ARTICLE.parent / name).is_file()] == []
    assert all(len(alternative) > 20 for alternative, _ in figures)  # for those who cannot see them
    assert sum((ARTICLE.parent / name).stat().st_size for _, name in figures) < 2_500_000
    kept = {path.name for path in (ROOT / "docs/pictures/article").iterdir()}
    assert kept == {name.rpartition("/")[2] for _, name in figures}


def test_every_config_and_link_of_the_article_exists():
    text = ARTICLE.read_text(encoding="utf-8")
    assert [path for path in re.findall(r"configs/[\w.]+\.yaml", text) if not (ROOT / path).is_file()] == []
    links = [link for link in re.findall(r"[^!]\[[^\]]*\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ARTICLE.parent / link).exists()] == []
