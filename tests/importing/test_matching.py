"""Which weights go where: by order and shape, by numbers in names, by a map; what is left over is an error."""

import re

import numpy as np
import pytest
from safetensors.numpy import save_file

import nntrain
from nntrain.errors import UserError
from nntrain.importing.mapping import BadMap
from nntrain.importing.module import Tensor
from nntrain.importing.read import read_source
from nntrain.importing.state_dict import source_of
from nntrain.importing.transfer import Ambiguous, Missing, transfer
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from tests.support.imported import FOLDER, imported, largest_difference


def torch_file(shapes: dict[str, tuple[int, ...]], *, is_ordered: bool = True):
    """A source of PyTorch's names; each tensor holds its own number."""
    tensors = {
        name: Tensor.of(name, np.full(shape, number, np.float32))
        for number, (name, shape) in enumerate(shapes.items(), 1)
    }
    return source_of(tensors, is_ordered=is_ordered)


def linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def network(*layers, shape=(4,)):
    return build_graph([Layer.parse(layer) for layer in layers], shape)


def went(found) -> dict[str, str]:
    """The layer that each module of the file went to."""
    return {pair.module.name: pair.slot.name for pair in found.pairs}


SQUARE = network({"dense": 4}, "relu", {"dense": 4}, "relu", {"dense": 3})


def test_layers_of_equal_shape_follow_the_order_of_the_file():
    source = torch_file(linear("last", 4, 4) | linear("first", 4, 4) | linear("head", 3, 4))
    assert went(transfer(source, SQUARE)) == {"last": "dense_1", "first": "dense_2", "head": "dense_3"}


def test_another_order_does_not_matter_where_shapes_tell():
    source = torch_file(linear("head", 3, 5) | linear("body", 5, 4))
    assert went(transfer(source, network({"dense": 5}, {"dense": 3}))) == {
        "body": "dense_1",
        "head": "dense_2",
    }


def test_numbers_in_names_tell_layers_of_equal_shape_apart():
    source = torch_file(linear("head", 3, 4) | linear("fc10", 4, 4) | linear("fc9", 4, 4))
    found = transfer(source, SQUARE)
    assert went(found) == {"fc9": "dense_1", "fc10": "dense_2", "head": "dense_3"}
    assert "fc9, fc10" in found.notes[0]


@pytest.mark.parametrize("is_ordered", [True, False])
def test_layers_that_nothing_distinguishes_are_an_error_unless_the_order_counts(is_ordered):
    shapes = linear("left", 4, 4) | linear("right", 4, 4)
    shapes = linear("head", 3, 4) | shapes if is_ordered else shapes | linear("head", 3, 4)
    source = torch_file(shapes, is_ordered=is_ordered)
    with pytest.raises(Ambiguous) as caught:
        transfer(source, SQUARE)
    assert {"left, right", "dense_1, dense_2"} <= set(re.findall(r": ([\w, ]+)", caught.value.message))
    assert went(transfer(source, SQUARE, by_shape=True))["right"] == "dense_2"
    assert went(transfer(source, SQUARE, [caught.value.example]))["left"] == "dense_1"
    assert went(transfer(source, SQUARE, ["left=dense_2"])) == {
        "right": "dense_1",
        "left": "dense_2",
        "head": "dense_3",
    }


def test_what_is_left_over_is_an_error_with_both_sides_unless_partial():
    source = torch_file(linear("body", 4, 4) | linear("head", 7, 4) | {"extra.weight": (9, 9)})
    graph = network({"dense": 4}, {"dense": 3})
    with pytest.raises(Missing) as caught:
        transfer(source, graph)
    for text in (
        "body (4, 4)",
        "-> dense_1 (4, 4)",
        "head (7, 4)",
        "dense_2 (4, 3)",
        "needs (3, 4)",
        "extra",
    ):
        assert text in caught.value.message
    found = transfer(source, graph, partial=True)
    assert went(found) == {"body": "dense_1"}
    assert found.initial == ["dense_2.weight", "dense_2.bias"]
    assert found.unused == ["head.weight", "head.bias", "extra.weight"]
    assert {row.parameter for row in found.rows if not row.source} == set(found.initial)
    assert {row.source for row in found.rows if not row.parameter} == set(found.unused)


def test_nothing_that_fits_is_an_error_even_if_partial():
    with pytest.raises(Missing):
        transfer(torch_file({"a.weight": (9, 9)}), SQUARE, partial=True)


def test_a_bias_on_one_side_alone_is_an_error_that_names_the_option():
    for layer, shapes in (
        ({"dense": {"units": 3, "use_bias": False}}, linear("fc", 3, 4)),
        ({"dense": 3}, {"fc.weight": (3, 4)}),
    ):
        with pytest.raises(Missing, match="use_bias"):
            transfer(torch_file(shapes), network(layer))


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("left=dense_2", {"left": "dense_2"}),
        ("left.weight=dense_2.weight", {"left": "dense_2"}),
        ("left.=dense_2", {"left": "dense_2"}),
        ("le*=dense_2", {"left": "dense_2"}),
    ],
)
def test_a_map_settles_a_layer(entry, where):
    source = torch_file(linear("left", 4, 4) | linear("right", 4, 4) | linear("head", 3, 4))
    assert went(transfer(source, SQUARE, [entry])) == {**where, "right": "dense_1", "head": "dense_3"}


def test_a_prefix_maps_a_block_within_which_order_and_shape_decide():
    block = {"residual": {"body": [{"dense": 4}, "batch_norm", {"dense": 4}]}}
    graph = network(block, block)
    norm = {"n.weight": (4,), "n.bias": (4,), "n.running_mean": (4,), "n.running_var": (4,)}
    one = {**linear("a", 4, 4), **norm, **linear("b", 4, 4)}
    source = torch_file(
        {f"{name}.{key}": shape for name in ("second", "first") for key, shape in one.items()}
    )
    found = went(transfer(source, graph, ["first=residual_1", "second=residual_2"]))
    assert found["first.a"] == "residual_1.body.dense_1"
    assert found["second.b"] == "residual_2.body.dense_2"


def test_parameters_of_no_layer_are_mapped_one_by_one():
    shapes = {"w": (3, 4), "b": (3,), "other": (3,)}
    found = transfer(
        torch_file(shapes), network({"dense": 3}), ["w=dense_1.weight", "b=dense_1.bias", "other="]
    )
    assert found.values["dense_1.bias"].tolist() == [2, 2, 2]
    assert found.values["dense_1.weight"].shape == (4, 3)
    assert found.unused == ["other"]


def test_an_empty_side_leaves_weights_out():
    source = torch_file(linear("fc", 3, 4) | linear("aux.head", 3, 4))
    found = transfer(source, network({"dense": 3}), ["aux="])
    assert went(found) == {"fc": "dense_1"}
    assert found.unused == ["aux.head.weight", "aux.head.bias"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("left", "expected SOURCE=LAYER"),
        ("=dense_1", "expected SOURCE=LAYER"),
        ("lefd=dense_1", "Did you mean 'left"),
        ("left=dense_4", "no layer of the network"),
        ("left=dense_3", "needs (3, 4)"),
    ],
)
def test_a_wrong_map_is_an_error_at_its_place(entry, said):
    source = torch_file(linear("left", 4, 4) | linear("right", 4, 4) | linear("head", 3, 4))
    with pytest.raises(BadMap) as caught:
        transfer(source, SQUARE, [entry])
    assert said in caught.value.message
    assert caught.value.place.startswith(entry.split("=")[0])


def test_wrappers_and_counters_of_pytorch_are_known():
    norm = {
        "weight": (4,),
        "bias": (4,),
        "running_mean": (4,),
        "running_var": (4,),
        "num_batches_tracked": (),
    }
    shapes = {f"module._orig_mod.bn.{name}": shape for name, shape in norm.items()}
    source = torch_file(shapes | linear("module._orig_mod.fc", 3, 4))
    assert went(transfer(source, network("batch_norm", {"dense": 3}))) == {
        "bn": "batch_norm_1",
        "fc": "dense_1",
    }
    assert source.ignored == ("module._orig_mod.bn.num_batches_tracked",)


def test_weights_that_are_not_finite_are_refused():
    source = torch_file(linear("fc", 3, 4))
    source.modules[0].tensors["bias"] = Tensor.of("fc.bias", np.full(3, np.nan, np.float32))
    with pytest.raises(UserError, match="NaN"):
        transfer(source, network({"dense": 3}))


def test_features_summed_from_branches_of_different_orders_are_refused():
    """One branch flattens an image, the other does not: no order of the weights is right for both."""
    branch = {
        "residual": {
            "body": ["flatten"],
            "shortcut": [{"conv2d": {"filters": 8, "kernel_size": 2}}, "flatten"],
        }
    }
    graph = network(branch, {"dense": 3}, shape=(2, 2, 2))
    source = torch_file({"conv.weight": (8, 2, 2, 2), "conv.bias": (8,), **linear("fc", 3, 8)})
    with pytest.raises(Missing, match="orders differ"):
        transfer(source, graph)


def test_a_safetensors_file_has_no_order_but_numbers_in_names(tmp_path):
    tensors = {}
    for name, tensor in load("lenet.pt").items():
        tensors[name] = np.ascontiguousarray(tensor)
    save_file(tensors, tmp_path / "lenet.safetensors")
    found = imported(tmp_path / "lenet.safetensors", "lenet")
    assert largest_difference(found, "lenet") < 1e-5


def load(name: str) -> dict[str, np.ndarray]:
    modules = read_source(FOLDER / name).modules
    return {tensor.name: tensor.load() for module in modules for tensor in module.tensors.values()}


def test_own_checkpoints_go_by_name_and_then_by_shape(tmp_path):
    first = imported("gru.pt", "gru")
    first.model.save(tmp_path / "run.safetensors")
    named = [{"gru": {"units": 6, "name": "reader"}}, {"dense": 4}]
    found = imported(tmp_path / "run.safetensors", "gru", named)
    assert found.framework == "nntrain"
    assert largest_difference(found, "gru") < 1e-5


def test_half_precision_is_widened(tmp_path):
    tensors = {name: tensor.astype(np.float16) for name, tensor in load("gru.pt").items()}
    save_file(tensors, tmp_path / "half.safetensors")
    assert largest_difference(imported(tmp_path / "half.safetensors", "gru"), "gru") < 1e-2


def test_the_public_class_is_what_the_function_returns():
    assert isinstance(imported("gru.pt", "gru"), nntrain.Imported)
