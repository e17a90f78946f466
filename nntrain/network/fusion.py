"""Fusion: which layer computes which neighbour too, so that a pass over memory is saved. One table has every case.

The results are the same bits, but for an embedding that is multiplied first: its sums have another order. Everybody else asks the
node: `runs_forward`, `passes_gradient`, `fused`, `embedding` and so on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nntrain.layers.fusable import Fusable
from nntrain.network.node import Node

# With more tokens per step, embedding first and selecting rows afterwards is as fast at a batch of 4 rows.
TOKENS_PER_STEP = 4


@dataclass(frozen=True)
class Fusion:
    """One row: `effect` holds for two neighbours where all three conditions do."""

    producer: Callable[[Node], bool]
    consumer: Callable[[Node], bool]
    condition: Callable[[Node, Node], bool]
    effect: Callable[[Node, Node], None]

    def apply(self, nodes: Sequence[Node]) -> None:
        for consumer in nodes:
            for producer in consumer.inputs:
                if self.producer(producer) and self.consumer(consumer) and self.condition(producer, consumer):
                    self.effect(producer, consumer)


def fuse(nodes: Sequence[Node]) -> None:
    """Applies the rows in order to the nodes of a graph."""
    for fusion in FUSIONS:
        fusion.apply(nodes)


def fuses(work: Fusable) -> Callable[[Node], bool]:
    return lambda node: work in node.layer.fuses


def is_fusable_as(work: Fusable) -> Callable[[Node], bool]:
    return lambda node: node.layer.fusable_as is work


def is_rectifier(node: Node) -> bool:
    """An activation whose gradient needs only the sign of its output."""
    return node.layer.fusable_as is Fusable.ACTIVATION and "x" not in node.layer.reads


def any_node(node: Node) -> bool:
    return True


def only_consumer(producer: Node, consumer: Node) -> bool:
    """Nobody else reads the producer's output."""
    return len(producer.consumers) == 1


def output_not_needed(producer: Node, consumer: Node) -> bool:
    """Nobody but the consumer reads the producer's output, not even the producer's backward."""
    return only_consumer(producer, consumer) and "y" not in producer.layer.reads


def last_of_two_terms(producer: Node, consumer: Node) -> bool:
    return (
        only_consumer(producer, consumer)
        and len(consumer.inputs) == 2
        and producer.index == max(source.index for source in consumer.inputs)
    )


def few_tokens(producer: Node, consumer: Node) -> bool:
    """Multiplying the rows of the embedding once is cheaper than multiplying all steps of all samples."""
    vocabulary = producer.parameters["weight"].shape[0]
    alone = only_consumer(producer, consumer) and not producer.tied_by
    return alone and vocabulary <= TOKENS_PER_STEP * producer.input_shapes[0][0]


def gradients_are_summed(producer: Node, consumer: Node) -> bool:
    """Several consumers: the gradients that they pass back are added in a pass of its own."""
    return len(producer.consumers) > 1


def gradient_not_fused(producer: Node, consumer: Node) -> bool:
    return only_consumer(producer, consumer) and producer.gradient_fused_into is None


def fused_forward_only(producer: Node, consumer: Node) -> bool:
    return consumer.fused_into is producer and consumer.gradient_fused_into is None


def into_producer(producer: Node, consumer: Node) -> None:
    consumer.fused_into = producer


def defer(producer: Node, consumer: Node) -> None:
    producer.deferred = True


def gradient_into_sum(producer: Node, consumer: Node) -> None:
    producer.gradient_fused_into = producer


def gradient_into_producer(producer: Node, consumer: Node) -> None:
    consumer.gradient_fused_into = producer


def gradient_into_consumer(producer: Node, consumer: Node) -> None:
    producer.gradient_fused_into = consumer


F = Fusable
FUSIONS = (
    # producer, consumer, condition, effect
    # Forward: dense, convolutions and norms apply the activation while the result is in registers,
    Fusion(fuses(F.ACTIVATION), is_rectifier, output_not_needed, into_producer),
    Fusion(fuses(F.CURVE), is_fusable_as(F.CURVE), output_not_needed, into_producer),
    # and batch norm adds the shortcut of a residual block before that.
    Fusion(fuses(F.SUM), is_fusable_as(F.SUM), last_of_two_terms, into_producer),
    # A recurrent layer multiplies the rows of the embedding by its weight and selects among the products.
    Fusion(is_fusable_as(F.EMBEDDING), fuses(F.EMBEDDING), few_tokens, defer),
    # Backward: the gradient of a rectifier is computed by the sum of the gradients that reach it, or else by max pooling after
    # it, by the norm before it, or by the matrix product after it.
    Fusion(is_rectifier, any_node, gradients_are_summed, gradient_into_sum),
    Fusion(is_rectifier, fuses(F.SELECTED_ACTIVATION_GRADIENT), gradient_not_fused, gradient_into_consumer),
    Fusion(fuses(F.ACTIVATION_GRADIENT), is_rectifier, fused_forward_only, gradient_into_producer),
    Fusion(is_rectifier, fuses(F.INPUT_ACTIVATION_GRADIENT), gradient_not_fused, gradient_into_consumer),
    Fusion(is_fusable_as(F.CURVE), fuses(F.INPUT_CURVE_GRADIENT), gradient_not_fused, gradient_into_consumer),
)
