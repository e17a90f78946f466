"""Pretrained: fills a new network with arrays of earlier runs, by name and shape, and reports what matched; the others get initial
values.
"""

from pathlib import Path

import numpy as np

from nntrain.data.tables.features import listed
from nntrain.errors import UserError
from nntrain.initializers import Pretrained
from nntrain.network.graph import Graph
from nntrain.network.network import Network
from nntrain.network.snapshot import AVERAGE, PARAMETER, STATE
from nntrain.options import MOST_NAMES
from nntrain.paths import resolved
from nntrain.run.checkpoint import read_tensors
from nntrain.run.stored import find_checkpoint, open_stored

PREFIXES = (PARAMETER, STATE)


def initialize(graph: Graph, network: Network, folder: Path, start: Path | None = None) -> list[str]:
    """Lines that report which arrays came from where. Relative paths count from `folder`. Raises UserError.

    start: a checkpoint from which every array is taken that fits.
    """
    lines: list[str] = []
    loaded: set[str] = set()

    def fill(wanted: dict[str, np.ndarray], source: Pretrained) -> None:
        file = find_checkpoint(resolved(folder, source.path))
        matched, found = _fill(wanted, arrays, file, "pretrained", source.strict)
        loaded.update(matched)
        lines.extend(found)

    arrays = {**network.arena.parameters, **network.state}
    if isinstance(graph.initializer, Pretrained):
        fill(arrays, graph.initializer)
    for node in graph.layers:
        for name, param in node.parameters.items():
            if isinstance(param.initializer, Pretrained):
                full = f"{node.name}.{name}"
                fill({full: arrays[full]}, param.initializer)
    if start is not None:
        matched, found = _fill(arrays, arrays, start, "from")
        if not matched:
            message = "none of its arrays has the name and the shape of one of this network"
            raise UserError(message, "Give the layers the same names (`name`).", str(start))
        loaded.update(matched)
        lines.extend(found)
    network.initialize(loaded)
    return lines


def _fill(
    wanted: dict[str, np.ndarray],
    all_names: dict[str, np.ndarray],
    file: Path,
    label: str,
    strict: bool = False,
) -> tuple[list[str], list[str]]:
    """The names that were filled, and the lines that report them."""
    stored = named_arrays(file)
    missing = [name for name in wanted if name not in stored]
    other_shape = [name for name in wanted if name in stored and stored[name].shape != wanted[name].shape]
    if strict and (missing or other_shape):
        reasons = [f"{name} is missing" for name in missing]
        reasons += [
            f"{name} has shape {stored[name].shape}; the network needs {wanted[name].shape}"
            for name in other_shape
        ]
        more = f"; and {len(reasons) - MOST_NAMES:,} more" if len(reasons) > MOST_NAMES else ""
        message = f"pretrained arrays do not fit: {'; '.join(reasons[:MOST_NAMES])}{more}"
        raise UserError(message, "Set `strict: false` to use those that fit.", str(file))
    matched = [name for name in wanted if name not in missing and name not in other_shape]
    for name in matched:
        wanted[name][...] = stored[name]
    left_over = [name for name in stored if name not in all_names]
    lines = [f"{label}: {len(matched)} of {len(wanted)} arrays from {file}"]
    others = {
        "not found, randomly initialized": missing,
        "of another shape, randomly initialized": other_shape,
        "not used": left_over,
    }
    lines += [f"{label}: {what}: {listed(names)}" for what, names in others.items() if names]
    return matched, lines


def named_arrays(file: Path) -> dict[str, np.ndarray]:
    """A checkpoint's parameters, averaged if the run averages them, and states by their names in the network; of any other
    safetensors file, its arrays.
    """
    tensors = read_tensors(file)
    if AVERAGE in tensors:
        network = open_stored(file).network(rows=1)
        return {**network.arena.parameters, **network.state}
    ours = {
        name.removeprefix(prefix): array
        for prefix in PREFIXES
        for name, array in tensors.items()
        if name.startswith(prefix)
    }
    return ours or tensors
