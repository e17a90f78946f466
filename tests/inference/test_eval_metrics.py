"""`nntrain eval --metrics`: any metric on a stored checkpoint, and the confusion matrix that people read."""

import json

import numpy as np
import pytest
from rich.cells import cell_len

import nntrain
from nntrain.errors import ConfigError, UserError
from nntrain.report.terminal.tables import scores
from tests.conftest import MOONS
from tests.report.test_progress import plain_console
from tests.support.people import NUMBERS, text_of

CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def complaint(shell, *metrics) -> str:
    arguments = [word for text in metrics for word in ("--metrics", text)]
    result = shell.run("eval", "runs/run", *arguments, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: --metrics: ")
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--metrics", "f1,auc"], ["f1", "auc"]),
        (["--metrics", "f1", "--metrics", "auc, recall"], ["f1", "auc", "recall"]),
        (["--metrics", "top_k_accuracy: 1"], ["top_k_accuracy"]),
        (["--metrics", "{f1: {average: micro}}, auc"], ["f1", "auc"]),
        (["--metrics", "[f1, precision: weighted]"], ["f1", "precision"]),
        (["--metrics", "f1,f1"], ["f1"]),
    ],
)
def test_metrics_are_computed_that_the_config_does_not_list(shell, arguments, names):
    run = shell.fit()
    found = shell.scores(run, *arguments)
    assert list(found) == ["split", "samples", "loss", *names]
    assert found["loss"] == shell.scores(run)["loss"]


def test_scores_are_those_of_a_run_that_lists_the_metrics(shell):
    chosen = "[confusion_matrix, {f1: micro}, auc, perplexity, accuracy]"
    expected = shell.scores(shell.fit(MOONS.replace("[accuracy]", chosen), name="lists"))
    assert shell.scores(shell.fit(), "--metrics", chosen) == expected
    model = nntrain.load("runs/run")
    x = np.random.default_rng(0).normal(size=(30, 2))
    y = np.where(x[:, 0] > 0, "0", "1")
    np.savez(shell.folder / "new.npz", x=x, y=y)
    by_command = shell.scores("runs/run", "--data", "new.npz", "--metrics", "f1: micro", "--metrics", "auc")
    by_model = model.evaluate(x, y, metrics=[{"f1": {"average": "micro"}}, "auc"])
    assert by_model == {name: by_command[name] for name in ("loss", "f1", "auc")}
    assert list(model.evaluate(x, y)) == ["loss", "accuracy"]
    assert list(model.evaluate(x, y, metrics=[])) == ["loss"]


def test_json_names_the_classes_of_a_confusion_matrix(trained):
    found = trained.scores("runs/run", "--metrics", "confusion_matrix")
    assert list(found) == ["split", "samples", "loss", "confusion_matrix", "classes"]
    assert found["classes"] == ["old", "other", "red"]
    assert np.shape(found["confusion_matrix"]) == (3, 3)
    assert np.sum(found["confusion_matrix"]) == found["samples"]


def test_rows_are_true_classes_and_columns_predicted_ones(trained):
    rows = [["30", "red", "170", "red"]] * 3 + [["30", "blue", "170", "red"]] * 2
    (trained.folder / "new.csv").write_text(text_of(rows))
    answers = trained.run("predict", "runs/run", "new.csv").stdout.split()[1:]
    lines = trained.run(
        "eval", "runs/run", "--data", "new.csv", "--metrics", "confusion_matrix"
    ).stdout.splitlines()
    head, *body = lines[-4:]
    assert head.split() == ["old", "other", "red"]
    counts = {line.split()[0]: [int(text) for text in line.split()[1:]] for line in body}
    assert counts == {
        "old": [0, 0, 0],
        "other": [0, 0, 0],
        "red": [answers.count(name) for name in head.split()],
    }


@pytest.mark.parametrize(
    "metrics",
    [
        ["acuracy"],
        ["f1: {averag: micro}"],
        [""],
        ["{f1: "],
        ["f1, f1: micro"],
        ["mae", "confusion"],
        ["f1: {average: 3}"],
    ],
)
def test_metrics_that_cannot_be_read_are_refused(shell, metrics, wording):
    shell.fit()
    wording(complaint(shell, *metrics))


def test_metrics_that_do_not_fit_are_one_error_with_those_that_fit(shell, wording):
    draw = np.random.default_rng(0).normal(size=(40, 4))
    (shell.folder / "numbers.csv").write_text(text_of(draw.tolist(), ["a", "b", "sum", "product"]))
    shell.fit(NUMBERS)
    found = complaint(shell, "auc")
    assert found.endswith("Metrics that fit: mae, mse, r2, rmse.\n")
    wording(found)
    wording(complaint(shell, "mae,auc,f1"))
    shell.fit(MOONS, name="run-2")
    result = shell.run("eval", "runs/run-2", "--metrics", "top_k_accuracy", code=2)
    assert "Set a smaller `k`." in result.stderr
    wording(result.stderr)
    with pytest.raises(UserError, match="Metrics that fit: mae, mse") as caught:
        nntrain.load("runs/run").evaluate(draw[:, :2], draw[:, 2:], metrics="auc")
    assert caught.value.place == "metrics"
    with pytest.raises(ConfigError) as wrong:
        nntrain.load("runs/run").evaluate(draw[:, :2], draw[:, 2:], metrics=["mse", {"f1": {"averag": 1}}])
    assert wrong.value.place == "metrics[1].f1.averag"


def shown(counts: np.ndarray, classes: list[str], width: int) -> list[str]:
    console = plain_console(width)
    console.print(scores({"confusion_matrix": counts.astype(float).tolist()}, classes))
    return console.file.getvalue().splitlines()[1:]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    ("classes", "narrowest"),
    [(["no", "yes"], 60), (["猫", "犬"], 60), (CIFAR, 60), ([f"kind {i}" for i in range(100)], 0)],
)
def test_a_confusion_matrix_names_its_classes_at_every_width(classes, narrowest, width):
    counts = 3 * np.eye(len(classes), dtype=int)
    counts[0, 1], counts[1, 0] = 17, 4
    lines = shown(counts, classes, width)
    assert all(cell_len(line) <= width for line in lines)
    if narrowest:
        body = lines[-len(classes) :]
        assert len({cell_len(line) for line in lines[-len(classes) - 1 :]}) == 1  # columns are aligned
        for place, (name, line) in enumerate(zip(classes, body, strict=True)):
            assert name in line
            assert [int(text) for text in line.split()[-len(classes) :]] == counts[place].tolist()
    else:  # the largest errors instead: "kind 0   kind 1   17   85%"
        assert [line.split() for line in lines[-2:]] == [
            ["kind", "0", "kind", "1", "17", "85%"],
            ["kind", "1", "kind", "0", "4", "57%"],
        ]


def test_a_matrix_that_does_not_fit_says_so(wording):
    names = [f"kind {i}" for i in range(100)]
    wording("\n".join(shown(np.eye(100) + np.eye(100, k=1), names, 80)))
    wording("\n".join(shown(np.eye(100), names, 80)))
    wording("\n".join(shown(10 * np.eye(10) + np.eye(10, k=3), CIFAR, 80)))
    assert len(shown(np.eye(100), names, 1000)) == 102  # a pipe has room


def test_characters_as_classes_are_visible():
    lines = shown(np.eye(3), ["\n", " ", "x"], 80)
    assert [line.split("  ")[0].strip() for line in lines[-3:]] == [r"'\n'", "' '", "x"]


def test_class_names_cannot_change_the_terminal(shell):
    assert "\x1b" not in "".join(shown(np.eye(2), ["\x1b[31mred", "[bold]b"], 80))
    assert "[bold]b" in shown(np.eye(2), ["\x1b[31mred", "[bold]b"], 80)[-1]
    assert json.loads(shell.run("eval", shell.fit(), "--metrics", "confusion_matrix", "--json").stdout)[
        "classes"
    ]


COUNTS = """
data: {source: {csv: {path: counts.csv, target: y}}}
model: {layers: [{dense: 1}]}
loss: LOSS
metrics: [mae, r2]
optimizer: {sgd: 0.01}
train: {epochs: 2, batch_size: 10}
"""


@pytest.mark.parametrize("loss", ["poisson", "binary_cross_entropy", "mse"])
def test_metrics_of_a_regression_compare_values_on_the_scale_of_the_targets(shell, loss):
    """The outputs of poisson are logarithms of the counts that it predicts, those of binary_cross_entropy logits."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=40), random.uniform(0.05, 0.95, 40)
    (shell.folder / "counts.csv").write_text(
        "x,y\n" + "".join(f"{a},{b}\n" for a, b in zip(x, y, strict=True))
    )
    run = shell.fit(COUNTS.replace("LOSS", loss))
    scores = json.loads(shell.run("eval", run, "--split", "train", "--json").stdout)
    model = nntrain.load(run)
    predicted = model.predict(x[:, None].astype(np.float32)).ravel()
    assert scores["mae"] == pytest.approx(np.abs(predicted - y).mean(), rel=1e-5)
    expected = 1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert scores["r2"] == pytest.approx(expected, rel=1e-4)
    assert model.evaluate(x[:, None], y)["mae"] == pytest.approx(scores["mae"], rel=1e-6)
    assert nntrain.open_run(run).baseline["train"]["mae"] < 0.5
