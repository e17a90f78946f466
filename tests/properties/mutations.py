"""Mutations: what transfers, editors, crashes and attackers do to a file."""

from collections.abc import Callable
from random import Random


def truncated(data: bytes, choose: Random) -> bytes:
    return data[: choose.randrange(len(data) + 1)]


def flipped(data: bytes, choose: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(choose.randint(1, 8)):
        if changed:
            changed[choose.randrange(len(changed))] ^= 1 << choose.randrange(8)
    return bytes(changed)


def cut_out(data: bytes, choose: Random) -> bytes:
    first, last = sorted(choose.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[last:]


def repeated(data: bytes, choose: Random) -> bytes:
    first, last = sorted(choose.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:]


def zeroed(data: bytes, choose: Random) -> bytes:
    first, last = sorted(choose.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + bytes(last - first) + data[last:]


def inserted(data: bytes, choose: Random) -> bytes:
    at = choose.randrange(len(data) + 1)
    return data[:at] + choose.choice(PIECES) + data[at:]


def replaced(data: bytes, choose: Random) -> bytes:
    at = choose.randrange(len(data) + 1)
    piece = choose.choice(PIECES)
    return data[:at] + piece + data[at + len(piece) :]


def token_replaced(data: bytes, choose: Random) -> bytes:
    """One run of letters, digits and dots replaced: text, a number, a name."""
    places = [at for at in range(len(data)) if data[at : at + 1].isalnum()]
    if not places:
        return data
    start = end = choose.choice(places)
    while start > 0 and data[start - 1 : start].isalnum():
        start -= 1
    while end < len(data) and (data[end : end + 1].isalnum() or data[end : end + 1] in b".-"):
        end += 1
    return data[:start] + choose.choice(PIECES) + data[end:]


PIECES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"&a",
    b"*a",
    b"!!python/object:os.system",
    "é\u0301\u202e\U0001f600".encode(),
    b"null",
    b"true",
    b"x" * 5000,
    b"[" * 500,
)
KINDS: tuple[Callable[[bytes, Random], bytes], ...] = (
    truncated,
    flipped,
    cut_out,
    repeated,
    zeroed,
    inserted,
    replaced,
    token_replaced,
)


def mutated(data: bytes, choose: Random) -> bytes:
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        data = choose.choice(KINDS)(data, choose)
    return data
