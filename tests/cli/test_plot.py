"""`nntrain plot`: the pictures of a run redrawn, and several runs in one picture."""

import pytest
from PIL import Image

from nntrain.report.pictures import registry
from tests.conftest import MOONS


@pytest.fixture
def two_runs(shell):
    return shell.fit(name="a"), shell.fit(
        MOONS, "--set", "seed=1", "--set", "train.watch_test=true", name="b"
    )


def test_the_loss_of_a_run_is_redrawn(shell, two_runs):
    run = two_runs[0]
    assert not (run / "loss.png").exists()  # most tests train without pictures
    assert shell.run("plot", run).stdout == f"{run}/loss.png\n"
    with Image.open(run / "loss.png") as picture:
        assert picture.size == (1350, 900)


def test_the_loss_of_one_run_is_drawn_into_another_file(shell, two_runs, wording):
    run = two_runs[0]
    assert shell.run("plot", run, "--output", "loss of a.png").stdout == "loss of a.png\n"
    assert not (run / "loss.png").exists()
    shell.run("plot", run)
    assert (shell.folder / "loss of a.png").read_bytes() == (run / "loss.png").read_bytes()
    wording(shell.run("plot", run, "--output", "loss of a.png", code=2).stderr)
    shell.run("plot", run, "--output", "loss of a.png", "--overwrite")


@pytest.mark.usefixtures("pictures")
def test_every_picture_of_a_run_is_redrawn(shell):
    run = shell.fit()
    found = [picture for picture in registry.pictures().values() if picture.can_draw(run)]
    drawn = {name: (run / name).read_bytes() for picture in found for name in picture.files}
    assert drawn.keys() >= {"loss.png", "loss.svg", "regions.png"}
    for name in drawn:
        (run / name).unlink()
    assert shell.run("plot", run).stdout == "".join(f"{run}/{picture.files[0]}\n" for picture in found)
    assert {name: (run / name).read_bytes() for name in drawn} == drawn


def test_a_corrupt_file_is_an_error_after_the_other_pictures(shell, two_runs, wording):
    run = two_runs[0]
    (run / "fit.npz").write_text("corrupt")
    result = shell.run("plot", run, code=2)
    assert result.stdout == f"{run}/loss.png\n"
    wording(result.stderr)


def test_several_runs_share_a_picture_and_none_is_overwritten(shell, two_runs, wording):
    assert shell.run("plot", *two_runs).stdout == "comparison.png\n"
    before = (shell.folder / "comparison.png").read_bytes()
    wording(shell.run("plot", *two_runs, code=2).stderr)
    shell.run("plot", *two_runs, "--overwrite")
    assert (shell.folder / "comparison.png").read_bytes() == before  # the same numbers, the same bytes
    shell.run("plot", *two_runs, "--output", "both.svg")
    assert (shell.folder / "both.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["runs/nothing"], "runs/nothing"),
        (["runs"], "runs"),
        (["runs/a", "runs/nothing"], "runs/nothing"),
        (["runs/a", "runs/b", "--output", "both.txt"], "--output both.txt"),
        (["runs/a", "runs/b", "--output", "nowhere/both.png"], "--output nowhere/both.png"),
        (["runs/a"] * 8, "plot"),
    ],
)
def test_errors_name_the_run_or_the_option(shell, two_runs, wording, arguments, place):
    message = shell.run("plot", *arguments, code=2).stderr
    assert message.startswith(f"error: {place}: ")
    wording(message)
