"""Denormals: numbers too small for full precision, which x86 processors handle in microcode, are flushed to zero.

A product of 64 x 512 by 512 x 256 took 54 times as long with every hundredth weight denormal. While the flags are set, denormal
operands count as zero and denormal results become zero. Processors of other kinds compute with denormals at full speed.
"""

import contextlib
import platform
import threading
from collections.abc import Iterator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels import exclusive, jit
from nntrain.kernels.jit import inline, kernel, prange

X86 = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
FLUSH = 0x8040  # of the register MXCSR: flush to zero, and denormals are zero


def _mxcsr(builder, name: str, word) -> None:
    pointer = ir.IntType(8).as_pointer()
    function = ir.FunctionType(ir.VoidType(), [pointer])
    call = cgutils.get_or_insert_function(builder.module, function, f"llvm.x86.sse.{name}")
    builder.call(call, [builder.bitcast(word, pointer)])


@intrinsic
def _flags(typing):
    """The control register of this thread's floating-point unit."""

    def code(context, builder, signature, args):
        word = cgutils.alloca_once(builder, ir.IntType(32))
        _mxcsr(builder, "stmxcsr", word)
        return builder.load(word)

    return types.uint32(), code


@intrinsic
def _set_flags(typing, word):
    def code(context, builder, signature, args):
        _mxcsr(builder, "ldmxcsr", cgutils.alloca_once_value(builder, args[0]))
        return context.get_dummy_value()

    return types.void(types.uint32), code


if X86:

    @inline
    def flush():
        """Sets the flags of the calling thread, inside a kernel; returns what they were."""
        before = _flags()
        _set_flags(np.uint32(before | np.uint32(FLUSH)))
        return before

    @inline
    def set_back(flags):
        _set_flags(flags)

else:

    @inline
    def flush():
        return np.uint32(0)

    @inline
    def set_back(flags):
        pass


@inline
def _exchange(before, i, flush):
    """Sets the flags of the thread that runs it and keeps what they were in before[i]; or sets them back to that."""
    if flush:
        before[i] = _flags()
        _set_flags(np.uint32(before[i] | np.uint32(FLUSH)))
    else:
        _set_flags(before[i])


@kernel
def _exchange_all(before, flush):
    """Each thread has one iteration, because there are as many as threads."""
    for i in prange(before.size):
        _exchange(before, i, flush)


@kernel
def _read_all(words, _):
    for i in prange(words.size):
        words[i] = _flags()


class _Threads:
    """The threads of the parallel kernels that one thread of Python calls. Their flags are set before the first such call."""

    users = 0  # where all threads of Python share these threads: how many have set the flags

    def __init__(self, own: np.uint32) -> None:
        """own: the flags of the thread of Python, before."""
        self.own = own
        self.before = np.zeros(0, np.uint32)

    def set(self) -> None:
        """Only while holding `exclusive.lock`, as all that calls kernels."""
        jit.before_parallel.call = None
        before = np.zeros(jit.threads_in_use(), np.uint32)
        _exchange_all.threaded(before, True)
        self.before = before
        _Threads.users += 1

    def restore(self) -> None:
        jit.before_parallel.call = None
        if not self.before.size:
            return
        with exclusive.lock:
            _Threads.users -= 1
            if _Threads.users == 0 or not jit.shares_threads():
                # They may have been set already: a new thread inherits them from the one that starts it.
                self.before = self.before & ~np.uint32(FLUSH) | self.own & np.uint32(FLUSH)
                in_use = jit.threads_in_use()
                jit.use_threads(self.before.size)
                _exchange_all.threaded(self.before, False)
                jit.use_threads(in_use)


_inside = threading.local()


@contextlib.contextmanager
def flushed() -> Iterator[None]:
    """Meanwhile denormals are zero for the calling thread and for the threads of its parallel kernels; then their flags are as before.

    Can be nested. It costs two parallel loops, so it is around many batches, not around each.
    """
    if not X86 or getattr(_inside, "now", False):
        yield
        return
    own = np.zeros(1, np.uint32)
    _exchange_all.serial(own, True)
    threads = _Threads(own[0])
    _inside.now, jit.before_parallel.call = True, threads.set
    try:
        yield
    finally:
        threads.restore()
        _inside.now = False
        _exchange_all.serial(own, False)


def flush_this_thread() -> None:
    """From now on denormals are zero for the calling thread; for a thread that does nothing else."""
    if X86:
        _exchange_all.serial(np.zeros(1, np.uint32), True)
