"""Graph: from the layers of a config to nodes in order with shapes, names and places. All mistakes are reported at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from nntrain.data.tables.features import OneHot, listed
from nntrain.errors import ConfigError, Keys, Problem
from nntrain.initializers import Auto, Constant, Initializer, Pretrained
from nntrain.layers.activations.bounded import Identity
from nntrain.layers.context import Param, Shape
from nntrain.layers.layer import Layer
from nntrain.layers.require import stray_option
from nntrain.network.fusion import fuse
from nntrain.network.groups import assign
from nntrain.network.node import Node
from nntrain.optimizers.group import ParameterGroup
from nntrain.options import did_you_mean

MOST_NODES = 25_000  # nested repeats can ask for more than memory holds
INPUT = "input"  # the data, in `inputs`
PREVIOUS = "previous"

Inputs = Sequence[Node | None]  # None: an output that a mistake prevents


@dataclass
class Graph:
    """Nodes in order: the data first, the output last."""

    nodes: list[Node]
    initializer: Initializer

    @property
    def input(self) -> Node:
        return self.nodes[0]

    @property
    def inputs(self) -> list[Node]:
        return [node for node in self.nodes if not node.inputs]

    @property
    def layers(self) -> list[Node]:
        return [node for node in self.nodes if node.inputs]

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    def initializer_of(self, node: Node, param: Param) -> Initializer:
        """The initializer of one parameter: its own, the model's, or the one that `auto` chooses."""
        if param.role in ("bias", "scale"):
            own = None if isinstance(param.initializer, Pretrained) else param.initializer
            return own or Constant(value=0.0 if param.role == "bias" else 1.0)
        chosen = param.initializer or self.initializer
        return suitable(node) if isinstance(chosen, (Auto, Pretrained)) else chosen


def suitable(node: Node) -> Initializer:
    """The preference of the first activation after `node`, behind norm, dropout, reshape, pool and merging layers."""
    at = node
    while (
        at.layer.preferred_initializer is None
        and at.consumers
        and (at is node or at.layer.initializer_from_next)
    ):
        at = at.consumers[0]
    return Initializer.parse(at.layer.preferred_initializer or "glorot_uniform")


def data_node(shape: Shape, path: Keys = (), vocabulary: int = 0, name: str = INPUT, index: int = 0) -> Node:
    return Node(name, Identity(), path, [], (), tuple(shape), vocabulary=vocabulary, index=index)


def build_graph(
    layers: Sequence[Layer],
    input_shape: Shape,
    initializer: Initializer | None = None,
    path: Keys = ("model", "layers"),
    vocabulary: int = 0,
    fused: bool = True,
    groups: Sequence[ParameterGroup] = (),
    embedded: Sequence[OneHot] = (),
) -> Graph:
    """Raises ConfigError with every impossible shape and wrong reference in the config.

    `vocabulary`: the data are tokens, whole numbers below it. `embedded`: columns of the data that are numbers of categories.
    Without `fused` each layer computes its own output and gradient.
    """
    data = data_node(input_shape, path[:-1], vocabulary)
    data.embedded = tuple(embedded)
    builder = _Builder(data)
    output = Chain(builder, path, names={INPUT: data}).add(layers, (data,))
    if not builder.problems:
        builder.check_that_all_is_used(output)
    if builder.problems:
        raise ConfigError(list(dict.fromkeys(builder.problems)))  # a repeated chain repeats its mistakes
    assign(builder.nodes[1:], groups)
    if fused:
        fuse(builder.nodes)
    return Graph(builder.nodes, initializer or Auto())


class _Builder:
    """What all chains of one graph share."""

    def __init__(self, data: Node):
        self.nodes = [data]
        self.problems: list[Problem] = []

    def check_that_all_is_used(self, output: Node | None) -> None:
        for node in self.nodes:
            if node is not output and not node.consumers:
                self.problems.append(
                    Problem(
                        node.path,
                        "no layer uses its output",
                        "Name it in another layer's `inputs`, or remove it.",
                    )
                )


class Chain:
    """A chain of layers that is added to the graph, with the names that its layers can refer to.

    An output that a mistake prevents is None; what depends on it is skipped without a report.
    """

    def __init__(
        self,
        builder: _Builder,
        path: Keys,
        names: Mapping[str, Node | None],
        prefix: str = "",
        frozen: bool = False,
    ):
        self.builder = builder
        self.path = path
        self.names = dict(names)
        self.prefix = prefix
        self.frozen = frozen
        self.counts: Counter = Counter()
        self.own_names: set[str] = set()

    def add(self, layers: Sequence[Layer], inputs: Inputs) -> Node | None:
        """Adds `layers` one after the other; a layer's `inputs` can name others."""
        later = [layer.name for layer in layers if layer.name]
        for index, layer in enumerate(layers):
            path = (*self.path, index, layer.yaml_name)
            sources = inputs if layer.inputs is None else self._named(layer.inputs, inputs, later, path)
            output = None
            if sources is not None:
                output = build(layer, Scope(self, layer, path), sources)
            if layer.name:
                later.remove(layer.name)
                self._remember(layer.name, output, path)
            inputs = (output,)
        return inputs[0]

    def _named(self, names: Sequence[str], previous: Inputs, later: list[str], path: Keys) -> Inputs | None:
        sources: list[Node | None] = []
        for place, name in enumerate(names):
            if name == PREVIOUS:
                sources += previous
            elif name in self.names:
                sources.append(self.names[name])
            else:
                message = (
                    f"{name!r} is defined below this layer; `inputs` can only name layers above"
                    if name in later
                    else f"no layer above is named {name!r}.{did_you_mean(name, [*self.names, PREVIOUS])}"
                )
                self.builder.problems.append(Problem((*path, "inputs", place), message))
                return None
        return sources

    def _remember(self, name: str, output: Node | None, path: Keys) -> None:
        if name in (INPUT, PREVIOUS) or name in self.own_names:
            reason = "is reserved" if name in (INPUT, PREVIOUS) else "is the name of a layer above"
            self.builder.problems.append(Problem((*path, "name"), f"{name!r} {reason}; names must be unique"))
        elif set(name) & set("./ "):
            message = f"expected a name without '.', '/' and spaces. Received: {name!r}"
            self.builder.problems.append(Problem((*path, "name"), message))
        self.own_names.add(name)
        self.names[name] = output


class Scope:
    """The place of one layer while the graph is built, as layers.scope.Scope describes it."""

    def __init__(self, chain: Chain, layer: Layer, path: Keys):
        chain.counts[layer.yaml_name] += 1
        own = layer.name or f"{layer.yaml_name}_{chain.counts[layer.yaml_name]}"
        self.builder = chain.builder
        self.names = chain.names
        self.prefix = chain.prefix
        self.name = chain.prefix + own
        self.path = path
        self.frozen = chain.frozen or layer.freeze

    def chain(
        self, option: str, layers: Sequence[Layer], inputs: Inputs, label: str | None = None
    ) -> Node | None:
        """Adds the layers held under `option`; `label` names one of several chains made of one option."""
        return self._within(option, label).add(layers, inputs)

    def one(self, option: str, layer: Layer, inputs: Inputs, label: str | None = None) -> Node | None:
        """Adds the layer held under `option`."""
        inner = self._within(option, label)
        return build(layer, Scope(inner, layer, (*inner.path, layer.yaml_name)), inputs)

    def _within(self, option: str, label: str | None) -> Chain:
        prefix = f"{self.name}.{label or option}."
        return Chain(self.builder, (*self.path, option), self.names, prefix, self.frozen)

    def refuse(self, message: str, hint: str = "") -> None:
        """Reports a mistake in the layer, which then has no node."""
        self.builder.problems.append(Problem(self.path, message, hint))

    def node(self, layer: Layer, inputs: Inputs, part: str = "") -> Node | None:
        """Adds one computing layer, and after it its activation."""
        sources = [source for source in inputs if source is not None]
        if len(sources) < len(inputs):
            return None
        if len(self.builder.nodes) > MOST_NODES:
            message = f"the model has more than {MOST_NODES:,} layers, counting every repetition"
            raise ConfigError([Problem(self.path, message, "Reduce `times` of `repeat`.")])
        name = f"{self.name}.{part}" if part else self.name
        shapes = tuple(source.shape for source in sources)
        vocabulary = next((source.vocabulary for source in sources if source.vocabulary), 0)
        try:
            embedded = next((source.embedded for source in sources if source.embedded), ())
            _check_inputs(layer, len(sources), vocabulary, embedded)
            layer = _after(sources[0], layer) if layer.follows_data else layer
            layer = layer.for_tokens(vocabulary) if vocabulary else layer
            layer = layer.for_columns(embedded) if embedded else layer
            embedding = self._tied(layer.tied_name)
            layer = layer.tied(embedding.parameters["weight"].shape, shapes[0]) if embedding else layer
            shape = tuple(layer.output_shape(*shapes))
            place = len(self.builder.nodes)
            node = Node(
                name, layer, self.path, sources, shapes, shape, self.frozen, index=place, tied=embedding
            )
            node.parameters  # noqa: B018  (reports a shape that the parameters don't fit)
        except ConfigError as error:
            self.builder.problems += error.below(*self.path).problems
            return None
        for source in sources:
            source.consumers.append(node)
        if embedding:
            embedding.tied_by.append(node)
        self.builder.nodes.append(node)
        activation = layer.output_activation
        if activation is None:
            return node
        if stray := stray_option(activation):
            self.refuse(
                f"`{stray}` cannot be set on its activation",
                f"Set `{stray}` on the layer, or make {activation.yaml_name} a layer of its own.",
            )
            return None
        return self.node(activation, (node,), part=activation.yaml_name)

    def _tied(self, name: str | None) -> Node | None:
        """The embedding that a layer names; its own chain comes first. Raises ConfigError."""
        embeddings = {node.name: node for node in self.builder.nodes if node.layer.takes_tokens}
        if name is None or (found := embeddings.get(self.prefix + name) or embeddings.get(name)):
            return found if name else None
        raise ConfigError(
            [
                Problem(
                    ("tied_to",), f"no embedding above is named {name!r}.{did_you_mean(name, [*embeddings])}"
                )
            ]
        )


def build(layer: Layer, scope: Scope, inputs: Inputs) -> Node | None:
    """The node of the layer's output, of the class that this module's Scope gives."""
    return cast(Node | None, layer.build(scope, *inputs))


def _after(source: Node, layer: Layer) -> Layer:
    """The layer, whose statistics come from the data, after the data or the layer that embeds their categories. Raises ConfigError."""
    if not source.inputs:
        return layer
    if not source.layer.takes_categories or source.inputs[0].inputs:
        raise ConfigError(
            "its input must be the data themselves, on which it is measured",
            "Make it the first layer, or set `inputs: [input]`.",
        )
    return layer.for_numbers(len(source.layer.numbers(source.input_shapes[0][-1])))


def _check_inputs(layer: Layer, count: int, vocabulary: int, embedded: Sequence[OneHot]) -> None:
    """Raises ConfigError for a wrong number of inputs, and for tokens or categories where numbers are expected, or the reverse."""
    if layer.merges and count < 2:
        raise ConfigError(
            f"expected two or more inputs. Received: {count}",
            f"Name them, such as `inputs: [trunk, {PREVIOUS}]`.",
        )
    if not layer.merges and count != 1:
        raise ConfigError(
            f"expected one input. Received: {count}", "Merge the inputs with `add` or `concat` first."
        )
    if vocabulary and not layer.takes_tokens:
        raise ConfigError(
            f"expected real numbers. Received: tokens, from 0 to {vocabulary - 1}",
            "Add `embedding` before it, right after the data.",
        )
    if layer.takes_tokens and not vocabulary:
        raise ConfigError(
            "expected tokens, right from the data. Received: real numbers", "Remove it, or use token data."
        )
    if embedded and not layer.takes_categories:
        raise ConfigError(
            f"expected real numbers. Received: numbers of categories, in {listed(column.column for column in embedded)}",
            "Add `embed_columns` before it, right after the data.",
        )
