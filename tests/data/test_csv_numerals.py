"""Numbers of a table in other notations, text that looks like numbers or dates, and missing values."""

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.data.tables.looks import look_of
from nntrain.data.tables.numerals import Numerals
from nntrain.errors import DataError
from tests.support.data import load, refused


def load_csv(folder, text: str, **options):
    (folder / "t.csv").write_text(text)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


@pytest.mark.parametrize(
    ("numerals", "cell", "value"),
    [
        (Numerals(","), "1,77", 1.77),
        (Numerals(","), "-,5", -0.5),
        (Numerals(","), "3", 3),
        (Numerals(","), "1,5e3", 1500),
        (Numerals(","), "1.5", None),
        (Numerals(",", "."), "1.234.567,5", 1234567.5),
        (Numerals(",", "."), "1.5", None),
        (Numerals(",", "."), "0.123", None),
        (Numerals(".", ","), "1,234.5", 1234.5),
        (Numerals(".", ","), "1,23", None),
        (Numerals(",", " "), "1\u202f234,5", 1234.5),
        (Numerals(".", "'"), "1\u2019234", 1234),
        (Numerals(units=("%",)), "12.5 %", 12.5),
        (Numerals(units=("%",)), "12.5", 12.5),
        (Numerals(units=("$", "USD")), "-$3", -3),
        (Numerals(units=("$", "USD")), "3 USD", 3),
        (Numerals(","), "", None),
        (Numerals(","), ",", None),
        (Numerals(","), "-", None),
        (Numerals(units=("%",)), "%", None),
        (Numerals(","), "1_000", None),
        (Numerals(","), "nan", None),
        (Numerals(), "nan", None),
        (Numerals(), "1_000", None),
        (Numerals(), " 1e3 ", 1000),
    ],
)
def test_numerals_read_their_own_notation_only(numerals, cell, value):
    assert numerals.number(cell) == value


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (["1,77", "12,5"], ['`decimal: ","`']),
        (["1,234", "22,345"], ['`decimal: ","`', '`thousands: ","`']),
        (["1,234.5", "2,000"], ['`thousands: ","`']),
        (["1.234,5"], ['`decimal: ","` and `thousands: "."`']),
        (["1.234.567"], ['`decimal: ","` and `thousands: "."`']),
        (["1 234", "12 345 678"], ['`thousands: " "`']),
        (["12%", "3.5 %"], ['`units: ["%"]`']),
        (["$3", "-$1.50"], ['`units: ["$"]`']),
        (["3,5 €", "10 €"], ['`decimal: ","` and `units: ["€"]`']),
        (["N/A", "1,5"], ['`decimal: ","`']),
        (["2024-01-31", "2023-12-01"], []),
        (["2024-01-31T10:00:00Z"], []),
        (["1/31/2024 10:30 PM"], []),
        (["31.01.2024"], []),
        (["5 Jan 2024", "March 3, 2024"], []),
    ],
)
def test_text_looks_like_what_it_is(texts, options):
    assert look_of(texts).options == options


@pytest.mark.parametrize(
    "texts",
    [
        ["red"],
        ["18-25", "26-35"],
        ["PC 17", "PC 18"],
        ["192.168.1.1"],
        ["555-1234"],
        ["1.2.3"],
        ["1,5", "x"],
        ["a,b"],
    ],
)
def test_other_text_is_text(texts):
    assert look_of(texts) is None


ROWS = [("1,77", "55,5"), ("1,80", "60"), ("1,65", "58,25")]
HEIGHTS = "height;weight\n" + "".join(f"{a};{b}\n" for a, b in ROWS)


@pytest.mark.parametrize(
    "text",
    [
        HEIGHTS,
        HEIGHTS.replace("weight", "y").replace("height", "x"),
        "price,y\n" + "".join(f'"{price}",1.5\n' for price in ("$1,200.50", "$3", "$999")),
        "price,y\n" + "".join(f'"{price}",1.5\n' for price in ("1,200", "3", "999")),
        "share,y\n12%,1.5\n13.5%,2.5\n",
        "day,y\n01.02.2024,1.5\n02.02.2024,2.5\n",
        "day,time,y\n1/31/2024,x,1.5\n2/1/2024,x,2.5\n",
        "day,y\n2024-01-31,1.5\nn/a,2.5\n",
        'x,price\n1,"1,5"\n2,"2,5"\n',
        "x,day\n1,2024-01-01\n2,2024-01-02\n",
    ],
)
def test_text_that_looks_like_numbers_or_dates_is_refused_by_name(tmp_path, text, wording):
    wording(refused(load_csv, tmp_path, text))


def test_numbers_are_read_in_the_notation_set(tmp_path):
    data = load_csv(tmp_path, HEIGHTS, decimal=",", task="regression")
    assert data.x.tolist() == [[1.77], [1.8], [1.65]]
    assert data.target.tolist() == [[55.5], [60], [58.25]]
    headless = load_csv(tmp_path, HEIGHTS.partition("\n")[2], decimal=",", task="regression")
    assert headless.x.tolist() == data.x.tolist()
    prices = load_csv(
        tmp_path, 'p,y\n"$1,200.50",1.5\n$3,2.5\n?,2\n', thousands=",", units=["$"], impute="mean"
    )
    assert np.array_equal(prices.x, [[1200.5], [3], [np.nan]], equal_nan=True)
    dates = load_csv(tmp_path, "day,y\n2024-01-01,1.5\n2024-01-02,2.5\n", categorical=["day"])
    assert dates.feature_names == ("day=2024-01-01", "day=2024-01-02")


@pytest.mark.parametrize(
    "options", [{"decimal": ",", "thousands": ","}, {"units": ["1"]}, {"units": [""]}, {"decimal": ";"}]
)
def test_impossible_notations_are_refused(tmp_path, options, wording):
    with pytest.raises(ValidationError) as raised:
        load_csv(tmp_path, HEIGHTS, **options)
    wording(raised.value.errors()[0]["msg"])


def test_a_date_beside_a_series_is_no_category(tmp_path, wording):
    (tmp_path / "t.csv").write_text(
        "day,temp\n" + "".join(f"{day:02}.01.2024,{day / 7:.2f}\n" for day in range(1, 29))
    )
    options = {"path": "t.csv", "predict": "next", "target": "temp", "window": 5}
    wording(refused(load, {"sequences": options}, tmp_path))
    assert load({"sequences": options | {"features": ["temp"]}}, tmp_path).train.input_shape == (5, 1)


def test_text_that_hardly_repeats_is_warned_of(tmp_path, wording):
    text = "name,x,y\n" + "".join(f"n{row},{row},{row / 7}\n" for row in range(30))
    (warning,) = load_csv(tmp_path, text).warnings
    wording(warning)
    assert not load_csv(tmp_path, text, categorical=["name"]).warnings
    assert not load_csv(tmp_path, text, features=["x"]).warnings
    repeated = "name,x,y\n" + "".join(f"n{row % 15},{row},{row / 7}\n" for row in range(30))
    assert not load_csv(tmp_path, repeated).warnings


def test_a_training_with_decimal_commas_predicts_from_decimal_commas(shell):
    rows = "".join(f"{row / 10:.1f};{'ab'[row > 20]}\n".replace(".", ",") for row in range(40))
    (shell.folder / "t.csv").write_text("x;y\n" + rows)
    shell.fit(
        'data: {source: {csv: {path: t.csv, decimal: ","}}, standardize: true}\nmodel: {layers: [{dense: 2}]}\n'
        "loss: cross_entropy\noptimizer: {adam: 0.1}\ntrain: {epochs: 20, batch_size: 8}\n"
    )
    assert shell.run("predict", "runs/run", "-", given=b'x\n"0,5"\n"3,5"\n').stdout == "class\na\nb\n"
    assert '`decimal: "."`' in shell.run("predict", "runs/run", "-", given=b"x\n0.5\n", code=2).stderr


# --- missing values --------------------------------------------------------------------------------------------------


def test_without_marks_nothing_but_an_empty_cell_is_missing(tmp_path):
    text = "pool,y\n" + "".join(f"{pool},{pool == 'NA'}\n" for pool in ("NA", "Nan", "Gd", "?", "nan"))
    data = load_csv(tmp_path, text, missing=[])
    assert data.feature_names == ("pool=?", "pool=Gd", "pool=NA", "pool=Nan", "pool=nan")
    assert load_csv(tmp_path, "x,pool\n1,NA\n2,Gd\n", missing=[]).classes == ("Gd", "NA")
    refused(load_csv, tmp_path, "x,y\n1,0.5\nnan,1.5\n", missing=[])


def test_a_name_of_a_gap_that_is_not_listed_is_a_name(tmp_path):
    assert load_csv(tmp_path, "pool,y\nNan,1.5\nGd,2.5\n").feature_names == ("pool=Gd", "pool=Nan")


@pytest.mark.parametrize("mark", ["N/A", "null", "NULL", "-", "#N/A", "none", ".", "n.a."])
def test_other_marks_among_numbers_are_named_in_the_hint(tmp_path, mark, wording):
    text = f"age,y\n20,1.5\n{mark},2.5\n30,3.5\n"
    told = refused(load_csv, tmp_path, text, impute="mean")
    assert "categorical" not in told
    wording(told)
    data = load_csv(tmp_path, text, impute="mean", missing=[mark])
    assert np.array_equal(data.x, [[20], [np.nan], [30]], equal_nan=True)


def test_errors_about_gaps_name_the_option(tmp_path, wording):
    wording(refused(load_csv, tmp_path, "pool,y\nNA,1.5\nGd,2.5\n"))
    wording(refused(load_csv, tmp_path, "x,y\nNA,1.5\n3,2.5\n"))
    wording(refused(load_csv, tmp_path, "x,y\n1,NA\n3,Gd\n"))
    wording(refused(load_csv, tmp_path, "x,y\n1,NA\n3,2.5\n"))
    wording(refused(load_csv, tmp_path, "x,y\n1,N/A\n3,2.5\n"))


def test_a_column_that_is_mostly_gaps_is_warned_of(tmp_path, wording):
    text = "pool,y\n" + "NA,1.5\n" * 9 + "Gd,2.5\nEx,2.5\n"
    (warning,) = load_csv(tmp_path, text, impute="most_frequent").warnings
    wording(warning)


# --- class or number -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "options", "note"),
    [
        (["3", "4", "3"], {}, "target y: 2 classes; `task: regression` makes them numbers"),
        (["a", "b"], {}, "target y: 2 classes"),
        (["0.5", "1.5"], {}, "target y: numbers"),
        ([str(n) for n in range(30)], {}, "target y: numbers; `task: classification` makes them classes"),
        (["3", "4"], {"task": "regression"}, None),
    ],
)
def test_the_guess_between_class_and_number_is_noted(tmp_path, cells, options, note):
    data = load_csv(tmp_path, "x,y\n" + "".join(f"1,{cell}\n" for cell in cells), **options)
    assert data.notes == (() if note is None else (note,))


def test_classes_that_hardly_repeat_are_warned_of(tmp_path, wording):
    (warning,) = load_csv(tmp_path, "x,y\n" + "".join(f"1,n{row}\n" for row in range(30))).warnings
    wording(warning)


def test_the_hint_reads_all_columns_of_numbers_at_once(tmp_path):
    rows = ["price;share;y", *(f"$ 1,{200 + i}.5;{i % 9}%;{'ab'[i % 2]}" for i in range(20))]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    with pytest.raises(DataError) as raised:
        load({"csv": {"path": "t.csv", "target": "y"}}, tmp_path)
    assert 'Set `thousands: ","` and `units: ["$", "%"]`' in raised.value.hint
    options = {"thousands": ",", "units": ["$", "%"]}
    assert load({"csv": {"path": "t.csv", "target": "y", **options}}, tmp_path).train.x[1].tolist() == [
        1201.5,
        1,
    ]
