"""The graph: names, shapes, skips and branches, fusion, and all errors at once."""

import numpy as np
import pytest

from nntrain.errors import ConfigError, dotted
from nntrain.initializers import Initializer
from nntrain.layers.layer import Layer
from nntrain.network import fusion
from nntrain.network.graph import build_graph
from nntrain.network.network import Network


def graph_of(*layers, shape=(6,), initializer=None):
    return build_graph([Layer.parse(layer) for layer in layers], shape, initializer)


def problems(*layers, shape=(6,)):
    with pytest.raises(ConfigError) as caught:
        graph_of(*layers, shape=shape)
    return caught.value.problems


def places(problems):
    return [dotted(problem.path) for problem in problems]


def test_layers_are_chained_with_names_and_shapes():
    graph = graph_of(
        {"dense": {"units": 4, "activation": "relu"}}, {"dense": {"units": 3, "name": "head"}}, "tanh"
    )
    assert [(node.name, node.shape) for node in graph.layers] == [
        ("dense_1", (4,)),
        ("dense_1.relu", (4,)),
        ("head", (3,)),
        ("tanh_1", (3,)),
    ]


def test_a_branch_takes_its_inputs_by_name():
    graph = graph_of(
        {"dense": {"units": 4, "name": "trunk"}},
        {"dense": 4},
        {"add": {"inputs": ["trunk", "previous"]}},
        {"concat": {"inputs": ["previous", "input"]}},
    )
    assert [[source.name for source in node.inputs] for node in graph.layers] == [
        ["input"],
        ["trunk"],
        ["trunk", "dense_2"],
        ["add_1", "input"],
    ]
    assert graph.output.shape == (10,)


def test_residual_adds_its_input():
    graph = graph_of({"residual": {"body": [{"dense": 6}, "relu"]}})
    assert [node.name for node in graph.layers] == [
        "residual_1.body.dense_1",
        "residual_1.body.relu_1",
        "residual_1.add",
    ]
    assert [source.name for source in graph.output.inputs] == ["residual_1.body.relu_1", "input"]


def test_repeat_gives_each_turn_parameters_of_its_own():
    graph = graph_of({"repeat": {"times": 3, "layers": [{"dense": 6}]}})
    assert [node.name for node in graph.layers] == [f"repeat_1.{turn}.dense_1" for turn in (1, 2, 3)]


def test_freeze_reaches_into_containers():
    graph = graph_of({"residual": {"body": [{"dense": 6}], "freeze": True}}, {"dense": 2})
    assert [node.frozen for node in graph.layers] == [True, True, False]


def test_relu_is_fused_where_nothing_else_reads_its_input():
    fused = graph_of({"dense": 4}, "relu", {"dense": 2})
    assert [node.fused_into is not None for node in fused.layers] == [False, True, False]
    seen = graph_of(
        {"dense": {"units": 4, "name": "before"}}, "relu", {"add": {"inputs": ["before", "previous"]}}
    )
    assert not any(node.fused_into for node in seen.layers)


def gradient_places(*layers):
    return {
        node.name: node.gradient_fused_into.name
        for node in graph_of(*layers).layers
        if node.gradient_fused_into
    }


def test_the_gradient_of_relu_is_fused_into_a_neighbour():
    assert gradient_places({"dense": 4}, "batch_norm", "relu", {"dense": 2}) == {"relu_1": "batch_norm_1"}
    assert gradient_places(
        "batch_norm", "relu", {"residual": {"body": [{"dense": 6}]}}, "relu", {"dense": 2}
    ) == {
        "relu_1": "relu_1",
        "relu_2": "dense_1",
    }  # where the gradients of two consumers are added up; in the next product
    assert gradient_places("batch_norm", "elu", {"dense": 2}) == {}


@pytest.mark.parametrize("curve", ["tanh", "sigmoid"])
def test_a_curve_is_fused_between_dense_layers(curve):
    graph = graph_of({"dense": 4}, curve, {"dense": 2}, curve)
    places = [(node.name, node.fused_into, node.gradient_fused_into) for node in graph.layers]
    first, second = graph.layers[0], graph.layers[2]
    assert places == [
        ("dense_1", None, None),
        (f"{curve}_1", first, second),
        ("dense_2", None, None),
        (f"{curve}_2", second, None),
    ]
    assert gradient_places("batch_norm", curve, {"dense": 2}) == {f"{curve}_1": "dense_1"}


def test_a_norm_adds_the_shortcut_where_it_comes_last():
    residual = {"residual": {"body": [{"dense": 6}, "batch_norm"], "shortcut": [{"dense": 6}, "batch_norm"]}}
    graph = graph_of({"residual": {"body": [{"dense": 6}, "batch_norm"]}}, "relu", residual, {"dense": 2})
    assert {node.name: node.fused_into.name for node in graph.layers if node.fused_into} == {
        "residual_1.add": "residual_1.body.batch_norm_1",
        "relu_1": "residual_1.add",
        "residual_2.add": "residual_2.shortcut.batch_norm_1",
    }
    seen = graph_of(
        {"batch_norm": {"name": "seen"}},
        {"add": {"inputs": ["input", "previous"]}},
        {"concat": {"inputs": ["seen", "previous"]}},
    )
    assert not any(node.fused_into for node in seen.layers)


@pytest.mark.parametrize(
    "layers",
    [
        ["batch_norm", {"leaky_relu": 0.1}, {"dense": 6}],
        [
            "batch_norm",
            "relu",
            {"residual": {"body": [{"dense": 6}, "batch_norm"], "shortcut": [{"dense": 6}, "batch_norm"]}},
            {"leaky_relu": 0.2},
            {"residual": {"body": ["batch_norm"]}},
            {"dense": 2},
        ],
        ["batch_norm", "relu", {"residual": {"body": [{"dense": 6}, "batch_norm"]}}, "relu", {"dense": 2}],
        [
            {"leaky_relu": {"slope": 0.3, "name": "bend"}},
            {"dense": 6},
            {"add": {"inputs": ["bend", "previous", "bend"]}},
            "relu",
        ],
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [3, 7])
def test_fused_layers_give_the_results_of_single_layers(layers, rows, monkeypatch):
    found = []
    for fused in (True, False):
        if not fused:
            monkeypatch.setattr(fusion, "FUSIONS", fusion.FUSIONS[:1])
        network = Network(graph_of({"dense": 6}, *layers), 7, "float64", input_gradient=True)
        executor = network.executor(rows)
        draw = np.random.default_rng(0)
        executor.x[...] = draw.normal(size=executor.x.shape)
        executor.forward(training=True)
        network.forget_gradients()
        executor.dy[...] = draw.normal(size=executor.dy.shape)
        executor.backward()
        found.append((executor.y.copy(), executor.dx.copy(), network.grad.copy()))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (["relu"], "he_normal"),
        (["batch_norm", {"dropout": 0.5}, "leaky_relu"], "he_normal"),
        (["selu"], "lecun_normal"),
        (["tanh"], "glorot_uniform"),
        ([], "glorot_uniform"),
        ([{"dense": 3}, "relu"], "glorot_uniform"),
        (["flatten", "elu"], "he_normal"),
    ],
)
def test_auto_follows_the_first_activation_after_the_layer(after, expected):
    graph = graph_of({"dense": 4}, *after)
    first = graph.layers[0]
    assert graph.initializer_of(first, first.parameters["weight"]).yaml_name == expected


def test_a_layers_own_initializer_comes_before_the_models():
    graph = graph_of(
        {"dense": {"units": 4, "weight_initializer": "zeros"}},
        {"dense": 2},
        initializer=Initializer.parse({"normal": {"std": 1}}),
    )
    chosen = [graph.initializer_of(node, node.parameters["weight"]).yaml_name for node in graph.layers]
    assert chosen == ["zeros", "normal"]


def test_all_errors_are_reported_at_once(wording):
    found = problems(
        {"dense": {"units": 4, "name": "trunk"}},
        {"add": {"inputs": ["trunk", "input"]}},
        {"dense": {"units": 3, "inputs": ["trunc"]}},
    )
    assert places(found) == ["model.layers[1].add", "model.layers[2].dense.inputs[0]"]
    for problem in found:
        wording(str(problem))


def test_an_error_in_a_repeated_chain_is_reported_once():
    layers = [{"dense": {"units": 3, "inputs": ["nowhere"]}}]
    assert len(problems({"repeat": {"times": 5, "layers": layers}})) == 1


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        (
            [{"dense": {"units": 4, "inputs": ["later"]}}, {"dense": {"units": 3, "name": "later"}}],
            "[0].dense.inputs[0]",
        ),
        ([{"dense": {"units": 4, "name": "a"}}, {"dense": {"units": 3, "name": "a"}}], "[1].dense.name"),
        ([{"dense": {"units": 4, "name": "input"}}], "[0].dense.name"),
        ([{"dense": {"units": 4, "name": "a.b"}}], "[0].dense.name"),
        (["add"], "[0].add"),
        (
            [{"dense": {"units": 4, "name": "a"}}, {"dense": {"units": 4, "inputs": ["a", "input"]}}],
            "[1].dense",
        ),
        ([{"dense": 4}, {"dense": {"units": 4, "inputs": ["input"]}}], "[0].dense"),
        ([{"residual": {"body": [{"dense": 4}]}}], "[0].residual"),
    ],
)
def test_each_error_names_its_place(layers, place, wording):
    (problem,) = problems(*layers)
    assert dotted(problem.path) == f"model.layers{place}"
    wording(str(problem))
