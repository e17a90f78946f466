"""Denormals are zero while networks compute, on every thread, and the program's own arithmetic is as before."""

import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

from nntrain import kernels
from nntrain.kernels import denormals
from nntrain.kernels.denormals import flushed
from tests.conftest import contents
from tests.support import ROOT

pytestmark = pytest.mark.skipif(not denormals.X86, reason="flags of x86 processors")
TINY = float("1e-310")
EMPTY = np.zeros(0, np.float32)


def flags_of_threads(count: int) -> set[int]:
    """The flags of each thread that a parallel kernel runs on."""
    found = np.zeros(count, np.uint32)
    denormals._read_all.parallel(found, 0)
    return {int(word) & denormals.FLUSH for word in found}


def test_denormals_are_zero_inside_and_not_outside():
    with flushed():
        assert TINY * 1.0 == 0
        with flushed():
            assert TINY * 1.0 == 0
        assert TINY * 1.0 == 0
    assert TINY * 1.0 == TINY


def test_the_flags_come_back_after_an_error():
    with pytest.raises(KeyError), flushed():
        raise KeyError
    assert TINY * 1.0 == TINY


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
def test_every_thread_has_the_flags_inside_and_not_outside():
    assert flags_of_threads(2) == {0}
    with flushed():
        assert flags_of_threads(2) == {denormals.FLUSH}
    assert flags_of_threads(2) == {0}


def test_threads_that_start_inside_lose_the_flags_too():
    code = (
        "from nntrain.kernels import denormals, jit; from tests.kernels.test_denormals import flags_of_threads\n"
        "with denormals.flushed(): flags_of_threads(2)\n"
        "assert flags_of_threads(2) == {0}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_one_thread_may_leave_while_another_computes():
    entered, left = threading.Event(), threading.Event()
    seen = []

    def other() -> None:
        with flushed():
            entered.set()
            left.wait(60)
            seen.append((TINY * 1.0, flags_of_threads(kernels.jit.threads_in_use())))

    thread = threading.Thread(target=other)
    with flushed():
        thread.start()
        assert entered.wait(60)
    assert TINY * 1.0 == TINY
    left.set()
    thread.join()
    assert seen == [(0, {denormals.FLUSH})]


def test_a_product_of_denormals_is_zero():
    x = np.ones((128, 512), np.float32)
    w = np.full((512, 256), 1e-41, np.float32)
    y = np.empty((128, 256), np.float32)
    with flushed():
        kernels.matmul.forward(y, x, w, EMPTY, (0, 0.0))
    assert not y.any()
    kernels.matmul.forward(y, x, w, EMPTY, (0, 0.0))
    assert y.all()


VANISHING = """
data: {source: {random: {input: [256], classes: 10, samples: 128}}}
model:
  initializer: {normal: {std: 1e-38}}
  layers: [{dense: {units: 512, activation: tanh}}, {dense: {units: 256, activation: sigmoid}}, {dense: 10}]
loss: cross_entropy
optimizer: {sgd: {lr: 1e-3, momentum: 0.9}}
train: {epochs: 2, batch_size: 64}
"""


def test_denormal_weights_train_to_the_same_bytes_for_one_and_two_threads(shell):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("needs two threads")
    one, two = (contents(shell.fit(VANISHING, "--threads", count, name=f"t{count}")) for count in (1, 2))
    assert one == two
    assert TINY * 1.0 == TINY
    assert shell.scores("runs/t1", "--threads", 1) == shell.scores("runs/t2", "--threads", 2)
    assert flags_of_threads(2) == {0}
