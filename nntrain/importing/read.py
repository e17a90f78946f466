"""Read: a file of another framework, by its content."""

from pathlib import Path

from nntrain.errors import UserError
from nntrain.importing.module import Source
from nntrain.importing.pytorch import is_pytorch, read_pytorch
from nntrain.importing.safetensors_file import read_safetensors
from nntrain.importing.state_dict import source_of
from nntrain.limits import require_memory
from nntrain.run.stored import find_checkpoint, is_stored

HDF5 = b"\x89HDF\r\n\x1a\n"
EXPECTED = "Files that are read: PyTorch's .pt and .pth of a state_dict, .safetensors, Keras' .keras and .weights.h5, .onnx."


def read_source(path: Path, key: str | None = None) -> Source:
    """key: the entry of a PyTorch checkpoint that holds the weights. Raises UserError, with the file as its place."""
    try:
        return _read(path, key)
    except UserError as error:
        error.place = error.place or str(path)
        raise
    except OSError as error:
        raise UserError(f"cannot read the file: {error.strerror or error}", place=str(path)) from None


def _read(path: Path, key: str | None) -> Source:
    if path.is_dir():
        path = find_checkpoint(path)
    size = path.stat().st_size
    require_memory(2 * size, "the file takes", "Free memory, or raise the limit.", str(path))
    data = path.read_bytes()
    kind = path.suffix.lower()
    if kind == ".onnx":
        from nntrain.importing.onnx_file import read_onnx

        return _without_key(read_onnx(path), key)
    if data.startswith(HDF5) or kind in (".keras", ".h5", ".hdf5"):
        from nntrain.importing.keras_file import read_keras

        return _without_key(read_keras(data), key)
    if kind in (".pt", ".pth", ".ckpt", ".bin") or is_pytorch(path):
        return source_of(*read_pytorch(data, key))
    if kind == ".safetensors" or is_stored(path):
        return _without_key(read_safetensors(path, data), key)
    raise UserError("not a file of weights that is known", EXPECTED)


def _without_key(source: Source, key: str | None) -> Source:
    if key is not None:
        raise UserError(f"the file has no entries, and so none that is named {key!r}")
    return source
