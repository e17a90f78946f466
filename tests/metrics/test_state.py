"""Metric state in checkpoints: large sums are tensors, and a resumed evaluation window gives the same value bit for bit."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.metrics.state import append, arrays_of, joined, plain_of, restored
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import encode, read
from tests.conftest import MOONS, contents, interrupt_at
from tests.support.reference.losses import example
from tests.support.samples import METRICS

ROWS, BATCH = 60, 7
CASES = [(sample, *target) for sample in METRICS for target in sample.targets]
each_case = pytest.mark.parametrize(
    ("sample", "loss", "kind"), CASES, ids=[f"{s}-{loss}-{kind}" for s, loss, kind in CASES]
)


def stored(sums, path):
    """The sums of all metrics after a round trip through a checkpoint."""
    path.write_bytes(encode(Snapshot(arrays_of(sums), {"metrics": plain_of(sums)})))
    checkpoint = read(path)
    return restored(checkpoint.facts["metrics"], checkpoint.tensors)


@each_case
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_restored_sums_continue_bit_for_bit(sample, loss, kind, weighted, precision, tmp_path):
    metric = Metric.parse({sample.name: sample.options})
    prediction, target = example(kind, ROWS)
    prediction = prediction.astype(precision)
    weight = np.random.default_rng(4).choice([0.0, 0.5, 1.0], ROWS).astype(precision) if weighted else None
    straight = metric.start(Loss.parse(loss))
    sums = {sample.name: metric.start(Loss.parse(loss))}
    for start in range(0, ROWS, BATCH):
        part = slice(start, start + BATCH)
        batch = (prediction[part], target[part], None if weight is None else weight[part])
        metric.add(straight, *batch)
        sums = stored(sums, tmp_path / "sums.safetensors")
        metric.add(sums[sample.name], *batch)
    assert metric.value(stored(sums, tmp_path / "sums.safetensors")[sample.name]) == metric.value(straight)
    ours, theirs = arrays_of(sums), arrays_of({sample.name: straight})
    assert {name: array.tobytes() for name, array in ours.items()} == {
        name: array.tobytes() for name, array in theirs.items()
    }


@each_case
@pytest.mark.parametrize("weighted", [False, True])
def test_merged_sums_of_single_batches_are_those_of_all_bit_for_bit(sample, loss, kind, weighted):
    """As ranks exchange them; a batch whose rows all weigh 0 is one of them."""
    metric = Metric.parse({sample.name: sample.options})
    prediction, target = example(kind, ROWS)
    weight = np.random.default_rng(4).choice([0.0, 0.5, 1.0], ROWS) if weighted else None
    if weight is not None:
        weight[2 * BATCH : 3 * BATCH] = 0
    straight, merged = metric.start(Loss.parse(loss)), metric.start(Loss.parse(loss))
    for start in range(0, ROWS, BATCH):
        part = slice(start, start + BATCH)
        batch = (prediction[part], target[part], None if weight is None else weight[part])
        metric.add(straight, *batch)
        alone = metric.start(Loss.parse(loss))
        metric.add(alone, *batch)
        metric.merge(merged, alone)
    assert metric.value(merged) == metric.value(straight)
    ours, theirs = arrays_of({"": merged}), arrays_of({"": straight})
    assert {name: array.tobytes() for name, array in ours.items()} == {
        name: array.tobytes() for name, array in theirs.items()
    }
    assert plain_of({"": merged}) == plain_of({"": straight})


@each_case
def test_sums_keep_no_reference_to_the_batch(sample, loss, kind):
    """The network's buffers are overwritten by the next batch."""
    metric = Metric.parse({sample.name: sample.options})
    prediction, target = example(kind, ROWS)
    sums = metric.start(Loss.parse(loss))
    metric.add(sums, prediction, target, None)
    before = metric.value(sums)
    prediction[...] = np.random.default_rng(1).normal(size=prediction.shape)
    target[...] = target[::-1].copy()
    assert metric.value(sums) == before


@pytest.mark.parametrize("name", ["auc", "confusion_matrix", "f1", "accuracy", "perplexity"])
def test_the_json_part_stays_small(name):
    """safetensors accepts a header of at most 100 MB; this one holds a few numbers."""
    samples, classes = 100_000, 100
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1000, classes)).astype(np.float32)
    metric = Metric.parse(name)
    sums = {name: metric.start(Loss.parse("cross_entropy"))}
    for _ in range(samples // 1000):
        metric.add(sums[name], logits, rng.integers(0, classes, 1000).astype(np.int32), None)
    assert len(json.dumps(plain_of(sums))) < 1000
    size = sum(array.nbytes for array in arrays_of(sums).values())
    assert size <= samples * (classes * 4 + 4 + 8)


def test_names_of_the_tensors():
    sums = {
        "auc": {"binary": True, "scores": [np.zeros((2, 1)), np.ones((1, 1))]},
        "f1": {"true": np.ones(3)},
    }
    assert plain_of(sums) == {"auc": {"binary": True}, "f1": {}}
    arrays = arrays_of(sums)
    assert {name: array.shape for name, array in arrays.items()} == {
        "metric.auc.scores": (3, 1),
        "metric.f1.true": (3,),
    }
    others = {"parameter.dense_1.weight": np.zeros(1), "metric.unknown.key": np.zeros(1)}
    back = restored(plain_of(sums), arrays | others)
    assert list(back) == ["auc", "f1"]
    assert back["auc"]["binary"] is True
    np.testing.assert_array_equal(back["auc"]["scores"], [[0], [0], [1]])


def test_parts_are_joined_in_order():
    sums = {"x": np.array([1])}
    append(sums, "x", np.array([2, 3]))
    append(sums, "x", np.array([4]))
    append(sums, "y", np.array([5]))
    assert joined(sums["x"]).tolist() == [1, 2, 3, 4]
    assert joined(sums["y"]).tolist() == [5]


def test_a_run_interrupted_within_an_epoch_resumes_to_the_same_bytes(shell, monkeypatch):
    """With metrics whose sums are arrays: the scores of the epoch's first batches come from the checkpoint."""
    config = MOONS.replace("metrics: [accuracy]", "metrics: [auc, f1, confusion_matrix]")
    assert config != MOONS
    straight = contents(shell.fit(config, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)  # of 5 steps per epoch
        run = shell.fit(config, name="broken", code=130)
    tensors = load_file(run / "checkpoints/last.safetensors")
    assert {"metric.auc.scores", "metric.auc.labels", "metric.f1.true"} <= tensors.keys()
    facts = read(run / "checkpoints/last.safetensors").facts
    assert facts["training"]["sums"]["metrics"].keys() == {"auc", "f1", "confusion_matrix"}
    shell.fit(config, "--resume", name="broken")
    assert contents(run) == straight
