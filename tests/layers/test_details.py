"""Details of single layers: extremes, randomness, statistics, errors."""

import numpy as np
import pytest

from nntrain import kernels, randomness
from nntrain.errors import ConfigError, UserError
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Activation, Layer
from nntrain.network.single import Single
from tests.support.harness import alone, backward, numeric_gradients, run

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])


def applied(spelling, x, dtype="float64", training=True):
    """y and dx (for dy = 1) of a layer on the rows x."""
    x = np.asarray(x, dtype)
    single = Single(Layer.parse(spelling), (x.shape[1:],), len(x), dtype)
    single.ctx.info.training = training
    single.ctx.x[...] = x
    single.ctx.dy.fill(1)
    single.forward()
    single.backward()
    return single.ctx.y, single.ctx.dx


FAR = {  # activation: its values at -1000 and 1000
    "identity": (-1000, 1000),
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1000 / 1001, 1000 / 1001),
    "softplus": (0, 1000),
    "relu": (0, 1000),
    "relu6": (0, 6),
    "leaky_relu": (-10, 1000),
    "prelu": (-250, 1000),
    "elu": (-1, 1000),
    "selu": (-1.7580993408473766, 1050.7009873554805),
    "gelu": (0, 1000),
    "silu": (0, 1000),
    "hard_swish": (0, 1000),
    "mish": (0, 1000),
    "softmax": (0, 1),
    "log_softmax": (-2000, 0),
}


@BOTH
@pytest.mark.parametrize("name", FAR)
def test_activation_far_from_zero(name, dtype):
    y, dx = applied(name, [[-1000, 1000]], dtype)
    np.testing.assert_allclose(y[0], FAR[name], rtol=1e-6 if dtype == "float32" else 1e-15)
    assert np.isfinite(dx).all()


@BOTH
@pytest.mark.parametrize(
    "name", sorted({kind.yaml_name for kind in Activation.members().values()} - {"softmax", "log_softmax"})
)
def test_activation_stays_finite_for_every_finite_value(name, dtype):
    largest = np.finfo(dtype).max / 4
    x = np.array([0, 1e-40, 1e-30, 1e-5, 1, 15, 19.5, 88, 104, 709, 746, 1e10, 1e19, 1e30, largest])
    y, dx = applied(name, np.concatenate([x, -x])[None], dtype)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert (np.abs(dx) < 1.76).all()  # the steepest, selu just below 0


@BOTH
def test_softmax_of_equal_huge_values_is_uniform(dtype):
    y, _ = applied("softmax", [[1e30] * 4, [-1e30] * 4], dtype)
    np.testing.assert_array_equal(y, 0.25)


def test_relu_of_minus_infinity_is_zero():
    np.testing.assert_array_equal(applied("relu", [[-np.inf, np.inf]])[0], [[0, np.inf]])


@BOTH
def test_dropout_keeps_what_its_random_numbers_say(dtype):
    single = alone(Layer.parse({"dropout": 0.3}), ((100,),), 50, dtype)
    ctx = single.ctx
    ctx.info.step = 3
    y = single.forward()
    key = randomness.key(ctx.info.seed, "dropout", ctx.name, 3)
    kept = (randomness.uniform(key, y.size) >= 0.3).reshape(y.shape)
    np.testing.assert_array_equal(ctx.kept, kept)
    np.testing.assert_allclose(y, np.where(kept, ctx.x / np.asarray(0.7, dtype), 0), rtol=1e-6)
    assert abs(kept.mean() - 0.7) < 0.02


def test_dropout_in_evaluation_changes_nothing():
    x = np.random.default_rng(0).normal(size=(4, 6))
    y, dx = applied({"dropout": 0.9}, x, training=False)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(dx, 1)


def test_layers_of_other_names_drop_other_values():
    masks = []
    for name in ("dropout_1", "dropout_2"):
        single = alone(Layer.parse({"dropout": 0.5}), ((100,),), 5)
        single.ctx.name = name
        single.forward()
        masks.append(single.ctx.kept.copy())
    assert (masks[0] != masks[1]).any()


def test_noise_is_normal_with_its_deviation():
    single = alone(Layer.parse({"gaussian_noise": 0.5}), ((100,),), 50)
    ctx = single.ctx
    noise = single.forward() - ctx.x
    expected = 0.5 * randomness.normal(randomness.key(ctx.info.seed, "noise", ctx.name, 0), ctx.x.size)
    np.testing.assert_allclose(noise.ravel(), expected, atol=1e-12)


def test_rrelu_samples_slopes_between_its_bounds_and_uses_their_mean_in_evaluation():
    x = -np.ones((50, 40))
    y, dx = applied({"rrelu": {"lower": 0.1, "upper": 0.3}}, x)
    assert -0.3 <= y.min() < -0.29
    assert -0.11 < y.max() <= -0.1
    np.testing.assert_array_equal(dx, -y)
    y, dx = applied({"rrelu": {"lower": 0.1, "upper": 0.3}}, x, training=False)
    np.testing.assert_allclose(y, -0.2)
    np.testing.assert_allclose(dx, 0.2)


def test_batch_norm_moves_its_running_statistics_towards_the_batchs():
    single = alone(Layer.parse({"batch_norm": {"momentum": 0.25}}), ((3, 2),), 5)
    ctx = single.ctx
    ctx.running_mean[:] = 4
    ctx.running_variance[:] = 9
    single.forward()
    np.testing.assert_allclose(ctx.running_mean, 0.75 * 4 + 0.25 * ctx.x.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(ctx.running_variance, 0.75 * 9 + 0.25 * ctx.x.var((0, 1), ddof=1), rtol=1e-12)


def in_evaluation():
    single = alone(Layer.parse({"batch_norm": {"eps": 0.01}}), ((3, 2),), 5)
    single.ctx.info.training = False
    single.ctx.running_mean[:] = [1, 2]
    single.ctx.running_variance[:] = [4, 9]
    return single


def test_batch_norm_in_evaluation_uses_the_running_statistics_and_leaves_them():
    single = in_evaluation()
    ctx = single.ctx
    expected = ctx.scale * (ctx.x - [1, 2]) / np.sqrt(np.array([4, 9]) + 0.01) + ctx.shift
    np.testing.assert_allclose(single.forward(), expected, rtol=1e-12)
    np.testing.assert_array_equal(ctx.running_mean, [1, 2])
    np.testing.assert_array_equal(ctx.running_variance, [4, 9])


def test_batch_norm_has_its_gradient_in_evaluation_too():
    single = in_evaluation()
    found = run(single)
    for name, numeric in numeric_gradients(single).items():
        np.testing.assert_allclose(found[name], numeric, rtol=1e-6, atol=1e-8, err_msg=name)


def test_frozen_batch_norm_passes_the_gradient_on():
    """Frozen parameters have no gradient arrays; the gradient of the input is the same."""
    layer = Layer.parse("batch_norm")
    single = alone(layer, ((6,),), 5)
    expected = run(single)["x0"]
    del single.ctx.dscale, single.ctx.dshift
    single.ctx.dx.fill(np.nan)
    layer.prepare_backward(single.ctx)
    layer.backward_input(single.ctx)
    np.testing.assert_array_equal(single.ctx.dx, expected)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3, 10, 16, 64, 129, 300])
@pytest.mark.parametrize("rows", [2, 7, 1500])
def test_batch_norm_of_float32_is_exact_to_six_digits(channels, rows):
    draw = np.random.default_rng(0)
    x = (
        draw.normal(size=(rows, channels)) * draw.uniform(0.1, 10, channels) + draw.normal(size=channels)
    ).astype("f4")
    single = Single(Layer.parse("batch_norm"), ((channels,),), rows, "float32")
    single.ctx.x[...] = x
    single.ctx.dy[...] = draw.normal(size=x.shape)
    single.forward()
    single.backward()
    mean, variance = x.mean(0, dtype="f8"), x.var(0, dtype="f8")
    np.testing.assert_allclose(single.ctx.statistics[0], mean, rtol=0, atol=1e-6 * np.abs(x).max())
    np.testing.assert_allclose(single.ctx.statistics[1], 1 / np.sqrt(variance + 1e-5), rtol=1e-6)
    xhat = (x - mean) / np.sqrt(variance + 1e-5)
    for found, terms in ((single.ctx.dshift, single.ctx.dy), (single.ctx.dscale, single.ctx.dy * xhat)):
        np.testing.assert_allclose(
            found, terms.sum(0, dtype="f8"), rtol=0, atol=1e-6 * np.abs(terms).sum(0).max()
        )


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
@pytest.mark.parametrize("rows", [64, 30000])
def test_variance_survives_a_large_mean(name, rows):
    """Near 1000, float32 steps by 6e-5; a variance from the mean of squares would be lost altogether."""
    x = np.float32(1000) + np.random.default_rng(0).normal(size=(rows, 8)).astype(np.float32)
    y, _ = applied({name: {"affine": False}}, x, "float32")
    axis = 0 if name == "batch_norm" else 1
    exact = (x - x.mean(axis, dtype="f8", keepdims=True)) / np.sqrt(
        x.var(axis, dtype="f8", keepdims=True) + 1e-5
    )
    np.testing.assert_allclose(y, exact, atol=1e-3)


def test_batch_norm_refuses_a_batch_of_one_value_per_channel(wording):
    layer = Layer.parse("batch_norm")
    assert (layer.minimum_rows((6,)), layer.minimum_rows((1, 1, 6)), layer.minimum_rows((4, 4, 6))) == (
        2,
        2,
        1,
    )
    single = alone(layer, ((6,),), 1)
    with pytest.raises(UserError) as caught:
        single.forward()
    assert caught.value.place == "batch_norm"
    wording(str(caught.value))
    assert np.isfinite(run(alone(layer, ((4, 4, 6),), 1))["y"]).all()


ENDS_WITH_ACTIVATION = [
    ({"dense": 7}, ((6,),)),
    ({"conv2d": {"filters": 3, "kernel_size": 2}}, ((3, 4, 2),)),
    ("batch_norm", ((6,),)),
    ("add", ((6,), (6,))),
    ("add", ((6,),) * 3),
    ({"group_norm": 2}, ((3, 2, 4),)),
    ({"depthwise_conv2d": {"kernel_size": 2}}, ((3, 2, 4),)),
]


@BOTH
@pytest.mark.parametrize("activation", ["relu", {"leaky_relu": 0.2}], ids=str)
@pytest.mark.parametrize(("spelling", "shapes"), ENDS_WITH_ACTIVATION, ids=str)
@pytest.mark.parametrize("rows", [5, pytest.param(40001, marks=pytest.mark.slow)])
def test_fused_activation_is_the_activation_after_it(spelling, shapes, activation, rows, dtype):
    layer, activation = Layer.parse(spelling), Layer.parse(activation)
    assert Fusable.ACTIVATION in layer.fuses
    plain, fused = (alone(layer, shapes, rows, dtype) for _ in range(2))
    fused.ctx.epilogue = activation.epilogue()
    after = Single(activation, (plain.ctx.y.shape[1:],), rows, dtype)
    after.ctx.x[...] = plain.forward()
    np.testing.assert_allclose(fused.forward(), after.forward(), rtol=1e-6 if dtype == "float32" else 1e-14)
    assert (fused.ctx.y <= 0).any()


TAKES_GRADIENT_OF_ACTIVATION = [
    ("batch_norm", ((6,),)),
    ({"batch_norm": {"affine": False}}, ((3, 5),)),
    ({"group_norm": 2}, ((3, 2, 4),)),
]


@BOTH
@pytest.mark.parametrize("activation", ["relu", {"leaky_relu": 0.2}], ids=str)
@pytest.mark.parametrize(("spelling", "shapes"), TAKES_GRADIENT_OF_ACTIVATION, ids=str)
@pytest.mark.parametrize("rows", [5, pytest.param(40001, marks=pytest.mark.slow)])
def test_fused_gradient_is_that_of_the_activation_after_it(spelling, shapes, activation, rows, dtype):
    layer, activation = Layer.parse(spelling), Layer.parse(activation)
    assert Fusable.ACTIVATION_GRADIENT in layer.fuses
    plain, fused = (alone(layer, shapes, rows, dtype) for _ in range(2))
    after = Single(activation, (plain.ctx.y.shape[1:],), rows, dtype)
    after.ctx.x[...] = plain.forward()
    after.forward()
    after.ctx.dy[...] = plain.ctx.dy
    after.backward()
    plain.ctx.dy[...] = after.ctx.dx
    fused.ctx.epilogue = activation.epilogue()
    fused.ctx.dy_slope = activation.epilogue()[1]
    fused.forward()
    found, expected = backward(fused), backward(plain)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_epilogue_codes_are_matmuls():
    codes = {
        kind.yaml_name: kind().epilogue()[0]
        for kind in Activation.members().values()
        if kind.fusable_as is Fusable.ACTIVATION
    }
    assert codes == {"relu": kernels.matmul.RELU, "leaky_relu": kernels.matmul.LEAKY_RELU}
    slopes = [kernels.activations.slope_of((code, 0.2)) for code in (kernels.matmul.NONE, *codes.values())]
    assert slopes == [1, 0, 0.2]


def test_maxout_remembers_the_first_winner():
    single = alone(Layer.parse({"maxout": {"units": 2, "pieces": 3}}), ((1,),), 2)
    ctx = single.ctx
    ctx.weight[:] = 0
    ctx.bias[:] = [5, 1, 5, 2, 4, 2]
    np.testing.assert_array_equal(single.forward(), [[5, 2], [5, 2]])
    np.testing.assert_array_equal(ctx.winner, [[0, 1], [0, 1]])
    assert ctx.winner.dtype == np.uint8


MISFITS = [
    ("add", ((4,), (5,))),
    ("add", ((4,), (4,), (2, 2))),
    ("multiply", ((4,), (1,))),
    ("concat", ((4, 2), (3, 2))),
    ("concat", ((4,), ())),
    ({"reshape": [4, -1]}, ((3, 2),)),
    ({"reshape": [7]}, ((6,),)),
    ({"reshape": [-1, -1]}, ((6,),)),
    ({"reshape": [0]}, ((6,),)),
    ({"permute": [1, 1]}, ((3, 2),)),
    ({"rrelu": {"lower": 0.5, "upper": 0.25}}, ((6,),)),
    ({"dense": 3}, ((),)),
]


@pytest.mark.parametrize(("spelling", "shapes"), MISFITS, ids=str)
def test_a_shape_that_does_not_fit_is_an_error(spelling, shapes, wording):
    with pytest.raises(ConfigError) as caught:
        Layer.parse(spelling).output_shape(*shapes)
    wording(str(caught.value))


SHORT = [
    ({"dense": 10}, {"units": 10}),
    ({"maxout": 3}, {"units": 3, "pieces": 2}),
    ({"dropout": 0.5}, {"rate": 0.5}),
    ({"leaky_relu": 0.2}, {"slope": 0.2}),
    ({"prelu": 0.1}, {"init": 0.1}),
    ({"elu": 2}, {"alpha": 2.0}),
    ({"softplus": 3}, {"beta": 3.0}),
    ({"reshape": [2, 3]}, {"shape": (2, 3)}),
    ({"batch_norm": 0.2}, {"momentum": 0.2}),
    ({"gelu": "tanh"}, {"approximate": "tanh"}),
]


@pytest.mark.parametrize(("spelling", "options"), SHORT, ids=str)
def test_bare_value_sets_the_first_option(spelling, options):
    layer = Layer.parse(spelling)
    assert {name: getattr(layer, name) for name in options} == options


def test_dense_carries_an_activation():
    layer = Layer.parse({"dense": {"units": 3, "activation": {"leaky_relu": 0.2}}})
    assert layer.activation == Layer.parse({"leaky_relu": {"slope": 0.2}})
    assert Layer.parse("swish") == Layer.parse("silu")


def test_only_weights_are_decayed():
    roles = {}
    for kind in set(Layer.members().values()):
        if kind.build is Layer.build:
            found = Layer.parse({kind.yaml_name: kind.example}).parameters(*kind.example_inputs)
            roles |= {
                f"{kind.yaml_name}.{name}": param.role
                for name, param in found.items()
                if "weight" not in name
            }
            assert all(param.role == "weight" for name, param in found.items() if "weight" in name)
    assert (
        roles.items()
        >= {
            "dense.bias": "bias",
            "maxout.bias": "bias",
            "prelu.slope": "scale",
            "batch_norm.scale": "scale",
            "batch_norm.shift": "bias",
            "layer_norm.scale": "scale",
            "layer_norm.shift": "bias",
            "rms_norm.scale": "scale",
        }.items()
    )
    assert "weight" not in roles.values()


def test_prelu_starts_at_its_init():
    single = Single(Layer.parse({"prelu": {"init": 0.1, "per_channel": True}}), ((4, 2),), 1)
    np.testing.assert_array_equal(single.ctx.slope, [0.1, 0.1])


def test_dense_counts_two_operations_per_weight_and_position():
    assert Layer.parse({"dense": 10}).flops((64,)) == 2 * 64 * 10
    assert Layer.parse({"dense": 10}).flops((7, 64)) == 7 * 2 * 64 * 10
    assert Layer.parse({"maxout": {"units": 10, "pieces": 3}}).flops((64,)) == 3 * 2 * 64 * 10


def test_multiply_and_concat_skip_inputs_without_trained_layers():
    for spelling in ("multiply", "concat"):
        single = alone(Layer.parse(spelling), ((6,), (6,)), 5)
        expected = run(single)["x1"]
        single.ctx.dxs[0], single.ctx.dxs[1][...] = None, np.nan
        single.backward()
        np.testing.assert_array_equal(single.ctx.dxs[1], expected)
