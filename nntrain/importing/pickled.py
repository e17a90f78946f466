"""Pickled: reads the pickle of a PyTorch file without running anything.

A pickle is a program: it can name any function and call it. This reader is an interpreter of its own for the few instructions that
tensors, numbers, texts and containers need. It looks nothing up and calls nothing that the file names: of the names below it knows what
they mean, and any other ends the reading.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nntrain.importing.refusal import Refused, refuse_global

MARK = object()
INERT = "inert"  # an object of no interest: a device, a type of numbers
DTYPES = (
    *("float16", "float32", "float64", "bfloat16", "half", "float", "double", "bool", "uint8"),
    *("int8", "int16", "int32", "int64", "short", "int", "long", "complex64", "complex128"),
)
CONTAINERS = ("set", "dict", "list", "int", "float", "str")
ALLOWED = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_parameter_with_state"),
    ("torch", "Size"),
    ("torch", "device"),
    *((module, name) for module in ("builtins", "__builtin__") for name in CONTAINERS),
    *(("torch", name) for name in DTYPES),
}


@dataclass(frozen=True)
class Name:
    """A name that the pickle looks up: here it stays a name."""

    module: str
    name: str


@dataclass(frozen=True)
class Storage:
    """A reference to the numbers of tensors."""

    kind: str  # such as FloatStorage
    key: str
    size: int  # how many numbers


@dataclass(frozen=True)
class Strided:
    """A tensor as the pickle describes it: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickled(data: bytes) -> Any:
    """The object: dictionaries, lists, tuples, numbers, texts and `Strided`. Raises Refused."""
    try:
        return _Reader(data).run()
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise Refused("its pickle is corrupt or truncated") from error


class _Reader:
    """The machine: a stack, and a memo of what the pickle refers to again."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while (code := self.take(1)[0]) != ord("."):
            step = STEPS.get(code)
            if step is None:
                raise Refused(f"its pickle holds the instruction {bytes([code])!r}, which no tensor needs")
            step(self)
        return self.stack.pop()

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError("truncated")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        end = self.data.index(b"\n", self.at)
        return self.take(end + 1 - self.at)[:-1].decode()

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def above_mark(self) -> list[Any]:
        """What was pushed since the last mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            at -= 1
            if at < 0:
                raise ValueError("no mark")
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def look_up(self, module: str, name: str) -> None:
        known = module in ("torch", "torch.cuda") and name.endswith("Storage")
        if not known and (module, name) not in ALLOWED:
            refuse_global(module, name)
        self.push(Name(module, name))

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise ValueError("a name that is no text")
        self.look_up(module, name)

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise ValueError("not a dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int, float, type(None))):
                raise Refused("its pickle holds a dictionary whose keys are neither texts nor numbers")
            target[key] = value

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise ValueError("not a list")
        target.extend(items)

    def persistent(self) -> None:
        kind, storage, key, _, size = self.stack.pop()
        if kind != "storage" or not isinstance(storage, Name):
            raise ValueError("not a storage")
        if not (isinstance(key, str) and is_count(size)):
            raise ValueError("not a storage")
        self.push(Storage(storage.name, key, size))

    def reduce(self) -> None:
        """What a call would give. No function runs."""
        arguments, called = self.stack.pop(), self.stack.pop()
        if not (isinstance(called, Name) and isinstance(arguments, tuple)):
            raise Refused("its pickle calls something that is not a name")
        self.push(meaning(called, arguments))

    def build(self) -> None:
        """The attributes of an ordered dictionary say which versions of the modules wrote it; no other object has any."""
        self.stack.pop()
        if not isinstance(self.stack[-1], dict):
            raise Refused("its pickle sets the state of an object that is not a dictionary")

    def new(self) -> None:
        self.stack.pop()
        called = self.stack.pop()
        raise Refused(f"its pickle makes an object of {called.module}.{called.name}")

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]


def meaning(called: Name, arguments: tuple[Any, ...]) -> Any:
    """The value of a call of one of the allowed names. Raises Refused, or ValueError for wrong arguments."""
    if called.name == "_rebuild_tensor_v2":
        storage, offset, shape, strides = arguments[:4]
        if not (isinstance(storage, Storage) and is_count(offset)):
            raise ValueError("not a tensor")
        return Strided(storage, offset, counts(shape), counts(strides))
    if called.name in ("_rebuild_parameter", "_rebuild_parameter_with_state"):
        if not isinstance(arguments[0], Strided):
            raise ValueError("not a tensor")
        return arguments[0]
    if called.name == "OrderedDict":
        return dict(pairs(arguments))
    if called.name == "defaultdict":
        return {}
    if called.name == "Counter":
        return dict(arguments[0]) if arguments and isinstance(arguments[0], dict) else {}
    if called.name == "Size":
        return counts(arguments[0])
    if called.name in ("set", "device"):
        return INERT
    raise Refused(f"its pickle calls {called.module}.{called.name}")


def pairs(arguments: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    for key, value in arguments[0] if arguments else ():
        if not isinstance(key, (str, int)):
            raise ValueError("not a key")
        yield key, value


def counts(values: Any) -> tuple[int, ...]:
    if not (isinstance(values, (tuple, list)) and all(is_count(value) for value in values)):
        raise ValueError("not a shape")
    return tuple(values)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def _pops(count: int) -> Callable[[_Reader], None]:
    def pack(reader: _Reader) -> None:
        items = tuple(reader.stack[-count:]) if count else ()
        if len(items) < count or MARK in items:
            raise ValueError("too few items")
        del reader.stack[len(reader.stack) - count :]
        reader.push(items)

    return pack


def _text(form: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(reader.take(reader.number(form)).decode("utf-8", "surrogatepass"))


def _value(form: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(reader.number(form))


def _constant(make: Callable[[], Any]) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(make())


def _long(form: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(int.from_bytes(reader.take(reader.number(form)), "little", signed=True))


# By the instruction's byte: see the standard library's pickletools.
STEPS: dict[int, Callable[[_Reader], None]] = {
    ord(code): step
    for code, step in {
        "\x80": lambda reader: reader.take(1),  # the protocol
        "\x95": lambda reader: reader.take(8),  # a frame: its length
        "(": _constant(lambda: MARK),
        "N": _constant(lambda: None),
        "\x88": _constant(lambda: True),
        "\x89": _constant(lambda: False),
        "}": _constant(dict),
        "]": _constant(list),
        ")": _constant(tuple),
        "\x8f": _constant(list),  # an empty set
        "J": _value("<i"),
        "K": _value("<B"),
        "M": _value("<H"),
        "G": _value(">d"),
        "\x8a": _long("<B"),
        "\x8b": _long("<i"),
        "X": _text("<I"),
        "\x8c": _text("<B"),
        "\x8d": _text("<Q"),
        "\x85": _pops(1),
        "\x86": _pops(2),
        "\x87": _pops(3),
        "t": lambda reader: reader.push(tuple(reader.above_mark())),
        "l": lambda reader: reader.push(reader.above_mark()),
        "q": lambda reader: reader.put(reader.number("<B")),
        "r": lambda reader: reader.put(reader.number("<I")),
        "\x94": lambda reader: reader.put(len(reader.memo)),
        "h": lambda reader: reader.push(reader.memo[reader.number("<B")]),
        "j": lambda reader: reader.push(reader.memo[reader.number("<I")]),
        "c": lambda reader: reader.look_up(reader.line(), reader.line()),
        "\x93": lambda reader: reader.stack_global(),
        "Q": lambda reader: reader.persistent(),
        "R": lambda reader: reader.reduce(),
        "b": lambda reader: reader.build(),
        "\x81": lambda reader: reader.new(),
        "u": lambda reader: reader.set_items(reader.above_mark()),
        "s": lambda reader: reader.set_items([reader.stack.pop(-2), reader.stack.pop()]),
        "e": lambda reader: reader.append(reader.above_mark()),
        "\x90": lambda reader: reader.append(reader.above_mark()),
        "a": lambda reader: reader.append([reader.stack.pop()]),
    }.items()
}
