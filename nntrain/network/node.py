"""Node: a layer in its place in the network, and what follows from how it is fused with its neighbours."""

from dataclasses import dataclass, field

from nntrain.data.tables.features import OneHot
from nntrain.errors import Keys
from nntrain.layers.context import Param, Saved, Shape, State
from nntrain.layers.layer import Layer


@dataclass(eq=False)
class Node:
    """A layer in its place. Nodes are in topological order: each comes after its inputs. A node without inputs is data."""

    name: str
    layer: Layer
    path: Keys  # its place in the config
    inputs: list["Node"]
    input_shapes: tuple[Shape, ...]
    shape: Shape  # of the output, per sample
    frozen: bool = False  # all its parameters are
    consumers: list["Node"] = field(default_factory=list)  # one entry for each edge
    vocabulary: int = 0  # of data that are tokens: how many different ones
    embedded: tuple[OneHot, ...] = ()  # of data: the columns that are numbers of categories
    index: int = 0  # its place in the order
    tied: "Node | None" = None  # the embedding whose weight it uses
    tied_by: list["Node"] = field(default_factory=list)  # the layers that use its weight

    # Set by network.groups, by the names of its parameters.
    groups: dict[str, int] = field(default_factory=dict)  # the parameter group of those that belong to one
    fixed: set[str] = field(default_factory=set)  # frozen by their group

    # Set by network.fusion.
    fused_into: "Node | None" = None  # the node before it whose forward computes this one too
    deferred: bool = False  # an embedding that the node after it computes
    gradient_fused_into: "Node | None" = (
        None  # the node whose backward computes this one's dx; it can be itself
    )

    @property
    def parameters(self) -> dict[str, Param]:
        return self.layer.parameters(*self.input_shapes)

    @property
    def state(self) -> dict[str, State]:
        return self.layer.state(*self.input_shapes)

    @property
    def saved(self) -> dict[str, Saved]:
        return self.layer.saved(*self.input_shapes)

    @property
    def scratch(self) -> dict[str, Saved]:
        return self.layer.scratch(*self.input_shapes)

    @property
    def trained(self) -> dict[str, Param]:
        """The parameters that training changes."""
        if self.frozen:
            return {}
        return {name: param for name, param in self.parameters.items() if name not in self.fixed}

    @property
    def untrained(self) -> dict[str, Param]:
        """The frozen parameters of a layer that has others: its backward computes their gradient, too."""
        return {name: self.parameters[name] for name in self.fixed} if self.learns else {}

    @property
    def learns(self) -> bool:
        """Whether it has parameters that training changes, or uses those of an embedding."""
        return bool(self.trained) or self.trains_tied

    @property
    def trains_tied(self) -> bool:
        """Whether training changes the weight of the embedding that it uses."""
        return self.tied is not None and "weight" in self.tied.trained

    @property
    def flops(self) -> int:
        # A deferred embedding is multiplied once per token of the vocabulary, not per sample.
        return self.layer.flops(
            *((*source.shape[:-1], 0) if source.deferred else source.shape for source in self.inputs)
        )

    @property
    def runs_forward(self) -> bool:
        """Whether it has a forward of its own: it is not fused, not deferred, and not a view."""
        return bool(self.inputs) and not (self.fused_into or self.deferred or self.layer.aliases_input)

    @property
    def owner_of_output(self) -> "Node":
        """The node whose output array is this one's too; else the node itself."""
        return self.fused_into or (self.inputs[0] if self.layer.aliases_input and self.inputs else self)

    @property
    def passes_gradient(self) -> bool:
        """Whether dx and dy are one array, so that there is no backward_input to run."""
        layer = self.layer
        return layer.aliases_input or layer.passes_gradient or self.gradient_fused_into is not None

    @property
    def reads_in_backward(self) -> list["Node"]:
        """The nodes whose outputs its own backward reads."""
        inputs = self.inputs if "x" in self.layer.reads else []
        return [*inputs, self] if "y" in self.layer.reads else inputs

    @property
    def fused(self) -> list["Node"]:
        """The nodes that its forward computes too, in order."""
        found, last = [], self
        while len(last.consumers) == 1 and last.consumers[0].fused_into is last:
            last = last.consumers[0]
            found.append(last)
        return found

    @property
    def embedding(self) -> "Node | None":
        """The embedding that it computes too."""
        return self.inputs[0] if self.inputs and self.inputs[0].deferred else None

    @property
    def activation_gradient(self) -> "Node | None":
        """The activation whose gradient its backward computes too."""
        near = (*self.inputs, *self.consumers)
        return next((node for node in near if node.gradient_fused_into is self), None)
