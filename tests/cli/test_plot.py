"""`nntrain plot`: a run's picture anew, and several runs in one."""

import pytest
from PIL import Image

from tests.conftest import MOONS


@pytest.fixture
def two_runs(shell):
    return shell.fit(name="a"), shell.fit(
        MOONS, "--set", "seed=1", "--set", "train.watch_test=true", name="b"
    )


def test_a_picture_is_drawn_anew(shell, two_runs):
    run = two_runs[0]
    assert not (run / "loss.png").exists()  # runs of tests leave it out
    shell.run("plot", run)
    with Image.open(run / "loss.png") as picture:
        assert picture.size == (1350, 900)


def test_several_runs_share_a_picture_and_none_is_overwritten(shell, two_runs):
    assert shell.run("plot", *two_runs).stdout == "comparison.png\n"
    before = (shell.folder / "comparison.png").read_bytes()
    assert "comparison.png: this file exists." in shell.run("plot", *two_runs, code=2).stderr
    shell.run("plot", *two_runs, "--overwrite")
    assert (shell.folder / "comparison.png").read_bytes() == before  # the same numbers, the same bytes
    shell.run("plot", *two_runs, "--output", "both.svg")
    assert (shell.folder / "both.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/a", "runs/nothing"], "runs/nothing: expected the folder of a run"),
        (
            ["runs/a", "runs/b", "--output", "both.txt"],
            "both.txt: expected a file that ends in .png or .svg.",
        ),
        (
            ["runs/a", "runs/b", "--output", "nowhere/both.png"],
            "nowhere/both.png: there is no folder nowhere.",
        ),
        (["runs/a"] * 8, "plot: at most 7 runs can be told apart in one picture. Received: 8."),
    ],
)
def test_what_cannot_be_drawn_is_told(shell, two_runs, arguments, message):
    assert message in shell.run("plot", *arguments, code=2).stderr
