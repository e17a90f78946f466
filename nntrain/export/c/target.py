"""The target `c`: a C99 file and its header."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.conform.arrays import conform
from nntrain.errors import UserError
from nntrain.export.c.blocks import Block, blocks_of
from nntrain.export.c.compiler import answers
from nntrain.export.c.file import CFile, file_of, interface_of
from nntrain.export.c.folding import folded
from nntrain.export.c.int8.measured import score_notes
from nntrain.export.c.int8.quantized import quantized
from nntrain.export.c.int8.ranges import ranges, some, unfused
from nntrain.export.program import Program
from nntrain.export.target import Exported, Request, Target
from nntrain.network.graph import INPUT

NAMES_SHOWN = 8


class C(Target):
    """Option `int8`: dense layers and convolutions in whole numbers of 8 bits."""

    name = "c"
    suffix = ".c"
    options = ("int8",)

    def taken(self, x: np.ndarray) -> np.ndarray:
        return x.astype(np.float32).astype(x.dtype) if x.dtype == np.float64 else x

    def write(self, request: Request) -> Exported:
        program, stem = request.program, request.stem
        if set(stem) & set('"\\\n'):
            raise UserError(
                'C cannot include a file with ", \\ or a line break in its name', place=f"{stem}.c"
            )
        blocks = blocks_of(program)
        file = file_of(program, blocks, stem)
        notes = precision_notes(program)
        if not request.options.get("int8"):
            return Exported(file.files, (size_note(file), *notes))
        whole, kept, scores = in_int8(request, blocks, file)
        if kept:
            notes += (f"in float, because int8 is for dense layers and convolutions: {listed(kept)}",)
        return Exported(whole.files, (size_note(whole), *notes, *scores), exact=False)

    def run(self, exported: Exported, program: Program, x: np.ndarray) -> np.ndarray | None:
        return answers(exported.files, interface_of(program, blocks_of(program), program.name), x)


def in_int8(request: Request, blocks: list[Block], floats: CFile) -> tuple[CFile, list[str], tuple[str, ...]]:
    """The file in int8, the layers that stay float, and the scores of both. Raises UserError without the data."""
    if request.splits is None or request.trained is None:
        raise UserError("int8 needs the training data, from which it takes its scales")
    program, splits, trained = request.program, request.splits(), request.trained
    found = dict(
        ranges(
            unfused(trained), conform("train", trained.trained_on, some(splits.train, trained.config.seed))
        )
    )
    found["preparation"] = found[INPUT]
    for layer, norm in folded(program.steps)[1].items():
        found[layer] = found[norm]
    whole, kept = quantized(blocks, found)
    file = file_of(program, whole, request.stem)
    return file, kept, score_notes(floats, file, splits)


def size_note(file: CFile) -> str:
    return f"{file.constant_bytes:,} bytes of constants, {file.workspace_bytes:,} bytes of workspace"


def precision_notes(program: Program) -> tuple[str, ...]:
    return (
        ("the network computes in float64, the exported one in float32",)
        if program.dtype == np.float64
        else ()
    )


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
