"""Tables, messages and formats of the terminal."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from nntrain.errors import UserError
from nntrain.layers.dense import Dense
from nntrain.network.graph import build_graph
from nntrain.report import formats
from nntrain.report.terminal.messages import show_error, show_warning
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.tables import LayerRow, gradcheck, layer_rows, scores, show_scores, summary
from tests.report.test_progress import plain_console, terminal


def text_of(renderable, width=1000):
    console = plain_console(width)
    console.print(renderable)
    return console.file.getvalue()


ROWS = [
    LayerRow("input", "", (32,), 0, 0),
    LayerRow("wide [red]one[/red]", "dense", (2048,), 1_234_567, 25_000_000),
    LayerRow("wide.relu", "relu", (2048,), 0, 2048, fused=True),
    LayerRow("last", "dense", (10,), 20_490, 40_960, frozen=20_490),
]


def test_the_model_table_has_readable_numbers_and_totals(wording):
    text = text_of(summary(ROWS))
    assert "1.23 M" in text
    assert "25.0 M" in text
    assert "(2048,)" in text
    assert "3 layers" in text
    assert "1,255,057 parameters, 4.79 MiB" in text
    assert "relu (fused)" in text
    assert "wide [red]one[/red]" in text
    assert "9.58 MiB" in text_of(summary(ROWS, bytes_per_value=8))
    wording(text)


def test_the_model_table_is_made_from_a_graph():
    rows = layer_rows(build_graph([Dense(units=8, activation="relu", freeze=True), Dense(units=3)], (4,)))
    assert [(row.name, row.kind, row.output_shape, row.parameters) for row in rows] == [
        ("input", "", (4,), 0),
        ("dense_1", "dense", (8,), 40),
        ("dense_1.relu", "relu", (8,), 0),
        ("dense_2", "dense", (3,), 27),
    ]
    assert [row.frozen for row in rows] == [0, 40, 0, 0]
    assert rows[1].flops >= 2 * 4 * 8


CHECKS = [
    SimpleNamespace(
        component=name,
        tensor="weight",
        checked=25,
        max_abs_error=1e-9,
        max_rel_error=error,
        worst_index="(2, 3)",
        backprop=0.125,
        numeric=0.25,
        kinks=int(status == "KINK"),
        status=status,
    )
    for name, error, status in [("dense", 3e-9, "PASS"), ("relu", 2e-7, "KINK"), ("[b]odd", 0.031, "FAIL")]
]


def test_the_gradient_table_shows_every_check_and_its_status(wording):
    text = text_of(gradcheck(CHECKS, SimpleNamespace(weights=4810, backward_s=3e-4, numeric_s=1.2)))
    for word in (
        "component",
        "checked",
        "max abs",
        "worst at",
        "3.0e-09",
        "3.1e-02",
        "(2, 3)",
        "0.125",
        "0.25",
        "[b]odd",
    ):
        assert word in text
    assert "3 tensors: 1 PASS, 1 KINK, 1 FAIL" in text
    assert "kinks: in 1 of 75 comparisons" in text
    assert "4,810" in text
    assert "300 µs" in text
    assert "4,000 times" in text
    assert "FAIL [b]odd, weight at (2, 3): backprop 0.125, numeric 0.25" in text
    wording(text)


@pytest.mark.parametrize("renderable", [summary(ROWS), gradcheck(CHECKS)], ids=["summary", "gradcheck"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_leave_out_columns_rather_than_overflow(renderable, width):
    text = text_of(renderable, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "hidden" not in text_of(renderable)
    if width == 60:
        assert "hidden columns" in text


def test_scores_are_shown_with_a_matrix_below(wording):
    text = text_of(scores({"loss": 0.1123, "confusion_matrix": [[50.0, 2.0], [0.0, 7.0]], "accuracy": 0.975}))
    assert text.splitlines()[:2] == ["loss      0.1123", "accuracy  0.9750"]
    assert text.splitlines()[-1].split() == ["1", "0", "7"]
    console = plain_console()
    show_scores(
        {"split": "test", "samples": 1360, "loss": 0.5},
        "runs/[b]x/checkpoints/best.safetensors",
        console=console,
    )
    assert "runs/[b]x/checkpoints/best.safetensors\nloss  0.5000\n" in console.file.getvalue()
    wording(text)
    wording(console.file.getvalue())


def test_a_long_path_is_printed_unbroken_and_escaped():
    path = "/a/very/long/path" * 21 + "/[bold]config[/bold].yaml"
    console = terminal(40)
    show_error(UserError(f"{path}: no such file\x1b[2J"), console)
    assert console.file.getvalue() == f"error: {path}: no such\n  file\\x1b[2J\n"
    console = plain_console(40)  # a file
    show_error(UserError(f"{path}: no such file\x1b[2J"), console)
    assert console.file.getvalue() == f"error: {path}: no such file\\x1b[2J\n"


def test_messages_go_to_stderr_with_the_hint_on_a_line_of_its_own(capsys):
    show_error(UserError("no such file", "check the path", place="a.yaml:3"))
    show_warning("first\nhint: second")
    show_error(ZeroDivisionError())
    assert capsys.readouterr() == (
        "",
        "error: a.yaml:3: no such file\nhint: check the path\nwarning: first\nhint: second\nerror: ZeroDivisionError\n",
    )


def test_labels_are_coloured_on_a_terminal_unless_no_color_is_set(monkeypatch):
    for no_color in (False, True):
        if no_color:
            monkeypatch.setenv("NO_COLOR", "1")
        console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system="standard")
        show_error(UserError("wrong", "do it right"), console)
        assert ("\x1b[1;31m" in console.file.getvalue()) == (not no_color)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (formats.number(0.45), "0.4500"),
        (formats.number(1234.4), "1234"),
        (formats.number(0.99996), "1.000"),
        (formats.number(1.234e-5), "1.234e-5"),
        (formats.number(None), ""),
        (formats.number(0.0), "0"),
        (formats.number(float("-inf")), "-inf"),
        (formats.number(1e7), "1.000e7"),
        (formats.short(0.1), "0.1"),
        (formats.short(3e-4), "3e-4"),
        (formats.short(1e-10), "1e-10"),
        (formats.short(0.0), "0"),
        (formats.count(640), "640"),
        (formats.count(1290), "1,290"),
        (formats.count(52_100), "52.1 k"),
        (formats.count(999_950), "1.00 M"),
        (formats.count(25e6, "FLOP"), "25.0 MFLOP"),
        (formats.count(123e6), "123 M"),
        (formats.count(12, "FLOP"), "12 FLOP"),
        (formats.size(640), "640 B"),
        (formats.size(4300), "4.2 KiB"),
        (formats.size(1023 * 2**20), "1023 MiB"),
        (formats.duration(3.4e-4), "340 µs"),
        (formats.duration(0.0042), "4.2 ms"),
        (formats.duration(0.124), "0.12 s"),
        (formats.duration(59.97), "1 min 00 s"),
        (formats.duration(3599.7), "1 h 00 min"),
        (formats.duration(90_000), "1 d 01 h"),
        (formats.clock(3723), "1:02:03"),
        (formats.clock(7.9), "0:07"),
        (formats.split_and_score("validation_top_k_accuracy"), ("validation", "top k accuracy")),
        (formats.split_and_score("lr"), ("", "lr")),
    ],
)
def test_numbers_are_formatted_for_people(call, expected):
    assert call == expected


COLUMNS = [Column("run", "left"), Column("test\nloss"), Column("status", "left"), Column("time", drop_rank=1)]
TABLE = [
    ["digits", "0.5", Text("finished", "green"), "1 s"],
    ["漢字 [b]x", "12.25", Text.assemble("killed ", ("here", "dim")), ""],
    ["a-name-that-is-longer-than-all-others", "", "", "2 min"],
]


@pytest.mark.parametrize("width", [200, 60, 50, 40, 30])
@pytest.mark.parametrize("totals", [None, ["3 runs", "13", "", "3 min"]])
@pytest.mark.parametrize("longest_first", [None, 12])
def test_a_table_that_fits_looks_as_rich_would_draw_it(monkeypatch, width, totals, longest_first):
    table = ResponsiveTable(COLUMNS, TABLE, totals, {1: "bold"}, longest_first=longest_first)
    assert (
        width < 200 or table.lines(terminal(width), terminal(width).options, [0, 1, 2, 3], set()) is not None
    )

    def drawn():
        with (console := terminal(width)).capture() as captured:
            console.print(table)
        return [line.rstrip() for line in captured.get().splitlines()]

    ours = drawn()
    monkeypatch.setattr(ResponsiveTable, "lines", lambda *_: None)
    assert ours == drawn()


def test_a_table_with_cells_of_several_lines_is_drawn_by_rich():
    table = ResponsiveTable([Column("a"), Column("b")], [["1\n2", "3"]])
    assert text_of(table).splitlines()[2:] == ["1   ", "2  3"]


def test_the_styles_of_rows_and_cells_are_kept():
    table = ResponsiveTable(COLUMNS[:3], [row[:3] for row in TABLE[:2]], row_styles={1: "bold"})
    styles = {part.text: str(part.style) for part in plain_console(60).render(table)}
    assert styles["run"] == "bold"
    assert styles["finished"] == "green"
    assert styles["12.25"] == "bold"
    assert styles["here"] == "bold dim"
