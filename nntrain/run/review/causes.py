"""Causes: why a network has learned nothing. Each function looks at one cause; empty where it sees no sign of it."""

import itertools

import numpy as np

from nntrain.network.node import Node
from nntrain.run.review.evidence import Evidence
from nntrain.training import scales
from nntrain.training.rate import rate_of, two_digits, with_rate

RISE = 2.0  # first steps that double the loss are too large
DEAD = 0.5  # a share of dead units from which a layer is named
VANISHED = 1e-3  # of the upper layers' gradient
UNSCALED = 20.0  # a root mean square that only matters where nothing was learned
FEW_STEPS = 100
FLAT = 0.01  # of the first loss
SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")


def equal_weights(seen: Evidence) -> str:
    """Units with equal weights get equal gradients."""
    parameters = seen.trainer.network.arena.parameters
    for node in seen.learning[:-1]:
        weights = [parameters[name] for name in seen.weights_of(node)]
        if all(weight.size > 1 and (weight == weight.flat[0]).all() for weight in weights):
            return (
                f"all weights of layer {node.name!r} are equal, so that its units stay equal. "
                "Set `initializer: auto` under `model`"
            )
    return ""


def first_steps_raised_the_loss(seen: Evidence) -> str:
    losses = seen.step_losses
    first, next_ones = losses[:1], losses[1:11]
    if len(next_ones) < 3:
        return ""
    before, after = max(first[0], seen.baseline["train"]["loss"]), next_ones.mean()
    if not (before > 0 and after > RISE * before):
        return ""
    return (
        f"the first steps raised the loss from {first[0]:.4g} to {next_ones.max():.4g}: the learning rate is too large. "
        f"Set {smaller_lr(seen)}"
    )


def dead_units(seen: Evidence) -> str:
    most = max(seen.inactive_units.items(), key=lambda entry: entry[1][0] / entry[1][1], default=None)
    if most is None or most[1][0] < DEAD * most[1][1]:
        return ""
    name, (dead, units) = most
    return (
        f"layer {name!r}: {dead:,} of {units:,} relu units are 0 for all of {len(seen.sampled):,} training samples, so "
        f"that they do not learn any more. Set `activation: leaky_relu`, or {smaller_lr(seen)}"
    )


def vanishing_gradients(seen: Evidence) -> str:
    layers = [
        node for node in seen.learning if node.layer.yaml_name != "embedding"
    ]  # most of its rows get none
    if len(layers) < 3:
        return ""
    lower, upper = (seen.gradient_sizes[node.name] for node in (layers[0], layers[-1]))
    if not 0 <= lower < VANISHED * upper:
        return ""
    return (
        f"the gradient of layer {layers[0].name!r} is {lower / upper:.1g} of that of {layers[-1].name!r}: it vanishes on "
        f"its way down. {against_vanishing(seen, layers)}"
    )


def against_vanishing(seen: Evidence, layers: list[Node]) -> str:
    kinds = {node.layer.yaml_name for node in seen.setup.graph.layers}
    saturating = [kind for kind in SATURATING if kind in kinds]
    if saturating and not any(node.layer.yaml_name in ("lstm", "gru", "simple_rnn") for node in layers):
        return f"Set `activation: relu` instead of {saturating[0]}, or add `batch_norm`"
    if seen.config.model.initializer.yaml_name != "auto" and "relu" in kinds:
        return "Set `initializer: he_normal` under `model`"
    return "Use fewer layers, or `batch_norm` or `residual` between them"


def unscaled_columns(seen: Evidence) -> str:
    found = scales.unscaled_columns(seen.setup.splits.train, seen.setup.graph, UNSCALED)
    return scales.columns_warning(found)


def unscaled_targets(seen: Evidence) -> str:
    found = scales.unscaled_targets(seen.setup.splits.train, seen.setup.graph, seen.config.loss, UNSCALED)
    return scales.target_warning(found, bool(seen.setup.splits.train.heads))


def few_steps(seen: Evidence) -> str:
    steps, epochs = len(seen.step_losses), seen.config.train.epochs
    if steps >= FEW_STEPS:
        return ""
    enough = epochs * -(-10 * FEW_STEPS // max(steps, 1))
    return f"training made {steps:,} steps only. Set more `epochs` under `train`, such as {float(f'{enough:.1g}'):,.0f}"


def still_falling(seen: Evidence) -> str:
    """A learning rate that is too small: the loss falls to the end, and slowly."""
    last = seen.step_losses[len(seen.step_losses) // 2 :]
    if len(last) < FEW_STEPS // 2:
        return ""
    blocks = [block.astype(np.float64) for block in np.array_split(last, 4)]
    means = [block.mean() for block in blocks]
    error = np.sqrt(sum(block.var() / len(block) for block in (blocks[0], blocks[-1])))
    if not (all(a > b for a, b in itertools.pairwise(means)) and means[0] - means[-1] > 3 * error):
        return ""
    rate = two_digits(10 * rate_of(seen.config))
    return (
        f"the loss still falls steadily at the end, from {means[0]:.4g} to {means[-1]:.4g} in the second half: the learning "
        f"rate is too small. Set `{with_rate(seen.config, rate)}`, or more `epochs`"
    )


def no_visible_cause(seen: Evidence) -> str:
    losses = seen.evaluations["train_loss"]
    flat = len(losses) > 1 and np.ptp(losses) <= FLAT * abs(losses[0])
    course = "is flat, " if flat else "went "
    return (
        f"the train loss {course}from {losses[0]:.4g} at the first evaluation to {losses[-1]:.4g} at the last. The inputs may "
        "say nothing about the targets; otherwise try a larger network, or another `lr`"
    )


def smaller_lr(seen: Evidence) -> str:
    return f"`{with_rate(seen.config, two_digits(rate_of(seen.config) / 10))}`"


# The first group with a finding counts, because it explains what later groups would see: unscaled columns make steps too large,
# and steps that are too large leave dead units.
GROUPS = (
    (equal_weights,),
    (unscaled_columns, unscaled_targets),
    (first_steps_raised_the_loss, dead_units, vanishing_gradients),
    (few_steps,),
    (still_falling,),
    (no_visible_cause,),
)
