"""Training and scoring with weights: a sample of weight 2 is two samples, one of weight 0 is none."""

import json

import numpy as np
import pytest
import yaml

import nntrain
from nntrain.data.dataset import Splits
from nntrain.inference.feed import Feeds
from nntrain.run.checkpoint import encode
from tests.conftest import contents, interrupt_at

CSV = """
data: {source: {csv: {path: w.csv, target: y, task: TASK, weight: w}}, validation: 0.25, standardize: true}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: OUTPUTS}]}
loss: LOSS
metrics: [METRIC]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 3, batch_size: 20}
"""
CLASSES = (
    CSV.replace("TASK", "classification")
    .replace("OUTPUTS", "3")
    .replace("METRIC", "accuracy")
    .replace("LOSS", "cross_entropy")
)
LOSSES = {  # the classes of the targets, 0 for numbers
    "cross_entropy": 3,
    "{cross_entropy: {class_weights: [1, 2, 5], label_smoothing: 0.1}}": 3,
    "binary_cross_entropy": 2,
    "hinge": 2,
    "mse": 0,
    "sse": 0,
    "mae": 0,
    "huber": 0,
    "poisson": 0,
}


def config(loss: str = "cross_entropy", classes: int = 0, **train) -> dict:
    outputs = classes if classes > 2 else 1
    return {
        "model": {"layers": [{"dense": {"units": 5, "activation": "tanh"}}, {"dense": outputs}]},
        "loss": yaml.safe_load(loss),
        "metrics": ["accuracy"] if classes else ["r2"],
        "optimizer": {"sgd": {"lr": 0.1}},
        "train": {"epochs": 2, "batch_size": "full", "precision": "float64"} | train,
    }


def arrays(classes: int, rows: int = 30):
    random = np.random.default_rng(0)
    x, times = random.normal(size=(rows, 4)), random.integers(0, 4, rows)
    y = random.integers(0, classes, rows) if classes else np.abs(random.normal(size=rows))
    return x, y, times


def parameters(model: nntrain.Model) -> np.ndarray:
    return np.concatenate([array.ravel() for array in model.parameters.values()])


def write_csv(folder, name: str = "w.csv", rows: int = 90, weight: bool = True) -> None:
    random = np.random.default_rng(0)
    x, w = random.normal(size=(rows, 3)), random.integers(0, 4, rows) / 2
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0.5)
    lines = [
        ",".join(map(str, [*row, *([w[k]] if weight else []), y[k]])) for k, row in enumerate(x.tolist())
    ]
    (folder / name).write_text(f"a,b,c,{'w,' if weight else ''}y\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize("loss", LOSSES)
def test_whole_weights_train_as_repeated_rows(loss):
    classes = LOSSES[loss]
    x, y, times = arrays(classes)
    weighted = nntrain.Data(x, y, weight=times, standardize=True)
    repeated = nntrain.Data(np.repeat(x, times, axis=0), np.repeat(y, times), standardize=True)
    runs = [nntrain.fit(config(loss, classes), data=data, runs_dir=None) for data in (weighted, repeated)]
    np.testing.assert_allclose(*[parameters(run.last) for run in runs], rtol=1e-9, atol=1e-12)
    for column in ("train_loss", "train_accuracy" if classes else "train_r2"):
        np.testing.assert_allclose(*[run.history[column] for run in runs], rtol=1e-9)
    assert runs[0].scores["train"] == pytest.approx(runs[1].scores["train"], rel=1e-9)
    assert runs[0].baseline["train"] == pytest.approx(runs[1].baseline["train"], rel=1e-6)


def test_weights_of_1_train_to_the_same_bytes_as_none():
    x, y, _ = arrays(3)
    runs = [
        nntrain.fit(
            config(classes=3, batch_size=8, precision="float32"),
            data=nntrain.Data(x, y, weight=weight),
            runs_dir=None,
        )
        for weight in (None, np.ones(30), np.full(30, 7))
    ]
    first, *others = [encode(run.last._trained.snapshot) for run in runs]
    assert all(other == first for other in others)


def test_a_batch_of_weight_0_changes_nothing_and_is_not_nan():
    x, y, _ = arrays(3)
    weight = np.zeros(30)
    weight[:3] = 1
    run = nntrain.fit(
        config(classes=3, batch_size=2, epochs=3), data=nntrain.Data(x, y, weight=weight), runs_dir=None
    )
    assert run.status == "finished"
    assert np.isfinite(run.steps["loss"]).all()
    assert (run.steps["loss"] == 0).sum() >= 3 * 12  # of 15 batches, 3 have a sample that counts at most
    assert np.isfinite(run.history["train_loss"]).all()


@pytest.mark.parametrize("shards", [2, 5])
def test_shards_add_up_to_the_weighted_batch(shards):
    x, y, weight = arrays(3)
    weight[:6] = 0
    data = nntrain.Data(x, y, weight=weight)
    whole, cut = [
        nntrain.fit(config(classes=3, batch_size=10, shards=count), data=data, runs_dir=None)
        for count in (1, shards)
    ]
    np.testing.assert_allclose(parameters(whole.last), parameters(cut.last), rtol=1e-9)
    np.testing.assert_allclose(whole.steps["loss"], cut.steps["loss"], rtol=1e-9)


def test_scores_with_weights_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    x, y, weight = arrays(3, 60)
    names = np.array(["a", "b", "c"])[y]
    chosen = ["accuracy", "f1", {"precision": {"average": "weighted"}}, "auc", "confusion_matrix"]
    model = nntrain.fit(config(classes=3), data=nntrain.Data(x, names), runs_dir=None).model
    scores = model.evaluate(x, names, weight=weight, metrics=chosen)
    answers, shares, of = model.predict(x), model.predict_proba(x), {"sample_weight": weight}
    assert scores["loss"] == pytest.approx(metrics.log_loss(names, shares, **of))
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(names, answers, **of))
    assert scores["f1"] == pytest.approx(metrics.f1_score(names, answers, average="macro", **of))
    precision = metrics.precision_score(names, answers, average="weighted", zero_division=0, **of)
    assert scores["precision"] == pytest.approx(precision)
    counts = metrics.confusion_matrix(names, answers, **of)
    np.testing.assert_allclose(np.array(scores["confusion_matrix"]) * weight.mean(), counts)
    assert scores != model.evaluate(x, names, metrics=chosen)

    y = np.random.default_rng(2).normal(size=60)
    model = nntrain.fit(config("mse"), data=nntrain.Data(x, y), runs_dir=None).model
    scores = model.evaluate(x, y, weight=weight, metrics=["r2", "mae", "rmse"])
    answers = model.predict(x)[:, 0]
    assert scores["loss"] == pytest.approx(metrics.mean_squared_error(y, answers, **of))
    assert scores["r2"] == pytest.approx(metrics.r2_score(y, answers, **of))
    assert scores["mae"] == pytest.approx(metrics.mean_absolute_error(y, answers, **of))
    assert scores["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, answers, **of))


def test_gradients_with_weights_are_right(shell):
    write_csv(shell.folder)
    found = json.loads(shell.run("gradcheck", shell.write(CLASSES), "--json").stdout)
    assert found["passed"]
    assert len(found["checks"]) == 4


def test_eval_of_a_run_uses_its_weights_and_predict_needs_none(shell, wording):
    write_csv(shell.folder)
    run = shell.fit(CLASSES)
    stored = json.loads((run / "run.json").read_text())["scores"]
    assert shell.scores(run, "--split", "train")["loss"] == pytest.approx(stored["train"]["loss"])
    assert stored["train"]["loss"] != pytest.approx(nntrain.load(run).evaluate(*columns(shell))["loss"])

    write_csv(shell.folder, "new.csv", weight=False)
    answers = shell.run("predict", run, "new.csv").stdout
    assert len(answers.splitlines()) == 91
    without = shell.run("eval", run, "--data", "new.csv", "--json")
    wording(without.stderr)
    weighted = shell.run("eval", run, "--data", "w.csv", "--json")
    wording(weighted.stderr)
    assert json.loads(without.stdout)["loss"] != json.loads(weighted.stdout)["loss"]
    ignored = shell.run("eval", run, "--data", "{csv: {path: w.csv, weight: null}}", "--json")
    assert json.loads(ignored.stdout)["loss"] == json.loads(without.stdout)["loss"]
    wording(shell.run("eval", run, "--data", "{csv: {path: new.csv, weight: w}}", code=2).stderr)


def columns(shell):
    table = np.genfromtxt(shell.folder / "w.csv", delimiter=",", skip_header=1)
    return table[:, :3], table[:, 4].astype(int).astype(str)


def test_a_resumed_run_with_weights_equals_the_straight_one(shell, monkeypatch):
    write_csv(shell.folder)
    straight = contents(shell.fit(CLASSES, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        shell.fit(CLASSES, name="resumed", code=130)
    assert contents(shell.fit(CLASSES, "--resume", name="resumed")) == straight


def test_a_resumed_run_notices_other_weights(shell, wording):
    write_csv(shell.folder)
    shell.fit(CLASSES)
    table = (shell.folder / "w.csv").read_text().splitlines()
    cells = table[1].split(",")
    table[1] = ",".join([*cells[:3], str(float(cells[3]) + 3), cells[4]])
    (shell.folder / "w.csv").write_text("\n".join(table) + "\n")
    wording(
        shell.run("fit", "config.yaml", "--name", "run", "--resume", "--set", "train.epochs=4", code=2).stderr
    )


def test_folds_are_scored_with_their_weights(tmp_path):
    x, y, weight = arrays(3, 60)
    data = nntrain.Data(x, y, weight=weight)
    found = nntrain.crossval(config(classes=3), folds=3, data=data, runs_dir=tmp_path)
    for run in found.runs:
        held = np.load(run.path / "split.npz")["test"]
        own = run.model.evaluate(x[held], y[held].astype(str), weight=weight[held])
        assert run.scores["test"] == pytest.approx(own)
        assert run.scores["test"] != pytest.approx(run.model.evaluate(x[held], y[held].astype(str)))


def test_a_feed_of_a_weighted_split_takes_samples_without_weights():
    x, y, weight = arrays(0)
    splits = nntrain.Data(x, y, weight=weight).load()[0]
    assert isinstance(splits, Splits)
    run = nntrain.fit(config("mse"), data=nntrain.Data(x, y), runs_dir=None)
    feed = Feeds(run.model._trained.network(30), splits.train).filled(
        nntrain.Data(x, y).load()[0].train, np.arange(5)
    )
    assert feed.weight.tolist() == [1.0] * 5
