"""The gallery of configs: each documents the expected result, loads, and trains for a few steps."""

import csv
import json
import math
import os
from itertools import takewhile
from pathlib import Path

import pytest

from nntrain.config import load
from nntrain.data.dataset import Splits
from nntrain.data.splits import split
from tests.support import ROOT

GALLERY = sorted((ROOT / "configs").glob("*.yaml"))  # without those of sweeps
MOST = 300  # samples per split, so that the test is fast
ON_DISK = {"mnist", "fashion_mnist", "cifar10"}  # data sets that are not packaged with nntrain

each_config = pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)

# Configs whose training takes 5 s and more, most of it for compiling.
SLOW = {
    "adding_problem",
    "adding_problem_irnn",
    "adding_problem_tanh",
    "char_transformer",
    "gpt_char",
    "mnist_cnn_best",
}
each_trained = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.stem in SLOW), id=path.stem) for path in GALLERY],
)


def needs_data(path: Path) -> None:
    source = load(path)[0].data.source.yaml_name
    if source in ON_DISK and not Path(os.environ.get("NNTRAIN_DATA", ""), source).is_dir():
        pytest.skip(f"{source} is not available: set NNTRAIN_DATA to the folder that contains it")


@pytest.fixture
def few_samples(monkeypatch):
    """Limits each split of a source to its first samples."""

    def of_few(splits, *fractions, **options):
        few = Splits(**{name: part.select(slice(MOST)) for name, part in splits.parts().items()})
        return split(few, *fractions, **options)

    monkeypatch.setattr("nntrain.data.loading.split", of_few)


def test_there_are_configs():
    assert {path.stem for path in GALLERY} >= {
        "digits",
        "xor",
        "spirals",
        "function_approximation",
        "mnist_mlp",
    }


@each_config
def test_it_starts_with_a_description_and_the_expected_result(path):
    lines = path.read_text().splitlines()
    head = list(takewhile(lambda line: line.startswith("#"), lines))
    assert head[0].startswith("# ")
    assert head[0][2].isupper()
    assert any(line.startswith("# Expect ") for line in head[1:])
    assert head[-1].endswith(".")


@each_config
def test_its_name_is_the_files(path):
    assert load(path)[0].name == path.stem


@each_config
def test_its_summary_is_shown(path, shell):
    needs_data(path)
    assert " parameters, " in shell.run("summary", path).stdout


@each_trained
def test_it_trains(path, shell, few_samples):
    needs_data(path)
    shell.run(
        "fit", path, "--name", "run", "--quiet", "--set", "train.epochs=1", "--set", "train.batch_size=256"
    )
    run = shell.folder / "runs/run"
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "finished"
    with (run / "steps.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses
    assert all(map(math.isfinite, losses))
    scores = shell.scores(run)
    assert scores["loss"] == pytest.approx(info["scores"][scores["split"]]["loss"], rel=1e-5)
