"""The processor that the kernels are compiled for: the width of its vectors and the number of its vector registers."""

import os
import platform

from llvmlite import binding as llvm

# Sets the number of float32 lanes of a vector, so that tests can run the code of other machines on this one.
LANES_VARIABLE = "NNTRAIN_VECTOR_LANES"
# "dot" or "widen": how products of bfloat16 are computed, see DOTS; for tests and comparisons.
BFLOAT16_VARIABLE = "NNTRAIN_BFLOAT16"

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


HAS_DOTS = "avx512bf16" in _features  # VDPBF16PS


def _dots() -> bool:
    forced = os.environ.get(BFLOAT16_VARIABLE, "")
    if forced not in ("", "dot", "widen"):
        raise SystemExit(f"{BFLOAT16_VARIABLE} must be dot or widen. Received: {forced!r}.")
    if forced == "dot" and not HAS_DOTS:
        raise SystemExit(f"{BFLOAT16_VARIABLE} cannot be dot: this processor has no AVX512-BF16.")
    return forced == "dot" or (not forced and HAS_DOTS and llvm.get_host_cpu_name().startswith("znver"))


FLOAT32_LANES = _float32_lanes()
VECTOR_BYTES = 4 * FLOAT32_LANES

# Whether matrix products of bfloat16 use VDPBF16PS. AMD's processors start one of 512 bits in each cycle, twice the multiply-adds
# of float32. Intel's start one in two cycles, half as many (measured on Sapphire Rapids: 44 and 88 multiply-adds per ns and
# core): there the operands are rounded and widened again, and the products are those of float32.
DOTS = _dots()

# A register tile is TILE_ROWS x TILE_VECTORS accumulators; one row of B and one broadcast of A must fit as well.
# 32 registers (AVX-512, NEON): 14x2 + 2 + 1; 16 registers (AVX2, SSE): 6x2 + 2 + 1.
# Short tiles cover the remainder: with 14 and 8, or 6 and 4, almost any even number of rows needs no padding.
TILE_ROWS, TILE_VECTORS, SHORT_ROWS = (14, 2, 8) if _arm or "avx512f" in _features else (6, 2, 4)

PROCESSOR = llvm.get_host_cpu_name()
DESCRIPTION = f"{PROCESSOR} {','.join(sorted(_features))} lanes={FLOAT32_LANES} dots={DOTS}"
