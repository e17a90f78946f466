"""Every layer on its own, for each sample: values, gradients, and what it declares to the network."""

import numba
import numpy as np
import pytest

from nntrain.layers.layer import Layer
from nntrain.network.single import Single
from tests.support.harness import alone, backward, each_case, numeric_gradients, run
from tests.support.samples import LAYERS

ROWS = 5
MANY_ROWS = 30011  # enough for the parallel kernels; odd, so that shares are uneven

each_sample = pytest.mark.parametrize("sample", LAYERS, ids=str)
each_known = pytest.mark.parametrize("sample", [sample for sample in LAYERS if sample.reference], ids=str)
few_and_many = pytest.mark.parametrize("rows", [ROWS, pytest.param(MANY_ROWS, marks=pytest.mark.slow)])


def layer_of(sample) -> Layer:
    return Layer.parse({sample.name: sample.options})


def assert_close(found: dict, expected: dict, tolerance: float):
    """Relative to the largest value of each array."""
    assert found.keys() == expected.keys()
    for name in expected:
        scale = np.abs(expected[name]).max(initial=1e-30)
        np.testing.assert_allclose(
            found[name] / scale, expected[name] / scale, rtol=0, atol=tolerance, err_msg=name
        )


def assert_same_bits(found: dict, expected: dict):
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_every_layer_has_a_sample():
    computing = {kind.yaml_name for kind in Layer.members().values() if kind.build is Layer.build}
    assert computing == {sample.name for sample in LAYERS}


@each_known
@few_and_many
def test_value_is_the_references(sample, rows):
    single = alone(layer_of(sample), sample.inputs, rows)
    y = single.forward()
    expected = sample.reference(single.parameters, *single.ctx.xs, **sample.options)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@each_sample
def test_gradients_are_the_numeric_ones(sample):
    single = alone(layer_of(sample), sample.inputs, ROWS)
    found = run(single)
    for name, numeric in numeric_gradients(single).items():
        size = np.maximum(np.abs(found[name]), np.abs(numeric))
        error = np.abs(found[name] - numeric) / np.maximum(size, max(1e-3 * size.max(), 1e-8))
        assert error.max() <= 1e-6, name


@each_sample
@few_and_many
def test_float32_agrees_with_float64(sample, rows):
    layer = layer_of(sample)
    real, short = (alone(layer, sample.inputs, rows, dtype) for dtype in ("float64", "float32"))
    for ours, theirs in zip(
        [*real.ctx.xs, real.ctx.dy, *real.parameters.values()],
        [*short.ctx.xs, short.ctx.dy, *short.parameters.values()],
        strict=True,
    ):
        ours[...] = theirs  # rounded to float32 in both
    assert_close(run(short), run(real), 2e-5)


@each_sample
def test_bfloat16_is_float32_with_rounded_products(sample):
    layer = layer_of(sample)
    short, half = (alone(layer, sample.inputs, ROWS, precision) for precision in ("float32", "bfloat16"))
    found, expected = run(half), run(short)
    assert all(array.dtype == np.float32 for array in found.values())
    for name in found:  # on average: a rounded sum may choose another piece of maxout
        assert np.abs(found[name] - expected[name]).mean() <= 0.03 * np.abs(expected[name]).max(), name
    multiplies = layer.flops(*sample.inputs) > 0 and any("weight" in name for name in half.parameters)
    assert multiplies == any((found[name] != expected[name]).any() for name in found)


@each_sample
def test_short_batch_is_a_leading_slice(sample):
    layer = layer_of(sample)
    assert_same_bits(
        run(alone(layer, sample.inputs, ROWS, capacity=ROWS + 4)), run(alone(layer, sample.inputs, ROWS))
    )


@each_sample
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_same_bits_for_one_and_two_threads(sample, dtype):
    threads = numba.get_num_threads()
    if threads < 2:
        pytest.skip("needs two threads")
    found = []
    for count in (1, 2):
        numba.set_num_threads(count)
        try:
            found.append(run(alone(layer_of(sample), sample.inputs, MANY_ROWS, dtype)))
        finally:
            numba.set_num_threads(threads)
    assert_same_bits(found[1], found[0])


@each_sample
def test_layer_is_parsed_back_from_what_it_spells(sample):
    layer = layer_of(sample)
    assert Layer.parse(layer.spelled()) == layer


@each_sample
def test_backward_reads_only_what_it_declares(sample):
    layer = layer_of(sample)
    single = alone(layer, sample.inputs, ROWS)
    if single.node.passes_gradient:
        pytest.skip("has no backward of its own")
    expected = run(single)
    single.forget_unread()
    expected.pop("y")
    single.forget_gradients()
    assert_same_bits(backward(single), expected)


@each_sample
def test_backward_twice_gives_what_it_gives_once(sample):
    """It writes over what was there, and leaves all that it reads as it is."""
    single = alone(layer_of(sample), sample.inputs, ROWS)
    single.forward()
    before = [array.copy() for array in (*single.ctx.xs, single.ctx.dy)]
    once = backward(single)
    assert_same_bits(backward(single), once)
    for array, copy in zip((*single.ctx.xs, single.ctx.dy), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@each_sample
def test_nan_passes_through(sample):
    single = alone(layer_of(sample), sample.inputs, ROWS)
    if single.layer.takes_tokens:
        pytest.skip("has no real numbers as input")
    single.ctx.x[1] = np.nan
    y = single.forward()[1]
    if sample.name == "concat":
        y = y[..., : single.ctx.x.shape[-1]]
    elif sample.name == "dropout":
        y = y[single.ctx.kept[1] == 1]
    elif sample.name == "spatial_dropout":
        y = y[..., single.ctx.kept[1] == 1]
    elif sample.name == "zero_pad2d":
        y = y[y != 0]
    elif sample.name in ("conv2d", "conv2d_transpose") and sample.options.get("use_bias", True):
        y = y[y != single.ctx.bias]  # some pixels see nothing but padding
    assert y.size
    assert np.isnan(y).all()


@each_sample
def test_evaluation_is_not_random(sample):
    single = alone(layer_of(sample), sample.inputs, ROWS)
    single.ctx.info.training = False
    first = single.forward().copy()
    single.ctx.info.step = 8
    assert_same_bits({"y": single.forward()}, {"y": first})
    assert not np.isnan(first).any()


@each_sample
def test_only_random_layers_change_with_the_step(sample):
    layer = layer_of(sample)
    found = []
    for step in (0, 1, 1):
        single = alone(layer, sample.inputs, ROWS)
        single.ctx.info.step = step
        found.append(single.forward().copy())
    assert np.array_equal(found[0], found[1]) != (sample.reference is None)
    np.testing.assert_array_equal(found[1], found[2])


@pytest.mark.parametrize(
    "kind",
    [kind for kind in dict.fromkeys(Layer.members().values()) if kind.build is Layer.build],
    ids=lambda kind: kind.yaml_name,
)
def test_example_computes(kind):
    """The example in the manual and the gradient check runs."""
    found = run(alone(Layer.parse({kind.yaml_name: kind.example}), kind.example_inputs, ROWS))
    assert all(np.isfinite(array).all() for array in found.values())


@each_case("layers", "convolutions", "images", "transposed")
def test_values_and_gradients_are_pytorchs(spelled, case):
    name, options, training = spelled
    xs = [case[f"x{place}"] for place in range(len(case)) if f"x{place}" in case]
    single = Single(Layer.parse({name: options}), tuple(x.shape[1:] for x in xs), len(xs[0]))
    ctx = single.ctx
    ctx.info.training = training
    ctx.dy[...] = case["dy"]
    for ours, x in zip(ctx.xs, xs, strict=True):
        ours[...] = x
    states = single.layer.state(*(x.shape[1:] for x in xs))
    for own in (*single.parameters, *states):
        getattr(ctx, own)[...] = case[own]
    found = run(single)
    assert_close(found, {own: case[own if own == "y" else f"d{own}"] for own in found}, 1e-9)
    for state in states:
        np.testing.assert_allclose(getattr(ctx, state), case[f"{state}_after"], rtol=1e-9)
