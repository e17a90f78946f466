"""The processor that the kernels are compiled for: the width of its vectors and the number of its vector registers."""

import os
import platform

from llvmlite import binding as llvm

# Sets the number of float32 lanes of a vector, so that tests can run the code of other machines on this one.
LANES_VARIABLE = "NNTRAIN_VECTOR_LANES"

_features = {name for name, present in llvm.get_host_cpu_features().items() if present}
_arm = platform.machine().lower() in ("arm64", "aarch64")


def _float32_lanes() -> int:
    forced = os.environ.get(LANES_VARIABLE, "")
    if forced:
        if forced not in ("4", "8", "16"):
            raise SystemExit(f"{LANES_VARIABLE} must be 4, 8 or 16. Received: {forced!r}.")
        return int(forced)
    if "avx512f" in _features:
        return 16
    return 8 if "avx" in _features else 4


FLOAT32_LANES = _float32_lanes()
VECTOR_BYTES = 4 * FLOAT32_LANES

# A register tile is TILE_ROWS x TILE_VECTORS accumulators; one row of B and one broadcast of A must fit as well.
# 32 registers (AVX-512, NEON): 14x2 + 2 + 1; 16 registers (AVX2, SSE): 6x2 + 2 + 1.
# Short tiles cover the remainder: with 14 and 8, or 6 and 4, almost any even number of rows needs no padding.
TILE_ROWS, TILE_VECTORS, SHORT_ROWS = (14, 2, 8) if _arm or "avx512f" in _features else (6, 2, 4)

DESCRIPTION = f"{llvm.get_host_cpu_name()} {','.join(sorted(_features))} lanes={FLOAT32_LANES}"
