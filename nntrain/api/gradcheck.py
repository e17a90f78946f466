"""Gradcheck: verifies backpropagation against numeric differences of the loss."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.api.setup import load_setup, overrides_of
from nntrain.component import Component
from nntrain.errors import UserError
from nntrain.gradient_check.check import Check
from nntrain.gradient_check.components import check_components, check_layer, check_loss
from nntrain.gradient_check.network import NetworkCheck
from nntrain.layers.layer import Layer
from nntrain.losses import Loss


def gradcheck(
    what: str | Path | Mapping[str, Any] | Component | None = None, *, set: Mapping[str, Any] | None = None
) -> list[Check]:
    """Compares gradients with central differences, in float64, with the kernels that train.

    what: a config (a file or a dictionary), whose network and loss are checked; a layer or a loss; or None for every
    registered component. Each check has `component`, `tensor`, `status` ("PASS", "FAIL" or "KINK"), `max_rel_error`, ...

    Raises UserError for a config that is wrong.
    """
    if what is None:
        return list(check_components([]))
    if isinstance(what, Component):
        if isinstance(what, Layer):
            return list(check_layer(what, type(what).example_inputs))
        if isinstance(what, Loss):
            return list(check_loss(what))
        raise UserError(f"a {what.family} has no gradient to check", "Check a layer or a loss.")
    return list(NetworkCheck(load_setup(what, overrides_of(set))[0]).run())
