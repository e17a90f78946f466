"""Narrow terminals: no word is broken that fits on a line, and the caret stays below its character."""

import re
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.text import Text

from nntrain.config import Document
from nntrain.config.validate import checked
from nntrain.errors import UserError
from nntrain.manual.pages import find
from nntrain.report.terminal.messages import show_error, show_warning
from nntrain.report.terminal.pages import show_page
from nntrain.report.terminal.progress import Progress
from nntrain.report.terminal.tables import LayerRow, summary
from nntrain.report.terminal.wrapping import wrapped
from tests.report.test_progress import Clock, terminal, train

LONG = """\
data: digits
model: {layers: [flatten, {dense: {units: 64, activation: relu}}, relu, relu, relu, relu, {dense: {unit: 64, activation: relu}}, {dense: 10}]}
loss: cross_entropy
train: {"名前の長いオプション名前の長いオプション": 3, epoch: 3}
optimizer: {sgd: {lrr: 0.1}}
"""


def words(text: str) -> list[str]:
    return re.findall(r"[^\s]+", text)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_errors_in_a_config_fit_the_terminal_and_mark_their_character(width):
    with pytest.raises(UserError) as caught:
        checked(Document.parse(LONG))
    console = terminal(width)
    show_error(caught.value, console)
    lines = console.file.getvalue().splitlines()
    too_long = [line for line in lines if cell_len(line) > width]
    assert all(
        "名前" in line and ": no such" in line for line in too_long
    )  # a single word is longer than the line
    marked = []
    for line, below in pairwise(lines):
        if below.endswith("^") and "|" in below:
            column = len(below) - 1
            place = next(place for place in range(len(line)) if cell_len(line[:place]) >= column)
            marked.append(re.match(r'"?\w+', line[place:])[0])
    assert marked == [
        "unit",
        '"名前の長いオプション名前の長いオプション'[: len(marked[1])],
        "epoch",
        "sgd",
        "lrr",
    ]
    told = " ".join(line.strip() for line in lines if "|" not in line)
    assert words(told) == words("error: " + re.sub(r"\n.*\|.*", "", str(caught.value)))


@pytest.mark.parametrize("width", [20, 40, 60])
def test_messages_break_between_words(width):
    text = "a text of several words for a narrow terminal\nhint: Set `train.batch_size` to 32, for example."
    console = terminal(width)
    show_warning(text, console)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert words(" ".join(lines)) == words(f"warning: {text}")
    assert all(line.startswith(("warning: ", "hint: ", "  ")) for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 9, ["one two", "  three"]),
        ("run         runs/a/very/long/name", 16, ["run         runs/a/very/long/name"]),
        (
            "to a/very/long/name and on",
            12,
            ["to a/very/long/name and", "  on"],
        ),  # "long/name and" is the second line
        ("漢字 漢字 漢字", 10, ["漢字 漢字", "  漢字"]),
        ("  indented text", 10, ["  indented", "  text"]),
        ("", 10, [""]),
    ],
)
def test_only_a_word_that_is_longer_than_the_line_is_left_to_the_terminal(text, width, lines):
    assert wrapped(Text(text), width, indent=2).plain.split("\n") == lines


def test_styles_survive_wrapping():
    text = wrapped(Text.assemble(("error: ", "bold"), "some words ", ("last", "red")), 12)
    assert text.plain == "error: some\nwords last"
    assert [text.plain[span.start : span.end] for span in text.spans if span.style == "red"] == ["last"]


ROWS = [
    LayerRow("input", "", (32,), 0, 0),
    LayerRow("repeat_1.1.residual_2.body.dense_1", "dense", (64, 512), 66_000, 25_000_000),
    LayerRow("last", "dense", (10,), 20_490, 40_960),
]


def test_a_long_name_in_a_table_has_a_line_of_its_own(wording):
    console = terminal(40)
    console.print(summary(ROWS))
    text = console.file.getvalue()
    lines = [line.rstrip() for line in text.splitlines()]
    assert "repeat_1.1.residual_2.body.dense_1" in lines
    assert lines[lines.index("repeat_1.1.residual_2.body.dense_1") + 1].split() == [
        "(64,",
        "512)",
        "66.0",
        "k",
    ]
    assert all(len(line) <= 40 for line in lines)
    wording(text)


@pytest.mark.parametrize("width", [40, 60])
def test_a_page_of_the_manual_breaks_between_words(width):
    console, wide = terminal(width), terminal(1000)
    page = find("layer", "conv2d")
    show_page(page, console)
    show_page(page, wide)
    assert words(console.file.getvalue()) == words(wide.file.getvalue())
    example = page.example.split("\n")
    assert all(
        len(line) <= width or line.strip() in page.example for line in console.file.getvalue().splitlines()
    )
    assert "\n".join(f"  {line}" for line in example) in console.file.getvalue()  # can be copied


def test_the_final_lines_break_between_words_but_not_the_command_to_copy():
    console = terminal(40)
    progress = Progress(console=console, live=False)
    command = "nntrain fit a/folder/of/mine/config.yaml --set optimizer.sgd.lr=0.05 --resume"
    train(progress, Clock(), folder="runs/a_long_name_of_a_run")
    progress.finished("finished", {"test": {"loss": 0.1, "top_k_accuracy": 0.9, "recall": 0.8}}, {}, command)
    lines = console.file.getvalue().splitlines()
    assert lines[-1] == f"next        {command}"
    assert all(len(line) <= 40 for line in lines[:-1])
    at = next(number for number, line in enumerate(lines) if line.startswith("test "))
    assert lines[at + 1].startswith(" " * 12 + "0.9000")
