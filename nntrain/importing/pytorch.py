"""PyTorch files: the tensors of `torch.save`, read without PyTorch and without running anything of the file."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.importing.module import Tensor
from nntrain.importing.pickled import Storage, Strided, unpickled
from nntrain.importing.refusal import SAVE_WEIGHTS, Refused

LEGACY = (
    b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # how files of torch.save before 1.6 begin
)
KINDS = {  # the numbers of a storage: NumPy's type, and what we call it
    "FloatStorage": ("f4", "float32"),
    "DoubleStorage": ("f8", "float64"),
    "HalfStorage": ("f2", "float16"),
    "BFloat16Storage": ("u2", "bfloat16"),
    "LongStorage": ("i8", "int64"),
    "IntStorage": ("i4", "int32"),
    "ShortStorage": ("i2", "int16"),
    "CharStorage": ("i1", "int8"),
    "ByteStorage": ("u1", "uint8"),
    "BoolStorage": ("u1", "bool"),
}
MOST_AXES = 8
MOST_BYTES = 2**62  # that NumPy can address
DEEPEST = 3  # entries within entries of a checkpoint, in which weights are looked for


def is_pytorch(path: Path) -> bool:
    """Whether the file is one of `torch.save`, by its content."""
    with path.open("rb") as file:
        if file.read(len(LEGACY)) == LEGACY:
            return True
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def read_pytorch(data: bytes, key: str | None = None) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of the state_dict by name, in their order, and notes about it. Raises UserError.

    key: the entry of a checkpoint that holds the weights, such as "model" or "net.state_dict".
    """
    if data.startswith((LEGACY, LEGACY[:2])):
        raise Refused(
            "a file of torch.save in the format before PyTorch 1.6, or a plain pickle",
            "Write it again: `torch.save(torch.load('old.pt', map_location='cpu'), 'new.pt')`.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _Records(archive, len(data))
            if files.has("constants.pkl") or files.has("code"):
                raise Refused("it holds a TorchScript program, not weights alone", SAVE_WEIGHTS)
            content = unpickled(files.read("data.pkl"))
            name, chosen = weights_in(content, key)
            tensors = {
                entry: files.tensor(entry, value)
                for entry, value in chosen.items()
                if isinstance(value, Strided)
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Refused("not a file of torch.save, or truncated") from error
    except (RuntimeError, KeyError, OverflowError, IndexError, TypeError) as error:  # a damaged directory
        raise Refused("not a file of torch.save, or corrupt") from error
    return tensors, (f"weights of the entry {name!r}",) if name else ()


class _Records:
    """The files inside the archive. torch.save never compresses them, so none is larger than the archive."""

    def __init__(self, archive: zipfile.ZipFile, size: int):
        self.archive, self.left = archive, size
        pickles = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
        if len(pickles) != 1:
            raise Refused("not a file of torch.save: it has no data.pkl, or several")
        self.folder = pickles[0].removesuffix("data.pkl")
        self.storages: dict[str, np.ndarray] = {}
        self.order: Literal["<", ">"] = "<"
        if self.has("byteorder") and self.read("byteorder") == b"big":
            self.order = ">"

    def has(self, name: str) -> bool:
        full = f"{self.folder}{name}"
        return any(found == full or found.startswith(f"{full}/") for found in self.archive.namelist())

    def read(self, name: str) -> bytes:
        info = self.archive.getinfo(f"{self.folder}{name}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise Refused(f"its record {name} is compressed, which torch.save never does")
        self.left -= info.file_size
        if self.left < 0:
            raise Refused("its records overlap: they declare more bytes than the file has")
        return self.archive.read(info)

    def tensor(self, name: str, strided: Strided) -> Tensor:
        """A view of its storage. Raises Refused if it reaches beyond."""
        values, dtype = self.numbers(name, strided.storage)
        shape, strides = strided.shape, strided.strides
        if len(shape) != len(strides) or len(shape) > MOST_AXES:
            raise Refused(f"{name} has an impossible shape")
        steps = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        if 0 not in shape and strided.offset + steps >= values.size:
            raise Refused(f"{name} reaches beyond its storage of {values.size:,} numbers")
        if values.itemsize * max(math.prod(size or 1 for size in shape), *strides, 1) >= MOST_BYTES:
            raise Refused(f"{name} has an impossible shape")
        if 0 in shape:
            return Tensor(name, shape, dtype, lambda: np.zeros(shape, np.float32))
        view = np.lib.stride_tricks.as_strided(
            values[strided.offset :], shape, [stride * values.itemsize for stride in strides], writeable=False
        )
        return Tensor(name, shape, dtype, lambda: widened(view) if dtype == "bfloat16" else view)

    def numbers(self, name: str, storage: Storage) -> tuple[np.ndarray, str]:
        if storage.kind not in KINDS:
            raise Refused(f"{name} has numbers of a type that is not read: {storage.kind}")
        form, dtype = KINDS[storage.kind]
        if storage.key not in self.storages:
            try:
                data = self.read(f"data/{storage.key}")
            except KeyError:
                raise Refused(f"the numbers of {name} are missing: data/{storage.key}") from None
            self.storages[storage.key] = np.frombuffer(data, np.uint8)
        found = self.storages[storage.key]
        itemsize = np.dtype(form).itemsize
        if storage.size * itemsize != found.size:
            raise Refused(
                f"{name} declares a storage of {storage.size:,} numbers; the file has {found.size // itemsize:,}"
            )
        return found.view(np.dtype(form).newbyteorder(self.order)), dtype


def widened(values: np.ndarray) -> np.ndarray:
    """float32 of bfloat16, the upper half of its bits."""
    return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)


def weights_in(content: Any, key: str | None = None) -> tuple[str, dict[str, Any]]:
    """The dictionary of tensors, and the name of the entry that holds it. Raises UserError."""
    if isinstance(content, Strided):
        raise Refused("it holds a single tensor, not a state_dict", SAVE_WEIGHTS)
    found = dict(state_dicts(content))
    if key is not None:
        if key not in found:
            hint = f"Entries with weights: {', '.join(map(repr, filter(None, found)))}." if any(found) else ""
            raise UserError(f"no entry {key!r} with weights", hint)
        return key, found[key]
    if "" in found:
        return "", found[""]
    if not found:
        raise Refused("it holds no state_dict: no dictionary of tensors by name", SAVE_WEIGHTS)
    if len(found) > 1:
        raise SeveralEntries(list(found))
    return next(iter(found.items()))


class SeveralEntries(UserError):
    """A checkpoint holds several sets of weights."""

    def __init__(self, names: list[str]):
        self.names = names
        super().__init__(
            f"several entries hold weights: {', '.join(map(repr, names))}",
            f"Choose one, such as {names[0]!r}.",
        )


def state_dicts(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dictionaries of tensors by name, and where in a checkpoint they are; those within such a one are part of it."""
    if not isinstance(content, dict) or depth > DEEPEST:
        return
    entries = {key: value for key, value in content.items() if isinstance(key, str)}
    tensors = [key for key, value in entries.items() if isinstance(value, Strided)]
    if tensors and not any(isinstance(value, dict) for value in entries.values()):
        yield name, entries
        return
    for key, value in entries.items():
        if "optim" not in key.lower():
            yield from state_dicts(value, f"{name}.{key}" if name else key, depth + 1)
