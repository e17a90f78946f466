"""Checkpoint: a snapshot as one safetensors file, complete and with a checksum."""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from nntrain.errors import UserError
from nntrain.limits import require_memory
from nntrain.network.snapshot import Snapshot

FORMAT = 2
OLDEST = 1  # format 1 names the sums of metrics otherwise: good for inference, but training cannot continue
KEY = "nntrain"  # the only key of the metadata: safetensors writes several in random order


def encode(snapshot: Snapshot) -> bytes:
    """The file's bytes: a function of the snapshot alone."""
    _require_memory(sum(array.nbytes for array in snapshot.tensors.values()))
    facts = {"format": FORMAT, **snapshot.facts}
    facts["sha256"] = _checksum(snapshot.tensors, facts)
    return save_tensors(snapshot.tensors, metadata={KEY: _text(facts)})


def read(path: Path) -> Snapshot:
    """Raises UserError for a file that is missing, corrupt or not a checkpoint."""
    place = str(path)
    try:
        _require_memory(path.stat().st_size, place)
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the checkpoint: {error.strerror}", place=place) from None
    return decode(data, place)


def decode(data: bytes, place: str = "") -> Snapshot:
    """What `encode` made these bytes of. Raises UserError for others."""
    try:
        tensors = load_tensors(data)
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][KEY])
        found, promised = facts["format"], facts.pop("sha256")
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        raise UserError("not an nntrain checkpoint, or truncated", place=place) from None
    if found not in range(OLDEST, FORMAT + 1):
        message = (
            f"the checkpoint has format {found}; this version of nntrain reads formats {OLDEST} to {FORMAT}"
        )
        raise UserError(message, place=place)
    if promised != _checksum(tensors, facts):
        message = "the checkpoint is corrupt: its checksum does not match its contents"
        raise UserError(message, place=place)
    return Snapshot(tensors, facts)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of any safetensors file. Raises UserError."""
    try:
        _require_memory(path.stat().st_size, str(path))
        return load_tensors(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read the file: {error.strerror}", place=str(path)) from None
    except SafetensorError:
        raise UserError("not a safetensors file, or truncated", place=str(path)) from None


def _require_memory(n_bytes: int, place: str = "") -> None:
    """Raises UserError unless arrays and file fit into memory: safetensors can hang where memory ends."""
    require_memory(2 * n_bytes + 2**20, "the checkpoint takes", "Free memory, or raise the limit.", place)


def _text(facts: dict) -> str:
    return json.dumps(facts, sort_keys=True, allow_nan=False)


def _checksum(tensors: dict[str, np.ndarray], facts: dict) -> str:
    total = hashlib.sha256(_text(facts).encode())
    for name in sorted(tensors):
        array = tensors[name]
        total.update(f"{name} {array.dtype} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()
