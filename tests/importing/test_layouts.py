"""Rules turn arrays exactly, or refuse: never approximately."""

import numpy as np
import pytest

from nntrain.importing.layouts import Misfit, turned
from nntrain.importing.module import Module, Tensor
from nntrain.importing.slots import slots_of
from nntrain.importing.state_dict import modules_of
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph

RNG = np.random.default_rng(0)


def slots(layer, shape=(5, 4)):
    return slots_of(build_graph([Layer.parse(layer)], shape))


def tensors(**shapes) -> dict[str, Tensor]:
    return {
        name.replace("__", "."): Tensor.of(name.replace("__", "."), RNG.normal(size=shape).astype(np.float32))
        for name, shape in shapes.items()
    }


def keras_gru(bias: tuple[int, ...]) -> Module:
    return Module("gru", tensors(kernel=(4, 9), recurrent_kernel=(3, 9), bias=bias), frozenset({"gru"}))


def torch(**shapes) -> list[Module]:
    return modules_of(tensors(**shapes))[0]


def test_the_gates_of_a_keras_gru_change_places_and_those_of_before_reset_are_refused():
    (slot,) = slots({"gru": 3})
    module = keras_gru((2, 9))
    found = turned(module, slot, "keras")
    z, r, h = np.split(module.tensors["kernel"].load(), 3, axis=1)
    np.testing.assert_array_equal(found["weight"].array, np.hstack([r, z, h]))
    np.testing.assert_array_equal(found["recurrent_bias"].array, module.tensors["bias"].load()[1, 6:])
    with pytest.raises(Misfit, match="reset_after=False"):
        turned(keras_gru((9,)), slot, "keras")


def test_queries_keys_and_values_apart_are_joined():
    first, _ = slots({"multi_head_attention": 2})
    (module,) = torch(
        a__q_proj__weight=(4, 4),
        a__k_proj__weight=(4, 4),
        a__v_proj__weight=(4, 4),
        a__q_proj__bias=(4,),
        a__k_proj__bias=(4,),
        a__v_proj__bias=(4,),
    )
    found = turned(module, first, "pytorch")
    parts = [module.tensors[f"{letter}_weight"].load().T for letter in "qkv"]
    np.testing.assert_array_equal(found["weight"].array, np.hstack(parts))
    assert found["bias"].array.shape == (12,)


def test_a_layer_norm_without_bias_adds_nothing():
    (slot,) = slots("layer_norm")
    found = turned(torch(norm__weight=(4,))[0], slot, "pytorch")
    assert found["shift"].array.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("layer", "shapes", "said"),
    [
        (
            {"lstm": {"units": 3, "use_bias": False}},
            {"l__weight_ih_l0": (12, 4), "l__weight_hh_l0": (12, 2), "l__weight_hr_l0": (2, 3)},
            "proj_size",
        ),
        ({"dense": 3}, {"fc__weight_g": (3, 1), "fc__weight_v": (3, 4), "fc__bias": (3,)}, "weight_norm"),
        ({"maxout": {"units": 3}}, {"fc__weight": (6, 4), "fc__bias": (6,)}, "order"),
        ({"lstm": {"units": 3, "reverse": True}}, {"l__weight_ih_l0": (12, 4)}, "opposite directions"),
        ("layer_norm", {"n__weight": (5,), "n__bias": (5,)}, "needs (4,)"),
    ],
)
def test_what_has_no_exact_counterpart_is_refused(layer, shapes, said):
    (slot,) = slots(layer)
    with pytest.raises(Misfit) as caught:
        turned(torch(**shapes)[0], slot, "pytorch")
    assert said in str(caught.value)


def test_whole_numbers_are_no_weights():
    (slot,) = slots("layer_norm")
    module = Module("n", {key: Tensor.of(key, np.ones(4, np.int64)) for key in ("weight", "bias")})
    with pytest.raises(Misfit, match="int64"):
        turned(module, slot, "pytorch")
