"""How kernels are compiled: the only Numba flags of the project. Compiled kernels are kept by `cache.py`.

`@inline` marks a function that only kernels call. `@kernel` marks one that Python calls: it is compiled twice from one
source, with and without threads, and each call uses the one that suits its size.

Kernels share a frame, a loop with a varying body, in two ways. A `@template` takes the body, an `@inline` function, as an
argument, and is inlined before types are known. A body chosen by the type of its first argument is marked `implements`.
Elsewhere functions are neither arguments nor closures: Numba would not cache their callers.

A plan, a NamedTuple of sizes, is passed as a plain tuple and named again in the kernel by `Plan(*plan)`: Numba finds the type
of a plain tuple in C (a call with 14 sizes takes 0.5 us), that of a NamedTuple in Python (1.4 us). Only matmul, which small
networks call most, passes an array of integers (0.3 us).
"""

import functools
import os
import threading
import types
from collections.abc import Callable

# How often a waiting thread of GNU OpenMP polls before it sleeps. By default it polls for about 8 ms, and one other busy
# process made a step of 1 ms take 7 to 68 ms. With too few, it sleeps while serial kernels run, and takes 50 us to wake: an
# MNIST step took 1040, 790 and 750 us with 1000, 5000 and 20000 (no gain beyond).
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

import numba
from numba import prange
from numba.extending import overload

from nntrain.kernels.cache import KernelCache
from nntrain.kernels.library import InlineCompiler, KernelCompiler, generate_when_called

__all__ = ["Called", "Kernel", "implements", "inline", "kernel", "prange", "template"]

# No nnan and ninf: a diverging run must show its NaN. No arcp and afn: LLVM then estimates 1/sqrt(x) in vector code, which
# gives NaN for x = 0, but not in scalar code, so the bits would depend on where a thread's share ends.
FASTMATH = {"nsz", "contract", "reassoc"}
# Nobody calls kernels as C functions.
FLAGS = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}

# An empty parallel loop over two threads takes 2 to 5 us; a serial kernel does this many multiply-adds in that time.
PARALLEL_FROM = 65536


def _compiled(function, *, compiler=KernelCompiler, cached=True, **options):
    """numba.njit with our own cache; settings of the program that imports us stay as they are."""
    dispatcher = numba.njit(pipeline_class=compiler, **FLAGS, **options)(function)
    if dispatcher is function:  # as with NUMBA_DISABLE_JIT
        return function
    if cached:
        dispatcher._cache = KernelCache(function, compiler.library_class)
    if compiler is InlineCompiler:
        generate_when_called(dispatcher)
    return dispatcher


def inline(function=None, *, fastmath=frozenset(FASTMATH)):
    """A function for kernels to call; LLVM inlines it where that pays."""
    if function is None:
        return functools.partial(inline, fastmath=fastmath)
    return _compiled(function, compiler=InlineCompiler, fastmath=set(fastmath), no_cpython_wrapper=True)


def template(function):
    """A function inlined into each of its callers before types are known: one loop for several shapes of tiles, or bodies.

    It may contain a `prange`, and take an `@inline` function as an argument.
    """
    return _compiled(function, cached=False, inline="always")


def implements(generic, kind: type):
    """Marks a function as the implementation of `generic` for a first argument of type `kind`, a NamedTuple.

    `generic` is an undecorated function that kernels call. Its implementation is inlined into the kernel, and cached with it.
    """

    def mark(function):
        # Inlined: as a call, it would count a reference for each array of its arguments, atomically.
        @overload(
            generic, strict=False, inline="always", jit_options={"fastmath": FASTMATH, "error_model": "numpy"}
        )
        def choose(first, *rest):
            return function if getattr(first, "instance_class", None) is kind else None

        return function

    return mark


class _BeforeParallel(threading.local):
    call: Callable[[], None] | None = None


before_parallel = _BeforeParallel()  # of each thread of Python: called before it runs a kernel with threads


found: list["Kernel | Called"] = []  # all that Python calls


class Kernel:
    """One source compiled with and without threads.

    A call chooses by the size of its first argument, the output, times `cost`: an element's work in multiply-adds.
    `run(work, ...)` chooses by `work`. The choice never depends on the number of threads, and both forms give the same bits
    as long as no sum crosses iterations of the `prange`.
    """

    def __init__(self, function, cost: float):
        self.smallest_parallel = PARALLEL_FROM / cost
        self.serial = _compiled(function, fastmath=FASTMATH)
        self.threaded = _compiled(_renamed(function, "_parallel"), fastmath=FASTMATH, parallel=True)
        functools.update_wrapper(self, function)
        found.append(self)

    def parallel(self, *args):
        """With threads, after what `before_parallel` asks for."""
        if (prepare := before_parallel.call) is not None:
            prepare()
        return self.threaded(*args)

    def __call__(self, out, *args):
        return (self.serial if out.size < self.smallest_parallel else self.parallel)(out, *args)

    def run(self, work: float, *args):
        return (self.serial if work < PARALLEL_FROM else self.parallel)(*args)


class Called:
    """An `@inline` function that Python calls, too: as `serial`."""

    def __init__(self, function):
        if hasattr(function, "targetoptions"):  # not with NUMBA_DISABLE_JIT
            function.targetoptions["no_cpython_wrapper"] = False
        self.serial = function
        self.__module__ = function.__module__
        found.append(self)


def kernel(function=None, *, cost: float = 1):
    """Marks a function that Python calls; see `Kernel`."""
    if function is None:
        return functools.partial(kernel, cost=cost)
    return Kernel(function, cost)


def _renamed(function, suffix: str):
    """A copy under another name: compiled functions are cached by name, regardless of their flags."""
    copy = types.FunctionType(
        function.__code__, function.__globals__, function.__name__ + suffix, function.__defaults__
    )
    copy.__qualname__ = function.__qualname__ + suffix
    copy.__module__ = function.__module__
    return copy


def thread_limit() -> int:
    """The largest number of threads."""
    return numba.config.NUMBA_NUM_THREADS


def threads_in_use() -> int:
    """How many threads the calling thread computes with."""
    return numba.get_num_threads()


def shares_threads() -> bool:
    """Whether all threads of Python use the same threads for parallel loops. With OpenMP, each has its own."""
    return bool(numba.threading_layer() != "omp")


def use_threads(count: int) -> int:
    """Sets how many threads the calling thread computes with."""
    numba.set_num_threads(count)
    return count
