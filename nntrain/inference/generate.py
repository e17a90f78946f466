"""Generating: the text that a trained network goes on with, one character, byte or word after the other."""

from dataclasses import dataclass

import numpy as np

from nntrain import randomness
from nntrain.data.sequences.tokens import UNKNOWN, decode, encode
from nntrain.errors import UserError
from nntrain.layers.dense import Dense
from nntrain.layers.dropout import Dropout
from nntrain.layers.embedding import Embedding
from nntrain.layers.layer import Activation
from nntrain.layers.merge import Add, Multiply
from nntrain.layers.norm import LayerNorm
from nntrain.network.graph import Graph
from nntrain.network.network import Network
from nntrain.run.stored import Stored

EACH_STEP = (
    Activation,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Add,
    Multiply,
)  # layers that do the same at each step, alone


@dataclass(frozen=True)
class Sampling:
    """How each next token is chosen: at temperature 0 the likeliest, else drawn, of the `top_k` likeliest where that is given."""

    length: int = 200
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0


def generated(stored: Stored, prompt: str, sampling: Sampling) -> str:
    """The prompt and what follows it. Raises UserError for a prompt that the network cannot read."""
    train = stored.trained_on
    if not train.unit:
        raise UserError("--prompt: the network was not trained on text. Give it samples as INPUT.")
    tokens = encode(train, "--prompt", prompt).tolist()
    if not tokens:
        raise UserError(
            f"--prompt: expected at least one {train.unit} to go on from. Received: an empty text."
        )
    network = stored.network(1)
    start = len(tokens)
    key = randomness.key(sampling.seed, "generate")
    reader = (Carrying if goes_step_by_step(network.graph) else Looking)(network)
    for number in range(sampling.length):
        logits = reader.next_logits(tokens)
        if train.unit == "word":
            logits[train.classes.index(UNKNOWN)] = -np.inf
        tokens.append(chosen(logits, sampling, randomness.uniform(key, 1, number)[0]))
    text = decode(train, tokens)
    return text if train.unit != "word" else prompt + text[len(decode(train, tokens[:start])) :]


class Looking:
    """Reads the last window of a text anew for each token that follows it."""

    def __init__(self, network: Network):
        self.network = network
        self.window = network.graph.input.shape[0]

    def next_logits(self, tokens: list[int]) -> np.ndarray:
        """(vocabulary,) float64: what the network says after these tokens. Raises UserError."""
        return self.read(tokens[-self.window :], fresh=True)

    def read(self, tokens: list[int], fresh: bool) -> np.ndarray:
        """The same for at most a window of tokens."""
        bound, run = self.network.at(1, len(tokens)), self.network.run
        bound.x[...] = 0  # where the network needs all its steps; what stands before sees nothing of it
        bound.x[0, : len(tokens)] = tokens
        run.lengths, run.fresh = None, fresh
        logits = bound.forward(training=False)[0, len(tokens) - 1].astype(np.float64)
        if not np.isfinite(logits).all():
            raise UserError("what the network makes of the text is not a finite number.")
        return logits


class Carrying(Looking):
    """Reads each token once, and goes on from the state that it left."""

    done = 0  # tokens

    def next_logits(self, tokens: list[int]) -> np.ndarray:
        while self.done < len(tokens):
            piece = tokens[self.done : self.done + self.window]
            logits = self.read(piece, fresh=self.done == 0)
            self.done += len(piece)
        return logits


def goes_step_by_step(graph: Graph) -> bool:
    """Whether all that a step sees of those before it is carried along in states."""
    states = [any(state.per_row for state in node.state.values()) for node in graph.layers]
    return any(states) and all(
        stateful or isinstance(node.layer, EACH_STEP)
        for stateful, node in zip(states, graph.layers, strict=True)
    )


def chosen(logits: np.ndarray, sampling: Sampling, uniform: float) -> int:
    """One token; `uniform` in [0, 1) decides which."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    likeliest = np.argsort(-logits, kind="stable")[: sampling.top_k]
    powers = np.exp((logits[likeliest] - logits[likeliest[0]]) / sampling.temperature)
    total = np.cumsum(powers)
    return int(likeliest[min(np.searchsorted(total, uniform * total[-1], side="right"), len(total) - 1)])
