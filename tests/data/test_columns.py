"""The option `columns`: what a column of a table holds, and how it becomes features."""

import numpy as np
import pytest

from nntrain.config.schema import DataSection
from nntrain.data.conform.arrays import conform
from nntrain.data.conform.description import describe, from_description
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.loading import load_splits
from nntrain.data.sources.csv import Csv
from tests.support.data import load, refused, seen

ROWS = "id,age,city,zip,y\n1,30,Rome,10115,0\n2,40,Oslo,20095,1\n3,50,Rome,10115,2\n4,90,Bern,20095,4\n"


def table(tmp_path, columns, text=ROWS, **more):
    (tmp_path / "t.csv").write_text(text)
    return {"csv": {"path": "t.csv", "target": "y", "task": "regression", "columns": columns} | more}


def trained_on(source, tmp_path, **more) -> Dataset:
    return load_splits(DataSection.model_validate({"source": source, **more}), tmp_path, 0)[0].train


def test_an_ignored_column_is_no_feature_and_a_categorical_one_has_a_feature_per_category(tmp_path):
    train = load(table(tmp_path, {"id": "ignore", "zip": "categorical", "age": "number"}), tmp_path).train
    assert train.feature_names == (
        "age", "city=Bern", "city=Oslo", "city=Rome", "zip=10115", "zip=20095",
    )  # fmt: skip
    assert np.asarray(train.x)[3].tolist() == [90, 1, 0, 0, 0, 1]


def test_columns_are_named_by_their_number_too(tmp_path):
    train = load(table(tmp_path, {1: "ignore", -2: "categorical", 3: "ignore"}), tmp_path).train
    assert train.feature_names == ("age", "zip=10115", "zip=20095")


def test_keys_of_a_config_are_text_and_name_columns_by_number_too(tmp_path):
    rows = "1,30,Rome,10115,0\n2,40,Oslo,20095,1\n"
    for text in (rows, "id,age,city,zip,y\n" + rows):
        columns = {"1": "ignore", "-2": "categorical", "3": "ignore"}
        train = load(table(tmp_path, columns, text, target=-1), tmp_path).train
        assert train.x.shape == (2, 3)


def test_a_key_that_is_a_name_in_the_header_is_that_column(tmp_path):
    text = "a,1,y\n1,2,0\n3,4,1\n"
    assert load(table(tmp_path, {"1": "ignore"}, text), tmp_path).train.feature_names == ("a",)
    assert "no column is named '7'" in refused(load, table(tmp_path, {"7": "ignore"}, text), tmp_path)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"number": "none"}, [30, 40, 50, 90]),
        ({"number": "standard"}, np.array([-22.5, -12.5, -2.5, 37.5]) / np.std([30, 40, 50, 90])),
        ({"number": {"scale": "robust"}}, np.array([-15, -5, 5, 45]) / 22.5),
    ],
)
def test_a_number_is_scaled_as_its_kind_says(tmp_path, kind, expected):
    train = trained_on(
        table(tmp_path, {"age": kind, "id": "ignore", "city": "ignore", "zip": "ignore"}), tmp_path
    )
    assert seen(train)[:, 0] == pytest.approx(expected)


def test_where_half_of_the_values_are_equal_robust_divides_by_the_standard_deviation(tmp_path):
    text = "age,y\n5,1\n5,2\n5,3\n5,4\n5,5\n11,6\n"
    train = trained_on(table(tmp_path, {"age": {"number": "robust"}}, text), tmp_path)
    assert seen(train)[:, 0] == pytest.approx(np.array([0, 0, 0, 0, 0, 6]) / np.std([0, 0, 0, 0, 0, 6]))


def test_other_columns_follow_standardize(tmp_path):
    source = table(tmp_path, {"age": {"number": "none"}, "city": "ignore"})
    train = trained_on(source, tmp_path, standardize=True)
    assert seen(train)[:, 1].tolist() == [30, 40, 50, 90]
    assert seen(train)[:, [0, 2]].mean(axis=0) == pytest.approx([0, 0])


EMBEDDED = {"id": "ignore", "city": {"categorical": {"embed": "auto"}}, "zip": {"categorical": {"embed": 7}}}


def test_a_column_with_a_learned_vector_is_one_feature_the_number_of_the_category(tmp_path):
    train = trained_on(table(tmp_path, EMBEDDED), tmp_path, standardize=True)
    assert train.feature_names == ("age", "city", "zip")
    assert seen(train)[:, 1:].tolist() == [[2, 0], [1, 1], [2, 0], [0, 1]]  # not standardized
    assert [(column.column, column.units) for column in train.embedded] == [("city", 3), ("zip", 7)]


def test_a_checkpoint_keeps_the_size_of_the_vectors(tmp_path):
    train = load(table(tmp_path, EMBEDDED), tmp_path).train
    assert from_description(describe(train), train.statistics).one_hot == train.one_hot


def test_another_file_gets_the_training_numbers_of_its_categories(tmp_path):
    train = load(table(tmp_path, EMBEDDED), tmp_path).train
    other = "id,zip,city,age,y\n9,20095,Oslo,1,0\n8,20095,Rome,2,1\n"
    for columns in (EMBEDDED, {"id": "ignore", "zip": "categorical"}):  # as vectors, or one-hot
        data = load(table(tmp_path, columns, other), tmp_path).train
        assert np.asarray(conform("t.csv", train, data).x).tolist() == [[1, 1, 1], [2, 2, 1]]


def test_a_missing_category_becomes_the_most_frequent_one(tmp_path):
    text = "city,y\nRome,0\n,1\nOslo,2\nRome,3\n"
    train = trained_on(table(tmp_path, {"city": {"categorical": 2}}, text, impute="mean"), tmp_path)
    assert seen(train)[:, 0].tolist() == [1, 1, 0, 1]
    assert "impute: 1 of 4 cells of city filled with 'Rome', the most frequent" in train.notes


def test_a_fold_numbers_the_categories_that_its_training_part_has(tmp_path):
    text = "city,y\n" + "".join(f"{city},{row}\n" for row, city in enumerate("abcde" * 4 + "z"))
    found = set()
    for number in (1, 2, 3):
        source = table(tmp_path, {"city": {"categorical": 3}}, text)
        train = trained_on(source, tmp_path, fold={"number": number, "of": 3})
        (column,) = train.embedded
        assert sorted(set(np.asarray(train.x)[:, 0])) == list(range(len(column.categories)))
        found.add(column.categories)
    assert found == {tuple("abcde"), tuple("abcdez")}


@pytest.mark.parametrize(
    ("columns", "more", "message"),
    [
        ({"y": "number"}, {}, "columns: column 'y' is the target or `weight`, which is no feature"),
        ({"agee": "number"}, {}, "columns: no column is named 'agee'"),
        (
            {"age": "ignore"},
            {"features": ["age"]},
            "columns: column 'age' is ignore, but `features` lists it",
        ),
        ({"city": "number"}, {}, "column 'city': expected a number. Received: 'Rome'"),
        (
            {"age": "date"},
            {},
            "column 'age': expected a date such as 2024-01-31 or 2024-01-31T18:30. Received: '30'",
        ),
        ({"age": "number"}, {"categorical": ["age"]}, "is number, but `categorical` lists it"),
        (
            dict.fromkeys(["id", "age", "city", "zip"], "ignore"),
            {},
            "columns: no column is left as a feature",
        ),
    ],
)
def test_a_kind_that_does_not_fit_is_an_error(tmp_path, columns, more, message):
    assert message in refused(load, table(tmp_path, columns, **more), tmp_path)


DATES = "when,y\n2024-01-31,0\n,1\n2025-07-01,2\n"


def test_a_date_becomes_its_parts_or_those_that_are_chosen(tmp_path):
    for kind, names in (
        (
            "date",
            (
                "when (year)",
                "when (month sin)",
                "when (month cos)",
                "when (weekday sin)",
                "when (weekday cos)",
            ),
        ),
        ({"date": ["weekday", "year"]}, ("when (weekday sin)", "when (weekday cos)", "when (year)")),
    ):
        source = table(tmp_path, {"when": kind}, DATES, impute="mean")
        train = load(source, tmp_path).train
        assert train.feature_names == names
        assert np.isnan(train.x[1]).all()
        csv = Csv(path="t.csv")  # the parts of the training, whatever the source says
        with csv.rows(tmp_path) as rows:
            assert TableEncoder(trained_on(source, tmp_path), csv, rows).inputs() == pytest.approx(
                np.asarray(train.x), nan_ok=True
            )


def test_a_column_of_dates_can_be_categories_and_one_of_years_is_no_date(tmp_path):
    train = load(table(tmp_path, {"when": "categorical"}, DATES, impute="mean"), tmp_path).train
    assert train.feature_names == ("when=2024-01-31", "when=2025-07-01")
    mixed = "when,y\n2024-01-31,0\n10:30,1\n"
    message = "column 'when' has times with a date and others without"
    assert message in refused(load, table(tmp_path, {"when": "date"}, mixed), tmp_path)


def test_more_categories_than_one_hot_takes_can_have_vectors(tmp_path):
    text = "name,y\n" + "".join(f"n{row % 1100},{row}\n" for row in range(2200))
    assert "{categorical: {embed: auto}}" in refused(load, table(tmp_path, {}, text), tmp_path)
    train = load(table(tmp_path, {"name": {"categorical": {"embed": "auto"}}}, text), tmp_path).train
    assert train.input_shape == (1,)
    assert train.embedded[0].units == round(1.6 * 1100**0.56)


LEARNED = [{"categorical": {"unknown": "learn"}}, {"categorical": {"embed": 2, "unknown": "learn"}}]


def cities(names) -> str:
    return "city,y\n" + "".join(f"{city},{row}\n" for row, city in enumerate(names))


@pytest.mark.parametrize("kind", LEARNED)
def test_an_unknown_category_is_learned_from_some_training_rows(tmp_path, kind):
    source = table(tmp_path, {"city": kind}, cities("abcde" * 200))
    plain = np.arange(1000) % 5
    train = trained_on(source, tmp_path)
    (column,) = train.one_hot
    assert column.categories == ("a", "b", "c", "d", "e", "unknown")
    labels = column.labels(seen(train))
    hidden = labels == 5
    assert hidden.sum() == 20
    assert (labels[~hidden] == plain[~hidden]).all()
    assert (column.labels(seen(trained_on(source, tmp_path))) == labels).all()


@pytest.mark.parametrize("kind", LEARNED)
def test_a_category_that_training_did_not_see_is_the_unknown_one(tmp_path, kind):
    source = table(tmp_path, {"city": kind}, cities("abcde" * 4))
    train = trained_on(source, tmp_path)
    (tmp_path / "new.csv").write_text("city,y\nb,1\nz,2\nunknown,3\n")
    csv = Csv(path="new.csv", target="y", task="regression")
    with csv.rows(tmp_path) as rows:
        read = TableEncoder(from_description(describe(train), train.statistics), csv, rows).dataset()
    data = csv.load(tmp_path).train
    for other in (read, conform("new.csv", train, data)):
        assert train.one_hot[0].labels(other.x).tolist() == [1, 5, 5]


def test_a_fold_takes_categories_that_its_training_part_lacks_as_unknown(tmp_path):
    source = table(tmp_path, {"city": LEARNED[1]}, cities("abcde" * 4 + "z"))
    found = {}
    for number in (1, 2, 3):
        options = {"source": source, "fold": {"number": number, "of": 3}}
        splits = load_splits(DataSection.model_validate(options), tmp_path, 0)[0]
        assert len(splits.train) + len(splits.test) == 21  # no row is left out
        found[splits.train.one_hot[0].categories] = np.asarray(splits.test.x)[:, 0].max()
    assert found[(*"abcde", "unknown")] == 5
    assert found[(*"abcdez", "unknown")] < 5


def test_the_name_of_the_unknown_category_is_its_own(tmp_path):
    train = load(table(tmp_path, {"city": LEARNED[0]}, "city,y\nunknown,0\nRome,1\n"), tmp_path).train
    assert train.one_hot[0].categories == ("Rome", "unknown", "(unknown)")


def test_a_plain_column_is_described_as_in_older_checkpoints_which_can_be_resumed(tmp_path):
    train = load(table(tmp_path, {"zip": "categorical"}), tmp_path).train
    assert {key for text in describe(train)["one_hot"] for key in text} == {"column", "categories", "start"}
