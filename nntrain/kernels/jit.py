"""How kernels are compiled: the only Numba flags of the project, and the folder that keeps what was compiled.

`@inline` marks a function that only kernels call. `@kernel` marks one that Python calls: it is compiled twice from one
source, with and without threads, and each call takes the one that suits its size.
"""

import functools
import hashlib
import os
import tempfile
import types
from pathlib import Path

# How often a thread of GNU's OpenMP looks for its next share before it sleeps. By default it looks for about 8 ms, and one
# other busy process made a step of 1 ms take 7 to 68 ms. Too short, and it sleeps while serial kernels run, and takes 50 us
# to wake: of an MNIST step at 1000, 5000 and 20000, 1040, 790 and 750 us (no gain beyond).
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

import llvmlite
import numba
from numba import prange
from numba.misc import appdirs

from nntrain.kernels import host

__all__ = ["Kernel", "cache_folder", "inline", "kernel", "prange", "template"]

# No nnan and ninf: a diverging run must show its NaN. No arcp and afn: LLVM then takes 1/sqrt(x) from an estimate that
# gives NaN for x = 0, and only in its vectors, so that bits would depend on where a thread's share ends.
FASTMATH = {"nsz", "contract", "reassoc"}
FLAGS = {"error_model": "numpy", "nogil": True, "cache": True}

# An empty parallel loop over two threads costs 2 to 5 us here; a serial kernel does this many multiply-adds in that time.
PARALLEL_FROM = 65536


def cache_folder() -> Path:
    """Where compiled kernels are kept between runs.

    Numba notices neither a change in a called file nor another vector width, so all that a kernel depends on is in the
    folder's name, and a stale kernel is never found.
    """
    key = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        key.update(source.read_bytes())
    flags = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"
    )
    key.update(repr((numba.__version__, llvmlite.__version__, host.DESCRIPTION, flags)).encode())
    base = os.environ.get("NNTRAIN_CACHE") or appdirs.user_cache_dir("nntrain", appauthor=False)
    return Path(base) / "kernels" / key.hexdigest()[:16]


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:  # no home, or a full or read-only one: compile anew in each process
        return Path(tempfile.mkdtemp(prefix="nntrain-kernels-"))


CACHE = str(_writable(cache_folder()))


def _compiled(function, **options):
    """numba.njit with our own cache folder; the setting of the program that imports us stays as it is.

    Numba reads the setting when a function is decorated, not when it is called.
    """
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, CACHE
    try:
        return numba.njit(**options)(function)
    finally:
        numba.config.CACHE_DIR = before


def inline(function=None, *, fastmath=frozenset(FASTMATH)):
    """A function for kernels to call; LLVM inlines it where that pays."""
    if function is None:
        return functools.partial(inline, fastmath=fastmath)
    return _compiled(function, fastmath=set(fastmath), **FLAGS)


def template(function):
    """A function that is written into each of its callers before types are known: the same loop for tiles of several shapes."""
    return _compiled(function, inline="always", **FLAGS | {"cache": False})


class Kernel:
    """One source compiled with and without threads.

    Called like the function itself, it goes by the size of its first argument, the output, times `cost`: how many
    multiply-adds an element is worth. `run(work, ...)` is told the size instead. The choice never depends on the number
    of threads, and both forms give the same bits as long as no sum crosses the iterations of the `prange`.
    """

    def __init__(self, function, cost: float):
        self.smallest_parallel = PARALLEL_FROM / cost
        self.serial = _compiled(function, fastmath=FASTMATH, **FLAGS)
        self.parallel = _compiled(_renamed(function, "_parallel"), fastmath=FASTMATH, parallel=True, **FLAGS)
        functools.update_wrapper(self, function)

    def __call__(self, out, *args):
        return (self.serial if out.size < self.smallest_parallel else self.parallel)(out, *args)

    def run(self, work: float, *args):
        return (self.serial if work < PARALLEL_FROM else self.parallel)(*args)


def kernel(function=None, *, cost: float = 1):
    """Marks a function that Python calls; see `Kernel`."""
    if function is None:
        return functools.partial(kernel, cost=cost)
    return Kernel(function, cost)


def _renamed(function, suffix: str):
    """A copy under another name: Numba keeps compiled functions by name, whatever their flags."""
    copy = types.FunctionType(
        function.__code__, function.__globals__, function.__name__ + suffix, function.__defaults__
    )
    copy.__qualname__ = function.__qualname__ + suffix
    copy.__module__ = function.__module__
    return copy


def thread_limit() -> int:
    """How many threads there can be."""
    return numba.config.NUMBA_NUM_THREADS


def threads_in_use() -> int:
    """How many threads the calling thread computes with."""
    return numba.get_num_threads()


def use_threads(count: int) -> int:
    """Sets how many threads the calling thread computes with."""
    numba.set_num_threads(count)
    return count
