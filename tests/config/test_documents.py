"""Config files: what a text means, the place of each value, and the errors of a text that is not a config."""

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


def test_nan_is_read_and_refused_by_the_options(wording):
    assert math.isnan(parsed("x: .nan")["x"])
    error = complaint(GOOD.replace("0.1", ".nan"))
    assert error.startswith("config.yaml:9:23: optimizer.sgd.lr: ")
    wording(error)


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


def test_a_merged_value_keeps_the_place_where_it_was_written():
    document = Document.parse("base: &base\n  lr: 0.1\nuse:\n  <<: *base\n")
    placed = document.explain(ConfigError([Problem(("use", "lr"), "is bad")]))
    assert str(placed) == "config.yaml:2:7: use.lr: is bad\n  2 |   lr: 0.1\n    |       ^"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "config.yaml"),
        ("# only a comment\n", "config.yaml"),
        ("- a\n", "config.yaml:1:1"),
        ("# x\nhello\n", "config.yaml:2:1"),
        ("epochs:10", "config.yaml:1:7"),
        ("train:\n  epochs:10\n  seed: 3", "config.yaml:2:9"),
        ("a: {units:10}", "config.yaml:1:5: a"),
        ("a:\n\tb: 1", "config.yaml:2:1"),
        ("a:\n  \t- b", "config.yaml:2:3"),
        ("a:\t1", "config.yaml:1:3"),
        ("a: [1,\n 2\n", "config.yaml:1:4"),
        ("a: [", "config.yaml:1:5"),
        (
            "a: {b: [1}",
            "config.yaml:1:10",
        ),
        ("a: 'b\nc: d\n", "config.yaml:1:4"),
        ("a: @b", "config.yaml:1:4"),
        (
            'a: "C:\\data"',
            "config.yaml:1:8",
        ),
        (
            "a: 1\n b: 2",
            "config.yaml:2:3",
        ),
        (
            "a:\n  b: 1\n c: 2",
            "config.yaml:3:2",
        ),
        (
            "a: [1]]",
            "config.yaml:1:7",
        ),
        (
            "layers: - dense",
            "config.yaml:1:9",
        ),
        (
            "a: 1\n- b",
            "config.yaml:2:1",
        ),
        (
            "- a\nb: 1",
            "config.yaml:2:1",
        ),
        ("a: 1\nb\nc: 2", "config.yaml:2:1"),
        ("a: 1\n: 2", "config.yaml:2:1"),
        ("[1, 2]: 3", "config.yaml:1:1"),
        ("a: 1\n---\nb: 1", "config.yaml:2:1"),
        ("%YAML 2.0\n---\na: 1", "config.yaml:1:1"),
        ("a: \x07", "config.yaml:1:4"),
        ('a: "\\UFFFFFFFF"', "config.yaml:1:7"),
        (
            'a: "\\ud83d"',
            "config.yaml:1:4: a",
        ),
        (
            "a: " + "9" * 5000,
            "config.yaml:1:4: a",
        ),
        (
            "a: !!python/name:os.system x",
            "config.yaml:1:4: a",
        ),
        (
            "a: !mine 3",
            "config.yaml:1:4: a",
        ),
        ("a: *b", "config.yaml:1:4: a"),
        ("<<: *b", "config.yaml:1:5: <<"),
        ("a: &a [*a]", "config.yaml:1:8: a[0]"),
        ("<<: 3", "config.yaml:1:5"),
        (
            "a: &a {b: 1}\n<<: *a\n<<: *a",
            "config.yaml:3:1: <<",
        ),
        ("a: " + "[" * 200, "config.yaml:1:103"),
    ],
)
def test_each_syntax_error_has_its_place(wording, text, place):
    error = complaint(text)
    assert error.startswith(f"{place}: ")
    wording(error)


def test_an_error_shows_its_line_with_a_caret_under_the_place():
    place, line, caret = complaint("train:\n  epochs: [1\n").split("\n")[:3]
    assert place.startswith("config.yaml:2:11: ")
    assert line == "  2 |   epochs: [1"
    assert caret == "    |           ^"


@pytest.mark.parametrize(
    ("line", "shown", "caret"),
    [
        ("é漢: @", "é漢: @", "     ^"),
        ("a: '\x85 \u200b' @", "' @", " ^"),
        (f"a: [{'1, ' * 100}@]", "1, " * 17 + "1, @]", " " * 55 + "^"),
    ],
)
def test_the_caret_is_under_its_character(line, shown, caret):
    shown_line, caret_line = complaint(line).split("\n")[1:3]
    assert shown_line.split(" | ")[1].endswith(shown) or "\\" in shown_line
    assert shown_line.replace("漢", "漢 ").index("@") == caret_line.index("^")


def test_control_characters_of_a_key_do_not_reach_the_terminal(wording):
    error = complaint(GOOD + '"\\e[31m\\n": 3')
    assert error.startswith(r"config.yaml:10:1: \x1b[31m\n: ")
    wording(error)


def test_all_duplicate_keys_are_reported_at_once(wording):
    error = complaint("train:\n  epochs: 3\n  seed: 1\n  epochs: 4\ntrain: 5\n")
    assert [line.split(" duplicate")[0] for line in error.split("\n")[::3]] == [
        "config.yaml:4:3: train.epochs:",
        "config.yaml:5:1: train:",
    ]
    wording(error)


def test_a_message_lists_at_most_a_hundred_errors():
    assert len(complaint("x: 1\n" * 5000).split("\n")) == 3 * 100
    lines = complaint(GOOD + f"milestones: [{'x, ' * 5000}]").split("\n")
    assert len(lines) == 3 * 100 + 1
    assert "4,900" in lines[-1]


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
        "a0: &a0 {b: x}\n" + "".join(f"a{i}: &a{i} {{b: *a{i - 1}, c: *a{i - 1}}}\n" for i in range(1, 30)),
        f"a: &a {{{', '.join(f'k{i}: x' for i in range(200))}}}\n<<: [{', '.join(['*a'] * 1000)}]\n",
    ],
)
def test_a_yaml_bomb_ends_in_one_error(bomb):
    error = complaint(bomb)
    assert re.match(r"config\.yaml:\d+:\d+: ", error)
    assert "100,000 values" in error
    assert error.count("config.yaml:") == 1


def test_aliases_nest_no_deeper_than_brackets(wording):
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 120))
    error = complaint(text)
    assert error.startswith("config.yaml:99:12: ")
    wording(error)


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


def refusal(file: str) -> str:
    with pytest.raises(UserError) as caught:
        load(file, kind=ToyConfig)
    return str(caught.value)


def test_errors_name_a_file_as_the_user_typed_it(tmp_path, monkeypatch, wording):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "configs" / "mnist.yaml").write_text(GOOD)
    (tmp_path / "runs" / "config.yaml").write_text(GOOD)
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 10_000_001)
    for file, place in {
        "configs/mnst.yaml": "configs/mnst.yaml",
        "config/mnist.yaml": "config/mnist.yaml",
        "latin.yaml/x": "latin.yaml/x",
        "runs": "runs",
        "configs": "configs",
        "latin.yaml": "latin.yaml:2",
        "large.yaml": "large.yaml",
        "a\0b": "'a\\x00b'",
        "x" * 300: "x" * 300,
        "qqq": "qqq",
    }.items():
        error = refusal(file)
        assert error.startswith(f"{place}: ")
        wording(error)
    assert "'configs/mnist.yaml'" in refusal("configs/mnst.yaml")


def test_an_unreadable_file_is_refused(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    error = refusal("c.yaml")
    assert error.startswith("c.yaml: ")
    assert "Permission denied" in error


def test_a_document_keeps_its_bytes_and_its_folder(tmp_path):
    raw = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    (tmp_path / "c.yaml").write_bytes(raw)
    config, document = load(tmp_path / "c.yaml", kind=ToyConfig)
    assert document.raw == raw
    assert document.folder == tmp_path
    assert config == check(GOOD)
