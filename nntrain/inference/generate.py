"""Generate: a language model continues a text, one character, byte or word at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain import kernels, randomness
from nntrain.data.conform.texts import counted, encode, split_text, unknown_in
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import decode, noun
from nntrain.data.sequences.vocabulary import UNKNOWN
from nntrain.data.tables.features import listed
from nntrain.errors import UserError
from nntrain.inference.trained import Trained
from nntrain.network.network import Network
from nntrain.network.pieces import Pieces, reads_pieces


@dataclass(frozen=True)
class Sampling:
    """How each next token is chosen: temperature 0 is greedy decoding; else sampled, from the `top_k` likeliest if set."""

    length: int = 200
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0


def generated(
    trained: Trained,
    prompt: str,
    sampling: Sampling,
    name: str = "prompt",
    before_each: Callable[[], None] = lambda: None,
) -> str:
    """The prompt and its continuation. `name` is what errors call the prompt. Raises UserError.

    `before_each` is called before each token, and stops the work by raising an error.
    """
    train = trained.trained_on
    if not train.unit:
        raise UserError("the network was not trained on text", "Predict from samples.", name)
    tokens = encode(train, name, prompt).tolist()
    if not tokens:
        raise UserError(f"expected at least one {noun(train.unit)}. Received: an empty text", place=name)
    network = trained.network(1)
    start = len(tokens)
    key = randomness.key(sampling.seed, "generate")
    reader = (PieceReader if reads_pieces(network.graph) else WindowReader)(network)
    for number in range(sampling.length):
        before_each()
        logits = reader.next_logits(tokens)
        if train.unit == "word":
            logits[train.classes.index(UNKNOWN)] = -np.inf
        tokens.append(chosen(logits, sampling, randomness.uniform(key, 1, number)[0]))
    text = decode(train, tokens)
    return text if train.unit != "word" else prompt + text[len(decode(train, tokens[:start])) :]


def readable(train: Dataset, prompt: str, skip: bool) -> tuple[str, list[str]]:
    """The prompt, and what to tell about it: unknown words, or unknown characters that are left out if `skip` is set."""
    unknown = unknown_in(train, prompt)
    if not unknown or (train.unit == "character" and not skip):
        return prompt, []
    if train.unit == "word":
        return prompt, [f"unknown words are read as {UNKNOWN}: {listed(unknown)}"]
    known = "".join(character for character in split_text(train, prompt) if character not in unknown)
    return known, [f"left out unknown {counted(unknown)}"]


class Window:
    """The part of a text that counts, where a network takes no more than a window: its end.

    When it is full, it moves on by a quarter, so that it is read again once in so many tokens, not for each.
    """

    def __init__(self, size: int):
        self.size = size
        self.begin = 0  # the first token that counts

    def moves(self, count: int) -> bool:
        """Whether a text of so many tokens begins later than the one before."""
        if count - self.begin <= self.size:
            return False
        self.begin = count - kept(self.size)
        return True


def kept(size: int) -> int:
    """How many tokens count when a window of this size has moved on."""
    return size - size // 4


class WindowReader:
    """Reads the window again for each next token."""

    def __init__(self, network: Network):
        self.network = network
        self.window = Window(network.graph.input.shape[0])

    def next_logits(self, tokens: list[int]) -> np.ndarray:
        """(vocabulary,) float64: the logits of the token after these, which are those of the call before, and more. Raises UserError."""
        self.window.moves(len(tokens))
        tokens = tokens[self.window.begin :]
        executor, info = self.network.executor(1, len(tokens)), self.network.info
        executor.x[...] = 0  # the network may need all its steps; earlier ones do not see the padding
        executor.x[0, : len(tokens)] = tokens
        info.lengths, info.fresh = None, True
        with kernels.denormals.flushed():
            return finite(executor.forward(training=False)[0, len(tokens) - 1])


class PieceReader:
    """Reads each token once: the layers keep the keys and values of attention, hidden states and the windows of convolutions."""

    def __init__(self, network: Network):
        self.pieces = Pieces(network)
        self.window = Window(self.pieces.limit) if self.pieces.limit else None

    def next_logits(self, tokens: list[int]) -> np.ndarray:
        """As WindowReader."""
        pieces, window = self.pieces, self.window
        if window is not None and window.moves(len(tokens)):
            pieces.start()
        begin = 0 if window is None else window.begin
        with kernels.denormals.flushed():
            while (at := begin + pieces.done) < len(tokens):
                piece = np.array([tokens[at : at + pieces.longest]])
                output = pieces.read(piece)
        return finite(output[0, -1])


def finite(logits: np.ndarray) -> np.ndarray:
    """As float64. Raises UserError."""
    if not np.isfinite(logits).all():
        raise UserError("the network's output is not a finite number")
    return logits.astype(np.float64)


def chosen(logits: np.ndarray, sampling: Sampling, uniform: float) -> int:
    """One token; `uniform` in [0, 1) decides which one is sampled."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    likeliest = np.argsort(-logits, kind="stable")[: sampling.top_k]
    powers = np.exp((logits[likeliest] - logits[likeliest[0]]) / sampling.temperature)
    total = np.cumsum(powers)
    return int(likeliest[min(np.searchsorted(total, uniform * total[-1], side="right"), len(total) - 1)])
