"""Export: writes a network in one of the forms, and compares what was written with the network."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.data.conform.arrays import unlabeled
from nntrain.data.dataset import Splits
from nntrain.errors import NntrainError, UserError
from nntrain.export.program import Program, farthest, program_of, samples_like
from nntrain.export.target import Request, Target
from nntrain.files import write_atomic
from nntrain.inference.output import check_output
from nntrain.inference.trained import Trained
from nntrain.options import did_you_mean

TARGETS = {  # name -> module and class, each loaded when asked for
    "c": ("nntrain.export.c.target", "C"),
    "onnx": ("nntrain.export.onnx.target", "Onnx"),
    "python": ("nntrain.export.python.target", "Python"),
}
ROWS = 3  # of the comparison
BFLOAT16 = 1e-2  # how far the outcome of a network in that precision may be, instead of Target.tolerance


@dataclass(frozen=True)
class Report:
    """What was written, and how far its results are from those of the network."""

    files: tuple[Path, ...]
    difference: float | None  # None: nothing on this machine can run it
    notes: tuple[str, ...]


def target_named(name: str) -> Target:
    """Raises UserError for an unknown name."""
    if name not in TARGETS:
        known = ", ".join(sorted(TARGETS))
        raise UserError(f"unknown form {name!r}.{did_you_mean(name, list(TARGETS))}", f"Available: {known}.")
    module, kind = TARGETS[name]
    target: Target = getattr(importlib.import_module(module), kind)()
    return target


def export(
    trained: Trained,
    to: str,
    output: Path,
    *,
    logits: bool = False,
    options: Mapping[str, Any] | None = None,
    splits: Callable[[], Splits] | None = None,
    overwrite: bool = True,
) -> Report:
    """Writes `output`, and beside it the other files of the form; each whole or not at all. Raises UserError.

    Without `overwrite`, a file that exists is an error. splits: reads the data of the training, for what a form has to
    measure on them.
    """
    target = target_named(to)
    chosen = {name: value for name, value in (options or {}).items() if value}
    if unknown := [name for name in chosen if name not in target.options]:
        raise UserError(f"an export to {to} has no option {unknown[0]!r}")
    program = program_of(trained, output.stem, logits)
    exported = target.write(Request(program, output.stem, chosen, trained, splits))
    x = target.taken(samples_like(program.data, ROWS))
    found = target.run(exported, program, x) if exported.exact else None
    difference = None if found is None else farthest(found, expected(trained, program, x))
    rounds = trained.config.train.precision == "bfloat16"
    if difference is not None and not difference <= (BFLOAT16 if rounds else target.tolerance):
        message = (
            f"the exported network differs from the trained one by {difference:.1e}; nothing was written"
        )
        raise NntrainError(message, "Report this, with the config.")
    paths = tuple(output.with_name(name) for name in exported.files)
    for path in paths:
        check_output(path, overwrite, (path.suffix,))
    for path in reversed(paths):  # the main file last, when what it needs is there
        write_atomic(path, exported.files[path.name])
    note = "the network multiplies in bfloat16, the exported one in float32"
    return Report(paths, difference, (note, *exported.notes) if rounds else exported.notes)


def expected(trained: Trained, program: Program, x: np.ndarray) -> np.ndarray:
    """The outcome for samples x by the network itself, in float64."""
    train = trained.trained_on
    lengths = None if train.lengths is None else np.full(len(x), x.shape[1], np.int32)
    data = replace(unlabeled(train, x, lengths), consecutive=False)  # each sample from a state of zeros
    return program.outcome(trained.outputs(data))
