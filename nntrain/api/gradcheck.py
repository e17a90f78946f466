"""Gradcheck: verifies backpropagation against numeric differences of the loss."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.api.setup import ConfigLike, load_setup, overrides_of
from nntrain.component import Component
from nntrain.errors import UserError
from nntrain.gradient_check.check import Check
from nntrain.gradient_check.components import check_components, check_layer, check_loss
from nntrain.gradient_check.network import NetworkCheck
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.run.score import setup_of
from nntrain.run.stored import is_stored, open_stored


def gradcheck(
    what: ConfigLike | Component | None = None, *, set: Mapping[str, Any] | None = None
) -> list[Check]:
    """Compares gradients with finite differences, in float64, with the kernels that train.

    what: a config (a file or a dictionary), whose network and loss are checked; a run folder or a checkpoint, whose network
    is checked at its trained parameters; a layer or a loss; or None for every registered component. Each check has
    `component`, `tensor`, `status` ("PASS", "FAIL" or "KINK"), `kinks`, `max_rel_error`, ...

    Raises UserError for a config that is wrong, and for what is neither a config nor a run.
    """
    if what is None:
        return list(check_components([]))
    if isinstance(what, Component):
        if isinstance(what, Layer):
            return list(check_layer(what, type(what).example_inputs))
        if isinstance(what, Loss):
            return list(check_loss(what))
        raise UserError(f"a {what.family} has no gradient to check", "Check a layer or a loss.")
    return list(network_check(what, overrides_of(set)).run())


def network_check(what: ConfigLike, overrides: tuple[str, ...], option: str = "set") -> NetworkCheck:
    """The check of a config's network, or of the trained network of a run folder or checkpoint.

    `option`: what errors call the overrides, which only a config can have. Raises UserError.
    """
    if isinstance(what, Mapping):
        return NetworkCheck(load_setup(what, overrides)[0])
    path = Path(what)
    if not is_stored(path):
        if is_binary(path):
            hint = "Expected a YAML file, a run folder, such as runs/NAME, or a checkpoint (.safetensors)."
            raise UserError("neither a config nor a checkpoint", hint, str(path))
        return NetworkCheck(load_setup(path, overrides)[0])
    if overrides:
        raise UserError("expected a config, because a trained network cannot be changed", place=option)
    stored = open_stored(path)
    return NetworkCheck(setup_of(stored), stored.snapshot)


def is_binary(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return b"\0" in file.read(4096)
    return False
