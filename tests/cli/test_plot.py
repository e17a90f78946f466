"""`nntrain plot`: the pictures of a run redrawn, and several runs in one picture."""

import pytest
from PIL import Image

import nntrain
from nntrain.report.pictures.registry import pictures
from tests.conftest import MOONS


@pytest.fixture
def two_runs(shell):
    return shell.fit(name="a"), shell.fit(
        MOONS, "--set", "seed=1", "--set", "train.watch_test=true", name="b"
    )


def test_the_loss_of_a_run_is_redrawn(shell, two_runs):
    run = two_runs[0]
    assert not (run / "loss.png").exists()  # most tests train without pictures
    assert shell.run("plot", run).stdout.splitlines()[0] == f"{run}/plots/loss.png"
    with Image.open(run / "loss.png") as picture:
        assert picture.size == (1350, 900)


def test_the_loss_of_one_run_is_drawn_into_another_file(shell, two_runs, wording):
    run = two_runs[0]
    assert shell.run("plot", run, "--output", "loss of a.png").stdout == "loss of a.png\n"
    assert not (run / "loss.png").exists()
    shell.run("plot", run)
    assert (shell.folder / "loss of a.png").read_bytes() == (run / "loss.png").read_bytes()
    shell.run("plot", run, "--output", "loss of a.png")  # our own picture is drawn again
    (shell.folder / "mine.png").write_text("a picture of the user's")
    wording(shell.run("plot", run, "--output", "mine.png", code=2).stderr)
    shell.run("plot", run, "--output", "mine.png", "--overwrite")


@pytest.mark.usefixtures("pictures")
def test_every_picture_of_a_run_is_redrawn(shell):
    run = shell.fit()
    drawn = {name: (run / name).read_bytes() for name in ("loss.png", "loss.svg", "plots/regions.png")}
    for name in drawn:
        (run / name).unlink()
    listed = shell.run("plot", run).stdout.splitlines()
    assert {f"{run}/plots/loss.png", f"{run}/plots/regions.png"} <= set(listed)
    assert {name: (run / name).read_bytes() for name in drawn} == drawn
    assert sorted(listed) == sorted(map(str, (run / "plots").glob("*.png")))


def test_a_corrupt_file_is_an_error_after_the_other_pictures(shell, two_runs, wording):
    run = two_runs[0]
    (run / "plots").mkdir()
    (run / "plots/regions.npz").write_text("corrupt")
    result = shell.run("plot", run, code=2)
    assert f"{run}/plots/loss.png\n" in result.stdout
    assert "regions.png" not in result.stdout
    wording(result.stderr)


def test_several_runs_share_a_picture_and_none_is_overwritten(shell, two_runs, wording):
    assert shell.run("plot", *two_runs).stdout == "comparison.png\n"
    before = (shell.folder / "comparison.png").read_bytes()
    (shell.folder / "comparison.png").write_text("a picture of the user's")
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
        (["runs/a", "runs/b", "--output", "both.txt"], "both.txt"),
        (["runs/a", "runs/b", "--output", "nowhere/both.png"], "nowhere/both.png"),
        (["runs/a"] * 8, "expected at most"),
    ],
)
def test_errors_name_the_run_or_the_option(shell, two_runs, wording, arguments, place):
    message = shell.run("plot", *arguments, code=2).stderr
    assert message.startswith(f"error: {place}")
    wording(message)


def test_all_kinds_are_listed_with_what_they_show(shell):
    listed = shell.run("plot", "--list").stdout
    for name, picture in pictures().items():
        assert f"  {name} " in listed
        assert picture.title.split()[0] in listed
    assert shell.run("plot", "--help").stdout.count("regions RUN") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["lss", "runs/a"],
        ["config.yaml"],
        ["loss"],
        ["loss", "config.yaml"],
        ["regions", "runs/a", "runs/b"],
        ["fit", "runs/a"],
        ["loss", "runs/a", "--set", "seed=1"],
    ],
)
def test_a_kind_that_cannot_be_drawn_is_an_error(shell, two_runs, wording, arguments):
    wording(shell.run("plot", *arguments, code=2).stderr)


def test_a_picture_has_two_styles_and_formats_and_an_api(shell, two_runs):
    run = two_runs[0]
    light = nntrain.plot("loss", run)
    assert light == run / "plots/loss.png"
    before = light.read_bytes()
    assert shell.run("plot", "loss", run, "--style", "dark").stdout == f"{light}\n"
    assert light.read_bytes() != before
    assert shell.run("plot", run, "--format", "svg").stdout.splitlines()[0] == f"{run}/plots/loss.svg"
    with pytest.raises(nntrain.UserError, match="Did you mean 'loss'"):
        nntrain.plot("los", run)


def test_a_run_without_a_checkpoint_has_the_pictures_of_its_config(shell, wording):
    run = shell.fit()
    for file in (run / "checkpoints").iterdir():
        file.unlink()
    result = shell.run("plot", run, code=2)
    assert {"loss.png", "network.png", "schedules.png"} <= {path.name for path in (run / "plots").iterdir()}
    wording(result.stderr)


def test_a_picture_of_the_user_s_that_names_the_program_is_not_replaced(shell, two_runs):
    mine = shell.folder / "mine.svg"
    mine.write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>nntrain, by hand</title></svg>')
    shell.run("plot", "loss", two_runs[0], "--output", mine, code=2)
    assert "by hand" in mine.read_text()
    shell.run("plot", "loss", two_runs[0], "--output", mine, "--overwrite")
    shell.run("plot", "loss", two_runs[0], "--output", mine)  # now it is ours
