"""Imputation: gaps of tables filled with statistics of the training split."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.loading import load_splits
from nntrain.data.splits import join, split
from nntrain.data.transforms.impute import impute
from nntrain.data.transforms.standardize import standardize
from nntrain.run.stored import open_stored
from tests.support.data import load, refused, seen

GAP = np.nan


def table(x, statistic="mean", **options) -> Dataset:
    x = np.array(x, dtype=float)
    names = tuple("abcdef"[: x.shape[1]])
    return Dataset(x, np.zeros((len(x), 1)), feature_names=names, impute=statistic, **options)


@pytest.mark.parametrize(
    ("statistic", "fill"),
    [
        ("mean", [3, 4.5]),
        ("median", [2, 4.5]),
        ("most_frequent", [1, 4]),  # 4 and 5 are equally frequent
    ],
)
def test_gaps_are_filled_with_the_training_splits_statistic(statistic, fill):
    train = table([[1, GAP], [1, 5], [GAP, 4], [2, GAP], [3, GAP], [8, GAP]], statistic)
    test = table([[GAP, 100], [50, GAP]], statistic)
    parts = impute(Splits(train, test=test))
    assert seen(parts.train).tolist() == [
        [1, fill[1]],
        [1, 5],
        [fill[0], 4],
        [2, fill[1]],
        [3, fill[1]],
        [8, fill[1]],
    ]
    assert seen(parts.test).tolist() == [[fill[0], 100], [50, fill[1]]]
    assert np.isnan(parts.train.x).sum() == 5  # the data stay as they are, and so do their hashes


@pytest.mark.parametrize("statistic", ["mean", "median", "most_frequent"])
def test_missing_text_becomes_the_most_frequent_category_of_the_training_split(tmp_path, statistic):
    rows = ["red,1", "blue,2", "?,3", "green,4", "blue,5", "red,6", "red,7"]
    (tmp_path / "t.csv").write_text("colour,y\n" + "\n".join(rows) + "\n")
    splits = load({"csv": {"path": "t.csv", "task": "regression", "impute": statistic}}, tmp_path)
    source = splits.train
    assert seen(impute(splits).train)[2].tolist() == [0, 0, 1]  # red
    early, late = (
        replace(source, x=source.x[rows], target=source.target[rows]) for rows in (slice(5), slice(2, None))
    )
    parts = impute(Splits(early, test=late))  # there is more blue in the train part
    assert seen(parts.train)[2].tolist() == seen(parts.test)[0].tolist() == [1, 0, 0]


def test_what_was_filled_is_noted_by_column(tmp_path):
    rows = ["red,1", "blue,?", "?,3", "green,4", "red,?"]
    (tmp_path / "t.csv").write_text("colour,size,y\n" + "".join(f"{row},0.5\n" for row in rows))
    splits = load({"csv": {"path": "t.csv", "impute": "median"}}, tmp_path)
    assert impute(splits).notes == [
        "target y: numbers",
        "impute: 1 of 5 cells of colour filled with 'red', the most frequent",
        "impute: 2 of 5 cells of size filled with 3, the median",
    ]
    wide = table([[GAP] * 6, [1] * 6] * 2)
    many = replace(wide, x=np.tile(wide.x, 2), feature_names=tuple("abcdefghijkl"))
    assert impute(Splits(many)).notes[-1] == "impute: cells of 2 more columns filled"


def test_fill_does_not_see_held_out_splits():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    x[rng.random(100) < 0.3, 0] = GAP
    parts, rows = split(Splits(table(x)), 0.2, 0.2, seed=0)
    parts = impute(parts)
    expected = np.nanmean(x[rows["train"]], axis=0)
    for part in parts.parts().values():
        assert part.fill.tolist() == pytest.approx(expected, rel=1e-12)


def test_standardize_measures_what_imputing_made():
    train = table([[1], [GAP], [3], [4]], "most_frequent")
    parts = standardize(impute(Splits(train, test=table([[GAP]], "most_frequent"))))
    values = np.array([1, 1, 3, 4])
    np.testing.assert_allclose(seen(parts.train)[:, 0], (values - values.mean()) / values.std(), rtol=1e-12)
    np.testing.assert_allclose(seen(parts.test), (1 - values.mean()) / values.std(), rtol=1e-12)


def test_statistics_of_the_training_split_scale_other_data_alike():
    train = standardize(impute(Splits(table([[1, GAP], [GAP, 5], [3, 7]])))).train
    assert set(train.statistics) == {"shift", "scale", "fill"}
    again = replace(table([[1, GAP], [GAP, 5], [3, 7]]), **train.statistics)
    assert np.array_equal(seen(again), seen(train))
    assert set(Dataset(np.zeros((1, 1)), np.zeros((1, 1))).statistics) == {"shift", "scale"}


def test_a_split_without_gaps_needs_no_statistic_of_its_own():
    parts = impute(Splits(table([[1], [GAP]]), test=table([[5]], "")))
    assert seen(parts.test).tolist() == [[5]]
    untouched = Splits(table([[1]], ""))
    assert impute(untouched) is untouched


@pytest.mark.parametrize(
    ("train", "test", "place"),
    [
        (table([[1]], ""), table([[GAP]], "mean"), "test"),
        (table([[1]], "mean"), table([[GAP]], "median"), "test"),
        (table([[1, GAP], [2, GAP]]), table([[1, 1]]), "impute"),
        (table([[1e308], [1e308], [GAP]]), table([[1]]), "impute"),
    ],
)
def test_what_cannot_be_filled_is_an_error(train, test, place, wording):
    told = refused(impute, Splits(train, test=test))
    assert told.startswith(place)
    wording(told)


def test_a_text_column_without_a_value_in_the_training_split_is_an_error(tmp_path, wording):
    (tmp_path / "t.csv").write_text("colour,y\nred,1.5\n?,2.5\n")
    data = load({"csv": {"path": "t.csv", "impute": "mean"}}, tmp_path).train
    wording(refused(impute, Splits(replace(data, x=data.x[1:], target=data.target[1:]))))


# --- parts from other files ------------------------------------------------------------------------------------------


def joined(folder, train: str, test: str, **options) -> Splits:
    for name, text in (("train", train), ("test", test)):
        (folder / f"{name}.csv").write_text(text)
    parts = [
        load({"csv": {"path": f"{name}.csv", "task": "regression"} | options}, folder)
        for name in ("train", "test")
    ]
    return join(parts[0], "test", parts[1].train)


TRAIN = "size,colour,y\n1,red,1\n2,green,2\n3,blue,3\n"


def test_a_split_from_another_file_has_the_training_files_columns_and_categories(tmp_path):
    parts = joined(tmp_path, TRAIN, "colour,size,y\nred,4,1\n?,5,2\nblue,?,3\n", impute="mean")
    assert (
        parts.test.feature_names
        == parts.train.feature_names
        == ("size", "colour=blue", "colour=green", "colour=red")
    )
    assert parts.test.one_hot == parts.train.one_hot
    assert np.array_equal(parts.test.x, [[4, 0, 0, 1], [5, GAP, GAP, GAP], [GAP, 1, 0, 0]], equal_nan=True)
    assert seen(impute(parts).test).tolist() == [[4, 0, 0, 1], [5, 1, 0, 0], [2, 1, 0, 0]]


def test_a_split_may_have_no_value_of_a_column_of_text(tmp_path):
    parts = joined(tmp_path, TRAIN, "size,colour,y\n4,?,1\n5,,2\n", impute="mean")
    assert seen(impute(parts).test).tolist() == [[4, 1, 0, 0], [5, 1, 0, 0]]


@pytest.mark.parametrize(
    ("test", "place"),
    [
        ("size,colour,y\n1,red,1\n2,pink,2\n3,grey,3\n", "test.csv:3: "),
        ("size,weight,y\n1,5,1\n", ""),
        ("colour,y\nred,1\n", ""),
        ("size,colour,a,b,c,d,e,f,y\n1,red,1,2,3,4,5,6,7\n", ""),
        ("size,colour,y\n1,2,3\n", ""),
    ],
)
def test_a_split_with_other_columns_or_categories_is_refused(tmp_path, test, place, wording):
    told = refused(joined, tmp_path, TRAIN, test)
    assert told.startswith(place)
    wording(told)


def test_splits_refuse_columns_in_another_order(wording):
    train, test = table([[1, 2]]), replace(table([[1, 2]]), feature_names=("b", "a"))
    wording(refused(Splits, train, test=test))
    assert join(Splits(train), "test", test).test.x.tolist() == [[2, 1]]


def test_a_split_whose_columns_have_no_names_fits_by_their_number():
    parts = join(Splits(table([[1, 2]])), "test", Dataset(np.array([[3.0, 4.0]]), np.zeros((1, 1))))
    assert parts.test.x.tolist() == [[3, 4]]


# --- a run -----------------------------------------------------------------------------------------------------------


def test_a_run_is_scored_with_the_fill_of_its_checkpoint(shell):
    rows = [f"{row if row % 3 else ''},{'red' if row % 2 else 'blue'},{'ab'[row % 2]}" for row in range(30)]
    shell.write("size,colour,label\n" + "\n".join(rows) + "\n", "t.csv")
    run = shell.fit("""
        data: {source: {csv: {path: t.csv, impute: median}}, test: 0.3, standardize: true}
        model: {layers: [{dense: 2}]}
        loss: cross_entropy
        optimizer: {sgd: {lr: 0.1}}
        train: {epochs: 2, batch_size: 5}
    """)
    before = shell.scores(run)
    stored = load_file(run / "checkpoints" / "best.safetensors")
    assert stored["data.fill"].shape == (3,)
    assert np.isfinite(before["loss"])
    shell.write(
        "size,colour,label\n" + "\n".join(rows).replace("1,red", "999,red") + "\n", "t.csv"
    )  # another median
    parts = load_splits(open_stored(run).config.data, shell.folder, open_stored(run).config.seed)[0]
    assert parts.train.fill[0] != stored["data.fill"][0]
    # Scoring by hand with what was stored is what eval says.
    assert shell.scores(run, "--split", "train")["loss"] == pytest.approx(
        by_hand(stored, parts.train), rel=1e-5
    )


def by_hand(stored: dict, data: Dataset) -> float:
    x = np.where(np.isnan(data.x), stored["data.fill"], data.x)
    x = (x - stored["data.shift"]) * stored["data.scale"]
    logits = x @ stored["parameter.dense_1.weight"] + stored["parameter.dense_1.bias"]
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(x)), data.target])
