"""Diagnosis: which pass, layer, parameter and samples a NaN or an infinity came from."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.errors import NntrainError
from nntrain.inference.feed import Feed
from nntrain.network.network import Network

HINT = "Use a smaller learning rate, `grad_clip`, or another initializer."
HUGE = 1e5  # an input or target of this size is named
SHOWN = 8  # samples that a message lists


class Diverged(NntrainError):
    """A NaN or an infinity appeared; the message names where."""

    on_all_ranks = True


@dataclass(frozen=True)
class Moment:
    """A training step, as messages name it."""

    step: int
    epoch: int  # counts from 1
    batch: int  # of the epoch, counts from 0
    lr: float
    samples: np.ndarray  # of its batch, as rows of the training split

    def __str__(self) -> str:
        return f"step {self.step:,} (epoch {self.epoch}, learning rate {self.lr:g}"


@dataclass(frozen=True)
class Part:
    """A shard of a batch, in the network, and its samples as rows of the training split."""

    feed: Feed
    samples: np.ndarray


@dataclass(frozen=True)
class Cause:
    """What is not finite; `rows` of the batch are where it begins, None where that is unknown."""

    reason: str
    rows: np.ndarray | None = None


def finite(array: np.ndarray | None) -> bool:
    return array is None or bool(np.isfinite(array).all())


def diagnose(
    config: Config,
    network: Network,
    load: Callable[[Moment], Iterable[Part]],
    now: Moment,
    before: Moment | None,
    loss: float,
    about_data: str = "",
) -> Diverged:
    """Names the first place where numbers are not finite.

    The network has the parameters before the update of the step `now`, or what the update of the step `before` made of them;
    then the gradient of that step is still there. `load` puts the shards of a step's batch into the network, one after the other.
    `about_data`: what is wrong with the data, which then is the hint.
    """
    broken = [name for name, array in network.arena.parameters.items() if not finite(array)]
    if broken and before is None:
        reason = f"the initial values of parameter {broken[0]!r} contain NaN or infinity"
        return Diverged(f"the loss is not finite in {now}): {reason}", "Use another initializer.")
    if broken and before is not None:
        what, moment = f"the parameters are not finite after {before}, {norm_of(network)})", before
        cause, part = in_update(network, broken), next(iter(load(before)))
    elif math.isfinite(loss):
        what, moment = f"the gradient is not finite in {now}, {norm_of(network)})", now
        cause, part = first_found(load(now), lambda feed: in_backward(config, feed), OVERFLOWS)
    else:
        # Of the last step that had one: those before this one may have been skipped.
        norm = f", last {norm_of(network)}" if before is not None and finite(network.grad) else ""
        what, moment = f"the loss is not finite in {now}{norm})", now
        cause, part = first_found(load(now), lambda feed: in_forward(config, feed))
    rows = np.arange(len(part.samples)) if cause.rows is None else cause.rows
    samples = moment.samples if cause.rows is None else part.samples[rows]
    text = f"{what}: {cause.reason}; {listed(samples, len(moment.samples))}"
    if value := largest_value(part.feed, rows, part.samples):
        text += f". {value}"
    return Diverged(text, about_data or HINT)


def first_found(
    parts: Iterable[Part], find: Callable[[Feed], Cause | None], otherwise: Cause | None = None
) -> tuple[Cause, Part]:
    """The cause in the first part that has one, which is then still in the network."""
    for part in parts:
        if (cause := find(part.feed)) is not None:
            return cause, part
    return otherwise or Cause("its shards are finite, but not their sum"), part


def norm_of(network: Network) -> str:
    return f"gradient norm {math.sqrt(kernels.reduce.sum_of_squares(network.grad)):.3g}"


def in_forward(config: Config, feed: Feed) -> Cause | None:
    """The first layer whose output is not finite, by another forward pass; None where the loss is finite."""
    if (rows := not_finite_rows(feed.batch.x)) is not None:
        return Cause("the batch contains NaN or infinity", rows)
    for node, y in feed.executor.outputs(training=True):
        if (rows := not_finite_rows(y)) is not None:
            reason = (
                f"the forward pass of layer {node.name!r} gave the first NaN or infinity; "
                "all parameters are still finite"
            )
            return Cause(reason, rows)
    loss, _ = config.loss(feed.prediction, feed.target, feed.weight, feed.no_gradient)
    if math.isfinite(loss):
        return None
    largest = np.abs(feed.executor.y).reshape(feed.rows, -1).max(axis=1)
    return Cause(
        f"the model's output is finite, up to {largest.max():.3g}, but its loss is not",
        np.flatnonzero(largest == largest.max()),
    )


OVERFLOWS = Cause("the penalty, the noise or the square of the gradient overflows")


def in_backward(config: Config, feed: Feed) -> Cause | None:
    """The first layer from the output down whose gradient is not finite, by another pass; None where all are finite."""
    network, gradient = feed.executor.network, feed.gradient
    assert gradient is not None
    network.forget_gradients()
    feed.forward(training=True)
    config.loss(feed.prediction, feed.target, feed.weight, gradient)
    if (rows := not_finite_rows(feed.executor.dy)) is not None:
        return Cause(
            "the gradient of the loss with respect to the model's output contains NaN or infinity", rows
        )
    for node, method, ctx in feed.executor.gradients():
        if method == "backward_parameters":
            for name in node.parameters:
                if not finite(network.arena.gradients.get(f"{node.name}.{name}")):
                    reason = (
                        f"the backward pass of layer {node.name!r} gave a gradient of parameter "
                        f"'{node.name}.{name}' with NaN or infinity"
                    )
                    return Cause(reason)
        for dx in ctx.dxs if method == "backward_input" else []:
            if dx is not None and dx.dtype.kind == "f" and (rows := not_finite_rows(dx)) is not None:
                reason = f"the backward pass of layer {node.name!r} gave the first NaN or infinity"
                return Cause(reason, rows if len(dx) == feed.rows else None)
    return None


def in_update(network: Network, broken: list[str]) -> Cause:
    """From the gradient that the update took."""
    for node in reversed(network.graph.layers):
        for name in node.parameters:
            full = f"{node.name}.{name}"
            if full in broken and not finite(network.arena.gradients.get(full)):
                reason = (
                    f"the backward pass of layer {node.name!r} gave a gradient of parameter {full!r} "
                    "with NaN or infinity"
                )
                return Cause(reason)
    return Cause(f"the update of parameter {broken[0]!r} overflowed; its gradient is finite")


def not_finite_rows(array: np.ndarray) -> np.ndarray | None:
    """The rows of array (rows, ...) that are not finite; None where all are."""
    bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    return np.flatnonzero(bad) if bad.any() else None


def listed(samples: np.ndarray, batch: int) -> str:
    """ "samples 3, 17 of the training split"."""
    shown = ", ".join(f"{sample + 1:,}" for sample in samples[:SHOWN])
    more = f" and {len(samples) - SHOWN:,} more" if len(samples) > SHOWN else ""
    whole = "all of the batch, " if len(samples) == batch and batch > 1 else ""
    return f"{whole}sample{'s' * (len(samples) != 1)} {shown}{more} of the training split"


def largest_value(feed: Feed, rows: np.ndarray, samples: np.ndarray) -> str:
    """The largest input or target of these rows of the batch, where it is huge."""
    for what, array in (("value", feed.batch.x), ("target", feed.batch.target)):
        if array.dtype.kind != "f":
            continue
        size = np.abs(array[rows].reshape(len(rows), -1)).astype(np.float64)
        size[np.isnan(size)] = np.inf
        row, place = np.unravel_index(size.argmax(), size.shape)
        if size[row, place] >= HUGE:
            value = array[rows[row]].reshape(-1)[place]
            return f"Sample {samples[rows[row]] + 1:,} has the {what} {value:.4g}, number {place + 1:,}, as the network sees it"
    return ""
