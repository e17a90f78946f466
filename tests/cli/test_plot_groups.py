"""`nntrain plot` of a cross-validation and of a sweep."""

import pytest

from nntrain.search.crossval_files import write_crossval
from nntrain.search.sweep_files import write_sweep
from tests.support.searched import crossval, sweep


@pytest.fixture
def groups(tmp_path):
    for name, write, result in (("s", write_sweep, sweep(8)), ("c", write_crossval, crossval(3))):
        (tmp_path / name).mkdir()
        write(tmp_path / name, result)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "group", "file"),
    [
        ("history", "s", "history.png"),
        ("parallel", "s", "parallel.png"),
        ("parameters", "s", "importance.png"),
        ("importance", "s", "importance.png"),
        ("slices", "s", "slices.png"),
        ("crossval", "c", "crossval.png"),
    ],
)
def test_a_picture_of_a_group_is_drawn_into_its_folder(shell, groups, kind, group, file):
    done = shell.run("plot", kind, groups / group)
    assert done.stdout.strip() == str(groups / group / file)
    assert (groups / group / file).is_file()


@pytest.mark.parametrize(
    ("group", "files"),
    [("s", ["history.svg", "importance.svg", "parallel.svg", "slices.svg"]), ("c", ["crossval.svg"])],
)
def test_all_pictures_of_a_group(shell, groups, group, files):
    shell.run("plot", groups / group, "--format", "svg")
    assert sorted(path.name for path in (groups / group).glob("*.svg")) == files


@pytest.mark.parametrize(
    ("kind", "group"),
    [("loss", "s"), ("network", "c"), ("crossval", "s"), ("history", "c"), ("importance", "c")],
)
def test_a_picture_of_something_else_is_refused_and_the_fitting_ones_are_named(
    shell, groups, wording, kind, group
):
    wording(shell.run("plot", kind, groups / group, code=2).stderr)


def test_a_picture_of_a_sweep_is_not_of_a_config(shell, groups, wording):
    (groups / "c.yaml").write_text("")
    wording(shell.run("plot", "history", groups / "c.yaml", code=2).stderr)


def test_a_corrupt_sweep_is_an_error_with_its_place(shell, groups, wording):
    (groups / "s" / "sweep.json").write_text("{")
    wording(shell.run("plot", "history", groups / "s", code=2).stderr)
