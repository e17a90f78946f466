"""`nntrain new`: configs to start from, each of which runs."""

import csv
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import load
from nntrain.templates import templates
from tests.support import ROOT

CONFIGS = ROOT / "configs"


def table(path: Path, header: list[str], rows: list[list]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows] if header else rows)
    return path


def flowers(path: Path, count: int = 120) -> Path:
    """Three classes, which two numbers and a text distinguish."""
    draw = random.Random(0)
    rows = []
    for number in range(count):
        kind = number % 3
        rows.append(
            [round(kind + draw.gauss(0, 0.2), 3), round(draw.gauss(0, 1), 3), "abc"[kind], f"kind {kind}"]
        )
    return table(path, ["size", "weight", "colour", "species"], rows)


def kinds(source) -> dict:
    """Column -> its kind."""
    return {name: kind.yaml_name for name, kind in source.columns.items()}


def lines_of(config: Path, part: str) -> list[str]:
    """The lines with this text, of which several blanks are one."""
    lines = config.read_text(encoding="utf-8").split("\n")
    return [" ".join(line.split()) for line in lines if part in line]


def houses(path: Path, count: int = 300) -> Path:
    draw = random.Random(1)
    rows = []
    for _ in range(count):
        rooms, area = draw.randint(1, 8), draw.uniform(30, 250)
        rows.append([rooms, round(area, 1), round(50_000 + 20_000 * rooms + 1500 * area)])
    return table(path, ["rooms", "area", "price"], rows)


def test_without_arguments_the_templates_are_listed_with_their_first_line(shell):
    listed = shell.run("new").stdout
    for path in CONFIGS.glob("*.yaml"):
        assert f"  {path.stem} " in listed
        assert path.read_text().split("\n")[0].removeprefix("# ") in listed


@pytest.mark.parametrize("name", templates())
def test_a_template_is_written_as_it_is_and_loads(shell, name):
    output = shell.run("new", name).stdout.splitlines()
    path = shell.folder / f"{name}.yaml"
    assert path.read_bytes() == (CONFIGS / f"{name}.yaml").read_bytes()
    assert output[0].startswith(f"wrote {name}.yaml")
    assert output[1] == f"next: nntrain fit {name}.yaml"
    load(path)  # with what it extends


def test_the_base_of_a_template_is_written_to_the_same_folder(shell):
    (shell.folder / "mine").mkdir()
    assert shell.run("new", "xor_online", "--output", "mine/first.yaml").stdout == (
        "wrote mine/first.yaml, mine/xor.yaml\nnext: nntrain fit mine/first.yaml\n"
    )
    assert load(shell.folder / "mine" / "first.yaml")[0].name == "xor_online"
    shell.run("new", "xor_online", "--output", "mine/second.yaml")  # the base is there already
    (shell.folder / "mine" / "xor.yaml").write_text("loss: mse")
    error = shell.run("new", "xor_online", "--output", "mine/third.yaml", code=2).stderr
    assert error.startswith("error: mine/xor.yaml: ")
    assert "xor_online" in error
    assert not (shell.folder / "mine" / "third.yaml").exists()


def test_a_config_for_a_table_of_classes_runs(shell):
    flowers(shell.folder / "flowers.csv")
    assert (
        shell.run("new", "--data", "flowers.csv").stdout
        == "wrote flowers.yaml\nnext: nntrain fit flowers.yaml\n"
    )
    text = (shell.folder / "flowers.yaml").read_text()
    first = text.split("\n")[0]
    assert first.startswith("# flowers.csv: 120 samples ")
    assert "species (3 classes)" in first
    config = load(shell.folder / "flowers.yaml")[0]
    assert (config.data.source.target, config.data.test, config.data.standardize) == ("species", 0.2, True)
    assert (config.loss.yaml_name, [metric.yaml_name for metric in config.metrics]) == (
        "cross_entropy",
        ["accuracy"],
    )
    shell.run("fit", "flowers.yaml", "--quiet", "--set", "train.epochs=40")
    assert shell.scores("runs/flowers")["accuracy"] > 0.9


def test_a_config_for_a_table_of_numbers_runs_in_the_unit_of_the_target(shell):
    houses(shell.folder / "houses.csv")
    shell.run("new", "--data", "houses.csv")
    config, _ = load(shell.folder / "houses.yaml")
    assert config.data.target_transform == "standard"
    shell.run("fit", "houses.yaml", "--quiet", "--set", "train.epochs=30")
    assert shell.scores("runs/houses")["r2"] > 0.9


def test_useless_columns_are_excluded_and_gaps_filled(shell):
    draw = random.Random(0)
    rows = [
        [n, n + 1, f"Person {n}", draw.choice("MF"), draw.choice(["", n % 7]), 3, n % 2] for n in range(80)
    ]
    table(shell.folder / "people.csv", ["", "id", "name", "sex", "age", "same", "answer"], rows)
    shell.run("new", "--data", "people.csv")
    source = load(shell.folder / "people.yaml")[0].data.source
    assert kinds(source) == dict.fromkeys(["1", "name", "same", "id"], "ignore")
    assert (source.features, source.impute) == ("all", "median")
    shell.run("fit", "people.yaml", "--quiet", "--set", "train.epochs=1")


def test_columns_that_cannot_be_used_are_left_out_with_a_comment(shell):
    draw = random.Random(0)
    rows = [
        [
            f"Mr. {n}",
            f"PC {n}" if n % 3 else n,
            f"{n % 28 + 1:02}.01.2024",
            "01.02.2024",
            draw.random(),
            n % 2,
        ]
        for n in range(60)
    ]
    rows[7][3] = "03.02.2024"
    table(shell.folder / "t.csv", ["name", "ticket", "day", "since", "fare", "y"], rows)
    shell.run("new", "--data", "t.csv")
    assert lines_of(shell.folder / "t.yaml", "ignore") == [
        "name: ignore # 60 different values",
        "ticket: ignore # text among numbers, such as 'PC 1'",
        "since: ignore # dates, such as '01.02.2024': set `{date: {order: day_first}}`, or month_first",
    ]
    assert lines_of(shell.folder / "t.yaml", "day:") == [
        "day: {date: {order: day_first}} # such as '01.01.2024'"
    ]
    shell.run("fit", "t.yaml", "--quiet", "--set", "train.epochs=1")


def test_the_notation_of_numbers_and_gaps_is_written_down(shell):
    draw = random.Random(0)
    rows = [
        [f"{draw.random():.2f}".replace(".", ","), f"{draw.random():.1%}".replace(".", ","), n % 2]
        for n in range(60)
    ]
    rows[7][0] = "N/A"
    text = "\n".join(";".join(map(str, row)) for row in [["1990", "2000", "y"], *rows])
    (shell.folder / "t.csv").write_text(text + "\n")
    shell.run("new", "--data", "t.csv")
    source = load(shell.folder / "t.yaml")[0].data.source
    assert (source.decimal, source.units, source.impute, source.features) == (",", ("%",), "median", "all")
    assert "N/A" in source.missing
    shell.run("fit", "t.yaml", "--quiet", "--set", "train.epochs=1")


def test_a_header_of_numbers_is_written_down(shell):
    draw = random.Random(0)
    table(
        shell.folder / "t.csv",
        ["0", "1", "2"],
        [[round(draw.random(), 3) for _ in range(3)] for _ in range(40)],
    )
    shell.run("new", "--data", "t.csv")
    source = load(shell.folder / "t.yaml")[0].data.source
    assert (source.header, source.target) == (True, "2")
    shell.run("fit", "t.yaml", "--quiet", "--set", "train.epochs=1")


def test_a_table_without_header_and_another_target(shell):
    draw = np.random.default_rng(0)
    rows = [f"{number % 2};{a:.3f};{b:.3f}\n" for number, (a, b) in enumerate(draw.random((60, 2)))]
    (shell.folder / "plain.csv").write_text("".join(rows))
    shell.run("new", "--data", "plain.csv", "--target", "1")
    source = load(shell.folder / "plain.yaml")[0].data.source
    assert (source.target, source.features) == (1, "all")
    shell.run("fit", "plain.yaml", "--quiet", "--set", "train.epochs=1")


def test_the_target_is_printed_and_written_with_its_reason(shell, wording):
    draw = random.Random(0)
    rows = [[n, "ab"[n % 2], round(draw.random(), 2), f"Comment of {draw.random()}", 7] for n in range(60)]
    table(shell.folder / "t.csv", ["id", "kind", "size", "comment", "same"], rows)
    result = shell.run("new", "--data", "t.csv")
    wording(result.stderr)
    text = (shell.folder / "t.yaml").read_text()
    wording("\n".join(text.split("\n")[:12]))
    assert load(shell.folder / "t.yaml")[0].data.source.target == "size"
    result = shell.run("new", "--data", "t.csv", "--target", "kind", "--overwrite")
    assert "target: kind (2 classes), as asked for\n" in result.stderr
    assert "--target" not in result.stderr


def test_columns_that_are_mostly_gaps_names_or_codes_of_the_target_are_left_out(shell):
    draw = random.Random(0)
    rows = [
        [
            ["", "", "", "yes"][n % 4],
            "" if n % 20 else 7 + n,
            f"n{n % 35}",
            "same",
            n % 3,
            "val" if n % 4 else "train",
            draw.random(),
            "abc"[n % 3],
        ]
        for n in range(60)
    ]
    table(shell.folder / "t.csv", ["note", "rare", "name", "one", "kind_id", "part", "size", "kind"], rows)
    remarks = shell.run("new", "--data", "t.csv").stderr.splitlines()
    assert remarks[0] == "target: kind (3 classes), the last column"
    assert remarks[1] == (
        "left out: note (45 of 60 cells are missing), rare (57 of 60 cells are missing), name (35 different values), "
        "one (constant), part (splits, such as 'train') and 1 more"
    )
    reason = "each of its 3 values occurs with a single value of 'kind'"
    assert f"kind_id: ignore # {reason}" in lines_of(shell.folder / "t.yaml", "ignore")
    assert load(shell.folder / "t.yaml")[0].data.source.features == "all"
    assert shell.run("summary", "t.yaml").stdout.count("ignore") == 6


def test_a_table_with_a_single_class_is_an_error(shell, wording):
    table(shell.folder / "t.csv", ["a", "b"], [[n, "x"] for n in range(30)])
    wording(shell.run("new", "--data", "t.csv", "--target", "b", code=2).stderr)


def test_whole_numbers_that_nearly_all_differ_are_no_classes(shell):
    draw = random.Random(0)
    table(shell.folder / "t.csv", ["a", "b"], [[draw.random(), n * n] for n in range(20)])
    result = shell.run("new", "--data", "t.csv")
    assert "target: b (a number), the last column" in result.stderr
    config = load(shell.folder / "t.yaml")[0]
    assert (config.data.source.task, config.loss.yaml_name) == ("regression", "mse")
    table(shell.folder / "t.csv", ["a", "b"], [[draw.random(), n % 5] for n in range(20)])
    result = shell.run("new", "--data", "t.csv", "--overwrite")
    assert "target: b (5 classes; `task: regression` makes them numbers), the last column" in result.stderr


def test_a_tiny_table_is_not_split(shell):
    table(shell.folder / "tiny.csv", ["a", "b", "kind"], [[1, 5, "x"], [3, 4, "y"], [2, 7, "x"]])
    shell.run("new", "--data", "tiny.csv")
    config = load(shell.folder / "tiny.yaml")[0]
    assert (config.data.test, config.data.validation, config.train.batch_size) == (None, None, 3)
    shell.run("fit", "tiny.yaml", "--quiet", "--set", "train.epochs=1")


def test_paths_count_from_the_config(shell):
    (shell.folder / "tables").mkdir()
    (shell.folder / "mine").mkdir()
    flowers(shell.folder / "tables" / "my flowers.csv")
    shell.run("new", "--data", "tables/my flowers.csv", "--output", "mine/f.yaml")
    assert load(shell.folder / "mine" / "f.yaml")[0].data.source.path == "../tables/my flowers.csv"
    output = shell.run("new", "--data", "tables/my flowers.csv").stdout
    assert output.endswith("next: nntrain fit 'my flowers.yaml'\n")


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["digts"], "error: "),
        (["--data", "q"], "error: q: "),
        (["--data", "flowers.csv", "--target", "specie"], "error: "),
        (["--data", "flowers.csv", "--output", "no/f.yaml"], "error: no/f.yaml: "),
        (["xor", "--output", "no/f.yaml"], "error: no/f.yaml: "),
        (["--data", "same.csv"], "error: same.csv: "),
        (["--data", "unnamed.csv"], "error: unnamed.csv: "),
        (["xor", "--data", "flowers.csv"], "Usage: "),
        (["xor", "--target", "x"], "Usage: "),
        (["--output", "x.yaml"], "Usage: "),
    ],
)
def test_a_config_that_cannot_be_written_is_an_error(shell, wording, arguments, start):
    flowers(shell.folder / "flowers.csv", count=12)
    table(shell.folder / "same.csv", ["a", "b"], [[1, "x"], [1, "y"]])
    table(shell.folder / "unnamed.csv", ["", "a", ""], [[1, 2, 3], [2, 4, 3], [5, 5, 6]])
    error = shell.run("new", *arguments, code=2).stderr
    assert error.startswith(start)
    wording(error)
    assert not list(shell.folder.glob("*.yaml"))


@pytest.mark.parametrize("arguments", [["xor"], ["--data", "xor.csv"]])
def test_nothing_is_overwritten(shell, wording, arguments):
    flowers(shell.folder / "xor.csv")
    (shell.folder / "xor.yaml").write_text("mine")
    error = shell.run("new", *arguments, code=2).stderr
    assert error.startswith("error: xor.yaml: ")
    wording(error)
    assert (shell.folder / "xor.yaml").read_text() == "mine"


def test_the_command_loads_neither_numba_nor_matplotlib(tmp_path):
    flowers(tmp_path / "f.csv")
    code = (
        "import sys\nfrom nntrain.cli.main import main\nmain(['new', '--data', 'f.csv'], standalone_mode=False)\n"
        "print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(CONFIGS.parent)},
    )
    assert done.stdout.splitlines()[-1] == "[]"
