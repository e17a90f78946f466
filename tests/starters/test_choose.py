"""Which config `nntrain new --data` writes: for a table, a folder of images or a text, with what is predicted, and why."""

import pytest

from nntrain.config import load
from nntrain.starters.choose import is_text, started
from tests.support.data import refused
from tests.support.images import make_pets

PROSE = "It was the best of times, it was the worst of times.\nIt was the age of wisdom, the age of foolishness.\n\n"
ROWS = "size,kind\n" + "".join(f"{number / 7:.2f},{'ab'[number % 2]}\n" for number in range(40))


def test_each_kind_of_data_gets_its_source(shell):
    make_pets(shell.folder)
    (shell.folder / "book.txt").write_text(PROSE * 40)
    (shell.folder / "rows.txt").write_text(ROWS)
    (shell.folder / "texts").mkdir()
    (shell.folder / "texts" / "a.txt").write_text(PROSE * 40)
    (shell.folder / "rows.csv").write_text(ROWS)
    sources = {
        "pets": "image_folder",
        "book.txt": "text",
        "texts": "text",
        "rows.txt": "csv",
        "rows.csv": "csv",
    }
    for name, source in sources.items():
        shell.run("new", "--data", name, "--output", "c.yaml", "--overwrite")
        assert load(shell.folder / "c.yaml")[0].data.source.yaml_name == source


def test_what_is_predicted_is_printed_with_the_reason(shell, wording):
    make_pets(shell.folder)
    (shell.folder / "book.txt").write_text(PROSE * 40)
    (shell.folder / "rows.csv").write_text(ROWS)
    for arguments in (["pets"], ["book.txt"], ["rows.csv"], ["rows.csv", "--target", "kind"]):
        result = shell.run("new", "--data", *arguments, "--output", "c.yaml", "--overwrite")
        assert result.stdout == "wrote c.yaml\nnext: nntrain fit c.yaml\n"
        wording(result.stderr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROSE, True),
        ("alone\non\na\nline\n", True),
        ("name,kind\nred kite,bird\nred fox,beast\n", False),
        ("Two lines, of two cells each.\nWith no number, but many words.\n", True),
        ('a "quote that nothing closes\n', True),
        (ROWS, False),
        ("1;2\n3;4\n", False),
    ],
)
def test_a_text_file_is_prose_unless_all_lines_have_as_many_cells(tmp_path, text, expected):
    for name in ("t.txt", "t.md"):
        (tmp_path / name).write_text(text)
        assert is_text(tmp_path / name) == expected
    (tmp_path / "t.csv").write_text(text)
    assert not is_text(tmp_path / "t.csv")


def test_a_folder_of_neither_and_a_column_of_a_text_are_errors(tmp_path, wording):
    (tmp_path / "empty").mkdir()
    wording(refused(started, tmp_path / "empty", None, tmp_path / "c.yaml"))
    (tmp_path / "t.txt").write_text(PROSE)
    wording(refused(started, tmp_path / "t.txt", "size", tmp_path / "c.yaml"))


def test_packaged_data_are_named_as_in_a_config(shell):
    for name, source in {"penguins.csv": "csv", "shapes": "image_folder"}.items():
        result = shell.run("new", "--data", f"nntrain:{name}")
        output = f"{name.partition('.')[0]}.yaml"
        assert result.stdout.startswith(f"wrote {output}\n")
        config, _ = load(shell.folder / output)
        assert (config.data.source.yaml_name, config.data.source.path) == (source, f"nntrain:{name}")


@pytest.mark.parametrize("arguments", [["xor"], ["--data", "xor.csv"]])
def test_a_file_is_replaced_with_overwrite_only(shell, arguments):
    (shell.folder / "xor.csv").write_text(ROWS)
    (shell.folder / "xor.yaml").write_text("mine")
    assert "Use --overwrite" in shell.run("new", *arguments, code=2).stderr
    shell.run("new", *arguments, "--overwrite")
    load(shell.folder / "xor.yaml")
    (shell.folder / "xor.yaml").unlink()
    (shell.folder / "xor.yaml").mkdir()
    shell.run("new", *arguments, "--overwrite", code=2)


def test_a_config_that_cannot_be_made_leaves_the_old_one(shell):
    (shell.folder / "t.yaml").write_text("mine")
    (shell.folder / "t.csv").write_text("a,b\n1,x\n1,y\n")
    shell.run("new", "--data", "t.csv", "--overwrite", code=2)
    assert (shell.folder / "t.yaml").read_text() == "mine"
