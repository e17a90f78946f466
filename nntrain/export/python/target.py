"""Python: a network as one readable Python file, which needs NumPy alone; with large weights in a file beside it."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from nntrain.errors import NntrainError, UserError
from nntrain.export.program import Program
from nntrain.export.python import weights
from nntrain.export.python.module import Module
from nntrain.export.target import Exported, Request, Target

MOST_INSIDE = 2_000_000  # bytes of base64 in the file itself, which editors and diffs still take

# A process of its own, as a user's would be: nothing of nntrain is there, and a mistake ends only that.
RUN = """
import importlib.util, sys
import numpy as np
folder, file, function = sys.argv[1:]
spec = importlib.util.spec_from_file_location("exported", folder + "/" + file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
np.save(folder + "/y.npy", getattr(module, function)(np.load(folder + "/x.npy")))
"""


class Python(Target):
    """`weights`: "inside" the file as base64, or "beside" it as .npz; by default by their size."""

    name = "python"
    suffix = ".py"
    options = ("weights",)

    def write(self, request: Request) -> Exported:
        program, stem, where = request.program, request.stem, request.options.get("weights")
        if where not in (None, "inside", "beside"):
            raise UserError(f"expected weights 'inside' or 'beside'. Received: {where!r}")
        inside = Module(program, None)
        size = sum(array.nbytes for array in inside.arrays.values()) * 4 // 3
        if where == "inside" or (where is None and size <= MOST_INSIDE) or not inside.arrays:
            return Exported({f"{stem}.py": inside.text().encode()}, tuple(notes(program)))
        module = Module(program, f"{stem}.npz")
        files = {f"{stem}.py": module.text().encode(), f"{stem}.npz": weights.beside(module.arrays)}
        return Exported(files, tuple(notes(program)))

    def run(self, exported: Exported, program: Program, x: np.ndarray) -> np.ndarray | None:
        if not sys.executable:
            return None
        with tempfile.TemporaryDirectory() as folder:
            for name, data in exported.files.items():
                (Path(folder) / name).write_bytes(data)
            np.save(Path(folder) / "x.npy", x)
            command = [sys.executable, "-I", "-c", RUN, folder, next(iter(exported.files))]
            done = subprocess.run(
                [*command, function_of(program)], capture_output=True, encoding="utf-8", check=False
            )
            if done.returncode:
                reason = done.stderr.strip().rpartition("\n")[2]
                raise NntrainError(
                    f"the exported file does not run: {reason}", "Report this, with the config."
                )
            y: np.ndarray = np.load(Path(folder) / "y.npy")
            return program.outcome(y) if program.data.unit else y


def function_of(program: Program) -> str:
    """The function whose result is the outcome."""
    if program.data.unit:
        return "network"
    named = {"probabilities": "predict_proba", "values": "predict", "outputs": "predict"}
    return named.get(program.outcome.meaning, "outputs")


def notes(program: Program) -> list[str]:
    found = []
    if not program.name.isidentifier():
        found.append(f"{program.name}.py cannot be imported by `import`; use importlib, or another name")
    return found
