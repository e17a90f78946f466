"""Every optimizer of tests/support/samples.py: its path, both precisions, weight decay, and the same bits for any threads."""

import numba
import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.optimizers import Optimizer
from tests.support import VECTORS as VECTORS_FOLDER
from tests.support.reference.optimizers import DECAYED, PARAMETERS, slope, start, trajectory
from tests.support.samples import OPTIMIZERS

VECTORS = dict(np.load(VECTORS_FOLDER / "training.npz"))
RECORDED_STEPS = [1, 2, 3, 10, 50]

each_sample = pytest.mark.parametrize("sample", OPTIMIZERS, ids=str)


def parsed(sample) -> Optimizer:
    return Optimizer.parse({sample.name: sample.options})


def slots_of(optimizer, theta):
    return {name: np.zeros_like(theta) for name in optimizer.slot_names()}


def path(optimizer, steps, dtype=np.float64):
    """(steps, PARAMETERS)"""
    theta = start().astype(dtype)
    slots = slots_of(optimizer, theta)
    found = []
    for step in range(1, steps + 1):
        optimizer.update(theta, slope(theta).astype(dtype), slots, optimizer.lr, step, DECAYED)
        found.append(theta.copy())
    return np.array(found)


def test_every_optimizer_has_a_sample():
    assert {sample.name for sample in OPTIMIZERS} == {kind.yaml_name for kind in Optimizer.members().values()}


@each_sample
def test_options_survive_being_spelled_out(sample):
    assert Optimizer.parse(parsed(sample).spelled()) == parsed(sample)


@each_sample
def test_path_equals_the_reference(sample):
    expected = trajectory(sample.reference, 50, **sample.options)
    np.testing.assert_allclose(path(parsed(sample), 50), expected, rtol=1e-12, atol=1e-12)


@each_sample
def test_path_equals_pytorch(sample):
    if not sample.in_pytorch:
        assert f"{sample}/theta" not in VECTORS
        return
    found = path(parsed(sample), max(RECORDED_STEPS))[np.array(RECORDED_STEPS) - 1]
    np.testing.assert_allclose(found, VECTORS[f"{sample}/theta"], rtol=1e-9, atol=1e-12)


@each_sample
def test_default_options_are_those_of_the_reference(sample):
    """Only the learning rate has to be set."""
    optimizer = Optimizer.parse({sample.name: {"lr": 0.05}})
    np.testing.assert_allclose(
        path(optimizer, 5), trajectory(sample.reference, 5, lr=0.05), rtol=1e-12, atol=1e-12
    )


@each_sample
def test_float32_agrees_with_float64(sample):
    single = path(parsed(sample), 5, np.float32)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, path(parsed(sample), 5), rtol=1e-4, atol=1e-4)


@each_sample
def test_weight_decay_applies_to_weights_only_by_default(sample):
    """With a gradient of 0, only weight decay changes the parameters."""
    for decay_all in (False, True):
        optimizer = Optimizer.parse(
            {sample.name: {**sample.options, "weight_decay": 0.1, "decay_all": decay_all}}
        )
        theta = np.ones(PARAMETERS)
        optimizer.update(theta, np.zeros(PARAMETERS), slots_of(optimizer, theta), 0.01, 1, DECAYED)
        assert (theta[:DECAYED] < 1).all()
        assert (theta[DECAYED:] < 1).all() if decay_all else (theta[DECAYED:] == 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_sample
def test_same_bits_for_any_number_of_threads(sample, dtype):
    optimizer = parsed(sample)
    threads = numba.get_num_threads()
    rng = np.random.default_rng(1)
    first, gradients = rng.normal(size=100_003).astype(dtype), rng.normal(size=(3, 100_003)).astype(dtype)
    results = []
    try:
        for count in (1, threads):
            numba.set_num_threads(count)
            theta = first.copy()
            slots = slots_of(optimizer, theta)
            for step, gradient in enumerate(gradients, start=1):
                optimizer.update(theta, gradient, slots, optimizer.lr, step, 33_333)
            results.append([theta.tobytes(), *(slot.tobytes() for slot in slots.values())])
    finally:
        numba.set_num_threads(threads)
    assert results[0] == results[1]


@each_sample
@pytest.mark.parametrize("decayed", [0, 1, 1023, 1024, 1025, 3000, 20_000])
def test_every_parameter_is_updated_once_wherever_decay_ends(sample, decayed):
    """Large arrays are updated in blocks: the result must equal that of updating each part separately."""
    optimizer = parsed(sample)
    rng = np.random.default_rng(2)
    theta, gradient = rng.normal(size=20_000), rng.normal(size=20_000)
    parts = [theta[:decayed].copy(), theta[decayed:].copy()]
    optimizer.update(theta, gradient, slots_of(optimizer, theta), optimizer.lr, 1, decayed)
    for part, of_gradient, of_decayed in zip(
        parts, (gradient[:decayed], gradient[decayed:]), (decayed, 0), strict=True
    ):
        optimizer.update(part, of_gradient.copy(), slots_of(optimizer, part), optimizer.lr, 1, of_decayed)
    np.testing.assert_allclose(theta, np.concatenate(parts), rtol=1e-13)


@each_sample
def test_a_resumed_path_is_the_straight_one(sample):
    """The whole state of an optimizer is its slots and the step."""
    straight = path(parsed(sample), 20)
    theta = start()
    slots = slots_of(parsed(sample), theta)
    for step in range(1, 21):
        optimizer = parsed(sample)
        slots = {name: slot.copy() for name, slot in slots.items()}
        optimizer.update(theta, slope(theta), slots, optimizer.lr, step, DECAYED)
    assert theta.tobytes() == straight[-1].tobytes()


def test_nadam_at_an_earlier_step():
    """It caches a product over the steps, which must not be that of a later step."""
    optimizer = Optimizer.parse({"nadam": {"momentum_decay": 0.03}})
    expected = path(optimizer, 10)
    path(optimizer, 30)
    assert path(optimizer, 10).tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_centered_rmsprop_survives_a_constant_gradient(dtype):
    """The mean square less the squared mean is 0 then, and rounding can put it below."""
    optimizer = Optimizer.parse({"rmsprop": {"centered": True, "alpha": 0.5}})
    theta = np.zeros(1000, dtype)
    gradient = np.random.default_rng(0).normal(size=1000).astype(dtype)
    slots = slots_of(optimizer, theta)
    for step in range(1, 100):
        optimizer.update(theta, gradient, slots, 1e-9, step, 0)
    assert np.isfinite(theta).all()


@each_sample
def test_decaying_slots_reach_0_without_denormals(sample):
    """Processors are slow with denormals."""
    optimizer, theta, grad = parsed(sample), np.zeros(2000, np.float32), np.zeros(2000, np.float32)
    slots = slots_of(optimizer, theta)
    least = np.finfo(np.float32).tiny
    for slot in slots.values():
        slot[:] = np.float32(1.5) * least
    for step in range(1, 1001):
        optimizer.update(theta, grad, slots, optimizer.lr, step, 1000)
    for slot in slots.values():
        assert ((slot == 0) | (abs(slot) >= least)).all()


@each_sample
def test_nan_propagates(sample):
    optimizer = parsed(sample)
    theta = np.ones(PARAMETERS)
    gradient = np.where(np.arange(PARAMETERS) == 3, np.nan, 1.0)
    optimizer.update(theta, gradient, slots_of(optimizer, theta), optimizer.lr, 1, DECAYED)
    assert np.isnan(theta).tolist() == np.isnan(gradient).tolist()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sgd", {}),
        ("sgd", {"lr": 0.1, "nesterov": True}),
        ("sgd", {"lr": 0.1, "momentum": 1.0}),
        ("sgd", {"lr": 0.1, "nesterov": True, "momentum": 0.9, "dampening": 0.1}),
        ("adam", {"betas": [0.9]}),
        ("adam", {"betas": [0.9, 1.0]}),
        ("adam", {"eps": 0.0}),
        ("rmsprop", {"weight_decay": -0.1}),
        ("adam", {"lr": "fast"}),
    ],
)
def test_wrong_options_are_errors(name, options):
    with pytest.raises(ValidationError):
        Optimizer.parse({name: options})


def test_a_bare_number_is_the_learning_rate():
    for name in {sample.name for sample in OPTIMIZERS}:
        assert Optimizer.parse({name: 0.25}).lr == 0.25
