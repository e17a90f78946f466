"""Scope: what a layer builds its part of the network with. network.graph provides it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nntrain.layers.layer import Layer


class Output(Protocol):
    """The output of a layer in the network."""

    @property
    def shape(self) -> tuple[int, ...]: ...


class Scope(Protocol):
    """The place of one layer in the network that is being built. An output is None where a mistake prevents it."""

    def chain(
        self, option: str, layers: Sequence["Layer"], inputs: Sequence[Any], label: str | None = None
    ) -> Output | None:
        """Adds the layers held under `option`, one after the other; `label` names one of several such chains."""

    def one(
        self, option: str, layer: "Layer", inputs: Sequence[Any], label: str | None = None
    ) -> Output | None:
        """Adds the layer held under `option`."""

    def node(self, layer: "Layer", inputs: Sequence[Any], part: str = "") -> Output | None:
        """Adds a layer that computes, followed by its activation; `part` is its name within the layer that builds."""

    def refuse(self, message: str, hint: str = "") -> None:
        """Reports a mistake in the layer, which then has no output."""
