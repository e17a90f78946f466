"""Onnx: exports a network as an ONNX model, and runs it by onnxruntime where that is installed."""

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.export.onnx.columns import by_column
from nntrain.export.onnx.preparation import LENGTHS, input_type
from nntrain.export.program import INPUT, Program
from nntrain.export.target import Exported, Request, Target


class Onnx(Target):
    """`columns`: an input for each column of a table, texts as texts, in place of one matrix of numbers."""

    name = "onnx"
    suffix = ".onnx"
    options = ("columns",)

    def write(self, request: Request) -> Exported:
        require("onnx", "onnx")
        from nntrain.export.onnx.files import checked_files
        from nntrain.export.onnx.model import model_of

        columns = bool(request.options.get("columns"))
        model = model_of(request.program, columns)
        return Exported(checked_files(model, request.stem + self.suffix), notes(request.program, columns))

    def taken(self, x: np.ndarray) -> np.ndarray:
        return x.astype(np.float32).astype(x.dtype)

    def run(self, exported: Exported, program: Program, x: np.ndarray) -> np.ndarray | None:
        if importlib.util.find_spec("onnxruntime") is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            for name, data in exported.files.items():
                (Path(folder) / name).write_bytes(data)
            model = session(Path(folder) / next(iter(exported.files)))
            names = {given.name for given in model.get_inputs()}
            inputs = feeds(program, x)
            if not names <= inputs.keys():
                inputs = by_column(program.data, inputs[INPUT])
            found: np.ndarray = model.run(None, inputs)[0]
        return found.astype(np.float64)


def require(package: str, extra: str) -> None:
    """Raises UserError where the package is not installed."""
    if importlib.util.find_spec(package) is None:
        message = f"the package {package} is not installed"
        raise UserError(message, f"Install it with `pip install 'nntrain[{extra}]'`.")


def session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds(program: Program, x: np.ndarray, lengths: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The inputs of the model for samples x; without lengths all steps are real."""
    found = {INPUT: x.astype(input_type(program.data))}
    if program.data.lengths is not None:
        full = np.full(len(x), x.shape[1], np.int64)
        found[LENGTHS] = full if lengths is None else lengths.astype(np.int64)
    return found


def notes(program: Program, columns: bool) -> tuple[str, ...]:
    found = []
    data = program.data
    if program.dtype == np.float64:
        found.append("the network computes in float64, the exported one in float32")
    if input_type(data) == np.float64:
        found.append(
            "the input is of type float64: some columns are far from 0, and float32 would round them"
        )
    if numbered := ", ".join(text.column for text in data.embedded if not columns):
        found.append(f"columns of categories enter as the number of the category, from 0: {numbered}")
    if texts := ", ".join(text.column for text in data.one_hot if not columns and not text.units):
        found.append(f"text columns enter as one number per category, 0 or 1: {texts}")
    if data.lengths is not None:
        found.append("a second input, `lengths`, gives the number of steps of each sequence")
    if any(getattr(step.layer, "stateful", False) for step in program.steps):
        found.append("stateful layers start from zero at each call")
    return tuple(found)
