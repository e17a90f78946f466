"""Byte pairs: a vocabulary of frequent pieces of words, learned from texts; any text can be written with it, and read back."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

from nntrain.data.sequences.unicode_text import piece_pattern

EMPTY = 0  # the token of an empty text; tokens 1 to 256 are the bytes, then come the merges
FIRST_MERGE = 257
LEAST = 2  # occurrences of a pair that becomes a token
CACHED = 1 << 16  # pieces whose tokens are kept

Pair = tuple[int, int]


class BytePairs:
    """Byte-pair encoding: token FIRST_MERGE + i stands for the two tokens merges[i].

    A text is cut into pieces, words with the blank before them, so that no token spans two words. Each piece begins as its bytes in
    UTF-8; the earliest of the merges that is possible is applied until none is.

    Source: Sennrich, Haddow & Birch 2016, Neural machine translation of rare words with subword units; on bytes as in GPT-2.
    """

    def __init__(self, merges: Iterable[Pair]):
        self.merges = tuple(merges)
        self._rank = {pair: number for number, pair in enumerate(self.merges)}
        self._known: dict[str, list[int]] = {}

    def __len__(self) -> int:
        """The number of tokens."""
        return FIRST_MERGE + len(self.merges)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        tokens: list[int] = []
        for piece in piece_pattern().findall(text):
            found = self._known.get(piece)
            if found is None:
                found = self._merged(as_bytes(piece))
                if len(self._known) < CACHED:
                    self._known[piece] = found
            tokens += found
        return tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; bytes that are not UTF-8, as at a cut, become U+FFFD."""
        return b"".join(self.bytes[token] for token in tokens).decode("utf-8", "replace")

    @cached_property
    def bytes(self) -> list[bytes]:
        """What each token stands for."""
        found = [b"", *(bytes([value]) for value in range(256))]
        for left, right in self.merges:
            found.append(found[left] + found[right])
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The tokens for people: their text, or the bytes where these are only a part of a character."""
        return ("<empty>", *(_name(value) for value in self.bytes[1:]))

    def _merged(self, tokens: list[int]) -> list[int]:
        while len(tokens) > 1:
            pairs = pairwise(tokens)
            rank = min(self._rank.get(pair, len(self.merges)) for pair in pairs)
            if rank == len(self.merges):
                break
            tokens = _replaced(tokens, self.merges[rank], FIRST_MERGE + rank)
        return tokens


def as_bytes(piece: str) -> list[int]:
    return [1 + value for value in piece.encode("utf-8", "surrogatepass")]


def learned(texts: Iterable[str], size: int) -> BytePairs:
    """The vocabulary of at most `size` tokens in which the texts are short: the most frequent pair is merged again and again.

    Of equally frequent pairs the one of the smallest tokens comes first, so that equal texts give equal vocabularies.
    """
    counts = Counter(piece for text in texts for piece in piece_pattern().findall(text))
    pieces = [as_bytes(piece) for piece in counts]
    times = list(counts.values())
    total: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)  # the pieces that have a pair, or had it
    for number, tokens in enumerate(pieces):
        for pair in pairwise(tokens):
            total[pair] += times[number]
            where[pair].add(number)
    queue = [(-count, pair) for pair, count in total.items()]
    heapq.heapify(queue)
    merges: list[Pair] = []
    while queue and FIRST_MERGE + len(merges) < size:
        count, pair = heapq.heappop(queue)
        if -count != total[pair]:  # an entry of before a merge
            continue
        if -count < LEAST:
            break
        changed: set[Pair] = set()
        for number in where.pop(pair):
            old = pieces[number]
            new = _replaced(old, pair, FIRST_MERGE + len(merges))
            for tokens, sign in ((old, -1), (new, 1)):
                for other in pairwise(tokens):
                    total[other] += sign * times[number]
                    changed.add(other)
                    if sign > 0:
                        where[other].add(number)
            pieces[number] = new
        merges.append(pair)
        for other in changed:
            if total[other] > 0:
                heapq.heappush(queue, (-total[other], other))
    return BytePairs(merges)


def _replaced(tokens: list[int], pair: Pair, by: int) -> list[int]:
    """The tokens with each occurrence of the pair, from the left, as one token."""
    found, place = [], 0
    while place < len(tokens):
        if place + 1 < len(tokens) and (tokens[place], tokens[place + 1]) == pair:
            found.append(by)
            place += 2
        else:
            found.append(tokens[place])
            place += 1
    return found


def _name(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"<{value.hex(' ')}>"
