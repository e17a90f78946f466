"""Checkpoint: one safetensors file with all that a run is made of, so that with it alone one can go on, score or predict."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from nntrain.errors import UserError
from nntrain.network.network import Network

FORMAT = 1
AVERAGE = "average.theta"  # the moving average of the learning parameters, where a run keeps one
CARRIED = "carried."  # before the names of what stateful layers carry from one batch to the next, for training to go on
MEASURED = "data."  # before the names of the arrays that were measured on the train part
KEY = "nntrain"  # one key of metadata only: safetensors writes several in random order


@dataclass
class Checkpoint:
    """tensors by name; `facts` is what JSON can hold: config, training state, what the data looked like."""

    tensors: dict[str, np.ndarray]
    facts: dict


def encode(checkpoint: Checkpoint) -> bytes:
    """The file's bytes: a function of the checkpoint alone."""
    facts = {**checkpoint.facts, "format": FORMAT}
    facts["sha256"] = _checksum(checkpoint.tensors, facts)
    return save_tensors(checkpoint.tensors, metadata={KEY: _text(facts)})


def read(path: Path) -> Checkpoint:
    """Raises UserError for a file that is missing, broken or not a checkpoint."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot read the checkpoint: {error.strerror}.") from None
    try:
        tensors = load_tensors(data)
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][KEY])
        found, promised = facts["format"], facts.pop("sha256")
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{path}: this is not an nntrain checkpoint, or it is truncated.") from None
    if found != FORMAT:
        raise UserError(f"{path}: the checkpoint has format {found}, this nntrain reads format {FORMAT}.")
    if promised != _checksum(tensors, facts):
        raise UserError(f"{path}: the checkpoint is damaged: its checksum does not match its contents.")
    return Checkpoint(tensors, facts)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of any safetensors file. Raises UserError."""
    try:
        return load_tensors(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot read the file: {error.strerror}.") from None
    except SafetensorError:
        raise UserError(f"{path}: this is not a safetensors file, or it is truncated.") from None


def load_network(network: Network, checkpoint: Checkpoint) -> None:
    """Fills the network's parameters and states as they were in training. The network must be of the checkpoint's config."""
    for kind, arrays in (("parameter", network.arena.parameters), ("state", network.state)):
        for name, array in arrays.items():
            array[...] = checkpoint.tensors[f"{kind}.{name}"]


def load_for_use(network: Network, checkpoint: Checkpoint) -> None:
    """The same for scoring and predicting: with the average of the parameters where the run kept one."""
    load_network(network, checkpoint)
    if AVERAGE in checkpoint.tensors:
        network.theta[...] = checkpoint.tensors[AVERAGE]


def _text(facts: dict) -> str:
    return json.dumps(facts, sort_keys=True)


def _checksum(tensors: dict[str, np.ndarray], facts: dict) -> str:
    total = hashlib.sha256(_text(facts).encode())
    for name in sorted(tensors):
        array = tensors[name]
        total.update(f"{name} {array.dtype} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """The file is either the old one or the new one, whole, whenever the machine stops."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
