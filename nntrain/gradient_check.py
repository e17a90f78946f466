"""Gradient check: backpropagation against numeric differences of the loss, in float64, by the kernels that train."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from nntrain import kernels, randomness
from nntrain.component import Component
from nntrain.errors import ConfigError, UserError, dotted
from nntrain.inference.feed import Feeds
from nntrain.layers.layer import Activation, Layer
from nntrain.losses import Loss
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.single import Single
from nntrain.training.setup import Setup

TOLERANCE = 1e-6
STEP = 1e-5  # of the first look: central differences
WIDE_STEP = (
    1e-3  # of the second look: fourth-order differences, whose rounding error is a hundred times smaller
)
NEAR_STEPS = (1e-6, 1e-7)  # of the third: too near for a corner that is not quite there
ROUNDING = (
    8 * np.finfo(np.float64).eps
)  # of a loss, relative to it: a sum over rows and layers is a few digits off
ALL_BELOW = 400  # tensors of up to so many elements are checked whole
SAMPLES = 60  # elements of a larger tensor
DIRECTIONS = 4  # random directions through a larger tensor: each sees every element at once
ROWS = 4


@dataclass
class Check:
    """How well one tensor's gradient agrees; backprop and numeric are the values at the worst element."""

    component: str
    tensor: str
    checked: int  # elements and directions
    size: int
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    worst_index: str = ""
    backprop: float = 0.0
    numeric: float = 0.0
    kinks: int = 0  # elements where the loss has a corner
    status: str = "PASS"  # PASS, FAIL, or KINK: no failure, but corners

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass
class Cost:
    """What one backward pass costs beside the numeric gradient of all weights."""

    weights: int
    backward_s: float
    loss_s: float  # one evaluation of the loss; the numeric gradient takes two for each weight

    @property
    def numeric_s(self) -> float:
        return 2 * self.weights * self.loss_s


def check_tensor(
    component: str, tensor: str, values: np.ndarray, gradient: np.ndarray, loss: Callable[[], float]
) -> Check:
    """Compares `gradient` with differences of `loss`, which looks at `values`; both arrays have one shape."""
    flat, slopes = values.reshape(-1), gradient.reshape(-1).copy()
    largest = float(np.abs(slopes).max(initial=0.0))
    here = loss()
    probes = list(_probes(flat, slopes, randomness.key("gradcheck", component, tensor), values.shape))
    check = Check(component, tensor, len(probes), flat.size)
    for label, backprop, move in probes:
        result = _compare(backprop, lambda h, move=move: _moved(flat, move, h, loss), here, largest)
        if result.kink:
            check.kinks += 1
            check.status = check.status if check.status == "FAIL" else "KINK"
            continue
        check.max_abs_error = max(check.max_abs_error, float(abs(backprop - result.numeric)))
        # NaN compares false with everything; it must fail, and be the worst there is.
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
        direction[index] = max(1.0, abs(flat[index]))  # the step is scaled by the value
        label = str(tuple(int(i) for i in np.unravel_index(index, shape)))
        yield label, float(slopes[index] * direction[index]), direction
    for number in range(0 if few else DIRECTIONS):
        direction = randomness.normal(key, flat.size, start=number * flat.size)
        direction /= np.sqrt(flat.size)
        yield f"direction {number + 1}", float(slopes @ direction), direction


def _moved(flat: np.ndarray, direction: np.ndarray, h: float, loss: Callable[[], float]) -> float:
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
    """Central differences first; where they disagree with `backprop`, or hide a corner, closer looks tell why."""

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
    # Rounding of the loss, about 1e-16 / STEP, may be all there is to it: look again with wider steps.
    h = WIDE_STEP
    wide = (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h)
    looks.append(found(wide, ROUNDING * abs(here) / h))
    if looks[1].rel_error <= TOLERANCE and not bent:
        return looks[1]
    # Or there is a corner within a step, such as relu's: look from nearer. The slopes of the two sides of a smooth curve
    # come together ten times as fast as the steps; those of a corner do not.
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
    """Every registered layer, activation and loss, or those of the named modules, each by its own example."""

    def chosen(family: type[Component]) -> list[type[Component]]:
        return [
            kind
            for kind in dict.fromkeys(family.members().values())
            if not modules or kind.__module__ in modules
        ]

    if not chosen(Layer) and not chosen(Loss):
        raise UserError("there is nothing to check: the plugin defines no layer, activation or loss.")
    for kind in chosen(Layer):
        layer = by_example(kind)
        yield from check_layer(layer, kind.example_inputs)
        if isinstance(layer, Activation) and layer.epilogue_code:  # applied to dense's result in registers
            yield from check_layer(
                Layer.parse({"dense": {"units": 5, "activation": layer}}), ((6,),), f"dense+{kind.yaml_name}"
            )
    for kind in chosen(Loss):
        yield from check_loss(by_example(kind))


def by_example(kind: type[Component]) -> Any:
    """The component with the options of its `example`. Raises UserError when they do not fit, as a plugin's may."""
    try:
        return kind.model_validate(kind.example)
    except ValidationError as error:
        found = error.errors()[0]
        raise UserError(
            f"{kind.yaml_name}: the class {kind.__name__} needs an `example`, the options that gradcheck tries it "
            f"with: {dotted(found['loc'])}: {found['msg']}"
        ) from None


def check_layer(layer: Layer, inputs: tuple[tuple[int, ...], ...], component: str = "") -> Iterator[Check]:
    """A layer's gradients for its inputs and parameters, under the loss sum(r * y) with random r."""
    component = component or layer.yaml_name
    if type(layer).build is not Layer.build or isinstance(getattr(layer, "activation", None), Activation):
        yield from _check_expanding(layer, inputs[0], component)
        return
    single = Single(layer, inputs, ROWS)
    ctx = single.ctx
    for place, x in enumerate(ctx.xs):
        x[...] = _tokens(layer, x.shape) if layer.takes_tokens else _draw("x", place, shape=x.shape)
    for name, values in single.parameters.items():  # away from special points such as all zeros or ones
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
    if layer.takes_tokens:
        del tensors["x"], slopes["x"]
    slopes = {
        name: slope.copy() for name, slope in slopes.items()
    }  # the next forward may write where an aliasing layer keeps it
    for name, values in tensors.items():
        yield check_tensor(component, name, values, slopes[name], loss)


def _check_expanding(layer: Layer, shape: tuple[int, ...], component: str) -> Iterator[Check]:
    """The same for a layer that stands for several nodes."""
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
    """A loss's gradient for the prediction, for each kind of target that it takes."""
    for tensor, width, target in _targets(loss, outputs):
        prediction = _draw("prediction", tensor, shape=(ROWS, width))
        gradient = np.full_like(prediction, np.nan)
        loss(prediction, target, None, gradient)

        def mean(prediction=prediction, target=target) -> float:
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


def _tokens(layer: Layer, shape: tuple[int, ...]) -> np.ndarray:
    """Some of them several times."""
    return (_draw("x", 0, shape=shape) ** 2 * layer.vocabulary / 3).astype(int) % layer.vocabulary


def _draw(*purpose: int | str, shape: tuple[int, ...]) -> np.ndarray:
    return randomness.normal(randomness.key("gradcheck", *purpose), int(np.prod(shape))).reshape(shape)


class NetworkCheck:
    """A user's network, loss and penalty on the first samples of the training data, in training mode, masks fixed."""

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
        """The mean loss with the penalty. All states start anew, so that it is a function of the parameters alone."""
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
        """Fills the gradient of what `loss` gives; call it after `loss(gradient)`."""
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
