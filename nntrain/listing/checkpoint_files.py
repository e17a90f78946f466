"""Checkpoint files: whether those of two runs are the same, by their bytes and headers alone."""

import filecmp
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Sameness = Literal["same bytes", "same parameters", "other parameters", "missing"]
PARAMETER = "parameter."  # the beginning of the names of what was learned; the rest is the state of training
CHUNK = 1 << 20


def compare(first: Path, second: Path) -> Sameness:
    """Whether two checkpoints are the same; "missing" where one is not there or cannot be read."""
    try:
        if filecmp.cmp(first, second, shallow=False):
            return "same bytes"
        a, b = parameters(first), parameters(second)
        same = [each.form for each in a] == [each.form for each in b] and all(
            equal(first, one, second, other) for one, other in zip(a, b, strict=True)
        )
        return "same parameters" if same else "other parameters"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "missing"


@dataclass(frozen=True)
class Parameter:
    """An array of a safetensors file."""

    name: str
    kind: str  # "F32"
    shape: tuple[int, ...]
    start: int  # byte of the file
    end: int

    @property
    def form(self) -> tuple[Any, ...]:
        return self.name, self.kind, self.shape


def parameters(file: Path) -> list[Parameter]:
    """What a checkpoint has learned, by its header. Raises OSError, ValueError, KeyError or TypeError for another file."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if size > file.stat().st_size:
            raise ValueError("not a checkpoint")
        header = json.loads(opened.read(size))
    return [
        Parameter(
            name, entry["dtype"], tuple(entry["shape"]), *(8 + size + at for at in entry["data_offsets"])
        )
        for name, entry in sorted(header.items())
        if name.startswith(PARAMETER)
    ]


def parameter_count(file: Path) -> int | None:
    """None where there is no checkpoint that can be read."""
    try:
        return sum(math.prod(each.shape) for each in parameters(file))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def equal(first: Path, one: Parameter, second: Path, other: Parameter) -> bool:
    return all(a == b for a, b in zip(chunks(first, one), chunks(second, other), strict=True))


def chunks(file: Path, of: Parameter) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(of.start)
        left = of.end - of.start
        while left > 0:
            found = opened.read(min(CHUNK, left))
            if not found:
                raise ValueError("truncated")
            left -= len(found)
            yield found
