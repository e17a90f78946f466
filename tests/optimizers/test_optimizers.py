"""Every optimizer of tests/support/samples.py: its path, both precisions, weight decay, and the same bits for any threads."""

import numba
import numpy as np
import pytest
from pydantic import ValidationError

from nntrain import kernels
from nntrain.optimizers import Optimizer, Part, Tensor
from nntrain.optimizers.wrapper import Wrapper
from tests.support import VECTORS as VECTORS_FOLDER
from tests.support.reference.optimizers import (
    DECAYED,
    PARAMETERS,
    TENSORS,
    orthogonal,
    slope,
    start,
    trajectory,
)
from tests.support.samples import OPTIMIZERS

VECTORS = dict(np.load(VECTORS_FOLDER / "training.npz"))
PATHS = dict(np.load(VECTORS_FOLDER / "optimizers.npz"))
RECORDED_STEPS = [1, 2, 3, 10, 50]

each_sample = pytest.mark.parametrize("sample", OPTIMIZERS, ids=str)


def parsed(sample) -> Optimizer:
    return Optimizer.parse({sample.name: sample.options})


def tensors_of(size, decayed):
    """A matrix and vectors; all weights lie before `decayed`."""
    if size == PARAMETERS and decayed == DECAYED:
        return tuple(Tensor(*place) for place in TENSORS)
    matrix = Tensor("hidden", 0, 10_000, (200, 50), True)
    ends = sorted({matrix.stop if matrix.stop < decayed else 0, decayed, size} - {0})
    rest = [Tensor("rest", a, z, (z - a,), False) for a, z in zip([0, *ends], ends, strict=False) if z > a]
    return (matrix, *rest[1:]) if matrix.stop < decayed else tuple(rest)


def started(optimizer, theta, decayed=DECAYED, begin=True) -> Part:
    slots = {name: np.zeros_like(theta) for name in optimizer.slot_names()}
    part = Part(theta, np.zeros_like(theta), slots, decayed, tensors_of(theta.size, decayed))
    if begin:
        optimizer.start(part)
    return part


def step_on(optimizer, part, grad, lr, step):
    part.grad[...] = grad
    optimizer.update(part, lr, step)


def gradient_for(optimizer, theta):
    """As a training step computes it: with sam at a point nearby."""
    grad = slope(theta.astype(np.float64))
    if optimizer.perturbation:
        grad = slope(theta + optimizer.perturbation * grad / np.linalg.norm(grad))
    return grad.astype(theta.dtype)


def path(optimizer, steps, dtype=np.float64, averages=False):
    """(steps, PARAMETERS)"""
    theta = start().astype(dtype)
    part = started(optimizer, theta)
    found = []
    for step in range(1, steps + 1):
        step_on(optimizer, part, gradient_for(optimizer, theta), optimizer.lr, step)
        found.append((part.slots[optimizer.average_slot] if averages else theta).copy())
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


@pytest.mark.parametrize(
    ("sample", "library"),
    [(sample, library) for sample in OPTIMIZERS for library in sample.recorded],
    ids=str,
)
def test_path_equals_the_libraries(sample, library):
    """The averages are what evaluation uses."""
    for averages in (False, True) if f"{sample}/{library}/average" in PATHS else (False,):
        found = path(parsed(sample), max(RECORDED_STEPS), averages=averages)[np.array(RECORDED_STEPS) - 1]
        expected = PATHS[f"{sample}/{library}" + "/average" * averages]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_every_average_is_compared():
    averaging = [sample for sample in OPTIMIZERS if parsed(sample).average_slot]
    for sample in averaging:
        assert all(f"{sample}/{library}/average" in PATHS for library in sample.recorded)
    assert {sample.name for sample in averaging} == {"schedule_free_sgd", "schedule_free_adamw", "lookahead"}


@each_sample
def test_default_options_are_those_of_the_reference(sample):
    """Only the learning rate has to be set, or the base."""
    required = {"base": sample.options["base"]} if "base" in sample.options else {"lr": 0.05}
    optimizer = Optimizer.parse({sample.name: required})
    np.testing.assert_allclose(
        path(optimizer, 5), trajectory(sample.reference, 5, **required), rtol=1e-12, atol=1e-12
    )


@each_sample
def test_float32_agrees_with_float64(sample):
    single = path(parsed(sample), 5, np.float32)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, path(parsed(sample), 5), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "sample", [sample for sample in OPTIMIZERS if "decay_all" in type(parsed(sample)).model_fields], ids=str
)
def test_weight_decay_applies_to_weights_only_by_default(sample):
    """With a gradient of 0, only weight decay changes the parameters."""
    for decay_all in (False, True):
        optimizer = Optimizer.parse(
            {sample.name: {**sample.options, "weight_decay": 0.1, "decay_all": decay_all}}
        )
        theta = np.ones(PARAMETERS)
        step_on(optimizer, started(optimizer, theta), 0.0, 0.01, 1)
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
            part = started(optimizer, theta, 33_333)
            for step, gradient in enumerate(gradients, start=1):
                step_on(optimizer, part, gradient, optimizer.lr, step)
            results.append([theta.tobytes(), *(slot.tobytes() for slot in part.slots.values())])
    finally:
        numba.set_num_threads(threads)
    assert results[0] == results[1]


@each_sample
@pytest.mark.parametrize("decayed", [0, 1, 1023, 1024, 1025, 3000, 20_000])
def test_every_parameter_is_updated_once_wherever_decay_ends(sample, decayed):
    """Large arrays are updated in blocks: the result must equal that of updating each part separately."""
    optimizer = parsed(sample)
    rng = np.random.default_rng(2)
    first, gradient = rng.normal(size=20_000), rng.normal(size=20_000)
    whole, pieces = first.copy(), first.copy()
    step_on(optimizer, started(optimizer, whole, decayed), gradient, optimizer.lr, 1)
    of_pieces = started(optimizer, pieces, decayed)
    of_pieces.grad[...] = gradient
    for place in (slice(0, decayed), slice(decayed, 20_000)):
        optimizer.update(of_pieces.at(place), optimizer.lr, 1)
    np.testing.assert_allclose(whole, pieces, rtol=1e-13)
    assert (whole != first).all()


@each_sample
def test_a_resumed_path_is_the_straight_one(sample):
    """The whole state of an optimizer is its slots and the step."""
    straight = path(parsed(sample), 20)
    theta = start()
    part = started(parsed(sample), theta)
    for step in range(1, 21):
        optimizer = parsed(sample)
        part = part._replace(slots={name: slot.copy() for name, slot in part.slots.items()})
        step_on(optimizer, part, gradient_for(optimizer, theta), optimizer.lr, step)
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
    part = started(optimizer, theta, 0)
    for step in range(1, 100):
        step_on(optimizer, part, gradient, 1e-9, step)
    assert np.isfinite(theta).all()


@each_sample
def test_decaying_slots_reach_0_without_denormals(sample):
    """Processors are slow with denormals."""
    optimizer = parsed(sample)
    part = started(optimizer, np.zeros(2000, np.float32), 1000, begin=False)
    least = np.finfo(np.float32).tiny
    for slot in part.slots.values():
        slot[:] = np.float32(1.5) * least
    for step in range(1, 1001):
        step_on(optimizer, part, 0.0, optimizer.lr, step)
    for slot in part.slots.values():
        assert ((slot == 0) | (abs(slot) >= least)).all()


@each_sample
def test_nan_propagates(sample):
    """To the parameter itself, or to all of its array where one norm scales them."""
    optimizer = parsed(sample)
    theta = np.ones(PARAMETERS)
    gradient = np.where(np.arange(PARAMETERS) == 3, np.nan, 1.0)
    step_on(optimizer, started(optimizer, theta), gradient, optimizer.lr, 1)
    reached = np.isnan(gradient)
    if sample.name in ("lamb", "muon"):
        reached[TENSORS[0].start : TENSORS[0].stop] = True
    assert np.isnan(theta).tolist() == reached.tolist()


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
        ("rprop", {"etas": [1.2, 0.5]}),
        ("rprop", {"lr": 100.0}),
        ("schedule_free_sgd", {"momentum": 0.0}),
        ("muon", {"others": "muon"}),
        ("muon", {"others": "schedule_free_adamw"}),
        ("muon", {"others": {"sam": {"base": "adam"}}}),
        ("sam", {}),
        ("sam", {"base": "adam", "weight_decay": 0.1}),
        ("sam", {"base": {"sam": "adam"}}),
        ("lookahead", {"base": "schedule_free_sgd"}),
        ("lookahead", {"base": {"sam": {"base": {"lookahead": "adam"}}}}),
    ],
)
def test_wrong_options_are_errors(name, options):
    with pytest.raises(ValidationError):
        Optimizer.parse({name: options})


def test_a_bare_number_is_the_learning_rate():
    for name, kind in Optimizer.members().items():
        if not issubclass(kind, Wrapper):
            assert Optimizer.parse({name: 0.25}).lr == 0.25


def test_a_wrapper_takes_its_base_and_the_learning_rate_of_it():
    for name, kind in Optimizer.members().items():
        if issubclass(kind, Wrapper):
            wrapper = Optimizer.parse(
                {name: {"base": {"sam" if name != "sam" else "lookahead": {"base": {"adam": 0.25}}}}}
            )
            assert wrapper.lr == 0.25
            assert wrapper.lr_keys()[-3:] == ("base", "adam", "lr")
            assert wrapper.with_lr(0.5).base.base == Optimizer.parse({"adam": 0.5})
            assert Optimizer.parse({name: "adam"}).base == Optimizer.parse("adam")


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 7), (64, 64), (100, 230)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_muon_moves_all_singular_values_near_1(shape, dtype):
    x = np.random.default_rng(3).normal(size=shape)
    x[:, 0] *= 30
    found = kernels.muon.orthogonalize(x.astype(dtype), 5)
    np.testing.assert_allclose(found, orthogonal(x, 5), atol=1e-4 if dtype == np.float32 else 1e-12)
    values = np.linalg.svd(found, compute_uv=False)
    assert values.max() < 1.3
    assert values.min() > (0.1 if shape == (64, 64) else 0.5)  # square noise is nearly singular


def test_muon_scales_the_rate_of_the_others_with_its_own():
    muon = Optimizer.parse({"muon": {"lr": 0.1, "others": {"sgd": 0.5}}})
    assert muon.with_lr(0.2).others.lr == 1.0
    part = started(muon, np.ones(PARAMETERS))
    step_on(muon, part, 1.0, 0.05, 1)
    np.testing.assert_allclose(part.theta[TENSORS[1].start :], 0.75)


def test_the_weights_of_a_schedule_free_average_are_squares_of_the_rates():
    for warmup in (0, 1, 7):
        optimizer = Optimizer.parse({"schedule_free_sgd": {"warmup_steps": warmup}})
        squares = [min(1, step / warmup) ** 2 if warmup else 1 for step in range(1, 30)]
        for step in range(1, 30):
            assert optimizer.share(step) == pytest.approx(squares[step - 1] / sum(squares[:step]), rel=1e-13)
