"""Config files: what a text means, where each value stands, and what a user reads when it is wrong."""

import contextlib
import errno
import math
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.config import Document, dump, load
from nntrain.errors import ConfigError, Problem, UserError
from tests.support.toy_config import GOOD, ToyConfig, check, complaint


def parsed(text: str) -> dict:
    return Document.parse(text).tree


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.1", -0.1),
        ("+3.", 3.0),
        ("1.5e+3", 1500.0),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("e3", "e3"),
        (".", "."),
        ("1e", "1e"),
        ("nan", "nan"),
        ("=", "="),
        ("٣", "٣"),
        ("'1e-3'", "1e-3"),
        ('"true"', "true"),
        ("''", ""),
        ("1.2.3", "1.2.3"),
        ("C:\\data", "C:\\data"),
    ],
)
def test_a_scalar_means_what_it_looks_like(word, value):
    read = parsed(f"x: {word}")["x"]
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read_and_left_for_the_options_to_refuse():
    assert math.isnan(parsed("x: .nan")["x"])
    assert complaint(GOOD.replace("0.1", ".nan")) == (
        "config.yaml:9:23: optimizer.sgd.lr: expected a finite number. Received: nan.\n"
        "  9 | optimizer: {sgd: {lr: .nan}}\n"
        "    |                       ^"
    )


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")))
    | st.sampled_from(["1e-3", "yes", "0x1", "08", "~", "<<", "1:30"]),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text("ab: #-'\"é1~", min_size=1), below, max_size=4)
    ),
    max_leaves=20,
)


@settings(database=None, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), plain, min_size=1, max_size=4))
def test_what_dump_writes_reads_as_the_same_values(tree):
    assert repr(parsed(dump(tree))) == repr(tree)


def test_dumped_text_means_the_same_to_other_readers():
    text = dump({"a": "yes", "b": "1e-3", "c": 1e-05, "d": [1, (2, 3)]})
    assert text == "a: 'yes'\nb: '1e-3'\nc: 1e-05\nd:\n- 1\n- - 2\n  - 3\n"
    assert yaml.safe_load(text)["a"] == "yes"


def test_keys_are_text_as_written():
    assert parsed("1: a\ntrue: b\non: c\n1e3: d\n'': e") == {
        "1": "a",
        "true": "b",
        "on": "c",
        "1e3": "d",
        "": "e",
    }


def test_anchors_and_merges_work():
    anchors = "base: &base {lr: 0.1, steps: 5}\nmore: &more {lr: 9, eps: 1}\n"
    read = parsed(anchors + "a: {<<: *base, lr: 0.2}\nb: {<<: [*base, *more]}\nc: *base\nd: {'<<': 1}")
    assert read["a"] == {"lr": 0.2, "steps": 5}
    assert read["b"] == {"lr": 0.1, "steps": 5, "eps": 1}
    assert read["c"] == {"lr": 0.1, "steps": 5}
    assert read["d"] == {"<<": 1}


def test_a_merged_value_stands_where_it_was_written():
    document = Document.parse("base: &base\n  lr: 0.1\nuse:\n  <<: *base\n")
    told = document.explain(ConfigError([Problem(("use", "lr"), "is bad.")]))
    assert str(told) == "config.yaml:2:7: use.lr: is bad.\n  2 |   lr: 0.1\n    |       ^"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config.yaml: the file is empty: expected options such as `data: digits`, one a line."),
        (
            "# only a comment\n",
            "config.yaml: the file is empty: expected options such as `data: digits`, one a line.",
        ),
        ("- a\n", "config.yaml:1:1: expected options such as `data: digits`, one a line. Received: ['a']."),
        (
            "# x\nhello\n",
            "config.yaml:2:1: expected options such as `data: digits`, one a line. Received: 'hello'.",
        ),
        ("epochs:10", "config.yaml:1:7: a space is missing after this ':'."),
        ("train:\n  epochs:10\n  seed: 3", "config.yaml:2:9: a space is missing after this ':'."),
        ("a: {units:10}", "config.yaml:1:5: a: a space is missing after the ':'. Write `units: 10`."),
        ("a:\n\tb: 1", "config.yaml:2:1: a tab indents this line. YAML takes spaces only."),
        ("a:\n  \t- b", "config.yaml:2:3: a tab indents this line. YAML takes spaces only."),
        ("a:\t1", "config.yaml:1:3: a tab stands here. YAML takes spaces only."),
        ("a: [1,\n 2\n", "config.yaml:1:4: the bracket that opens here is never closed by ']'."),
        ("a: [", "config.yaml:1:5: the text ends before a bracket is closed."),
        (
            "a: {b: [1}",
            "config.yaml:1:10: expected ',' or ']' to go on with or to close what opens on line 1.",
        ),
        ("a: 'b\nc: d\n", "config.yaml:1:4: the quote that opens here is never closed."),
        ("a: @b", "config.yaml:1:4: a value cannot start with '@'. Put it in quotes."),
        (
            'a: "C:\\data"',
            "config.yaml:1:8: a backslash and 'd' mean nothing in double quotes. Use single quotes to keep "
            "backslashes as they are.",
        ),
        (
            "a: 1\n b: 2",
            "config.yaml:2:3: this ':' is out of place. Check the indentation, and the space after each ':' above; "
            "put text that holds ': ' in quotes.",
        ),
        (
            "a:\n  b: 1\n c: 2",
            "config.yaml:3:2: this does not line up with what it belongs to, which starts on line 1. "
            "Check the indentation.",
        ),
        (
            "a: [1]]",
            "config.yaml:1:7: this does not belong here. Check the quotes, brackets and commas before it.",
        ),
        (
            "layers: - dense",
            "config.yaml:1:9: a list's '- ' cannot start here. Put it on a line of its own, indented like the "
            "list's other entries.",
        ),
        (
            "a: 1\n- b",
            "config.yaml:2:1: a list's entry cannot stand among the options that start on line 1. Check the indentation.",
        ),
        (
            "- a\nb: 1",
            "config.yaml:2:1: an option cannot stand among the list's entries that start on line 1. "
            "Check the indentation.",
        ),
        ("a: 1\nb\nc: 2", "config.yaml:2:1: expected `name: value`, with a space after the ':'."),
        ("a: 1\n: 2", "config.yaml:2:1: a name is missing before this ':'."),
        ("[1, 2]: 3", "config.yaml:1:1: expected a name before ':'. Received: [1, 2]."),
        ("a: 1\n---\nb: 1", "config.yaml:2:1: a second document starts here. A config is one: remove `---`."),
        ("%YAML 2.0\n---\na: 1", "config.yaml:1:1: only YAML 1 is read. Remove the %YAML line."),
        ("a: \x07", "config.yaml:1:4: the character U+0007 is not allowed in YAML. Remove it."),
        ('a: "\\UFFFFFFFF"', "config.yaml:1:7: a number in an escape or a directive is out of range."),
        (
            'a: "\\ud83d"',
            r"config.yaml:1:4: a: an escape such as \ud83d names half a character. Write the whole one.",
        ),
        (
            "a: " + "9" * 5000,
            "config.yaml:1:4: a: expected a number of fewer digits. Received: 5,000 of them.",
        ),
        (
            "a: !!python/name:os.system x",
            "config.yaml:1:4: a: tags such as `!!python/name:os.system` are not read. "
            "Write the value plainly; quotes make it text.",
        ),
        (
            "a: !mine 3",
            "config.yaml:1:4: a: tags such as `!mine` are not read. Write the value plainly; quotes make it text.",
        ),
        ("a: *b", "config.yaml:1:4: a: nothing above is marked `&b`."),
        ("<<: *b", "config.yaml:1:5: <<: nothing above is marked `&b`."),
        ("a: &a [*a]", "config.yaml:1:8: a[0]: `*a` stands inside `&a` itself."),
        ("<<: 3", "config.yaml:1:5: `<<` takes a mapping, or a list of them. Received: 3."),
        (
            "a: &a {b: 1}\n<<: *a\n<<: *a",
            "config.yaml:3:1: <<: stands twice; the first is on line 2. Write `<<: [*one, *two]`.",
        ),
        ("a: " + "[" * 200, "config.yaml:1:103: the text is nested more than 100 levels deep."),
    ],
)
def test_each_mistake_in_the_text_is_told_in_plain_words(text, message):
    assert complaint(text).split("\n")[0] == message


def test_the_source_line_is_shown_with_a_caret_under_the_place():
    assert complaint("train:\n  epochs: [1\n") == (
        "config.yaml:2:11: the bracket that opens here is never closed by ']'.\n"
        "  2 |   epochs: [1\n"
        "    |           ^"
    )


@pytest.mark.parametrize(
    ("line", "shown", "caret"),
    [
        ("é漢: @", "é漢: @", "     ^"),
        ("a: '\x85 \u200b' @", "' @", " ^"),
        (f"a: [{'1, ' * 100}@]", "1, " * 17 + "1, @]", " " * 55 + "^"),
    ],
)
def test_the_caret_stands_under_its_character(line, shown, caret):
    shown_line, caret_line = complaint(line).split("\n")[-2:]
    assert shown_line.split(" | ")[1].endswith(shown) or "\\" in shown_line
    assert shown_line.replace("漢", "漢 ").index("@") == caret_line.index("^")


def test_control_characters_of_a_key_do_not_reach_the_terminal():
    assert complaint(GOOD + '"\\e[31m\\n": 3').split("\n")[0] == (
        r"config.yaml:10:1: \x1b[31m\n: no such option. There are: data, milestones, model, name, optimizer, train, weights."
    )


def test_all_duplicate_keys_are_told_at_once():
    assert complaint("train:\n  epochs: 3\n  seed: 1\n  epochs: 4\ntrain: 5\n") == (
        "config.yaml:4:3: train.epochs: stands twice; the first is on line 2.\n"
        "  4 |   epochs: 4\n"
        "    |   ^\n"
        "config.yaml:5:1: train: stands twice; the first is on line 1.\n"
        "  5 | train: 5\n"
        "    | ^"
    )


def test_thousands_of_mistakes_end_in_one_readable_message():
    assert len(complaint("x: 1\n" * 5000).split("\n")) == 3 * 100
    told = complaint(GOOD + f"milestones: [{'x, ' * 5000}]").split("\n")
    assert len(told) == 3 * 100 + 1
    assert told[-1] == "... and 4,900 more."


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
        "a0: &a0 {b: x}\n" + "".join(f"a{i}: &a{i} {{b: *a{i - 1}, c: *a{i - 1}}}\n" for i in range(1, 30)),
        f"a: &a {{{', '.join(f'k{i}: x' for i in range(200))}}}\n<<: [{', '.join(['*a'] * 1000)}]\n",
    ],
)
def test_a_billion_laughs_end_in_one_message(bomb):
    first, *rest = complaint(bomb).split("\n")
    message = r"the text holds more than 100,000 values, each alias \(`\*name`\) written out\."
    assert re.fullmatch(rf"config\.yaml:\d+:\d+: {message}", first)
    assert len(rest) == 2


def test_aliases_nest_no_deeper_than_brackets():
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 120))
    assert (
        complaint(text).split("\n")[0] == "config.yaml:99:12: the text is nested more than 100 levels deep."
    )


PIECES = [
    "a",
    "b",
    ":",
    ": ",
    " ",
    "\n",
    "\n  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&a ",
    "*a",
    "<<: ",
    "'",
    '"',
    "\\",
    "\\x",
    "\\U0011",
    "|",
    ">",
    "!",
    "!!",
    "!<",
    "%",
    "%YAML ",
    "%TAG ",
    "---\n",
    "...\n",
    "#",
    "? ",
    "\t",
    "~",
    "1",
    "9.",
    "é",
    "\r",
    "\u2028",
    "\x85",
    "\ufeff",
    "0x",
    ".",
]


@settings(database=None, deadline=None, max_examples=300)
@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_text_raises_anything_but_a_user_error(text):
    with contextlib.suppress(UserError):
        assert isinstance(parsed(text), dict)


@settings(database=None, deadline=None, max_examples=50)
@given(st.binary())
def test_no_bytes_raise_anything_but_a_user_error(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("bytes") / "config.yaml"
    file.write_bytes(raw)
    with pytest.raises(UserError):
        load(file, kind=ToyConfig)


def test_files_that_cannot_be_read_are_told_as_the_user_typed_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "configs" / "mnist.yaml").write_text(GOOD)
    (tmp_path / "runs" / "config.yaml").write_text(GOOD)
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 10_000_001)

    def told(file):
        with pytest.raises(UserError) as caught:
            load(file, kind=ToyConfig)
        return str(caught.value)

    assert told("configs/mnst.yaml") == "configs/mnst.yaml: no such file. Did you mean 'configs/mnist.yaml'?"
    assert told("config/mnist.yaml") == "config/mnist.yaml: no such file. There is no folder 'config'."
    assert told("latin.yaml/x") == "latin.yaml/x: no such file. There is no folder 'latin.yaml'."
    assert (
        told("runs") == "runs: expected a config file. Received: a folder. Did you mean 'runs/config.yaml'?"
    )
    assert told("configs") == "configs: expected a config file. Received: a folder."
    assert told("latin.yaml") == "latin.yaml:2: the text is not UTF-8. Save it as UTF-8 in your editor."
    assert told("large.yaml") == "large.yaml: expected a config of at most 10 MB. Received: a larger file."
    assert told("a\0b") == "'a\\x00b': no file can have this name."
    assert told("x" * 300) == f"{'x' * 300}: cannot read the file: File name too long."
    assert told("qqq").startswith("qqq: no such file. There are: large.yaml, latin.yaml.")


def test_an_unreadable_file_is_told(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(UserError, match=r"^c\.yaml: cannot read the file: Permission denied\.$"):
        load("c.yaml", kind=ToyConfig)


def test_a_document_keeps_its_bytes_and_its_folder(tmp_path):
    raw = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    (tmp_path / "c.yaml").write_bytes(raw)
    config, document = load(tmp_path / "c.yaml", kind=ToyConfig)
    assert document.raw == raw
    assert document.folder == tmp_path
    assert config == check(GOOD)
