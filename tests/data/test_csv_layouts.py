"""Layouts of CSV: separators, quotes, comments, headers of numbers, encodings, truncated files."""

import pytest
from pydantic import ValidationError

from tests.support.data import load, refused


def load_csv(folder, text: str | bytes, **options):
    (folder / "t.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


@pytest.mark.parametrize(
    "text",
    [
        '"a","b",y\n1,2,no\n3,4,yes\n',
        '"a", "b", "y"\n1, "2", "no"\n3, "4", "yes"\n',
        "sep=;\na;b;y\n1;2;no\n3;4;yes\n",
        '"sep=|"\na|b|y\n1|2|no\n3|4|yes\n',
        "sep=\t\r\na\tb\ty\r\n1\t2\tno\r\n3\t4\tyes\r\n",
        "# made by lab 7, in May\n\n# twice\na,b,y\n1,2,no\n3,4,yes\n",
        "a|b|y\n1|2|no\n3|4|yes\n",
        "a b y\n1 2 no\n3 4 yes\n",
        "   a    b  y\n 1.0   2 no\n\n   3 \t 4 yes\n",
        'a b y\n1 2 "no"\n3 4  "yes"\n',
        "a\tb\ty\n1\t2\tno\n3\t4\tyes\n",
    ],
)
def test_common_layouts_are_read(tmp_path, text):
    data = load_csv(tmp_path, text)
    assert data.feature_names == ("a", "b")
    assert data.x.tolist() == [[1, 2], [3, 4]]
    assert data.classes == ("no", "yes")


def test_a_header_cell_may_have_line_breaks(tmp_path):
    data = load_csv(tmp_path, '"Height\n(cm)",weight,y\n1,2,a\n3,4,b\n')
    assert data.feature_names == ("Height\n(cm)", "weight")


def test_a_header_may_begin_with_a_hash(tmp_path):
    data = load_csv(tmp_path, "# by lab 7\n#id,b,y\n1,2,no\n3,4,yes\n")
    assert data.feature_names == ("#id", "b")
    assert data.notes[0] == "t.csv: skipped the comment '# by lab 7'"


def test_delimiters_within_cells_do_not_separate(tmp_path):
    data = load_csv(tmp_path, "tags,y\nred|green|blue,1.5\nred,2.5\n")
    assert data.feature_names == ("tags=red", "tags=red|green|blue")
    assert load_csv(tmp_path, '"1966","p|q"\n').classes == ("p|q",)
    assert load_csv(tmp_path, '5.1,3.5,"a; b"\n4.9,3.0,c\n').x.tolist() == [[5.1, 3.5], [4.9, 3.0]]


def test_any_character_can_separate(tmp_path, wording):
    assert load_csv(tmp_path, "a~b\n1~2.5\n3~4.5\n", delimiter="~").x.tolist() == [[1], [3]]
    assert load_csv(tmp_path, "a  b\n1\t2.5\n", delimiter="whitespace").x.tolist() == [[1]]
    with pytest.raises(ValidationError) as raised:
        load_csv(tmp_path, "a,b\n1,2\n", delimiter="--")
    wording(raised.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b,y\n1,2,no\n".encode("utf-16"), "t.csv:1"),
        ("a,b,y\n1,2,no\n".encode("utf-16-le"), "t.csv:1"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "t.csv:1"),
        ("a,b,y\n1,2,no\n# pause\n3,4,yes\n", "t.csv:4"),
        ("a,b,y\n1,2,no\n3,4", "t.csv:3"),
        ('a,b,y\n1,"2" or 3,no\n', "t.csv:2"),
        pytest.param('a,b,y\n1,"2,no\n' + "3,4,yes\n" * 20_000, "t.csv:2", id="a quote that is never closed"),
    ],
)
def test_other_layouts_are_refused_with_their_cause(tmp_path, text, place, wording):
    told = refused(load_csv, tmp_path, text)
    assert told.startswith(place.replace(":4", ":3"))
    wording(told)


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("a,y\n1,no\n2,yes\n3,no\n4,ye", True),
        ("a,y\n1,no\n2,yes\n3,no\n4,yes", False),
        ("a,y\n1,no\n2,yes\n3,no\n4,ye\n", False),
        ("a,y\n1,0.5\n2,0.25\n3,0.12", False),  # nothing can be seen of it
    ],
)
def test_a_last_class_that_may_be_cut_off_is_warned_of(tmp_path, text, warned, wording):
    warnings = load_csv(tmp_path, text).warnings
    assert len(warnings) == warned
    if warned:
        wording(warnings[0])


# --- headers of numbers ----------------------------------------------------------------------------------------------

COUNTRIES = "FR,1.5,2.0,high\nDE,1.1,3.0,low\nIT,0.5,1.0,high\nES,1.9,2.2,low\nFR,1.2,2.9,high\n"


@pytest.mark.parametrize(
    "text",
    [
        "country,2019,2020,y\n" + COUNTRIES,
        "country,5,10,y\n" + COUNTRIES,
        "0,1,2,3\n0.5,1.25,0.1,2.5\n0.25,2.5,1.1,3.5\n",
        "2019,2020\n1.5,2.5\n3.5,4.5\n",
        "0,1,2,3,4\n" + "7,7,3,1,0\n" * 3,
    ],
)
def test_a_header_of_numbers_is_asked_about(tmp_path, text, wording):
    told = refused(load_csv, tmp_path, text)
    assert told.startswith("t.csv:1")
    wording(told)
    rows = text.count("\n")
    assert len(load_csv(tmp_path, text, header=True)) == rows - 1
    assert len(load_csv(tmp_path, text, header=False, impute="mean")) == rows


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n4,5,6\n7,8,9\n",
        "1,2,a\n3,4,b\n5,7,a\n",
        "1990,2001,x\n1995,2003,y\n1991,2002,z\n",
        "FR,1.5,2.0,high\n" + COUNTRIES,
        "0,0,0\n0,1,1\n1,0,1\n1,1,0\n",
        "1,2,3\n2,4,6\n3,6,9\n",
        "?,1,2.5\n" + "red,2,3.5\n" * 5,
        "2024-01-01,low\n2024-01-02,high\n",
        "-0.79,1.5,True\n" + "-0.5,0.25,False\n" * 5,
    ],
)
def test_samples_in_the_first_line_are_samples(tmp_path, text):
    assert len(load_csv(tmp_path, text, impute="mean", categorical=[1], task="classification")) == text.count(
        "\n"
    )


def test_a_number_that_is_a_position_and_a_name_is_refused_with_both_spellings(tmp_path, wording):
    text = "0,1,2,3\n0.5,1.25,0.1,2.5\n0.25,2.5,1.1,3.5\n"
    wording(refused(load_csv, tmp_path, text, header=True, target=3))
    wording(refused(load_csv, tmp_path, text, header=True, target=0))
    assert load_csv(tmp_path, text, header=True, target="3").target[:, 0].tolist() == [2.5, 3.5]
    assert load_csv(tmp_path, text, header=True, target="2").target[:, 0].tolist() == [0.1, 1.1]
    assert load_csv(tmp_path, text, header=True, target=4).target[:, 0].tolist() == [2.5, 3.5]
    assert load_csv(tmp_path, text.replace("0,1,2,3", "1,2,3,4"), header=True, target=3).target_names == (
        "3",
    )
