"""Graph: from the layers of a config to ordered nodes with shapes, names and places, all mistakes told at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from nntrain.errors import ConfigError, Keys, Problem
from nntrain.initializers import Auto, Constant, Initializer, Pretrained
from nntrain.layers.activations.bounded import Identity
from nntrain.layers.layer import Activation, Layer, Param, Saved, Shape, State, stray_option
from nntrain.layers.merge import Add
from nntrain.options import did_you_mean

MOST_NODES = 25_000  # a repeat within a repeat can ask for more than anyone could wait for
INPUT = "input"  # what `inputs` calls the data
PREVIOUS = "previous"


@dataclass
class Node:
    """A layer in its place. Nodes are in an order in which each comes after its inputs."""

    name: str
    layer: Layer
    path: Keys  # where it stands in the config
    inputs: list["Node"]
    input_shapes: tuple[Shape, ...]
    shape: Shape  # of one sample's output
    frozen: bool = False
    consumers: list["Node"] = field(default_factory=list)  # one entry for each edge
    fused_into: "Node | None" = (
        None  # the layer before that does it in registers: applies an activation, adds to its own result
    )
    deferred: bool = False  # an embedding that the layer after it sees to
    vocabulary: int = 0  # of data that is tokens: how many there are
    backward_in: "Node | None" = (
        None  # what does an activation's backward on the way: a layer next to it; itself: the sum of dy
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
    def flops(self) -> int:
        # What an embedding leaves to a layer is done once for each token, not for each sample.
        return self.layer.flops(
            *((*source.shape[:-1], 0) if source.deferred else source.shape for source in self.inputs)
        )


@dataclass
class Graph:
    """Nodes in order; the first is the data, the last one the output."""

    nodes: list[Node]
    initializer: Initializer

    @property
    def input(self) -> Node:
        return self.nodes[0]

    @property
    def layers(self) -> list[Node]:
        return self.nodes[1:]

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    def initializer_of(self, node: Node, param: Param) -> Initializer:
        """The initializer of one parameter: its own, the model's, or what `auto` finds to suit."""
        if param.role in ("bias", "scale"):
            own = None if isinstance(param.initializer, Pretrained) else param.initializer
            return own or Constant(value=0.0 if param.role == "bias" else 1.0)
        chosen = param.initializer or self.initializer
        return suitable(node) if isinstance(chosen, (Auto, Pretrained)) else chosen


def suitable(node: Node) -> Initializer:
    """What suits the first activation after `node`; norm, dropout, reshape, pool and merging layers are looked through."""
    at = node
    while (
        at.layer.preferred_initializer is None
        and at.consumers
        and (at is node or at.layer.initializer_from_next)
    ):
        at = at.consumers[0]
    return Initializer.parse(at.layer.preferred_initializer or "glorot_uniform")


def build_graph(
    layers: Sequence[Layer],
    input_shape: Shape,
    initializer: Initializer | None = None,
    path: Keys = ("model", "layers"),
    vocabulary: int = 0,
) -> Graph:
    """Raises ConfigError with every impossible shape and wrong reference in the config.

    `vocabulary`: the data is tokens, whole numbers below it.
    """
    data = Node(INPUT, Identity(), path[:-1], [], (), tuple(input_shape), vocabulary=vocabulary)
    builder = _Builder(data)
    output = Chain(builder, path, names={INPUT: data}).add(layers, (data,))
    if not builder.problems:
        builder.check_that_all_is_used(output)
    if builder.problems:
        raise ConfigError(list(dict.fromkeys(builder.problems)))  # a repeated chain repeats its mistakes
    _fuse(builder.nodes)
    _fuse_sums(builder.nodes)
    _leave_embeddings(builder.nodes)
    _fuse_backward(builder.nodes)
    return Graph(builder.nodes, initializer or Auto())


class _Builder:
    """What all chains of one graph share."""

    def __init__(self, data: Node):
        self.nodes = [data]
        self.problems: list[Problem] = []

    def check_that_all_is_used(self, output: Node) -> None:
        for node in self.nodes:
            if node is not output and not node.consumers:
                self.problems.append(
                    Problem(
                        node.path,
                        "nothing uses the output of this layer. Name it in another "
                        "layer's `inputs`, or remove it.",
                    )
                )


class Chain:
    """A chain of layers that is being put into the graph, with the names that its layers can refer to.

    A value that could not be made because of a mistake is None, and what depends on it is skipped in silence.
    """

    def __init__(self, builder: _Builder, path: Keys, names: dict, prefix: str = "", frozen: bool = False):
        self.builder = builder
        self.path = path
        self.names = names
        self.prefix = prefix
        self.frozen = frozen
        self.counts: Counter = Counter()
        self.own_names: set[str] = set()

    def add(self, layers: Sequence[Layer], inputs: tuple) -> Node | None:
        """Puts `layers` one after the other; a layer's `inputs` can name others."""
        later = [layer.name for layer in layers if layer.name]
        for index, layer in enumerate(layers):
            path = (*self.path, index, layer.yaml_name)
            sources = inputs if layer.inputs is None else self._named(layer.inputs, inputs, later, path)
            output = None
            if sources is not None:
                output = layer.build(Scope(self, layer, path), *sources)
            if layer.name:
                later.remove(layer.name)
                self._remember(layer.name, output, path)
            inputs = (output,)
        return inputs[0]

    def _named(self, names: Sequence[str], previous: tuple, later: list, path: Keys) -> tuple | None:
        sources = []
        for place, name in enumerate(names):
            if name == PREVIOUS:
                sources += previous
            elif name in self.names:
                sources.append(self.names[name])
            else:
                reason = (
                    "stands below this one; `inputs` can only name layers above."
                    if name in later
                    else f"is not the name of a layer above.{did_you_mean(name, [*self.names, PREVIOUS])}"
                )
                self.builder.problems.append(Problem((*path, "inputs", place), f"{name!r} {reason}"))
                return None
        return tuple(sources)

    def _remember(self, name: str, output: Node | None, path: Keys) -> None:
        if name in (INPUT, PREVIOUS) or name in self.own_names:
            taken = (
                "has a meaning of its own" if name in (INPUT, PREVIOUS) else "is the name of a layer above"
            )
            self.builder.problems.append(Problem((*path, "name"), f"{name!r} {taken}; names must differ."))
        elif set(name) & set("./ "):
            message = f"expected a name without '.', '/' and blanks. Received: {name!r}."
            self.builder.problems.append(Problem((*path, "name"), message))
        self.own_names.add(name)
        self.names[name] = output


class Scope:
    """What a layer builds itself with: the chain it stands in, its name and its place."""

    def __init__(self, chain: Chain, layer: Layer, path: Keys):
        chain.counts[layer.yaml_name] += 1
        own = layer.name or f"{layer.yaml_name}_{chain.counts[layer.yaml_name]}"
        self.builder = chain.builder
        self.names = chain.names
        self.name = chain.prefix + own
        self.path = path
        self.frozen = chain.frozen or layer.freeze

    def chain(
        self, option: str, layers: Sequence[Layer], inputs: tuple, label: str | None = None
    ) -> Node | None:
        """Puts the layers held under `option` into the graph; `label` tells apart chains made of one option."""
        prefix = f"{self.name}.{label or option}."
        inner = Chain(self.builder, (*self.path, option), dict(self.names), prefix, self.frozen)
        return inner.add(layers, inputs)

    def one(self, option: str, layer: Layer, inputs: tuple, label: str | None = None) -> Node | None:
        """The same for an option that holds one layer."""
        prefix = f"{self.name}.{label or option}."
        inner = Chain(self.builder, (*self.path, option), dict(self.names), prefix, self.frozen)
        return layer.build(Scope(inner, layer, (*inner.path, layer.yaml_name)), *inputs)

    def refuse(self, message: str) -> None:
        """Notes a mistake in the layer; there is no node then."""
        self.builder.problems.append(Problem(self.path, message))

    def node(self, layer: Layer, inputs: tuple, part: str = "") -> Node | None:
        """Puts one computing layer into the graph, and after it the activation it may carry."""
        if any(source is None for source in inputs):
            return None
        if len(self.builder.nodes) > MOST_NODES:
            raise ConfigError(
                [
                    Problem(
                        self.path,
                        f"the model has more than {MOST_NODES:,} layers, each `repeat` written out.",
                    )
                ]
            )
        name = f"{self.name}.{part}" if part else self.name
        if problem := self._wrong_count(layer, len(inputs)):
            return self.refuse(problem)
        shapes = tuple(source.shape for source in inputs)
        tokens = next((source.vocabulary for source in inputs if source.vocabulary), 0)
        if problem := self._wrong_numbers(layer, tokens):
            return self.refuse(problem)
        try:
            layer = layer.for_tokens(tokens) if tokens else layer
            shape = layer.output_shape(*shapes)
            node = Node(name, layer, self.path, list(inputs), shapes, tuple(shape), self.frozen)
            node.parameters  # noqa: B018  (a shape that the parameters don't fit shows here)
        except ConfigError as error:
            self.builder.problems += error.below(*self.path).problems
            return None
        for source in inputs:
            source.consumers.append(node)
        self.builder.nodes.append(node)
        activation = getattr(layer, "activation", None)
        if not isinstance(activation, Activation):  # simple_rnn applies its own, which is a word
            return node
        if stray := stray_option(activation):
            return self.refuse(
                f"say `{stray}` of it, not of its activation; or make {activation.yaml_name} a layer of its own."
            )
        return self.node(activation, (node,), part=activation.yaml_name)

    @staticmethod
    def _wrong_count(layer: Layer, count: int) -> str | None:
        if layer.merges and count < 2:
            return f"needs two or more inputs, such as `inputs: [trunk, {PREVIOUS}]`. Received: {count}."
        if not layer.merges and count != 1:
            return f"takes one input. Received: {count}. Merge them first, with `add` or `concat`."
        return None

    @staticmethod
    def _wrong_numbers(layer: Layer, tokens: int) -> str | None:
        if tokens and not layer.takes_tokens:
            return (
                f"its input is tokens, whole numbers from 0 to {tokens - 1} that only stand for something. Put `embedding` "
                "before it, right after the data."
            )
        if layer.takes_tokens and not tokens:
            return "it takes tokens, whole numbers from 0, right from the data. Received: real numbers."
        return None


def _fuse(nodes: list[Node]) -> None:
    """Lets a layer apply the activation after it while its result is still in registers.

    Only where nobody else sees the value between the two, and neither backward needs it.
    """
    for node in nodes:
        layer = node.layer
        if not (isinstance(layer, Activation) and layer.epilogue_code and "x" not in layer.reads):
            continue
        producer = node.inputs[0]
        if len(producer.consumers) == 1 and producer.layer.fuses_epilogue and "y" not in producer.layer.reads:
            node.fused_into = producer


def _fuse_sums(nodes: list[Node]) -> None:
    """Lets the layer that gives the last of two terms add the other one to it, while it is still in registers."""
    place = {node.name: number for number, node in enumerate(nodes)}
    for node in nodes:
        if isinstance(node.layer, Add) and len(node.inputs) == 2:
            last = max(node.inputs, key=lambda source: place[source.name])
            if last.layer.fuses_sum and len(last.consumers) == 1:
                node.fused_into = last


# With so many tokens a step, embedding first and picking rows afterwards takes as long in a batch of 4 rows.
TOKENS_PER_STEP = 4


def _leave_embeddings(nodes: list[Node]) -> None:
    """Lets a recurrent layer multiply the embedding's few rows with its weight, and pick among the products.

    Rather than picking rows for all steps of all samples, many times the same, and multiplying them all. The values are the same.
    """
    for node in nodes:
        if node.layer.takes_tokens and len(node.consumers) == 1 and node.consumers[0].layer.looks_up:
            node.deferred = node.layer.vocabulary <= TOKENS_PER_STEP * node.input_shapes[0][0]


def _fuse_backward(nodes: list[Node]) -> None:
    """Lets a pass over the gradient that there is anyway multiply it by the slope of a rectifier, which y tells."""
    for node in nodes:
        if not (
            isinstance(node.layer, Activation) and node.layer.epilogue_code and "x" not in node.layer.reads
        ):
            continue
        producer = node.inputs[0]
        if len(node.consumers) > 1:
            node.backward_in = node
        elif node.consumers and node.consumers[0].layer.keeps_sign:
            node.backward_in = node.consumers[0]
        elif node.fused_into and producer.layer.fuses_gradient:
            node.backward_in = producer
        elif node.consumers and node.consumers[0].layer.gates_gradient:
            node.backward_in = node.consumers[0]
