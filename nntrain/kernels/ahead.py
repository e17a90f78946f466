"""Compiling ahead: kernels that a piece of work needs are compiled by several processes at once, before it begins.

Numba compiles one function at a time, in one thread. Here the work first runs with kernels that do nothing, which says what it
needs; this process and others compile that list, those that take longest first, into the kernel cache.
"""

import importlib
import os
import pickle
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from numba.core.registry import cpu_target

from nntrain import kernels
from nntrain.kernels import cache, jit
from nntrain.kernels.library import generate

OURS = "nntrain.kernels."
LONGEST = (
    "matmul",
    "dots",
    "conv",
    "recurrent",
    "attention",
    "update_product",
)  # of the modules whose kernels take longest
EARLY = 4  # processes at most that are started before the number of kernels is known
FEWEST = 4  # kernels for which another process pays: it takes 0.7 s to start


class Need(NamedTuple):
    """One form of a kernel for one signature."""

    module: str
    name: str
    form: str  # "serial" or "threaded"
    signature: tuple[Any, ...]  # Numba's types

    @property
    def dispatcher(self) -> Any:
        return getattr(getattr(importlib.import_module(self.module), self.name), self.form)

    @property
    def is_met(self) -> bool:
        return self.signature in self.dispatcher.overloads or self.dispatcher._cache.holds(self.signature)

    def is_short(self) -> bool:
        return not self.module.removeprefix(OURS).startswith(LONGEST)

    def compile(self) -> None:
        """To machine code, also where the kernel is a function that others call, too."""
        self.dispatcher.compile(self.signature)
        generate(self.dispatcher, self.signature)


_waiting: list["subprocess.Popen[bytes]"] = []  # processes that wait for something to compile


def started(processes: int) -> bool:
    """Starts processes that will help, where nothing is compiled yet: loading Numba's compiler takes each of them 0.7 s."""
    first = cache.FOLDER is not None and not cache.FOLDER.exists()
    if first and not _waiting:
        with suppress(OSError):
            _waiting.extend(_launched() for _ in range(min(processes, EARLY) - 1))
    return first


def prepared(work: Callable[[], None], later: Callable[[], None], processes: int) -> None:
    """`work`, which calls kernels; those that are not in the cache are compiled first, by so many processes.

    later: what will be called after that. Its kernels are compiled meanwhile, and only recorded here. Work that is recorded computes
    nothing, and must leave everything as it was also where an exception ends it.
    """
    if processes > 1 and cache.FOLDER is not None:
        cache.watch.first = True
        try:
            return work()
        except cache.NotCompiled:
            first = [need for need in needs(work) if not need.is_met]
            compile_all(
                first, [need for need in needs(later) if not (need in first or need.is_met)], processes
            )
        finally:
            cache.watch.first = False
    work()


def compile_for(works: Iterable[Callable[[], None]], processes: int) -> None:
    """Compiles what these pieces of work need, by so many processes. They are only recorded, as `later` in `prepared`."""
    found = dict.fromkeys(need for work in works for need in needs(work))
    compile_all([need for need in found if not need.is_met], [], processes)


def needs(work: Callable[[], None]) -> list[Need]:
    """The kernels that a piece of work calls from this thread, in order; up to where it fails for lack of their results."""
    called: dict[Need, None] = {}
    with _recording(called), suppress(Exception):
        work()
    return list(called)


@contextmanager
def _recording(called: dict[Need, None]) -> Iterator[None]:
    """Meanwhile the calling thread's kernels note their calls and do nothing; those of other threads work as ever."""
    thread = threading.get_ident()

    def recorder(need: Callable[[tuple[Any, ...]], Need], dispatcher: Any) -> Callable[..., float]:
        def call(*arguments: Any) -> Any:
            if threading.get_ident() != thread:
                return dispatcher(*arguments)
            called[need(tuple(map(dispatcher.typeof_pyval, arguments)))] = None
            return 0.0

        return call

    with _one_records:  # another thread would take the recorders of this one for kernels, and put them back
        yield from _replaced(recorder)


_one_records = threading.Lock()


def _replaced(recorder: Callable[..., Any]) -> Iterator[None]:
    real = [
        (kernel, form, getattr(kernel, form), partial(Need, module, name, form))
        for (module, name), kernel in _kernels().items()
        for form in ("serial", "threaded")
        if hasattr(kernel, form)
    ]
    for kernel, form, dispatcher, need in real:
        setattr(kernel, form, recorder(need, dispatcher))
    try:
        yield
    finally:
        for kernel, form, dispatcher, _ in real:
            setattr(kernel, form, dispatcher)


def _kernels() -> dict[tuple[str, str], Any]:
    """By module and name all that Python calls, also what was not needed yet, and what is in plugins."""
    for module in pkgutil.walk_packages(kernels.__path__, f"{kernels.__name__}."):
        importlib.import_module(module.name)
    modules = {kernel.__module__ for kernel in jit.found} & sys.modules.keys()
    return {
        (module, name): value
        for module in sorted(modules)
        for name, value in vars(sys.modules[module]).items()
        if isinstance(value, (jit.Kernel, jit.Called)) and value.__module__ == module
    }


class _List:
    """Kernels to compile, shared by several workers: a process and its helpers."""

    def __init__(self, needs: Iterable[Need]):
        self._left = sorted(needs, key=Need.is_short)
        self._begun: dict[str, object] = {}  # by whom each module was begun
        self._lock = threading.Lock()

    def take(self, worker: object) -> Need | None:
        """The next one for a worker: preferably of a module that it knows, since kernels of a module call the same functions."""
        with self._lock:
            if not self._left:
                return None
            need = min(
                self._left, key=lambda need: self._distance(need, worker)
            )  # the first one of those that are as close
            self._left.remove(need)
            self._begun.setdefault(need.module, worker)
            return need

    def _distance(self, need: Need, worker: object) -> int:
        by = self._begun.get(need.module)
        return 0 if by is worker else 1 if by is None else 2


def compile_all(first: Sequence[Need], later: Sequence[Need], processes: int) -> None:
    """Returns when the `first` ones are compiled; other processes go on with the `later` ones.

    Those of plugins are left to this process, since only it has their modules.
    """
    shared, more = (_List(need for need in needs if need.module.startswith(OURS)) for needs in (first, later))
    helpers = [_Helper(shared, more) for _ in range(min(processes - 1, len(first) // FEWEST))]
    while _waiting:  # for less than they were started for
        unneeded = _waiting.pop()
        unneeded.kill()
        unneeded.communicate()
    try:
        load_compiler()  # helpers that were started before take the longest ones meanwhile
        while need := shared.take(compile_all):
            need.compile()
        for need in first:
            if not need.module.startswith(OURS):
                need.compile()
        for helper in helpers:
            helper.done.wait()
    except BaseException:
        for helper in helpers:
            helper.process.kill()
        raise


def _launched() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "nntrain.kernels.ahead"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the process that it helps only
    )


class _Helper(threading.Thread):
    """Compiles those of a list in another process, and then the kernels that are needed later."""

    def __init__(self, first: _List, later: _List):
        super().__init__(daemon=True)
        self.first, self.later = first, later
        self.done = threading.Event()  # with the first list
        self.process = _waiting.pop() if _waiting else _launched()
        self.start()

    def run(self) -> None:
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError), process, process.stdin, process.stdout:
            while process.stdout.readline() and (need := self._next()):  # it is ready for another one
                pickle.dump((str(cache.FOLDER), need), process.stdin)
                process.stdin.flush()
        self.done.set()

    def _next(self) -> Need | None:
        if need := self.first.take(self):
            return need
        self.done.set()
        return self.later.take(self)


def load_compiler() -> None:
    """Imports all that Numba needs in order to compile."""
    cpu_target.target_context.refresh()


def help_compiling() -> None:
    """What a helper does: compiles what it is asked for. One that fails is compiled again by the process that needs it."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries may print
    load_compiler()
    while True:
        print("ready", file=answers, flush=True)
        try:
            folder, need = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if folder != str(cache.FOLDER):  # other settings: nobody would find what it compiles
            return
        with suppress(Exception):
            need.compile()


if __name__ == "__main__":
    from nntrain.kernels import ahead

    ahead.help_compiling()
