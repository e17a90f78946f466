"""Comparison: a measurement next to an earlier one, which `nntrain bench --json` wrote."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nntrain.bench.result import Bench, LayerTime
from nntrain.errors import UserError


@dataclass
class Change:
    """Microseconds of one line in both; None where one of them does not have it."""

    name: str
    us: float | None
    before_us: float | None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as before."""
        return self.before_us / self.us if self.us and self.before_us is not None else None


@dataclass
class Comparison:
    """The lines of a measurement and of one before it, in the order of the new; what is gone comes last."""

    file: str
    step: Change
    layers: list[Change]
    parts: list[Change]
    warnings: list[str]  # why the times may differ for other reasons than the code's speed

    def to_dict(self) -> dict[str, Any]:
        def line(change: Change) -> dict[str, Any]:
            return {**asdict(change), "ratio": change.ratio}

        return {
            "file": self.file,
            "step": line(self.step),
            "layers": [line(change) for change in self.layers],
            "parts": [line(change) for change in self.parts],
            "warnings": self.warnings,
        }


def compare(now: Bench, before: Bench, file: str) -> Comparison:
    """Raises UserError where the two have nothing in common."""
    layers, earlier = times(now), times(before)
    if not layers.keys() & earlier.keys():
        raise UserError("measured for another network: no layer has the same name", place=file)
    parts = [
        *changes(now.parts, before.parts),
        *changes({"data": now.data_us, "metrics": now.metrics_us}, beside(before)),
    ]
    return Comparison(
        file,
        Change("step", now.step_us, before.step_us),
        changes(layers, earlier),
        parts if before.parts else [Change("besides the layers", now.other_us, before.other_us)],
        list(differences(now, before, file)),
    )


def times(result: Bench) -> dict[str, float]:
    return {layer.name: layer.us for layer in result.layers if layer.us}


def beside(result: Bench) -> dict[str, float]:
    return {"data": result.data_us, "metrics": result.metrics_us}


def changes(now: Mapping[str, float], before: Mapping[str, float]) -> list[Change]:
    names = [*now, *(name for name in before if name not in now)]
    return [Change(name, now.get(name), before.get(name)) for name in names]


def differences(now: Bench, before: Bench, file: str) -> Iterator[str]:
    """What else differs between the two: a warning, or none."""
    pairs = {
        "config": (before.config, now.config),
        "FLOP per step": (before.flops, now.flops) if before.batch_size == now.batch_size else (0, 0),
        "batch size": (before.batch_size, now.batch_size),
        "threads": (before.threads, now.threads),
        "precision": (before.precision, now.precision),
        "machine": (machine(before), machine(now)),
    }
    found = [
        f"{what} {then or 'unknown'}, now {here}" for what, (then, here) in pairs.items() if then != here
    ]
    if found:
        yield f"{file}: measured under other conditions, so the ratios compare more than the code: {'; '.join(found)}"


def machine(result: Bench) -> str:
    return f"{result.cores} × {result.cpu}, {result.vector_lanes} lanes" if result.cpu else ""


def read_bench(path: Path) -> Bench:
    """The measurement in a file. Files of earlier versions lack what came later. Raises UserError."""
    try:
        found = json.loads(path.read_bytes())
        layers = [LayerTime(**known(LayerTime, layer)) for layer in found["layers"]]
        result = Bench(**(known(Bench, found) | {"layers": layers}))
        numbers = [result.step_us, result.other_us, *(layer.us for layer in layers)]
        valid = all(isinstance(number, int | float) for number in numbers)
    except OSError as error:
        raise UserError(f"cannot read the file: {error.strerror}", place=str(path)) from None
    except (ValueError, TypeError, KeyError):
        valid = False
    if not valid:
        raise UserError("not a measurement of a training step", place=str(path))
    return result


def known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}
