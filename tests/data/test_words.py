"""Columns of texts in tables: the weights of their words, computed on the training split, wherever rows come from."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

import nntrain
from nntrain.config.schema import DataSection
from nntrain.data.conform.description import describe, from_description
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.loading import load_splits
from nntrain.data.sources.csv import Csv
from nntrain.data.transforms.bag_of_words import bag_of_words
from nntrain.data.words import words_of
from nntrain.errors import DataError
from nntrain.serve.examples import example_row
from nntrain.serve.facts import column_facts
from nntrain.serve.served import Served
from tests.support.data import load

NOTES = ["The room was clean.", "clean and quiet!", "the bed broke", "", "quiet room, quiet street", "a bed"]
COLUMNS = {"columns": {"note": "text"}}


def table(notes=NOTES) -> pd.DataFrame:
    rows = len(notes)
    return pd.DataFrame(
        {
            "city": [["Rome", "Oslo"][row % 2] for row in range(rows)],
            "note": notes,
            "price": np.arange(rows) / 4,
            "kind": [["b", "a", "c"][row % 3] for row in range(rows)],
            "y": [["u", "v"][row % 2] for row in range(rows)],
        }
    )


def splits(folder, name="t.csv", **more):
    return bag_of_words(load({"csv": {"path": name, "target": "y", **COLUMNS, **more}}, folder))


def test_the_features_are_those_of_scikit_learn_at_the_place_of_the_column(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    train = splits(tmp_path).train
    (words,) = train.words
    assert set(words.words) == {"the", "room", "clean", "quiet", "bed"}  # the others are in one row
    assert words.words[:2] == ("bed", "clean")  # equally frequent words by the alphabet
    assert train.feature_names[:2] == ("city=Oslo", "city=Rome")
    assert train.feature_names[7:8] == ("price",)
    assert [text.start for text in train.one_hot] == [0, 8]
    expected = TfidfVectorizer(vocabulary=words.words).fit_transform(NOTES).toarray()
    assert np.allclose(train.x[:, words.places], expected)
    assert not train.x[3, words.places].any()  # a missing text
    assert np.array_equal(train.x[:, 7], np.arange(6) / 4)
    assert any("column note: text, the weights of 5 words: bed, clean" in note for note in train.notes)


def test_words_are_those_of_the_training_split_alone(tmp_path):
    rows = table(["early word"] * 30 + ["late word"] * 10)
    rows["price"] = range(40)
    rows.to_csv(tmp_path / "t.csv", index=False)
    options = {
        "source": {"csv": {"path": "t.csv", "target": "y", **COLUMNS, "impute": "mean"}},
        "split_by": {"time": "price"},
        "validation": 0.25,
        "standardize": True,
    }
    section = DataSection.model_validate(options)
    found, _ = load_splits(section, tmp_path, 0)
    assert found.train.words[0].words == ("early", "word")
    weights = found.validation.x[:, found.validation.words[0].places]
    assert np.array_equal(weights, np.tile([0.0, 1.0], (10, 1)))
    places = found.train.words[0].places
    assert not found.train.shift[places].any()
    assert (found.train.scale[places] == 1).all()
    again, _ = load_splits(
        section, tmp_path, 0, like=from_description(describe(found.train), found.train.statistics)
    )
    assert np.array_equal(again.train.x, found.train.x)
    joined = DataSection.model_validate(
        {
            "source": {"csv": {"path": "t.csv", "target": "y", **COLUMNS}},
            "validation": {"csv": {"path": "u.csv", "target": "y", **COLUMNS}},
            "train_on_validation": True,
        }
    )
    table(["other word", "early other"]).to_csv(tmp_path / "u.csv", index=False)
    both, _ = load_splits(joined, tmp_path, 0)
    assert both.train.words[0].words == ("word", "early", "late", "other")
    other = both.train.words[0].start + 3
    assert (both.train.x[:, other] > 0).tolist() == [False] * 40 + [True] * 2


WORDS = st.sampled_from(["Café", "Cafe\u0301", "हिन्दी", "good", "GOOD", "don't", "x-ray", "7", ",", "straße"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, min_size=4, max_size=12))
def test_csv_parquet_and_frames_have_the_same_words(tmp_path_factory, notes):
    folder = tmp_path_factory.mktemp("words")
    frame = table([*notes, "both words", "both words"])
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_parquet(folder / "t.parquet")
    csv, parquet = (splits(folder, name).train for name in ("t.csv", "t.parquet"))
    assert csv.words == parquet.words
    assert np.array_equal(csv.x, parquet.x)
    rows = frame.drop(columns="y").iloc[:, ::-1].astype(str)  # in another order
    cells = enumerate([list(rows.columns), *rows.to_numpy().tolist()])
    encoder = TableEncoder(csv, Csv(path="rows", header=True), cells)
    assert np.array_equal(encoder.inputs(), csv.x)


def test_words_are_normalized_as_those_of_texts():
    assert words_of("Cafe\u0301, CAFÉ! don't", lowercase=True) == ["café", "café", "don't"]
    assert words_of("Café café", lowercase=False) == ["Café", "café"]


def test_options_and_what_is_wrong(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    two = {"note": {"text": {"words": 2, "lowercase": False}}}
    assert splits(tmp_path, columns=two).train.words[0].words == ("bed", "clean")
    table(["a", "b", "c", ""]).to_csv(tmp_path / "u.csv", index=False)
    with pytest.raises(DataError, match="no word is in two rows"):
        splits(tmp_path, "u.csv")
    rows = table().assign(**{"note: bed": 1.0})[["note", "note: bed", "y"]]
    rows.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(DataError, match="two features can be called 'note: bed'"):
        splits(tmp_path, "v.csv")


def test_a_column_of_sentences_is_proposed_as_text(tmp_path):
    table([f"a text with word {row}" for row in range(60)]).to_csv(tmp_path / "t.csv", index=False)
    (warning,) = load({"csv": {"path": "t.csv", "target": "y"}}, tmp_path).train.warnings
    assert "use its words with `columns: {note: text}`" in warning


def test_a_trained_network_reads_texts_wherever_they_come_from(shell):
    random = np.random.default_rng(0)
    good = random.integers(0, 2, 300)
    fill = np.array(["the", "room", "was", "very", "street"])
    notes = [f"{' '.join(random.choice(fill, 4))} {['broken', 'lovely'][one]}" for one in good]
    frame = table(notes).assign(y=np.array(["bad", "good"])[good])
    frame.to_csv(shell.folder / "t.csv", index=False)
    shell.write(
        """
data:
  source: {csv: {path: t.csv, target: y, columns: {note: text}}}
  test: 0.2
  standardize: true
model: {layers: [{dense: 8}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: 0.02}
train: {epochs: 8, batch_size: 16}
"""
    )
    assert "weights of words: " in shell.run("summary", "config.yaml").stdout
    shell.run("fit", "config.yaml", "--name", "r", "--quiet")
    scores = json.loads(shell.run("eval", "runs/r", "--data", "t.csv", "--json").stdout)
    assert scores["accuracy"] > 0.98  # the other columns say nothing
    rows = frame.drop(columns="y")
    rows.to_csv(shell.folder / "rows.csv", index=False)
    answers = shell.run("predict", "runs/r", "rows.csv").stdout.split()[1:]
    model = nntrain.load(shell.folder / "runs/r")
    assert list(model.predict(rows)) == answers
    found = shell.run("predict", "runs/r", "rows.csv", "--explain").stdout.splitlines()[0]
    assert found == "class,explain(city),explain(note),explain(price),explain(kind)"
    shell.run("crossval", "config.yaml", "--folds", "2", "--set", "data.test=null")


def test_the_server_takes_a_text(shell):
    table(NOTES * 5).to_csv(shell.folder / "t.csv", index=False)
    shell.write(
        """
data: {source: {csv: {path: t.csv, target: y, columns: {note: text}}}}
model: {layers: [{dense: 2}]}
loss: cross_entropy
optimizer: adam
train: {epochs: 1}
"""
    )
    shell.run("fit", "config.yaml", "--name", "r", "--quiet")
    served = Served(nntrain.load(shell.folder / "runs/r")._trained, "r")
    assert [column.name for column in served.columns] == ["city", "note", "price", "kind"]
    assert column_facts(served.columns[1]) == {"name": "note", "type": "text"}
    assert example_row(served)["note"] == "bed clean quiet"
