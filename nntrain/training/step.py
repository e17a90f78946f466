"""Step: one training step, from a batch in the network to updated parameters."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import numpy as np

from nntrain import kernels, randomness
from nntrain.config.schema import Config
from nntrain.inference.evaluate import Tally
from nntrain.inference.feed import Feed
from nntrain.network.memory import zeros
from nntrain.network.network import Network, timed_call
from nntrain.network.snapshot import AVERAGE
from nntrain.optimizers import Part
from nntrain.training.applied import AppliedGradients
from nntrain.training.ascent import Ascent
from nntrain.training.groups import Rule, rules, slot_names
from nntrain.training.loader import LoadedBatch
from nntrain.training.rate import rate_of


class Share(NamedTuple):
    """The parameters of one group, or of none, in what is updated."""

    rule: Rule
    part: Part


class Region(NamedTuple):
    """Parameters that are updated together: all, or neighbours among them; and the shares of the groups in them."""

    part: Part
    shares: list[Share]


TIMED = ("loss", "shape_gradient", "optimize", "average_parameters")


class Step:
    """Holds what every step needs; `slots` are the arrays of the optimizers, by name, each as long as theta."""

    def __init__(self, config: Config, network: Network):
        self.config = config
        self.network = network
        self.rules = rules(config)
        self.reached = rate_of(config) if config.parameter_groups else 1.0  # as `Rule.rate` takes it
        size, dtype, arena = network.theta.size, network.theta.dtype, network.arena
        self.slots = {name: zeros(size, dtype) for name in slot_names(config)}
        ema = zeros(size, dtype) if config.train.ema else None
        self._arrays = Part(arena.theta, arena.grad, self.slots, 0, arena.tensors, ema)
        self._regions: dict[tuple[int, int], Region] = {}
        self.whole = self.region(slice(0, size))
        # What evaluation uses in place of theta, if the run or its optimizer keeps one.
        self.average = self.slots.get(config.optimizer.average_slot, ema)
        radius = config.optimizer.perturbation
        self.ascent = Ascent(radius, network) if radius else None
        self.applied = False  # whether the last step was: its numbers are finite
        self.updated = False  # whether it changed the parameters, even if it should not have
        self.loss = config.loss
        self.states = [*network.state.values(), *self.carried.values()]
        # Only a run that can continue after a NaN looks for one in the gradient, which takes another pass over it.
        self.guards = config.train.on_nan != "stop"
        self.states_before = [state.copy() for state in self.states] if self.guards else []
        shaped = config.train.grad_clip or config.train.regularize.l1 or config.train.regularize.l2
        dots = network.bfloat16 and kernels.host.DOTS  # whose sums are those of `matmul` only
        whole = self.needs_whole_gradient or shaped or dots or self.ascent
        self.applied_gradients = None if whole else AppliedGradients(self)

    def begin(self) -> None:
        """Before the first step, with the initial parameters in the network."""
        part, shares = self.whole
        for rule, own in shares:
            rule.optimizer.start(own)
        if part.average is not None:
            part.average[...] = part.theta

    def __call__(self, batch: LoadedBatch, step: int, lr: float, tally: Tally, fresh: bool = True) -> float:
        """The mean loss of the batch, before the update. If it is not finite, there is no update; see `applied`.

        step counts from 1. fresh: the batch does not continue the previous one.
        """
        ((_, feed),) = batch
        with kernels.exclusive.lock:
            self.network.info.fresh = fresh
            self.remember_states()
            loss_sum, weight_sum = self.move(feed, step, lr)
            if not math.isfinite(loss_sum):
                return loss_sum
            if self.applied:
                tally.add(loss_sum, weight_sum, feed)
            return loss_sum / weight_sum if weight_sum else 0.0

    @property
    def carried(self) -> dict[str, np.ndarray]:
        """What stateful layers carry from one batch to the next, by name."""
        return self.network.carried

    def collect(self, tally: Tally) -> None:
        """Adds to the tally what the steps since the last call have not added themselves."""

    def agreed(self, *flags: bool) -> tuple[bool, ...]:
        """For each flag, whether it is set; among several ranks, whether any had set it before this step."""
        return flags

    def complete(self) -> None:
        """Makes the arrays of a checkpoint whole, of which this rank may have computed a part."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Meanwhile steps do not wait for other ranks, and their results are of no use."""
        yield

    def remember_states(self) -> None:
        for before, state in zip(self.states_before, self.states, strict=False):
            before[...] = state

    def undo(self) -> None:
        """Sets the states back to what they were before the last step, if the run may continue."""
        for before, state in zip(self.states_before, self.states, strict=False):
            state[...] = before

    def move(self, feed: Feed, step: int, lr: float) -> tuple[float, float]:
        """Forward, loss, backward and update on the batch in the feed. Returns the sum of the loss and of the weights."""
        self.network.info.step = step
        gradients = self.applied_gradients
        if gradients and not gradients.possible(feed.rows):
            gradients = None
        with gradients.at(step, lr) if gradients else nullcontext():
            loss_sum, weight_sum = self.differentiate(feed)
        self.updated = False
        self.applied = math.isfinite(loss_sum)
        if self.applied and weight_sum:  # if all weights are 0, there is nothing to learn
            if gradients:
                self.replace(gradients.rest, self.whole.part, lr, step)
            else:
                self.update(step, lr)
        return loss_sum, weight_sum

    def differentiate(self, feed: Feed, whole: float | None = None) -> tuple[float, float]:
        """From the batch in the feed to its gradient, unless the loss is not finite or all weights are 0. Returns both sums.

        whole: the weight of a batch of which this is a shard.
        """
        if self.ascent is None:
            return self._differentiate(feed, whole)
        self.ascent.remember()
        sums = self._differentiate(feed, whole)
        if math.isfinite(sums[0]) and sums[1]:
            self.ascent(feed, lambda: self._differentiate(feed, whole))
        return sums

    def _differentiate(self, feed: Feed, whole: float | None) -> tuple[float, float]:
        feed.forward(training=True)
        gradient = feed.gradient
        assert gradient is not None, "a network without gradients cannot be trained"
        loss_sum, weight_sum = self.loss(feed.prediction, feed.target, feed.weight, gradient)
        if math.isfinite(loss_sum) and weight_sum:
            if whole is not None:
                kernels.gradient.scale(gradient.reshape(-1), weight_sum / whole)
            feed.executor.backward()
        return loss_sum, weight_sum

    def update(self, step: int, lr: float, region: Region | None = None) -> None:
        """From the gradient to new parameters, or to those of a region, where nothing needs the whole gradient."""
        part, shares = region or self.whole
        self.shape_gradient(part.grad, shares, step)
        if self.guards and not usable(part.grad):
            self.applied = False
            return
        self.replace(shares, part, lr, step)
        self.applied = not self.guards or math.isfinite(kernels.reduce.sum_of_squares(part.theta))

    def replace(self, shares: list[Share], part: Part, lr: float, step: int) -> None:
        """Updates the shares, and then the average of the parameters of `part`."""
        self.updated = True
        self.optimize(shares, lr, step)
        if part.average is not None:
            self.average_parameters(part.average, part.theta, step)

    def optimize(self, shares: list[Share], lr: float, step: int) -> None:
        for rule, own in shares:
            rule.optimizer.update(own, rule.rate(lr, self.reached), step)

    @contextmanager
    def reaching(self, lr: float) -> Iterator[None]:
        """Meanwhile training is to reach this rate: groups with a rate of their own have it where all others have this one."""
        before, self.reached = self.reached, lr
        try:
            yield
        finally:
            self.reached = before

    def region(self, place: slice) -> Region:
        """The parameters theta[place]."""
        key = place.start, place.stop
        if key not in self._regions:
            shares = []
            for group, first, decayed, last in self.network.arena.segments:
                start, stop = max(first, place.start), min(last, place.stop)
                if start < stop:
                    part = self._arrays.at(slice(start, stop))
                    weights = min(max(decayed - start, 0), stop - start)
                    shares.append(Share(self.rules[group], part._replace(decayed=weights)))
            self._regions[key] = Region(self._arrays.at(place), shares)
        return self._regions[key]

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that training needs to continue, each (learning parameters,)."""
        averaged = self.config.optimizer.average_slot
        kept = {f"optimizer.{name}": slot for name, slot in self.slots.items() if name != averaged}
        return kept if self.average is None else {**kept, AVERAGE: self.average}

    @property
    def needs_whole_gradient(self) -> bool:
        """Whether the update of a parameter depends on the gradients of others, or something else looks at all of them."""
        train = self.config.train
        by_norm = train.grad_clip is not None and train.grad_clip.norm is not None
        looked_at = self.guards or train.record is not None
        elementwise = all(rule.optimizer.elementwise for rule in self.rules.values())
        return bool(by_norm or looked_at or train.gradient_noise or not elementwise)

    def shape_gradient(self, grad: np.ndarray, shares: list[Share], step: int) -> None:
        """Adds the gradient of the penalty and the noise, then clips."""
        train = self.config.train
        penalty, noise, bounds = train.regularize, train.gradient_noise, train.grad_clip
        if penalty.l1 or penalty.l2:
            for _, own in shares:
                weights = slice(own.decayed)
                kernels.gradient.add_penalty(own.grad[weights], own.theta[weights], penalty.l1, penalty.l2)
        if noise:
            key = np.uint64(randomness.key(self.config.seed, "gradient noise", step))
            kernels.dropout.add_noise(grad, grad, key, math.sqrt(noise.eta / (1 + step) ** noise.gamma))
        if bounds is None:
            return
        if bounds.value is not None:
            kernels.gradient.clip(grad, bounds.value)
        elif (
            bounds.norm is not None and (norm := math.sqrt(kernels.reduce.sum_of_squares(grad))) > bounds.norm
        ):
            kernels.gradient.scale(grad, bounds.norm / norm)

    def average_parameters(self, average: np.ndarray, theta: np.ndarray, step: int) -> None:
        ema = self.config.train.ema
        decay = ema.decay if ema and step > 1 else 0.0  # the average starts at the first update
        kernels.gradient.average(average, theta, decay)

    @contextmanager
    def timed(self) -> Iterator[dict[str, list[float]]]:
        """Records the seconds of the parts of a step besides the layers while it is open, by the names of the methods."""
        times: dict[str, list[float]] = {}
        plain = {name: getattr(self, name) for name in TIMED}
        for name, call in plain.items():
            setattr(self, name, timed_call(call, times.setdefault(name, [])))
        try:
            yield times
        finally:
            for name, call in plain.items():
                setattr(self, name, call)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Meanwhile the network has the average of its parameters, if there is one."""
        if self.average is None:
            yield
            return
        theta = self.network.theta
        moving = theta.copy()
        theta[...] = self.average
        try:
            yield
        finally:
            theta[...] = moving


def usable(gradient: np.ndarray) -> bool:
    """Whether all values are finite, and their squares too, which many optimizers keep."""
    return bool(kernels.reduce.sum_of_squares(gradient) <= float(np.finfo(gradient.dtype).max))
