"""Generating: the text that a trained network goes on with, one character, byte or word after the other."""

from dataclasses import dataclass

import numpy as np

from nntrain import randomness
from nntrain.data.tokens import UNKNOWN, decoded, encoded
from nntrain.errors import UserError
from nntrain.network.network import Network
from nntrain.training.stored import Stored


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
    tokens = encoded(train, "--prompt", prompt).tolist()
    if not tokens:
        raise UserError(f"--prompt: expected at least one {train.unit} to go on from. Received: an empty text.")
    network = stored.network(1)
    start = len(tokens)
    key = randomness.key(sampling.seed, "generate")
    for number in range(sampling.length):
        logits = next_logits(network, tokens[-train.input_shape[0]:])
        if train.unit == "word":
            logits[train.classes.index(UNKNOWN)] = -np.inf
        tokens.append(chosen(logits, sampling, randomness.uniform(key, 1, number)[0]))
    text = decoded(train, tokens)
    return text if train.unit != "word" else prompt + text[len(decoded(train, tokens[:start])):]


def next_logits(network: Network, tokens: list[int]) -> np.ndarray:
    """(vocabulary,) float64: what the network says after these tokens, at most as many as it has steps. Raises UserError."""
    bound = network.at(1, len(tokens))
    bound.x[...] = 0  # where the network needs all its steps; the last ones see nothing of it
    bound.x[0, :len(tokens)] = tokens
    network.run.lengths = None
    logits = bound.forward(training=False)[0, len(tokens) - 1].astype(np.float64)
    if not np.isfinite(logits).all():
        raise UserError("what the network makes of the text is not a finite number.")
    return logits


def chosen(logits: np.ndarray, sampling: Sampling, uniform: float) -> int:
    """One token; `uniform` in [0, 1) decides which."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    likeliest = np.argsort(-logits, kind="stable")[:sampling.top_k]
    powers = np.exp((logits[likeliest] - logits[likeliest[0]]) / sampling.temperature)
    total = np.cumsum(powers)
    return int(likeliest[min(np.searchsorted(total, uniform * total[-1], side="right"), len(total) - 1)])
