"""HDF5: the arrays and a few attributes of a file, read by a process of its own.

The library that reads HDF5 can crash or hang on damaged files, and has had holes: whatever a file does to it ends with that process.
"""

import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.importing.refusal import Refused

ATTRIBUTES = ("layer_names", "weight_names", "model_config")
DEEPEST = 20  # groups within groups
LIMIT_S = 300  # for the largest files; a damaged one can make the library loop
CORRUPT = "not an HDF5 file of Keras, or corrupt"
COMMAND = [sys.executable, "-P", "-m", "nntrain.importing.hdf5"]
REFUSED = 3  # the exit code of the process where it knows why


@dataclass(frozen=True)
class Hdf5:
    """`arrays` by their paths, such as "layers/dense/vars/0"; `attributes` of groups by theirs, that of the root being empty."""

    arrays: dict[str, np.ndarray]
    attributes: dict[str, dict[str, Any]]


def read_hdf5(data: bytes) -> Hdf5:
    """Raises UserError."""
    if importlib.util.find_spec("h5py") is None:
        raise UserError(
            "the package h5py is not installed", "Install it with `pip install 'nntrain[keras]'`."
        )
    try:
        done = subprocess.run(
            COMMAND,
            input=data,
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
            # It finds the modules that this process finds, and with `-P` none in the current folder.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(CORRUPT) from error
    if done.returncode == REFUSED:
        raise Refused(done.stderr.decode(errors="replace").strip())
    if done.returncode:
        raise Refused(CORRUPT)
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as found:
        about = json.loads(bytes(found["about"]))
        arrays = {path: found[f"array_{number}"] for number, path in enumerate(about["paths"])}
    return Hdf5(arrays, about["attributes"])


def main() -> None:
    """The process: a file on stdin, its arrays on stdout."""
    import h5py

    arrays: dict[str, np.ndarray] = {}
    attributes: dict[str, dict[str, Any]] = {}
    try:
        with h5py.File(io.BytesIO(sys.stdin.buffer.read()), "r") as file:
            for path, item in items(file):
                if isinstance(item, h5py.Dataset):
                    arrays[path] = whole(path, item)
                else:
                    attributes[path] = {
                        name: plain(item.attrs[name]) for name in ATTRIBUTES if name in item.attrs
                    }
    except Refused as error:
        print(error.message, file=sys.stderr)
        sys.exit(REFUSED)
    about = json.dumps({"paths": list(arrays), "attributes": attributes}).encode()
    numbered = {f"array_{number}": array for number, array in enumerate(arrays.values())}
    file = io.BytesIO()
    np.savez(file, about=np.frombuffer(about, np.uint8), **numbered)  # type: ignore[arg-type]
    sys.stdout.buffer.write(file.getvalue())


def items(group: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The group and everything below it. Raises Refused for links to other places and files."""
    import h5py

    yield path, group
    for name in group:
        below = f"{path}/{name}".lstrip("/")
        if depth >= DEEPEST:
            raise Refused(f"{below} is too deep")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Refused(f"{below} refers to another file or place")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from items(item, below, depth + 1)
        elif isinstance(item, h5py.Dataset):
            yield below, item


def whole(path: str, item: Any) -> np.ndarray:
    """An array of numbers that lies in the file. Raises Refused for any other."""
    if item.external or item.is_virtual:
        raise Refused(f"{path} refers to another file")
    if item.shape is None or item.dtype.kind not in "fiub":  # texts, as Keras keeps for some layers
        return np.zeros(0)
    if item.id.get_storage_size() != item.nbytes:  # Keras does not compress
        raise Refused(f"{path} declares {item.nbytes:,} bytes, and has {item.id.get_storage_size():,}")
    return np.asarray(item[()])


def plain(value: Any) -> Any:
    """An attribute as JSON has it: a text, or a list of texts."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return [str(plain(each)) for each in value.ravel()] if isinstance(value, np.ndarray) else str(value)


if __name__ == "__main__":
    main()
