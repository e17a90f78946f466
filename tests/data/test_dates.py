"""Dates, times and booleans of a table as numbers, in training and for new data."""

import math

import numpy as np
import pytest

from nntrain.data.conform.tables import TableEncoder
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.date_spellings import in_order
from nntrain.data.tables.dates import moment, orders_of, parts_of
from tests.support.data import load, refused

DAYS = "day,y\n2024-01-01,1.5\n2024-07-01,2.5\n2024-12-31,3.5\n"


def load_csv(folder, text: str, **options):
    (folder / "t.csv").write_text(text)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


def encoded(folder, train, text: str) -> np.ndarray:
    """New rows in the form of the training data."""
    (folder / "new.csv").write_text(text)
    csv = Csv(path="new.csv")
    with csv.rows(folder) as rows:
        return TableEncoder(train, csv, rows).inputs()


def test_a_date_becomes_years_and_cycles(tmp_path):
    data = load_csv(tmp_path, DAYS)
    assert data.feature_names == (
        "day (year)",
        "day (month sin)",
        "day (month cos)",
        "day (weekday sin)",
        "day (weekday cos)",
    )
    assert data.x[:, 0] == pytest.approx([24, 24.5, 25], abs=0.01)
    assert data.x[:, 1:3] == pytest.approx(np.array([[0, 1], [0, -1], [0, 1]]), abs=0.02)
    monday, tuesday = [0, 1], [math.sin(2 * math.pi / 7), math.cos(2 * math.pi / 7)]
    assert data.x[:, 3:] == pytest.approx(np.array([monday, monday, tuesday]))
    assert data.notes[0] == "column day: dates, read as year, month, weekday"


def test_times_of_day_are_a_cycle(tmp_path):
    times = load_csv(tmp_path, "at,y\n00:00,1.5\n06:00,2.5\n12:00:00,3.5\n")
    assert times.feature_names == ("at (hour sin)", "at (hour cos)")
    assert times.x == pytest.approx(np.array([[0, 1], [1, 0], [0, -1]]))
    both = load_csv(tmp_path, "at,y\n2024-01-01T06:00,1.5\n2024-01-01 18:00:00.5,2.5\n")
    assert both.feature_names[-2:] == ("at (hour sin)", "at (hour cos)")
    assert both.x[:, -2] == pytest.approx([1, -1])


def test_zones_count_for_the_time_and_clocks_for_the_hour():
    here, there = moment("2024-01-01T12:00:00Z"), moment("2024-01-01 13:00+01:00")
    assert here.years == there.years
    assert here.part("hour cos") == pytest.approx(-1)
    assert there.part("hour cos") == pytest.approx(math.cos(2 * math.pi * 13 / 24))


def test_months_have_no_weekday():
    assert parts_of(["2024-01", "2024-02"]) == ("year", "month sin", "month cos")


@pytest.mark.parametrize(
    "text", ["2024-13-01", "2023-02-29", "2024-1-5", "20240131", "25:00", "1.1.2024", "", "0000-01-01"]
)
def test_other_text_is_no_date(text):
    assert moment(text) is None
    assert parts_of([text]) == ()


def test_a_missing_date_is_a_gap(tmp_path):
    text = "day,y\n2024-01-01,1.5\n,2.5\n2024-12-31,3.5\n"
    assert "day': expected a date. Received: a missing value" in refused(load_csv, tmp_path, text)
    data = load_csv(tmp_path, text, impute="median")
    assert np.isnan(data.x[1]).all()
    assert not np.isnan(data.x[[0, 2]]).any()


def test_new_data_gets_the_parts_of_the_training(tmp_path, wording):
    train = load_csv(tmp_path, "day,y\n2024-01-01T06:00,1.5\n2024-07-01T07:00,2.5\n")
    assert encoded(tmp_path, train, "day\n2024-01-01 06:00:00\n").tolist() == train.x[:1].tolist()
    assert encoded(tmp_path, train, "day\n2024-01-01\n").shape == (1, 7)
    names = ",".join(f'"{name}"' for name in train.feature_names)
    values = ",".join(map(repr, train.x[0].tolist()))
    assert encoded(tmp_path, train, f"{names}\n{values}\n").tolist() == train.x[:1].tolist()
    wording(refused(encoded, tmp_path, train, "day\nyesterday\n"))
    wording(refused(encoded, tmp_path, train, "days\n2024-01-01\n"))


def test_a_validation_file_without_times_has_the_parts_of_the_training(tmp_path):
    (tmp_path / "v.csv").write_text("day,y\n2024-01-01,1.5\n2024-07-01,2.5\n")
    train = load_csv(tmp_path, "day,y\n2024-01-01T06:00,1.5\n2024-07-01T07:00,2.5\n")
    held_out = Csv(path="v.csv").load_like(tmp_path, train).train
    assert held_out.feature_names == train.feature_names


def test_dates_that_are_declared_categories_are_categories(tmp_path):
    assert load_csv(tmp_path, DAYS, categorical=["day"]).one_hot[0].categories[0] == "2024-01-01"


def test_booleans_are_0_and_1(tmp_path):
    data = load_csv(tmp_path, "old,y\nTrue,1.5\nfalse,2.5\nTRUE,3.5\n")
    assert data.feature_names == ("old",)
    assert data.x.tolist() == [[1], [0], [1]]
    assert encoded(tmp_path, data, "old\nfalse\n1\ntrue\n".replace("1\n", "")).tolist() == [[0], [1]]
    gaps = load_csv(tmp_path, "old,y\nTrue,1.5\n,2.5\nFalse,3.5\n", impute="median")
    assert np.array_equal(gaps.x, [[1], [np.nan], [0]], equal_nan=True)


def test_other_words_than_true_and_false_are_categories(tmp_path):
    assert load_csv(tmp_path, "old,y\nTrue,1.5\nmaybe,2.5\n").one_hot[0].categories == ("True", "maybe")
    assert load_csv(tmp_path, "x,y\n1,True\n2,False\n").classes == ("False", "True")


def test_numbers_that_lose_digits_are_warned_of(tmp_path, wording):
    (warning,) = load_csv(tmp_path, "id,x,y\n1234567890123456789,1,0.5\n1234567890123456790,2,1.5\n").warnings
    wording(warning)
    (warning,) = load_csv(tmp_path, "zip,x,y\n01234,1,0.5\n90210,2,1.5\n").warnings
    wording(warning)
    assert not load_csv(tmp_path, "zip,x,y\n01234,1,0.5\n90210,2,1.5\n", categorical=["zip"]).warnings
    assert not load_csv(tmp_path, "m,x,y\n01,1e30,0.5\n12,2,1.5\n").warnings


def test_many_categories_are_warned_of(tmp_path, wording):
    text = "city,x,y\n" + "".join(f"c{row % 150},{row},{row / 7}\n" for row in range(600))
    (warning,) = load_csv(tmp_path, text).warnings
    wording(warning)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2010/01/31", "2010-01-31"),
        ("2010/01/31 00:00", "2010-01-31T00:00"),
        ("2010/1/5 7:30:15", "2010-01-05T07:30:15"),
        ("2010.01.31 13:45", "2010-01-31T13:45"),
        ("31 Jan 2010", "2010-01-31"),
        ("31-JAN-2010 13:45", "2010-01-31T13:45"),
        ("January 31, 2010 1:45 PM", "2010-01-31T13:45"),
        ("Sept 1 2010 12:00 a.m.", "2010-09-01T00:00"),
        ("Jan 1991", "1991-01"),
        ("Jan-1991", "1991-01"),
        ("1991-Q3", "1991-07"),
        ("1991Q3", "1991-07"),
        ("Q4 1991", "1991-10"),
    ],
)
def test_dates_that_can_be_read_in_one_way_are_read(text, iso):
    found, expected = moment(text), moment(iso)
    assert (found.at, found.grain) == (expected.at, expected.grain)
    assert parts_of([text]) == parts_of([iso])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2010/13/01",
            "2010/02/30",
            "31 Foo 2010",
            "30 Feb 2010",
            "1991-Q5",
            "1/2/2010",
            "01.02.2010",
            "Jan-91",
        ),
        *("Jan 31, 2010 13:45 PM", "2010/01/31 25:00"),
    ],
)
def test_dates_that_do_not_exist_or_can_be_read_in_several_ways_are_none(text):
    assert moment(text) is None


@pytest.mark.parametrize(
    ("texts", "orders"),
    [
        (["01.02.2010 13:45", "03.04.2010 00:00"], ("day_first", "month_first")),
        (["01.02.2010", "13.02.2010"], ("day_first",)),
        (["1/2/10", "1/13/10"], ("month_first",)),
        (["Jan-91", "Feb-05"], ("month_year",)),
        (["13.01.2010", "01.13.2010"], ()),
        ([], ()),
    ],
)
def test_the_orders_that_are_possible_are_found(texts, orders):
    assert orders_of(texts) == orders


def test_a_date_that_can_be_read_in_two_ways_is_asked_about(tmp_path, wording):
    wording(refused(load_csv, tmp_path, "day,y\n01.02.2010 13:45,1.5\n03.04.2010 00:00,2.5\n"))
    wording(refused(load_csv, tmp_path, "day,y\n01.02.2010,1.5\n13.04.2010,2.5\n"))
    assert "if '03.02.2010' is 3 F" in refused(load_csv, tmp_path, "day,y\n2.2.2010,1.5\n03.02.2010,2.5\n")
    wording(refused(load_csv, tmp_path, "day,y\nJan-91,1.5\nFeb-91,2.5\n"))


@pytest.mark.parametrize(
    ("order", "text", "iso"),
    [
        ("day_first", "01.02.2010 13:45", "2010-02-01T13:45"),
        ("month_first", "01.02.2010 13:45", "2010-01-02T13:45"),
        ("day_first", "1-2-68", "2068-02-01"),
        ("month_first", "1/2/69", "1969-01-02"),
        ("month_year", "Jan-91", "1991-01"),
        ("day_first", "2010-02-01", "2010-02-01"),
    ],
)
def test_the_order_that_is_set_reads_them_in_training_and_for_new_data(tmp_path, order, text, iso):
    columns = {"day": {"date": {"order": order}}}
    found = load_csv(tmp_path, f"day,y\n{text},1.5\n{text},2.5\n", columns=columns)
    expected = load_csv(tmp_path, f"day,y\n{iso},1.5\n{iso},2.5\n")
    assert found.feature_names == expected.feature_names
    assert found.x.tolist() == expected.x.tolist()


def test_a_date_that_the_calendar_lacks_is_an_error_in_any_order(tmp_path):
    text = "day,y\n31.02.2010,1.5\n01.02.2010,2.5\n"
    columns = {"day": {"date": {"order": "day_first"}}}
    assert "Received: '2010-02-31'" in refused(load_csv, tmp_path, text, columns=columns)


def test_a_trained_network_reads_new_dates_in_the_order_of_its_training(shell):
    rows = [f"{1 + row % 28:02}.{1 + row % 12:02}.2010 {row % 24:02}:00,{row / 7}" for row in range(60)]
    (shell.folder / "t.csv").write_text("\n".join(["day,y", *rows, ""]))
    source = "{csv: {path: t.csv, target: y, columns: {day: {date: {order: ORDER}}}}}"
    shell.write(
        f"data: {{source: {source.replace('ORDER', 'day_first')}}}\n"
        "model: {layers: [{dense: 1}]}\nloss: mse\noptimizer: adam\ntrain: {epochs: 1}\n"
    )
    shell.run("fit", "config.yaml", "--quiet", "--name", "r")
    answers = []
    for text in ("02.01.2010 10:00", "2010-01-02T10:00", "01.02.2010 10:00"):
        (shell.folder / "new.csv").write_text(f"day\n{text}\n")
        answers.append(shell.run("predict", "runs/r", "new.csv").stdout)
    assert answers[0] == answers[1] != answers[2]


FORMATS = {
    "day_first": ["%d.%m.%Y", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M:%S"],
    "month_first": ["%m/%d/%Y", "%m/%d/%Y %I:%M %p"],
    "month_year": ["%b-%y", "%b %Y"],
    "": ["%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y.%m.%d", "%d %b %Y", "%B %d, %Y", "%d-%b-%Y %H:%M:%S", "%b %Y"],
}


@pytest.mark.parametrize(
    ("order", "form"), [(order, form) for order, forms in FORMATS.items() for form in forms]
)
def test_what_pandas_writes_is_read_as_pandas_reads_it(order, form):
    pandas = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    seconds = random.integers(0, 2**31 - 1, 200)  # 1970 to 2038
    texts = pandas.to_datetime(seconds, unit="s").strftime(form)
    expected = pandas.to_datetime(texts, format=form)
    found = [moment(in_order(text, order) if order else text).at for text in texts]
    assert found == expected.to_pydatetime().tolist()
