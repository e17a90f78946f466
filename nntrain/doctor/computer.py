"""Computer: the system, the processor with what the kernels use of it, and the memory."""

import contextlib
import os
import platform
from typing import Any

from nntrain import kernels
from nntrain.doctor.diagnosis import Problem
from nntrain.limits import memory_bytes, memory_room, processors, quota, size
from nntrain.machine import available_memory, cpu_name, physical_cores

# Of all features of a processor, those that tell how fast kernels are.
TELLING = {
    *(
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "avxvnni",
        "avx512f",
        "avx512bw",
        "avx512dq",
        "avx512vl",
        "avx512vnni",
    ),
    *("avx512bf16", "avx512fp16", "amx-tile", "amx-bf16", "amx-int8"),
    *("neon", "sve", "sve2", "dotprod", "fullfp16", "bf16", "i8mm"),
}
LITTLE = 512 * 2**20  # bytes of memory, below which a warning says so


def training_threads() -> int:
    """How many threads compute by default."""
    # Numba knows to which processors the process is bound, but not the quota of its control group.
    return min(kernels.jit.threads_in_use(), processors())


def system() -> dict[str, Any]:
    name = platform.system()
    with contextlib.suppress(OSError, AttributeError):
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {
        "name": name,
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
    }


def processor() -> dict[str, Any]:
    host = kernels.host
    lanes = host.FLOAT32_LANES
    return {
        "name": cpu_name(),
        "llvm": host.PROCESSOR,
        "features": [name for name in features() if name in TELLING],
        "vector_bits": 32 * lanes,
        "float32_lanes": lanes,
        "bfloat16_instruction": host.DOTS,
        "processors": os.cpu_count(),
        "cores": physical_cores(),
        "usable": processors(),
        "quota": quota(),
        "threads": training_threads(),
    }


def threads_by() -> str:
    """Which of Numba's ways to run threads is in use; known once a kernel has used several."""
    return "another library than OpenMP" if kernels.jit.shares_threads() else "OpenMP"


def features() -> list[str]:
    """What LLVM knows of this processor, sorted."""
    return str(kernels.host.DESCRIPTION).split(" ")[1].split(",")


def processor_problems() -> list[Problem]:
    found, variable, lanes = [], kernels.host.LANES_VARIABLE, kernels.host.FLOAT32_LANES
    forced = os.environ.get(variable)
    widest = 16 if "avx512f" in features() else 8 if "avx" in features() else 4
    if forced and lanes < widest:
        text = f"{variable}={forced}: vectors of {forced} numbers are used, the processor has {widest}"
        found.append(Problem("warning", text, f"Unset {variable}; it is there for tests."))
    elif forced and lanes > widest:
        text = f"{variable}={forced}: the processor has vectors of {widest} numbers"
        found.append(Problem("warning", text, f"Unset {variable}: wider vectors are emulated."))
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        text = "NUMBA_DISABLE_JIT is set: the kernels are not compiled, and take a thousand times as long"
        found.append(Problem("error", text, "Unset NUMBA_DISABLE_JIT."))
    limit, usable = kernels.jit.thread_limit(), processors()
    if limit < usable:
        text = f"NUMBA_NUM_THREADS={limit}: training uses {limit} of {usable} processors"
        found.append(Problem("warning", text, "Unset NUMBA_NUM_THREADS."))
    return found


def memory() -> dict[str, Any]:
    room = memory_room()
    return {
        "bytes": memory_bytes(),
        "available_bytes": available_memory(),
        "scarcest": room.source,
        "limit_bytes": room.limit,
    }


def memory_problems() -> list[Problem]:
    free = min(memory_room().free, available_memory() or float("inf"))
    if free >= LITTLE:
        return []
    hint = "End other programs, or raise the limit."
    return [Problem("warning", f"only {size(free)} of memory are left", hint)]
