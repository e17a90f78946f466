"""What layers for sequences promise beyond what every layer does: lengths, directions, carried states, tokens, error texts."""

import numba
import numpy as np
import pytest

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from tests.support.harness import alone, each_case, numeric_gradients, run
from tests.support.reference import sequences as reference

CELLS = ["simple_rnn", "lstm", "gru"]
each_cell = pytest.mark.parametrize("cell", CELLS)
each_way = pytest.mark.parametrize("reverse", [False, True])


def network_of(*layers, shape, rows, vocabulary=0, **kwargs) -> Network:
    graph = build_graph([Layer.parse(layer) for layer in layers], shape, vocabulary=vocabulary)
    return Network(
        graph, rows, "float64", integer_input=vocabulary > 0, input_gradient=not vocabulary, **kwargs
    )


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@each_case("sequences")
def test_values_states_and_gradients_are_pytorchs(spelled, case):
    layer, options = spelled
    rows, *shape = case["x"].shape
    network = network_of(
        {layer: options}, shape=tuple(shape), rows=rows, vocabulary=options.get("vocabulary", 0)
    )
    executor = network.executor(rows)
    executor.x[...] = case["x"]
    network.info.lengths = case.get("lengths")
    network.info.fresh = "start.hidden" not in case
    for name, array in network.arena.parameters.items():
        array[...] = case[f"p.{name}"]
    for name, array in network.carried.items():
        array[...] = case[f"start.{name.rpartition('.')[2]}"]
    close(executor.forward(training=True), case["y"])
    network.forget_gradients()
    executor.dy[...] = case["dy"]
    executor.backward()
    if "dx" in case:
        close(executor.dx, case["dx"])
    for name, array in network.arena.gradients.items():
        close(array, case[f"d.{name}"])
    for name, array in network.carried.items():
        close(array, case[f"end.{name.rpartition('.')[2]}"])


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def padded(spelling, lengths, features=3, steps=6):
    """A layer on rows of these lengths; what the padding holds must not matter."""
    single = alone(Layer.parse(spelling), ((steps, features),), len(lengths))
    single.ctx.info.lengths = np.array(lengths, np.int32)
    for row, length in enumerate(lengths):
        single.ctx.x[row, length:] = 1e3
    return single


LENGTHS = [6, 1, 4, 0, 6, 2]
LOOKS_ALONG_THE_STEPS = [
    *(
        {cell: {"units": 4, "return_sequences": sequences, "reverse": reverse}}
        for cell in CELLS
        for sequences in (False, True)
        for reverse in (False, True)
    ),
    {"multi_head_attention": {"heads": 3}},
    {"multi_head_attention": {"heads": 1, "causal": True}},
]
each_layer = pytest.mark.parametrize("spelling", LOOKS_ALONG_THE_STEPS, ids=str)


@each_layer
def test_padding_is_not_looked_at(spelling):
    single = padded(spelling, LENGTHS)
    found = run(single)
    ((name, options),) = spelling.items()
    expected = getattr(reference, name)(single.parameters, single.ctx.x, lengths=LENGTHS, **options)
    np.testing.assert_allclose(found["y"], expected, rtol=1e-12, atol=1e-12)
    for row, length in enumerate(LENGTHS):
        assert not found["x0"][row, length:].any()
        if found["y"].ndim == 3:
            assert not found["y"][row, length:].any()


@each_layer
def test_gradients_of_padded_sequences_are_the_numeric_ones(spelling):
    single = padded(spelling, [4, 1, 3], steps=4)
    single.ctx.x[single.ctx.x == 1e3] = 1
    found = run(single)
    for name, numeric in numeric_gradients(single).items():
        np.testing.assert_allclose(
            found[name], numeric, rtol=1e-6, atol=1e-7 * np.abs(numeric).max(), err_msg=name
        )


@each_layer
def test_a_row_is_the_same_alone_and_among_others(spelling):
    """Neither the rows beside it nor the longest of them change a bit of it."""
    many = padded(spelling, LENGTHS)
    together = run(many)["y"].copy()
    for row, length in enumerate(LENGTHS):
        single = padded(spelling, [length])
        single.ctx.x[0] = many.ctx.x[row]
        for name, array in single.parameters.items():
            array[...] = many.parameters[name]
        np.testing.assert_array_equal(single.forward()[0], together[row])


@pytest.mark.slow
@each_cell
@each_way
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 9, 70, 150])
def test_wide_layers_of_many_rows_agree_with_the_reference(cell, reverse, dtype, rows):
    """Several blocks of rows, several panels of the weight, and sums longer than one panel holds."""
    options = {"units": 70, "return_sequences": True, "reverse": reverse}
    single = alone(Layer.parse({cell: options}), ((3, 5),), rows, dtype)
    for array in single.parameters.values():
        array *= 0.1
    expected = getattr(reference, cell)(
        {name: a.astype(np.float64) for name, a in single.parameters.items()},
        single.ctx.x.astype(np.float64),
        **options,
    )
    np.testing.assert_allclose(single.forward(), expected, atol=1e-5 if dtype == "float32" else 1e-13)


@pytest.mark.slow
@each_cell
def test_wide_gradients_are_the_numeric_ones_in_a_direction(cell):
    single = alone(Layer.parse({cell: {"units": 70}}), ((4, 5),), 30)
    for array in single.parameters.values():
        array *= 0.1
    found = run(single)
    for seed, (name, array) in enumerate(({"x0": single.ctx.x} | single.parameters).items()):
        way, before = draw(*array.shape, seed=seed), array.copy()
        losses = []
        for h in (1e-5, -1e-5):
            array[...] = before + h * way
            losses.append((single.ctx.dy * single.forward()).sum())
        array[...] = before
        np.testing.assert_allclose(
            (found[name] * way).sum(), (losses[0] - losses[1]) / 2e-5, rtol=1e-6, err_msg=name
        )


@each_cell
def test_the_number_of_threads_changes_no_bit_of_a_wide_layer(cell):
    threads = numba.get_num_threads()
    if threads < 2:
        pytest.skip("needs two threads")
    found = []
    for count in (1, 2):
        numba.set_num_threads(count)
        try:
            found.append(run(alone(Layer.parse({cell: {"units": 40}}), ((7, 5),), 50, "float32")))
        finally:
            numba.set_num_threads(threads)
    for name, array in found[0].items():
        np.testing.assert_array_equal(found[1][name], array, err_msg=name)


# ------------------------------------------------------------------------------------------------------- carried states


@each_cell
def test_consecutive_windows_are_one_long_sequence(cell):
    whole = network_of({cell: {"units": 4, "return_sequences": True}}, shape=(6, 3), rows=5)
    parts = network_of({cell: {"units": 4, "return_sequences": True, "stateful": True}}, shape=(2, 3), rows=5)
    x = draw(5, 6, 3)
    whole.executor(5).x[...] = x
    expected = whole.executor(5).forward(training=True)
    for training in (True, False):
        for window in range(3):
            parts.info.fresh = window == 0
            steps = slice(2 * window, 2 * window + 2)
            parts.executor(5).x[...] = x[:, steps]
            np.testing.assert_allclose(parts.executor(5).forward(training), expected[:, steps], rtol=1e-13)


@each_cell
def test_gradient_of_a_window_is_that_of_its_start_held_still(cell):
    network = network_of({cell: {"units": 4, "stateful": True}}, shape=(3, 2), rows=4)
    executor = network.executor(4)
    network.info.fresh = False
    start = {name: draw(*array.shape, seed=1) for name, array in network.carried.items()}

    def loss():
        for name, array in network.carried.items():
            array[...] = start[name]
        return (executor.forward(training=True) * dy).sum()

    executor.x[...], dy = draw(4, 3, 2), draw(4, 4, seed=2)
    loss()
    network.forget_gradients()
    executor.dy[...] = dy
    executor.backward()
    for name, array in [("x", executor.x), *network.arena.parameters.items()]:
        gradient = executor.dx if name == "x" else network.arena.gradients[name]
        way, before = draw(*array.shape, seed=3), array.copy()
        losses = []
        for h in (1e-6, -1e-6):
            array[...] = before + h * way
            losses.append(loss())
        array[...] = before
        np.testing.assert_allclose(
            (gradient * way).sum(), (losses[0] - losses[1]) / 2e-6, rtol=1e-6, err_msg=name
        )


@each_cell
def test_evaluation_has_a_state_of_its_own(cell):
    network = network_of({cell: {"units": 4, "stateful": True}}, shape=(3, 2), rows=4)
    executor = network.executor(4)
    executor.x[...] = draw(4, 3, 2)
    executor.forward(training=True)
    before = {name: array.copy() for name, array in network.carried.items()}
    assert all(array.any() for array in before.values())
    executor.x[...] = draw(4, 3, 2, seed=1)
    for fresh in (True, False):
        network.info.fresh = fresh
        executor.forward(training=False)
    for name, array in network.carried.items():
        np.testing.assert_array_equal(array, before[name])


@each_cell
def test_a_padded_row_leaves_the_state_of_its_last_real_step(cell):
    network = network_of({cell: {"units": 4, "stateful": True}}, shape=(5, 2), rows=2)
    executor = network.executor(2)
    executor.x[...] = draw(2, 5, 2)
    network.info.lengths = np.array([2, 0], np.int32)
    executor.forward(training=True)
    expected = network_of({cell: {"units": 4}}, shape=(2, 2), rows=2)
    expected.executor(2).x[...] = executor.x[:, :2]
    hidden = network.carried[f"{cell}_1.hidden"]
    np.testing.assert_allclose(hidden[0], expected.executor(2).forward(training=True)[0], rtol=1e-13)
    assert not hidden[1].any()


# ------------------------------------------------------------------------------------------- directions, stacks, wrappers


def test_bidirectional_is_a_layer_and_its_mirror_image():
    network = network_of(
        {"bidirectional": {"layer": {"gru": {"units": 4, "return_sequences": True}}}}, shape=(5, 3), rows=2
    )
    forward, backward = (
        {name.rpartition(".")[2]: array for name, array in network.arena.parameters.items() if way in name}
        for way in (".forward.", ".backward.")
    )
    executor = network.executor(2)
    executor.x[...] = x = draw(2, 5, 3)
    y = executor.forward(training=True)
    np.testing.assert_allclose(y[..., :4], reference.gru(forward, x, 4, return_sequences=True), rtol=1e-12)
    np.testing.assert_allclose(
        y[:, ::-1, 4:], reference.gru(backward, x[:, ::-1], 4, return_sequences=True), rtol=1e-12
    )


def test_bidirectional_can_add():
    shapes = [
        network_of(
            {"bidirectional": {"layer": {"lstm": 4}, "merge": merge}}, shape=(5, 3), rows=2
        ).graph.output.shape
        for merge in ("concat", "add")
    ]
    assert shapes == [(8,), (4,)]


def test_stacked_layers_have_the_numeric_gradient():
    layers = [
        {"lstm": {"units": 3, "return_sequences": True}},
        {"dropout": 0.3},
        {"layer_norm": {}},
        {"bidirectional": {"layer": {"simple_rnn": {"units": 2, "return_sequences": True}}}},
        {"gru": 3},
        {"dense": 2},
    ]
    network = network_of(*layers, shape=(4, 2), rows=3)
    executor = network.executor(3)
    network.info.lengths = np.array([4, 2, 3], np.int32)
    executor.x[...], dy = draw(3, 4, 2), draw(3, 2, seed=1)
    executor.forward(training=True)
    network.forget_gradients()
    executor.dy[...] = dy
    executor.backward()
    for name, array in [("x", executor.x), *network.arena.parameters.items()]:
        gradient = executor.dx if name == "x" else network.arena.gradients[name]
        way, before = draw(*array.shape, seed=3), array.copy()
        losses = []
        for h in (1e-5, -1e-5):
            array[...] = before + h * way
            losses.append((executor.forward(training=True) * dy).sum())
        array[...] = before
        np.testing.assert_allclose(
            (gradient * way).sum(), (losses[0] - losses[1]) / 2e-5, rtol=1e-6, atol=1e-9, err_msg=name
        )


def test_lstm_starts_with_a_bias_that_keeps_the_cell():
    network = network_of({"lstm": 2}, shape=(3, 2), rows=1)
    np.testing.assert_array_equal(network.arena.parameters["lstm_1.bias"], [0, 0, 1, 1, 0, 0, 0, 0])
    other = network_of(
        {"lstm": {"units": 2, "bias_initializer": {"constant": 0.5}, "forget_bias": 2}}, shape=(3, 2), rows=1
    )
    np.testing.assert_array_equal(
        other.arena.parameters["lstm_1.bias"], [0.5, 0.5, 2.5, 2.5, 0.5, 0.5, 0.5, 0.5]
    )


@each_cell
def test_each_gates_recurrent_weight_is_orthogonal(cell):
    weight = network_of({cell: 5}, shape=(3, 2), rows=1).arena.parameters[f"{cell}_1.recurrent_weight"]
    gates = np.split(weight, weight.shape[1] // 5, axis=1)
    for gate in gates:
        np.testing.assert_allclose(gate @ gate.T, np.eye(5), atol=1e-12)
    assert all((gates[0] != gate).any() for gate in gates[1:])


@each_cell
def test_lengths_are_those_of_the_steps_that_a_layer_is_distributed_over(cell):
    network = network_of({"time_distributed": {"layer": {cell: 4}}}, shape=(5, 3, 2), rows=3)
    executor = network.executor(3)
    executor.x[...] = draw(3, 5, 3, 2)
    results = []
    for lengths in (None, np.array([1, 5, 2], np.int32)):
        network.info.lengths = lengths
        y = executor.forward(training=True).copy()
        executor.dy[...] = draw(3, 5, 4, seed=1)
        executor.backward()
        results.append((y, executor.dx.copy()))
    for whole, padded_ in zip(*results, strict=True):
        np.testing.assert_array_equal(whole, padded_)


def test_time_distributed_carries_its_layers_activation():
    network = network_of(
        {"time_distributed": {"layer": {"dense": {"units": 4, "activation": "relu"}}}},
        {"gru": 2},
        shape=(3, 5),
        rows=2,
    )
    assert [node.name for node in network.graph.layers] == [
        "time_distributed_1",
        "time_distributed_1.relu",
        "gru_1",
    ]
    assert network.graph.nodes[2].shape == (3, 4)


# --------------------------------------------------------------------------------------------------------------- tokens


def test_embedding_takes_its_vocabulary_from_the_data():
    network = network_of({"embedding": 3}, {"gru": 2}, shape=(5,), rows=2, vocabulary=9)
    assert network.arena.parameters["embedding_1.weight"].shape == (9, 3)
    larger = network_of(
        {"embedding": {"units": 3, "vocabulary": 12}}, {"gru": 2}, shape=(5,), rows=2, vocabulary=9
    )
    assert larger.arena.parameters["embedding_1.weight"].shape == (12, 3)


@pytest.mark.parametrize(
    ("tokens", "vocabulary", "units"), [(2000, 5, 130), (7, 300, 3), (1, 1, 1), (4096, 64, 64)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_by_token_are_in_order(tokens, vocabulary, units, dtype):
    rng = np.random.default_rng(0)
    which, rows = (
        rng.integers(0, vocabulary, tokens).astype(np.int32),
        rng.normal(size=(tokens, units)).astype(dtype),
    )
    sums, expected = np.full((vocabulary, units), np.nan, dtype), np.zeros((vocabulary, units), dtype)
    kernels.embedding.sum_by_token(sums, rows, which)
    for token, row in zip(which, rows, strict=True):
        expected[token] += row
    np.testing.assert_array_equal(sums, expected)


def problems(*layers, shape, vocabulary=0):
    with pytest.raises(ConfigError) as caught:
        build_graph([Layer.parse(layer) for layer in layers], shape, vocabulary=vocabulary)
    return caught.value.problems


REFUSED = [
    ([{"dense": 2}], (5,), 9),
    ([{"lstm": 2}], (5,), 9),
    (["flatten"], (5,), 9),
    ([{"embedding": 3}], (5,), 0),
    ([{"embedding": 3}, {"embedding": 3}], (5,), 9),
    ([{"embedding": {"units": 3, "vocabulary": 8}}], (5,), 9),
    ([{"lstm": 2}], (5,), 0),
    ([{"gru": 2}], (8, 8, 3), 0),
    ([{"gru": 2}, {"gru": 2}], (5, 3), 0),
    ([{"multi_head_attention": 2}], (5, 3), 0),
    ([{"bidirectional": {"layer": {"dense": 3}}}], (5, 3), 0),
    ([{"bidirectional": {"layer": {"gru": {"units": 3, "stateful": True}}}}], (5, 3), 0),
    ([{"time_distributed": {"layer": {"repeat": {"times": 2, "layers": [{"dense": 3}]}}}}], (5, 3), 0),
    ([{"bidirectional": {"layer": {"gru": {"units": 3, "inputs": ["input"]}}}}], (5, 3), 0),
    ([{"time_distributed": {"layer": {"dense": {"units": 3, "inputs": ["input"]}}}}], (5, 3), 0),
    ([{"time_distributed": {"layer": {"dense": {"units": 3, "freeze": True}}}}], (5, 3), 0),
    ([{"time_distributed": {"layer": {"gru": {"units": 3, "stateful": True}}}}], (5, 4, 3), 0),
    ([{"dense": {"units": 3, "activation": {"prelu": {"name": "bent"}}}}], (5,), 0),
    ([{"time_distributed": {"layer": "flatten"}}], (5,), 0),
]


@pytest.mark.parametrize(("layers", "shape", "vocabulary"), REFUSED, ids=lambda value: str(value)[:40])
def test_an_input_that_does_not_fit_is_an_error(layers, shape, vocabulary, wording):
    (problem,) = problems(*layers, shape=shape, vocabulary=vocabulary)
    assert problem.path[:2] == ("model", "layers")
    wording(str(problem))


def test_stateful_and_reverse_exclude_each_other():
    with pytest.raises(ValueError, match="stateful"):
        Layer.parse({"lstm": {"units": 3, "stateful": True, "reverse": True}})
