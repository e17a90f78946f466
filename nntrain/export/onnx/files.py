"""Files: a model as the bytes of its file or, where it is too large for one, of two; checked by the package onnx."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import external_data_helper

LARGEST = 1_900_000_000  # bytes of constants within the file: protobuf ends at 2 GiB
ALIGNED = 4096  # bytes, so that a runtime can map the constants of a file into memory


def checked_files(model: onnx.ModelProto, name: str) -> Mapping[str, bytes]:
    """By name: the model, and beside it its constants where they are larger than LARGEST."""
    tensors = model.graph.initializer
    if sum(len(tensor.raw_data) for tensor in tensors) <= LARGEST:
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)  # for viewers
        onnx.checker.check_model(model, full_check=True)
        return {name: model.SerializeToString()}
    beside = f"{name}.data"
    constants = moved(model, beside)
    files = {name: model.SerializeToString(), beside: constants}
    with tempfile.TemporaryDirectory() as folder:
        for file, data in files.items():
            (Path(folder) / file).write_bytes(data)
        onnx.checker.check_model(str(Path(folder) / name), full_check=True)
    return files


def moved(model: onnx.ModelProto, name: str) -> bytes:
    """Takes the constants out of the model and returns them as the bytes of the file `name`."""
    found = bytearray()
    for tensor in model.graph.initializer:
        found += bytes(-len(found) % ALIGNED)
        size = len(tensor.raw_data)
        external_data_helper.set_external_data(tensor, name, len(found), size)
        found += tensor.raw_data
        tensor.ClearField("raw_data")
    return bytes(found)
