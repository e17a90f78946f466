"""Training on sequences of different lengths, and on windows that follow each other."""

from copy import copy

import numpy as np
import pytest

from nntrain.config import load
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.text import ALPHABET
from nntrain.inference import feed as feeding
from nntrain.inference.evaluate import evaluate, groups, predictions
from nntrain.inference.feed import Feeds, rounded_up, steps_for
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.network.graph import build_graph
from nntrain.network.network import Network, shapes_with
from nntrain.report.pictures.registry import pictures
from nntrain.run.checkpoint import read
from nntrain.training.setup import prepare
from nntrain.training.step import Step
from tests.conftest import contents, interrupt_at
from tests.support.pictures import subject_of

TAGS = """
data: {source: {npz: {path: data.npz, lengths: n}}, validation: 0.25}
model: {layers: [{dense: {units: 6, activation: tanh}}, {gru: {units: 5, return_sequences: true}}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy, perplexity, confusion_matrix]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 3, batch_size: 7}
"""
TEXT = """
data: {source: {text: {path: text.txt, window: 6, consecutive: true}}, validation: 0.2}
model: {layers: [{embedding: 4}, {gru: {units: 8, return_sequences: true, stateful: true}}, {dense: 11}]}
loss: cross_entropy
metrics: [bits_per_character]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 3, batch_size: 7}
"""


def layers(*spellings) -> list[Layer]:
    return [Layer.parse(spelling) for spelling in spellings]


def write_tags(folder, steps: int = 20, rows: int = 48) -> None:
    """Steps whose class is where the largest of their numbers and of those before it stands; anything at all in the padding."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 21, rows)
    x = np.zeros((rows, 20, 3))
    x[:] = draw.normal(size=x.shape)
    y = np.maximum.accumulate(x, axis=1).argmax(axis=2)
    x, y = (
        np.pad(array[:, :steps], [(0, 0), (0, max(steps - 20, 0)), *[(0, 0)] * (array.ndim - 2)])
        for array in (x, y)
    )
    np.savez(folder / "data.npz", x=x, y=y, n=lengths)


def write_text(folder) -> None:
    (folder / "text.txt").write_text("0123456789\n" * 40)


@pytest.fixture
def tags(shell):
    write_tags(shell.folder)
    return shell


@pytest.fixture
def text(shell):
    write_text(shell.folder)
    return shell


def test_a_network_with_fewer_steps_is_the_same_network():
    model = layers(
        {"dense": {"units": 6, "activation": "relu"}},
        {"residual": {"body": [{"dense": 6}]}},
        {"gru": {"units": 5, "return_sequences": True}},
        {"dense": 2},
    )
    network, small = (
        Network(build_graph(model, (9, 3)), 4, "float64"),
        Network(build_graph(model, (4, 3)), 2, "float64"),
    )
    small.theta[...] = network.theta
    x, dy = (np.random.default_rng(0).normal(size=(2, 4, features)) for features in (3, 2))
    outputs, gradients = [], []
    network.executor(4).x[...] = np.nan  # nothing of the longer view may show
    for executor in (network.executor(2, 4), small.executor(2)):
        executor.x[...] = x
        outputs.append(executor.forward(training=True).copy())
        executor.dy[...] = dy
        executor.backward()
        gradients.append(executor.network.grad.copy())
        assert all(
            array.flags.c_contiguous for ctx in executor.contexts.values() for array in (ctx.x, ctx.y, ctx.dy)
        )
    assert np.array_equal(*outputs)
    assert np.array_equal(*gradients)
    assert network.executor(2, 4) is network.executor(2, 4)


@pytest.mark.parametrize(
    "model",
    [
        ["flatten", {"dense": 2}],
        [{"reshape": [3, 6]}, {"dense": 2}],
        [{"permute": [2, 1]}, {"dense": 4}],
    ],
)
def test_a_network_that_needs_all_its_steps_keeps_them(model):
    graph = build_graph(layers(*model), (6, 3))
    assert shapes_with(graph, 4) is None
    network = Network(graph, 5)
    assert network.executor(2, 4) is network.executor(2)


def test_padding_counts_for_nothing_in_loss_and_metrics():
    draw = np.random.default_rng(0)
    lengths = np.array([3, 5, 1, 4], np.int32)
    target = draw.integers(0, 3, (4, 5)).astype(np.int32)
    data = Dataset(draw.normal(size=(4, 5, 2)), target, ("a", "b", "c"), lengths=lengths)
    network = Network(build_graph(layers({"dense": 3}), (5, 2)), 4, "float64")
    metrics = [
        Metric.parse(name)
        for name in ("accuracy", "perplexity", "bits_per_character", "f1", "confusion_matrix")
    ]
    found = evaluate(Feeds(network, data), data, Loss.parse("cross_entropy"), metrics)
    real = np.arange(5) < lengths[:, None]
    logits = predictions(network, data)[real]
    right = target[real]
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(13), right]
    assert found["loss"] == pytest.approx(losses.mean(), rel=1e-12)
    assert found["accuracy"] == pytest.approx(np.mean(logits.argmax(axis=1) == right))
    assert found["perplexity"] == pytest.approx(np.exp(losses.mean()))
    assert found["bits_per_character"] == pytest.approx(losses.mean() / np.log(2))
    assert np.sum(found["confusion_matrix"]) == 13


def test_more_padding_changes_no_bit_of_a_run(shell):
    found = []
    for steps in (20, 33):
        write_tags(shell.folder, steps)
        run = shell.fit(TAGS, name=f"of{steps}")
        tensors = read(run / "checkpoints/last.safetensors").tensors
        found.append(
            (
                {name: array.tobytes() for name, array in tensors.items() if name.startswith("parameter")},
                (run / "metrics.csv").read_bytes(),
                (run / "steps.csv").read_bytes(),
            )
        )
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("layer", "place"),
    [
        ("batch_norm", "batch_norm"),
        ("{group_norm: 2}", "group_norm"),
        ("{time_distributed: {layer: batch_norm}}", "time_distributed"),
        ("{reshape: [-1, 2]}", "reshape"),
        ("{permute: [2, 1]}", "permute"),
    ],
)
def test_layers_that_would_take_padding_for_steps_are_reported(tags, layer, place, wording):
    path = tags.write(TAGS.replace("{gru: ", f"{layer}, {{gru: "))
    found = tags.run("fit", path, code=2).stderr
    assert f"model.layers[1].{place}: " in found
    wording(found)


def test_layers_that_keep_the_steps_take_sequences_of_different_lengths(tags):
    kept = "{reshape: [20, 3, 2]}, {permute: [1, 3, 2]}, {reshape: [20, 6]}, rms_norm"
    tags.fit(TAGS.replace("{gru: ", f"{kept}, {{gru: "), "--set", "train.epochs=1")
    assert Layer.parse("batch_norm").padding_problem((5,)) == ()  # after the last state there are no steps


def test_what_is_learned_of_each_step_is_learned(tags):
    run = tags.fit(TAGS, "--set", "train.epochs=40")
    scores = tags.scores(run)
    assert scores["accuracy"] > 0.8
    assert np.sum(scores["confusion_matrix"]) < 12 * 20


@pytest.mark.parametrize(
    ("config", "write"), [(TAGS, write_tags), (TEXT, write_text)], ids=["lengths", "consecutive"]
)
def test_resumed_run_equals_straight_run(shell, monkeypatch, config, write):
    write(shell.folder)
    straight = shell.fit(config, name="straight")
    with monkeypatch.context() as patched:
        interrupt_at(patched, 8)
        shell.fit(config, name="resumed", code=130)
    run = shell.fit(config, "--resume", name="resumed")
    assert contents(run) == contents(straight)


@pytest.mark.parametrize(
    ("config", "write"), [(TAGS, write_tags), (TEXT, write_text)], ids=["lengths", "consecutive"]
)
def test_bits_do_not_depend_on_threads(shell, config, write):
    write(shell.folder)
    for narrow, wide in (
        ("units: 5", "units: 32"),
        ("units: 8", "units: 48"),
        ("batch_size: 7", "batch_size: 33"),
    ):
        config = config.replace(narrow, wide)  # so much that threads share the rows
    assert contents(shell.fit(config, "--threads", 1, name="one")) == contents(shell.fit(config, name="all"))


@pytest.mark.parametrize(
    ("config", "write"), [(TAGS, write_tags), (TEXT, write_text)], ids=["lengths", "consecutive"]
)
def test_scores_do_not_depend_on_how_many_samples_go_at_once(shell, monkeypatch, config, write):
    write(shell.folder)
    run = shell.fit(config)
    network_rows = (256, 61) if config is TAGS else (256, 33)
    found = []
    for rows in network_rows:
        monkeypatch.setattr("nntrain.inference.trained.ROWS", rows)
        found.append(shell.scores(run))
    assert found[0]["loss"] == pytest.approx(found[1]["loss"], rel=1e-12)


def test_consecutive_windows_are_scored_as_one_long_text():
    model = layers(
        {"embedding": 3}, {"gru": {"units": 5, "return_sequences": True, "stateful": True}}, {"dense": 4}
    )
    tokens = np.random.default_rng(0).integers(0, 4, 61).astype(np.uint8)
    outputs = []
    for steps in (6, 60):
        starts = np.arange(0, 60, steps)
        data = Dataset(
            Windows(tokens, starts, steps),
            Windows(tokens, starts + 1, steps),
            tuple("abcd"),
            4,
            consecutive=True,
        )
        network = Network(build_graph(model, (steps,), vocabulary=4), 8, "float64", integer_input=True)
        outputs.append(predictions(network, data).reshape(60, 4))
    np.testing.assert_allclose(*outputs, rtol=1e-12)


def test_training_begins_without_a_past_in_each_epoch(text, monkeypatch):
    fresh = []
    step = Step.__call__
    monkeypatch.setattr(
        Step,
        "__call__",
        lambda *given, **options: fresh.append(options.get("fresh")) or step(*given, **options),
    )
    text.fit(TEXT)
    batches = -(
        -58 // 7
    )  # of the 73 windows, 15 validate, of which the first may not reach into the last that trains
    assert [value for value in fresh if value is not None] == ([True] + [False] * (batches - 1)) * 3


def test_a_state_cannot_be_carried_over_in_shuffled_data(text, wording):
    found = text.run("fit", text.write(TEXT.replace(", consecutive: true", "")), code=2).stderr
    assert "model.layers[1].gru: " in found
    wording(found)


def test_an_output_per_step_must_have_the_shape_of_the_targets(text, wording):
    found = text.run("fit", text.write(TEXT.replace("{dense: 11}", "{dense: 12}")), code=2).stderr
    assert "model.layers[2].dense: " in found
    wording(found)


@pytest.mark.parametrize(
    ("layer", "warned"),
    [
        ("{multi_head_attention: 2}", "multi_head_attention_1"),
        ("{multi_head_attention: {heads: 2, causal: true}}", ""),
        (
            "{bidirectional: {layer: {gru: {units: 2, return_sequences: true}}}}",
            "bidirectional_1.backward.gru_1",
        ),
        ("{conv1d: {filters: 4, kernel_size: 3, padding: same}}", "conv1d_1"),
        ("{conv1d: {filters: 4, kernel_size: 3, padding: causal}}", ""),
    ],
)
def test_a_network_that_is_not_causal_is_warned_of(text, layer, warned, wording):
    text.fit(TEXT.replace("{embedding: 4}", f"{{embedding: 4}}, {layer}"), "--set", "train.epochs=1")
    log = (text.folder / "runs/run/train.log").read_text().splitlines()
    warnings = [line for line in log if line.startswith("warning: ")]
    assert [line.split()[1] for line in warnings] == [warned] * bool(warned)
    wording("\n".join(warnings))


def test_a_last_state_where_each_step_needs_one_is_reported(text, wording):
    found = text.run("fit", text.write(TEXT.replace("return_sequences: true, ", "")), code=2).stderr
    assert "model.layers[2].dense: " in found
    wording(found)


def test_few_different_numbers_of_steps_occur():
    lengths = np.arange(1, 3000)
    steps = rounded_up(lengths)
    assert (steps >= lengths).all()
    assert (steps <= lengths * 1.125).all()
    assert len(np.unique(steps)) < 8 * 12
    data = Dataset(np.zeros((3, 20, 1)), np.zeros((3, 1)), lengths=np.array([17, 20, 3], np.int32))
    assert steps_for(data, np.array([0, 2])) == 18
    assert steps_for(data, np.array([0, 1])) is None
    assert [group.tolist() for group in groups(data, 9)] == [[2], [0], [1]]


def test_lengths_reach_the_layers_where_a_batch_has_padding(monkeypatch):
    data = Dataset(np.zeros((4, 16, 1)), np.zeros((4, 1)), lengths=np.array([16, 15, 16, 16], np.int32))
    network = Network(build_graph(layers({"gru": 2}, {"dense": 1}), (16, 1)), 2)
    seen = []
    monkeypatch.setattr(
        feeding.Executor,
        "forward",
        lambda executor, training: seen.append(copy(executor.network.info.lengths)),
    )
    feeds = Feeds(network, data)
    for indices in ([0, 1], [2, 3]):
        feeds.filled(data, np.array(indices)).forward(training=True)
    assert seen[0].tolist() == [16, 15]
    assert seen[1] is None


def test_the_text_of_a_config_can_be_the_packaged_one(shell):
    config, _ = load(shell.write(TEXT.replace("path: text.txt, ", "").replace("dense: 11", "dense: 96")))
    assert prepare(config, shell.folder).splits.train.classes == tuple(ALPHABET)


def test_tokens_are_not_drawn_as_numbers(text):
    config, _ = load(text.write(TEXT.replace("window: 6", "window: 1")))
    subject = subject_of(prepare(config, text.folder), object())
    numeric = ("augmented", "filters", "fit", "forecast", "regions")
    assert not any(pictures()[name].applies(subject) for name in numeric)


def test_another_text_is_evaluated(text, wording):
    run = text.fit(TEXT)
    (text.folder / "other.txt").write_text("9876543210\n" * 20)
    (text.folder / "foreign.txt").write_text("98765x43210\n" * 20)
    scores = text.scores(run, "--data", "{text: {path: other.txt, window: 6}}")
    assert scores["samples"] == 219 // 6
    assert scores["bits_per_character"] > text.scores(run)["bits_per_character"]
    wording(text.run("eval", run, "--data", "{text: {path: foreign.txt, window: 6}}", code=2).stderr)


@pytest.mark.parametrize(
    ("loss", "known"),
    [
        ("cross_entropy", True),
        ({"cross_entropy": {"label_smoothing": 0.1}}, False),
        ({"cross_entropy": {"class_weights": [1, 2, 0.5]}}, False),
    ],
)
def test_perplexity_is_that_of_the_right_classes_whatever_the_loss_is(loss, known):
    draw = np.random.default_rng(0)
    lengths = np.array([3, 5, 1, 4], np.int32)
    data = Dataset(
        draw.normal(size=(4, 5, 2)),
        draw.integers(0, 3, (4, 5)).astype(np.int32),
        ("a", "b", "c"),
        lengths=lengths,
    )
    network = Network(build_graph(layers({"dense": 3}), (5, 2)), 4, "float64")
    metrics = [Metric.parse(name) for name in ("perplexity", "bits_per_character")]
    found = evaluate(Feeds(network, data), data, Loss.parse(loss), metrics)
    plain = evaluate(Feeds(network, data), data, Loss.parse("cross_entropy"), [])["loss"]
    assert found["perplexity"] == pytest.approx(np.exp(plain), rel=1e-12)
    assert found["bits_per_character"] == pytest.approx(plain / np.log(2), rel=1e-12)
    assert (found["loss"] == plain) is known
