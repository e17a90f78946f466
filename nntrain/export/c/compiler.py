"""Compiler: compiles a C file with the machine's `cc`, and runs it on samples in a process of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.errors import NntrainError

X, Y = "x", "y"  # the arguments: a sample, its outcome


@dataclass(frozen=True)
class Interface:
    """How a caller sees an exported file."""

    stem: str  # of the files
    name: str  # before "_predict"
    kind: str  # of the inputs: "float" or "int32_t"
    shape: tuple[int, ...]  # of the outcome
    has_steps: bool  # it takes the length of the sequence

    @property
    def macro(self) -> str:
        return self.name.upper()

    @property
    def arguments(self) -> str:
        return f"const {self.kind} *{X}, {'int steps, ' if self.has_steps else ''}float *{Y}"

    @property
    def dtype(self) -> type:
        return np.int32 if self.kind == "int32_t" else np.float32


STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
QUICK, FAST = ("-O1",), ("-O3",)  # to compile, to run
LIMIT_S = 600  # for compiling, and for running

TRIVIAL = '#include <math.h>\n#include <stdio.h>\nint main(void) { return printf("%g", 1.0) < 0; }\n'
MAIN = """\
/* Reads samples from stdin, and writes y of each to stdout. */
#include "{stem}.h"
#include <stdio.h>

int main(void)
{{
    static {kind} x[{macro}_INPUTS];
    static float y[{macro}_OUTPUTS];
{before}    while ({condition}fread(x, sizeof x, 1, stdin) == 1) {{
        {name}_predict(x, {argument}y);
        if (fwrite(y, sizeof y, 1, stdout) != 1)
            return 1;
    }}
    return 0;
}}
"""


def main_text(interface: Interface) -> str:
    """A program around the function; with steps, each sample comes after their number, an int."""
    return MAIN.format(
        stem=interface.stem,
        name=interface.name,
        macro=interface.macro,
        kind=interface.kind,
        before="    int steps;\n" if interface.has_steps else "",
        condition="fread(&steps, sizeof steps, 1, stdin) == 1 && " if interface.has_steps else "",
        argument="steps, " if interface.has_steps else "",
    )


def compiled(folder: Path, files: Mapping[str, bytes], flags: Sequence[str] = QUICK) -> Path | None:
    """The program made of `files` in `folder`; None where the machine has no compiler that works. Raises NntrainError."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sources = [str(folder / name) for name in files if name.endswith(".c")]
    program = folder / "program"
    made = _run([compiler, *STRICT, *flags, *sources, "-o", str(program), "-lm"])
    if made.returncode == 0:
        return program
    (folder / "trivial.c").write_text(TRIVIAL, encoding="utf-8")
    trivial = _run([compiler, str(folder / "trivial.c"), "-o", str(folder / "trivial"), "-lm"])
    if trivial.returncode != 0:
        return None
    first = next(iter(made.stderr.decode(errors="replace").splitlines()), "no message")
    raise NntrainError(f"the compiler refused the exported file: {first}", "Report this, with the config.")


def answers(
    files: Mapping[str, bytes],
    interface: Interface,
    x: np.ndarray,
    lengths: np.ndarray | None = None,
    flags: Sequence[str] = QUICK,
) -> np.ndarray | None:
    """y (rows, ...) of the samples x in the units of the training data; None where this machine cannot compile."""
    with tempfile.TemporaryDirectory(prefix="nntrain-export-") as folder:
        main = {"main of nntrain.c": main_text(interface).encode()}
        program = compiled(Path(folder), {**files, **main}, flags)
        if program is None:
            return None
        done = _run([str(program)], samples(interface, x, lengths))
    if done.returncode != 0:
        raise NntrainError(
            f"the exported program ended with code {done.returncode}", "Report this, with the config."
        )
    return np.frombuffer(done.stdout, np.float32).reshape(len(x), *interface.shape)


def samples(interface: Interface, x: np.ndarray, lengths: np.ndarray | None = None) -> bytes:
    """The samples as the program of `main_text` reads them; sequences without lengths have full length."""
    x = np.ascontiguousarray(x.astype(interface.dtype))
    if not interface.has_steps:
        return x.tobytes()
    steps = np.full(len(x), x.shape[1]) if lengths is None else lengths
    return b"".join(np.int32(count).tobytes() + row.tobytes() for count, row in zip(steps, x, strict=True))


def _run(command: Sequence[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=LIMIT_S)
