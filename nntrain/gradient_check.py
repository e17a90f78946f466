"""Gradient check: backpropagation against finite differences of the loss, in float64, with the kernels that train."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from pydantic import ValidationError

from nntrain import kernels, randomness
from nntrain.component import Component
from nntrain.errors import ConfigError, UserError, dotted
from nntrain.inference.feed import Feeds
from nntrain.layers.dense import Dense
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.single import Single
from nntrain.training.setup import Setup

TOLERANCE = 1e-6
STEP = 1e-5  # first: central differences
WIDE_STEP = 1e-3  # second: fourth-order differences, whose rounding error is a hundred times smaller
NEAR_STEPS = (1e-6, 1e-7)  # third: small enough to exclude a kink nearby
ROUNDING = 8 * np.finfo(np.float64).eps  # of a loss, relative: a sum over rows and layers loses a few digits
ALL_BELOW = 400  # tensors with up to this many elements are checked completely
SAMPLES = 60  # checked elements of a larger tensor
DIRECTIONS = 4  # random directions through a larger tensor: each involves every element
ROWS = 4


@dataclass
class Check:
    """The agreement of one tensor's gradient; backprop and numeric are the values at the worst element."""

    component: str
    tensor: str
    checked: int  # elements and directions
    size: int
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    worst_index: str = ""
    backprop: float = 0.0
    numeric: float = 0.0
    kinks: int = 0  # elements where the loss has a kink
    status: str = "PASS"  # PASS, FAIL, or KINK: no failure, but kinks

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass
class Cost:
    """The cost of one backward pass, compared with the numeric gradient of all weights."""

    weights: int
    backward_s: float
    loss_s: float  # one evaluation of the loss; the numeric gradient takes two for each weight

    @property
    def numeric_s(self) -> float:
        return 2 * self.weights * self.loss_s


def check_tensor(
    component: str, tensor: str, values: np.ndarray, gradient: np.ndarray, loss: Callable[[], float]
) -> Check:
    """Compares `gradient` with finite differences of `loss`, a function of `values`; both arrays have the same shape."""
    flat, slopes = values.reshape(-1), gradient.reshape(-1).copy()
    largest = float(np.abs(slopes).max(initial=0.0))
    here = loss()
    probes = list(_probes(flat, slopes, randomness.key("gradcheck", component, tensor), values.shape))
    check = Check(component, tensor, len(probes), flat.size)
    for label, backprop, move in probes:
        result = _compare(backprop, partial(_moved, flat, move, loss), here, largest)
        if result.kink:
            check.kinks += 1
            check.status = check.status if check.status == "FAIL" else "KINK"
            continue
        check.max_abs_error = max(check.max_abs_error, float(abs(backprop - result.numeric)))
        # NaN compares false with everything; it must fail, and count as the worst.
        if not result.rel_error <= TOLERANCE:
            check.status = "FAIL"
        if not result.rel_error <= check.max_rel_error and not np.isnan(check.max_rel_error):
            check.max_rel_error, check.worst_index = result.rel_error, label
            check.backprop, check.numeric = backprop, result.numeric
    return check


def _probes(
    flat: np.ndarray, slopes: np.ndarray, key: int, shape: tuple[int, ...]
) -> Iterator[tuple[str, float, np.ndarray]]:
    """(label, backprop's slope, direction) for each element or direction to check."""
    few = flat.size <= ALL_BELOW
    chosen = range(flat.size) if few else np.sort(randomness.permutation(key, flat.size)[:SAMPLES])
    for index in chosen:
        direction = np.zeros(flat.size)
        direction[index] = max(1.0, abs(flat[index]))  # the step scales with the value
        label = str(tuple(int(i) for i in np.unravel_index(index, shape)))
        yield label, float(slopes[index] * direction[index]), direction
    for number in range(0 if few else DIRECTIONS):
        direction = randomness.normal(key, flat.size, start=number * flat.size)
        direction /= np.sqrt(flat.size)
        yield f"direction {number + 1}", float(slopes @ direction), direction


def _moved(flat: np.ndarray, direction: np.ndarray, loss: Callable[[], float], h: float) -> float:
    before = flat.copy()
    flat += h * direction
    value = loss()
    flat[...] = before
    return value


@dataclass
class _Result:
    numeric: float
    rel_error: float
    kink: bool = False


def _compare(backprop: float, loss_at: Callable[[float], float], here: float, largest: float) -> _Result:
    """Central differences first; where they disagree with `backprop`, or may hide a kink, other step sizes decide."""

    def size(*slopes: float) -> float:
        return max(*map(abs, slopes), 1e-3 * largest, 1e-8)

    def found(numeric: float, noise: float = 0.0) -> _Result:
        return _Result(numeric, float(max(abs(backprop - numeric) - noise, 0.0) / size(backprop, numeric)))

    def sides(h: float) -> tuple[float, float]:
        return (loss_at(h) - here) / h, (here - loss_at(-h)) / h

    right, left = sides(STEP)
    if not np.isfinite([backprop, right, left]).all():
        return _Result((right + left) / 2, np.nan)
    looks = [found((right + left) / 2)]
    bent = abs(right - left) > 1e-3 * size(right, left)
    if looks[0].rel_error <= TOLERANCE and not bent:
        return looks[0]
    # The disagreement may be rounding of the loss, about 1e-16 / STEP: try wider steps.
    h = WIDE_STEP
    wide = (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h)
    looks.append(found(wide, ROUNDING * abs(here) / h))
    if looks[1].rel_error <= TOLERANCE and not bent:
        return looks[1]
    # Or there is a kink within a step, such as relu's: try smaller steps. The one-sided slopes of a smooth curve approach
    # each other in proportion to the step; those of a kink do not.
    jumps = [abs(right - left)]
    for h in NEAR_STEPS:
        right, left = sides(h)
        noise = ROUNDING * abs(here) / h
        looks.append(found((right + left) / 2, noise))
        jumps.append(abs(right - left))
    slack = TOLERANCE * size(right, left) + noise
    stays = jumps[1] > 0.15 * jumps[0]  # the last jump may be rounding
    if stays and jumps[2] > 2 * slack and min(right, left) - slack <= backprop <= max(right, left) + slack:
        one_sided = min(abs(backprop - right), abs(backprop - left)) <= slack
        if one_sided or jumps[2] > 0.15 * jumps[1]:
            return replace(looks[-1], kink=True)
    return min(looks, key=lambda look: look.rel_error)


def check_components(modules: Collection[str] = ()) -> Iterator[Check]:
    """Checks every registered layer, activation and loss, or those of the named modules, with its own example."""

    def chosen(family: type[Component]) -> list[Any]:
        return [
            kind
            for kind in dict.fromkeys(family.members().values())
            if not modules or kind.__module__ in modules
        ]

    if not chosen(Layer) and not chosen(Loss):
        raise UserError("nothing to check: the plugin defines no layer, activation or loss")
    for kind in chosen(Layer):
        layer = by_example(kind)
        yield from check_layer(layer, kind.example_inputs)
        if layer.fusable_as is Fusable.ACTIVATION:  # fused into dense
            yield from check_layer(Dense(units=5, activation=layer), ((6,),), f"dense+{kind.yaml_name}")
    for kind in chosen(Loss):
        yield from check_loss(by_example(kind))


def by_example(kind: type[Component]) -> Any:
    """The component with the options of its `example`. Raises UserError when they are invalid, as a plugin's may be."""
    try:
        return kind.model_validate(kind.example)
    except ValidationError as error:
        found = error.errors()[0]
        raise UserError(
            f"the `example` of class {kind.__name__} is invalid: {dotted(found['loc'])}: {found['msg']}",
            "Set `example` to options that gradcheck can use.",
            place=kind.yaml_name,
        ) from None


def check_layer(layer: Layer, inputs: tuple[tuple[int, ...], ...], component: str = "") -> Iterator[Check]:
    """Checks a layer's gradients for its inputs and parameters, with the loss sum(r * y) for random r."""
    component = component or layer.yaml_name
    if layer.is_composite:
        yield from _check_composite(layer, inputs[0], component)
        return
    single = Single(layer, inputs, ROWS)
    ctx = single.ctx
    for place, x in enumerate(ctx.xs):
        x[...] = _tokens(single, x.shape) if layer.takes_tokens else _draw("x", place, shape=x.shape)
    for name, values in single.parameters.items():  # away from special points, such as all zeros or ones
        values += 0.1 * _draw("parameter", name, shape=values.shape)
    r = _draw("r", shape=ctx.y.shape)
    single.forward()
    inputs_before = [x.copy() for x in ctx.xs]
    single.forget_unread()
    single.forget_gradients()
    ctx.dy[...] = r
    single.backward()
    for x, values in zip(ctx.xs, inputs_before, strict=True):
        x[...] = values

    def loss() -> float:
        return float(np.sum(r * single.forward()))

    names = ["x"] if len(ctx.xs) == 1 else [f"x{place + 1}" for place in range(len(ctx.xs))]
    tensors = dict(zip(names, ctx.xs, strict=True)) | single.parameters
    slopes = dict(zip(names, ctx.dxs, strict=True)) | single.gradients
    # A view keeps dx in the memory that the next forward writes. Tokens have no gradient.
    copies = {name: slope.copy() for name, slope in slopes.items() if slope is not None}
    for name, slope in copies.items():
        yield check_tensor(component, name, tensors[name], slope, loss)


def _check_composite(layer: Layer, shape: tuple[int, ...], component: str) -> Iterator[Check]:
    """The same for a layer that becomes several nodes."""
    network = Network(build_graph([layer], shape), ROWS, "float64", input_gradient=True)
    executor = network.executor(ROWS)
    executor.x[...] = _draw("x", 0, shape=executor.x.shape)
    r = _draw("r", shape=executor.y.shape)
    executor.forward(training=True)
    network.forget_gradients()
    executor.dy[...] = r
    executor.backward()

    def loss() -> float:
        return float(np.sum(r * executor.forward(training=True)))

    yield check_tensor(component, "x", executor.x, executor.dx, loss)
    for name, values in network.arena.parameters.items():
        yield check_tensor(component, name, values, network.arena.gradients[name], loss)


def check_loss(loss: Loss, outputs: int = 5) -> Iterator[Check]:
    """Checks a loss's gradient for the prediction, for each kind of target that it takes."""
    for tensor, width, target in _targets(loss, outputs):
        prediction = _draw("prediction", tensor, shape=(ROWS, width))
        gradient = np.full_like(prediction, np.nan)
        loss(prediction, target, None, gradient)

        def mean(prediction: np.ndarray = prediction, target: np.ndarray = target) -> float:
            total, weight = loss(prediction, target, None, np.zeros((0, prediction.shape[1])))
            return total / weight

        yield check_tensor(loss.yaml_name, tensor, prediction, gradient, mean)


def _targets(loss: Loss, outputs: int) -> Iterator[tuple[str, int, np.ndarray]]:
    classes = np.arange(ROWS, dtype=np.int32) % 2
    reals = randomness.uniform(randomness.key("gradcheck", "target"), ROWS * outputs).reshape(ROWS, outputs)
    if loss.targets in ("classes", "any"):
        try:
            yield "prediction (classes)", loss.required_outputs(outputs, None), classes
        except ConfigError:  # a loss for two classes
            yield "prediction (classes)", loss.required_outputs(2, None), classes
    if loss.targets == "classes":
        yield "prediction (soft classes)", outputs, reals / reals.sum(axis=1, keepdims=True)
    else:
        yield "prediction", outputs, reals


def _tokens(single: Single, shape: tuple[int, ...]) -> np.ndarray:
    """Random tokens, some of them repeated."""
    vocabulary = len(single.parameters["weight"])
    return (_draw("x", 0, shape=shape) ** 2 * vocabulary / 3).astype(int) % vocabulary


def _draw(*purpose: int | str, shape: tuple[int, ...]) -> np.ndarray:
    return randomness.normal(randomness.key("gradcheck", *purpose), int(np.prod(shape))).reshape(shape)


class NetworkCheck:
    """Checks a network with its loss and penalty on the first training samples, in training mode with fixed masks."""

    def __init__(self, setup: Setup, rows: int = ROWS * 4):
        rows = min(rows, len(setup.splits.train))
        self.config = setup.config
        self.network = setup.network(rows, dtype="float64")
        self.states = [
            (state, state.copy()) for state in (*self.network.state.values(), *self.network.carried.values())
        ]
        self.feed = Feeds(self.network, setup.splits.train).at(rows)
        setup.splits.train.gather(np.arange(rows), self.feed.batch)

    def loss(self, gradient: np.ndarray | None = None) -> float:
        """The mean loss with the penalty. States are reset, so that it is a function of the parameters alone."""
        feed, penalty = self.feed, self.config.train.regularize
        for state, start in self.states:
            state[...] = start
        feed.forward(training=True)
        gradient = feed.no_gradient if gradient is None else gradient
        total, weight = self.config.loss(feed.prediction, feed.target, feed.weight, gradient)
        decayed = self.network.theta[: self.network.arena.decayed]
        return (
            total / weight
            + penalty.l1 * float(np.abs(decayed).sum())
            + penalty.l2 * float(np.square(decayed).sum())
        )

    def backward(self) -> None:
        """Computes the gradient of `loss`; call it after `loss(gradient)`."""
        self.feed.executor.backward()
        penalty, decayed = self.config.train.regularize, self.network.arena.decayed
        if penalty.l1 or penalty.l2:
            kernels.gradient.add_penalty(
                self.network.grad[:decayed], self.network.theta[:decayed], penalty.l1, penalty.l2
            )

    def run(self) -> Iterator[Check]:
        self.network.forget_gradients()
        self.loss(self.feed.gradient)
        self.backward()
        gradients = {name: array.copy() for name, array in self.network.arena.gradients.items()}
        for name, gradient in gradients.items():
            component, _, tensor = name.rpartition(".")
            yield check_tensor(component, tensor, self.network.arena.parameters[name], gradient, self.loss)

    def cost(self) -> Cost:
        def backward() -> None:
            self.loss(self.feed.gradient)
            self.backward()

        loss_s = _median_time(self.loss)
        return Cost(self.network.theta.size, max(_median_time(backward) - loss_s, 0.0), loss_s)


def _median_time(call: Callable[[], object], repeats: int = 20) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
