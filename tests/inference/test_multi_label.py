"""Multi-label targets: several columns of 0 and 1, of yes and no or of true and false, with binary cross-entropy."""

import json

import numpy as np
import pytest

import nntrain
from tests.support.people import table_of

CONFIG = """
data: {source: {csv: {path: days.csv, target: [rain, snow]}}, validation: 0.2, test: 0.2}
model: {layers: [{dense: 2}]}
loss: binary_cross_entropy
metrics: [accuracy, f1]
optimizer: {adam: 0.05}
train: {epochs: 10, batch_size: 20}
"""
DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(120, 2))
LABELS = np.stack([X[:, 0] > 0, X.sum(axis=1) > 1], axis=1)


def write(folder, words=("0", "1"), name="days.csv") -> None:
    lines = [
        ",".join([*(f"{value:.4f}" for value in row), *(words[int(label)] for label in labels)])
        for row, labels in zip(X, LABELS, strict=True)
    ]
    (folder / name).write_text("\n".join(["a,b,rain,snow", *lines]) + "\n")


@pytest.fixture
def days(shell):
    write(shell.folder)
    return shell


def test_eval_has_the_scores_of_each_label(days):
    run = days.fit(CONFIG)
    scores = json.loads(days.run("eval", run, "--data", "days.csv", "--json").stdout)
    predicted = nntrain.load(run).predict(X) > 0.5
    for place, name in enumerate(("rain", "snow")):
        both = (predicted[:, place] & LABELS[:, place]).sum()
        found = scores["labels"][name]
        assert found["samples"] == LABELS[:, place].sum()
        assert found["precision"] == pytest.approx(both / predicted[:, place].sum())
        assert found["recall"] == pytest.approx(both / LABELS[:, place].sum())
    assert scores["f1"] == pytest.approx(np.mean([scores["labels"][name]["f1"] for name in ("rain", "snow")]))
    lines = days.run("eval", run, "--data", "days.csv").stdout.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["label"] == ["samples", "precision", "recall", "f1"]
    assert rows["rain"][0] == str(LABELS[:, 0].sum())


def test_without_a_score_of_labels_there_is_no_table(days):
    run = days.fit(CONFIG.replace("[accuracy, f1]", "[accuracy]"))
    assert "labels" not in days.scores(run)
    assert "labels" in days.scores(run, "--metrics", "recall")


def test_predict_has_a_column_for_each_label(days):
    run = days.fit(CONFIG)
    plain, asked = (
        days.run("predict", run, "days.csv", *options).stdout for options in ([], ["--probabilities"])
    )
    assert plain == asked
    table = table_of(plain)
    assert list(table) == ["rain", "snow"]
    assert all(0 <= float(cell) <= 1 for column in table.values() for cell in column)


@pytest.mark.parametrize("words", [("no", "yes"), ("False", "True"), ("NO", "Yes")])
def test_words_for_true_and_false_are_the_same_targets(days, words):
    run = days.fit(CONFIG)
    write(days.folder, words)
    other = days.fit(CONFIG, name="words")
    assert nntrain.open_run(other).scores == nntrain.open_run(run).scores
    assert days.scores(other, "--data", "days.csv") == days.scores(run, "--data", "days.csv")
    notes = "targets 'rain', 'snow': true and yes are 1, false and no are 0"
    assert notes in days.run("summary", "config.yaml").stdout


def test_other_words_are_an_error(days, wording):
    write(days.folder, ("dry", "wet"))
    days.write(CONFIG)
    wording(days.run("fit", "config.yaml", code=2).stderr)


def test_yes_and_no_are_classes_of_a_single_target(days):
    write(days.folder, ("no", "yes"))
    config = CONFIG.replace("[rain, snow]", "rain, features: [a, b]").replace("dense: 2", "dense: 1")
    assert nntrain.load(days.fit(config)).classes == ("no", "yes")
