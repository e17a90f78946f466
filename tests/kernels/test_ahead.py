"""Compiling ahead: what a piece of work needs is recorded without computing it, and compiled by several processes."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from nntrain import kernels
from nntrain.kernels import ahead, cache, jit
from tests.kernels.test_cache import python


def scaled(y: np.ndarray) -> None:
    kernels.gather.rows.serial(y, np.ones_like(y), np.arange(len(y)), np.zeros(3), np.full(3, 2.0))


def test_recorded_work_computes_nothing_and_names_what_it_needs():
    y = np.zeros((4, 3), np.float32)
    found = []

    def work() -> None:
        scaled(y)
        thread = threading.Thread(target=lambda: (scaled(other := np.zeros_like(y)), found.append(other)))
        thread.start()
        thread.join()
        raise IndexError("as where a result is missing")

    (need,) = ahead.needs(work)
    assert (need.module, need.name, need.form) == ("nntrain.kernels.gather", "rows", "serial")
    assert not y.any()
    assert (found[0] == 2).all(), "kernels of another thread work as ever"
    scaled(y)
    assert (y == 2).all()
    assert need.is_met


def test_threads_record_one_after_the_other_and_leave_the_kernels_as_they_were():
    real, both, found = kernels.gather.rows.serial, threading.Event(), []

    def slow() -> None:
        both.wait(0.5)
        scaled(np.zeros((4, 3), np.float32))

    threads = [threading.Thread(target=lambda: found.append(ahead.needs(slow))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[need.name for need in needs] for needs in found] == [["rows"], ["rows"]]
    assert kernels.gather.rows.serial is real


ALL = """
import numpy as np
from nntrain import kernels
from nntrain.kernels import ahead, cache, jit
a, b = (np.ones((64, 64), np.float32) for _ in range(2))
flat = a.reshape(-1)
calls = []
def work():
    calls.append(kernels.gather.rows.serial is real)
    kernels.gather.rows.serial(a, b, np.arange(64), np.zeros(64), np.ones(64))
    kernels.activations.relu_backward.serial(flat, flat, flat)
    kernels.activations.tanh_backward.serial(flat, flat, flat)
def later():
    kernels.activations.relu_backward.threaded(flat, flat, flat)
real = kernels.gather.rows.serial
ahead.FEWEST = 1
ahead.prepared(work, later, 2)
print(calls, cache.watch.first)
"""


def test_needed_kernels_are_compiled_before_the_work_begins(tmp_path):
    done = python(ALL, NNTRAIN_CACHE=tmp_path)
    assert done.stdout.strip() == "[True, False, True] False", done.stderr
    assert len(list(tmp_path.rglob("*.nbc"))) >= 3
    again = python(ALL, NNTRAIN_CACHE=tmp_path)
    assert again.stdout.strip() == "[True] False", again.stderr


def test_a_helper_that_dies_costs_time_only(tmp_path):
    code = ALL.replace("ahead.FEWEST = 1", "ahead.FEWEST = 1; ahead.sys.executable = '/bin/false'")
    done = python(code, NNTRAIN_CACHE=tmp_path)
    assert done.stdout.strip() == "[True, False, True] False", done.stderr


def test_a_helper_with_another_cache_compiles_nothing(tmp_path):
    need = ahead.Need("nntrain.kernels.gather", "rows", "serial", ())
    command = [sys.executable, "-m", "nntrain.kernels.ahead"]
    request = ahead.pickle.dumps(("another folder", need))
    environment = {**os.environ, "NNTRAIN_CACHE": str(tmp_path)}
    done = subprocess.run(command, input=request, env=environment, capture_output=True, check=True)
    assert done.stdout.split() == [b"ready"]
    assert list(tmp_path.rglob("*.nbc")) == []


def test_workers_prefer_the_module_that_they_know():
    order = [("matmul", "a"), ("conv.pixels", "b"), ("matmul", "c"), ("reduce", "d"), ("conv.pixels", "e")]
    shared = ahead._List(
        ahead.Need(f"nntrain.kernels.{module}", name, "serial", ()) for module, name in order
    )
    taken = [(worker, shared.take(worker).name) for worker in ("one", "two", "one", "two", "two")]
    assert taken == [("one", "a"), ("two", "b"), ("one", "c"), ("two", "e"), ("two", "d")]
    assert shared.take("one") is None


def test_only_the_first_missing_kernel_raises():
    function = jit.kernel(lambda y: None).serial
    cache.watch.first = True
    try:
        with pytest.raises(cache.NotCompiled):
            function._cache.load_overload((), function.targetctx)
        assert function._cache.load_overload((), function.targetctx) is None
    finally:
        cache.watch.first = False


CALLED_FIRST = """
import numpy as np
from nntrain.kernels.jit import Called, inline, kernel, prange
@inline
def twice(y, i):
    y[i] *= 2
@kernel
def all_twice(y):
    for i in prange(y.size):
        twice(y, i)
y = np.ones(3)
Called(twice).serial(y, 0)
all_twice.serial(y)
twice(y, 2)
print(y, "generated" if twice.overloads.popitem()[1].library.is_new else "loaded")
"""


def test_what_python_has_called_can_be_part_of_a_kernel_compiled_later(tmp_path):
    file = tmp_path / "called.py"
    file.write_text(CALLED_FIRST)
    for how in ("generated", "loaded", "loaded"):
        done = python(f"import runpy; runpy.run_path({str(file)!r})", NNTRAIN_CACHE=tmp_path / "cache")
        assert done.stdout.strip() == f"[4. 2. 4.] {how}", done.stderr


EARLY = """
import numba
from nntrain.kernels import ahead, cache
print(ahead.started(2), len(ahead._waiting))
(waiting,) = ahead._waiting
ahead.FEWEST = 1
need = ahead.Need("nntrain.kernels.activations", "relu_backward", "serial", 3 * (numba.float32[::1],))
ahead.compile_all([need], [], 1)
print(need.is_met, waiting.poll() is not None, len(ahead._waiting))
print(ahead.started(2), len(ahead._waiting))
"""


def test_helpers_start_early_where_nothing_is_compiled_yet(tmp_path):
    done = python(EARLY, NNTRAIN_CACHE=tmp_path)
    assert done.stdout.splitlines() == ["True 1", "True True 0", "False 0"], done.stderr


UNCALLED = """
import numpy as np
from nntrain.kernels.jit import inline, kernel
@inline
def twice(y, i):
    y[i] *= 2
@kernel
def first_twice(y):
    twice(y, 0)
y = np.ones(3)
first_twice.serial(y)
try:
    twice(y, 1)
except TypeError as error:
    print(y, error)
"""


def test_an_inline_function_without_code_for_python_says_so(tmp_path):
    file = tmp_path / "uncalled.py"
    file.write_text(UNCALLED)
    done = python(f"import runpy; runpy.run_path({str(file)!r})", NNTRAIN_CACHE=tmp_path / "cache")
    assert done.stdout.strip() == (
        "[2. 1. 1.] twice is inline: kernels call it; Python calls what is `Called`"
    ), done.stderr


TEMPLATES = """
import numpy as np
from nntrain.kernels.jit import kernel, template
@template
def summed(y, i, n):
    total = y[i]
    for k in range(n):
        total += k
    return total
@kernel
def both(y):
    total = y[2]
    y[0] = summed(y, 0, 3)
    y[1] = summed(y, 1, 4) + summed(y, 0, 2) + total
@kernel
def one(y):
    y[2] = summed(y, 2, 5)
y = np.ones(3)
both.serial(y)
one.serial(y)
print(y)
"""


def test_a_template_that_is_inlined_again_keeps_its_variables_apart(tmp_path):
    file = tmp_path / "templates.py"
    file.write_text(TEMPLATES)
    done = python(f"import runpy; runpy.run_path({str(file)!r})", NNTRAIN_CACHE=tmp_path / "cache")
    assert done.stdout.strip() == "[ 4. 13. 11.]", done.stderr
