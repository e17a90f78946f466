"""C programs: exported networks compiled together, with the strictest flags and sanitizers, and run in one process each."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nntrain.export.c.compiler import STRICT, samples
from nntrain.export.c.file import CFile

FLAGS = (*STRICT, "-Wconversion", "-Wshadow", "-Wdouble-promotion", "-O1")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
CASE = """
static int {name}_main(void)
{{
    static {kind} x[{macro}_INPUTS];
    static float y[{macro}_OUTPUTS], workspace[{macro}_WORKSPACE], again[{macro}_OUTPUTS];
    int steps = 0;
    while ((!{has_steps} || fread(&steps, sizeof steps, 1, stdin) == 1) && fread(x, sizeof x, 1, stdin) == 1) {{
        {name}_predict(x, {steps}y);
        {name}_predict_in(x, {steps}again, workspace);
        if (memcmp(y, again, sizeof y) != 0 || fwrite(y, sizeof y, 1, stdout) != 1)
            return 1;
    }}
    return 0;
}}
"""


class Compiled:
    """Files by the name of their network, in one executable."""

    def __init__(
        self, folder: Path, files: Mapping[str, CFile], flags: tuple[str, ...] = (*FLAGS, *SANITIZERS)
    ):
        self.executable = folder / "networks"
        self.files = files
        for file in self.files.values():
            for path, data in file.files.items():
                (folder / path).write_bytes(data)
        (folder / "main.c").write_text(self._main())
        sources = [f"{name}.c" for name in files]
        command = ["cc", *flags, *sources, "main.c", "-o", "networks", "-lm"]
        made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr[:3000]

    def _main(self) -> str:
        includes = "".join(f'#include "{name}.h"\n' for name in self.files)
        cases = "".join(
            CASE.format(
                name=name,
                macro=file.interface.macro,
                kind=file.interface.kind,
                has_steps=int(file.interface.has_steps),
                steps="steps, " if file.interface.has_steps else "",
            )
            for name, file in self.files.items()
        )
        choices = "".join(
            f'    if (!strcmp(argv[1], "{name}")) return {name}_main();\n' for name in self.files
        )
        return (
            f"{includes}#include <stdio.h>\n#include <string.h>\n{cases}\n"
            f"int main(int argc, char **argv)\n{{\n    if (argc < 2) return 2;\n{choices}    return 3;\n}}\n"
        )

    def run(self, name: str, x: np.ndarray, steps: np.ndarray | None = None) -> np.ndarray:
        """y (rows, *outputs) of the samples x."""
        interface = self.files[name].interface
        data = samples(interface, x, steps)
        done = subprocess.run(
            [self.executable, name], input=data, capture_output=True, check=False, env=ENVIRONMENT
        )
        assert done.returncode == 0, done.stderr.decode()[:3000]
        return np.frombuffer(done.stdout, np.float32).reshape(len(x), *interface.shape)
