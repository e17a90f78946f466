"""Generating piece by piece: each token is read once, and the text is the one that reading all of it again gives."""

import numpy as np
import pytest

from nntrain import kernels
from nntrain.inference.generate import PieceReader, WindowReader
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.pieces import Pieces, reads_pieces

VOCABULARY, WINDOW = 7, 21
CAUSAL = {"heads": 2, "causal": True}
LIMITED = {
    "learned positions": [
        "learned_positions",
        {"residual": {"body": ["layer_norm", {"multi_head_attention": CAUSAL}]}},
        "rms_norm",
    ],
    "sinusoidal positions": ["positional_encoding", {"multi_head_attention": CAUSAL}, {"maxout": 12}],
    "convolution": [
        {
            "conv1d": {
                "filters": 7,
                "kernel_size": 3,
                "dilation": 2,
                "padding": "causal",
                "activation": "relu",
            }
        },
        "batch_norm",
        {"conv1d": {"filters": 12, "kernel_size": 4, "padding": "causal", "groups": 1}},
    ],
    "rotary positions": [{"multi_head_attention": {**CAUSAL, "rotary": True}}] * 2,
}
UNLIMITED = {
    "recurrent": [{kind: {"units": 6, "return_sequences": True}} for kind in ("lstm", "gru", "simple_rnn")],
    "stateful": [{"gru": {"units": 6, "return_sequences": True, "stateful": True}}, {"dropout": 0.3}],
    "each step alone": [{"time_distributed": {"layer": {"dense": 5}}}, "gelu"],
}
NETWORKS = LIMITED | UNLIMITED


def network_of(layers, precision="float32", window=WINDOW) -> Network:
    model = [{"embedding": 8}, *layers, {"dense": VOCABULARY}]
    graph = build_graph([Layer.parse(layer) for layer in model], (window,), vocabulary=VOCABULARY)
    return Network(graph, 1, precision, backward=False, integer_input=True)


def tokens(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, VOCABULARY, count).astype(np.int32)


def read(pieces: Pieces, text: np.ndarray, sizes: list[int]) -> np.ndarray:
    pieces.start()
    found, at = [], 0
    for size in sizes:
        found.append(pieces.read(text[None, at : at + size]).copy())
        at += size
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_pieces_give_the_bits_of_the_whole(name, precision):
    network, text = network_of(NETWORKS[name], precision), tokens(WINDOW)
    assert reads_pieces(network.graph)
    with kernels.denormals.flushed():
        whole = network.executor(1)
        whole.x[...] = text
        expected = whole.forward(training=False).copy()
        pieces = Pieces(network)
        for sizes in ([1] * WINDOW, [5, 1, 1, 14], [WINDOW]):
            assert read(pieces, text, sizes).tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", LIMITED)
def test_beyond_the_window_its_end_counts_as_if_it_were_the_whole_text(name):
    network, text = network_of(LIMITED[name]), tokens(3 * WINDOW).tolist()
    cached, fresh, begin = PieceReader(network), WindowReader(network_of(LIMITED[name])), 0
    for end in range(4, len(text)):
        if end - begin > WINDOW:
            begin = end - 16  # three quarters of 21, rounded up
        found = cached.next_logits(text[:end])
        np.testing.assert_array_equal(found, fresh.next_logits(text[:end]))
        np.testing.assert_array_equal(found, WindowReader(fresh.network).next_logits(text[begin:end]))


@pytest.mark.parametrize("count", [WINDOW + 1, 4 * WINDOW])
def test_of_a_long_prompt_the_end_counts(count):
    network, text = network_of(LIMITED["learned positions"]), tokens(count).tolist()
    expected = WindowReader(network).next_logits(text[-16:])
    np.testing.assert_array_equal(PieceReader(network).next_logits(text), expected)


@pytest.mark.parametrize("name", LIMITED)
def test_beyond_the_window_a_text_is_read_again_once_in_a_quarter_of_it(name, monkeypatch):
    reader, text, read = PieceReader(network_of(LIMITED[name])), tokens(4 * WINDOW).tolist(), []
    whole = reader.pieces.read
    monkeypatch.setattr(reader.pieces, "read", lambda x: read.append(x.shape[1]) or whole(x))
    for end in range(1, len(text) + 1):
        reader.next_logits(text[:end])
    assert len(read) == len(text)
    again = [count for count in read if count > 1]
    assert again == [16] * len(again)
    assert len(again) <= 3 * WINDOW / (WINDOW - 16)


@pytest.mark.parametrize("name", UNLIMITED)
def test_recurrent_networks_remember_more_than_a_window(name):
    text = tokens(3 * WINDOW).tolist()
    reader = PieceReader(network_of(UNLIMITED[name]))
    longer = WindowReader(network_of(UNLIMITED[name], window=3 * WINDOW))
    for end in (2, WINDOW, WINDOW + 1, 2 * WINDOW + 5, 3 * WINDOW):
        np.testing.assert_array_equal(reader.next_logits(text[:end]), longer.next_logits(text[:end]))


@pytest.mark.parametrize(
    "layers",
    [
        [{"multi_head_attention": {"heads": 2}}],
        [{"conv1d": {"filters": 8, "kernel_size": 3, "padding": "same"}}],
        [{"gru": {"units": 8, "return_sequences": True, "reverse": True}}],
        [{"group_norm": 2}],
    ],
)
def test_layers_that_need_all_steps_at_once_cannot_read_pieces(layers):
    assert not reads_pieces(network_of(layers).graph)


def test_a_step_computes_no_more_late_than_early():
    """The arrays that a step works on have one step; only those kept have more."""
    pieces = Pieces(network_of(LIMITED["learned positions"]))
    text = tokens(WINDOW)
    shapes = []
    for at in range(WINDOW):
        pieces.read(text[None, at : at + 1])
        contexts = pieces._executors[1].contexts.values()
        shapes.append([(context.x.shape, context.y.shape) for context in contexts])
    assert all(found == shapes[0] for found in shapes)
    assert all(x[1] == 1 == y[1] for x, y in shapes[0])
    assert list(pieces._executors) == [1]
