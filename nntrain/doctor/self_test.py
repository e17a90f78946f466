"""Self-test: whether gradients are right, results repeat, and matrix products are as fast as this processor can be."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.bench.measure import StepTimer
from nntrain.bench.peak import Peak
from nntrain.config import Document, dump
from nntrain.config.validate import checked
from nntrain.doctor.diagnosis import Problem, SelfTest
from nntrain.gradient_check.network import NetworkCheck
from nntrain.training.setup import Setup, prepare

# A network whose derivatives are all compared, and one whose products are large enough for several threads.
TINY = {
    "data": {"source": {"synthetic": {"kind": "two_moons", "samples": 32}}},
    "model": {"layers": [{"dense": {"units": 4, "activation": "tanh"}}, {"dense": 2}]},
    "loss": "cross_entropy",
    "optimizer": {"sgd": 0.1},
    "train": {"epochs": 1, "batch_size": 16},
}
WIDE = {
    **TINY,
    "data": {"source": {"random": {"input": [256], "classes": 10, "samples": 256}}},
    "model": {"layers": [{"dense": {"units": 512, "activation": "tanh"}}, {"dense": 256}, {"dense": 10}]},
    "train": {"epochs": 1, "batch_size": 256},
}
STEPS = 5
SIZE = 512  # of a product: 1 MiB per matrix, in the L2 cache of most processors
SECONDS = 0.4  # of products
EXPECTED = 0.6  # of the peak; 0.75 to 0.9 on idle machines with AVX2 and AVX-512
SPEED_UP = 0.6  # of the number of cores that the threads can have


def gradient() -> SelfTest:
    """Backprop against differences of the loss, in float64."""
    checks = list(NetworkCheck(setup_of(TINY), rows=16).run())
    compared = sum(check.checked - check.kinks for check in checks)
    error = max(check.max_rel_error for check in checks)
    passed = all(check.status != "FAIL" for check in checks)
    text = f"{compared} derivatives by backprop and by differences: largest relative error {error:.1e}"
    return SelfTest("gradient", passed, text, {"compared": compared, "max_rel_error": error})


def repeatability() -> SelfTest:
    """The same bits from one thread, from two, and again."""
    several = min(2, kernels.jit.thread_limit())
    first, *others = (parameters_after(STEPS, threads) for threads in (1, several, several))
    passed = all(other == first for other in others)
    of = "1 and 2 threads" if several == 2 else "1 thread, the only one there is, twice"
    same = "the same bits" if passed else "different bits"
    return SelfTest("repeatability", passed, f"{STEPS} steps on {of} give {same}", {"threads": several})


def parameters_after(steps: int, threads: int) -> bytes:
    with using_threads(threads):
        timer = StepTimer(setup_of(WIDE), 256)
        timer.lr = 0.1
        for _ in range(steps):
            timer.move()
        return timer.network.theta.tobytes()


def speed(threads: int, cores: int) -> tuple[SelfTest, list[Problem]]:
    """Products of matrices next to multiply-adds in registers, which no product can exceed. cores: that the threads can have."""
    with using_threads(1):
        alone = Peak(np.dtype(np.float32), 1)
        alone.measure()
    with using_threads(threads):
        peak = Peak(np.dtype(np.float32), threads)
        gflops = product_gflops(peak)
    best = max(peak.gflops, gflops)
    share, speed_up = gflops / best, best / alone.gflops
    on = f"{threads} thread{'s' * (threads != 1)}"
    text = (
        f"a product of {SIZE}×{SIZE} matrices: {gflops:,.0f} GFLOP/s on {on}; expected: at least {EXPECTED * best:,.0f}, "
        f"{EXPECTED:.0%} of the peak of {best:,.0f} (of 1 thread {alone.gflops:,.0f})"
    )
    problems = []
    if share < EXPECTED:
        why = f"a matrix product reaches only {share:.0%} of the processor's peak"
        problems.append(Problem("warning", why, "Measure again while no other program computes."))
    if threads > 1 and speed_up < SPEED_UP * min(threads, cores):
        why = f"{threads} threads compute only {speed_up:.1f} times as fast as one"
        hint = "Other programs use the processors, or a quota allows fewer: measure again, or train with fewer threads."
        problems.append(Problem("warning", why, hint))
    numbers = {
        "gflops": gflops,
        "peak_gflops": best,
        "peak_gflops_of_one_thread": alone.gflops,
        "share_of_peak": share,
        "expected_share": EXPECTED,
        "threads": threads,
    }
    return SelfTest("speed", not problems, text, numbers), problems


def product_gflops(peak: Peak) -> float:
    """The best of many products, with the peak measured in between, so that both see the same moments."""
    a, b = np.ones((2, SIZE, SIZE), np.float32)
    c, no_bias = np.empty_like(a), np.empty(0, np.float32)
    kernels.matmul.forward(c, a, b, no_bias)  # compiles
    best, end = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        peak.measure()
        for _ in range(5):
            begun = time.perf_counter()
            kernels.matmul.forward(c, a, b, no_bias)
            best = min(best, time.perf_counter() - begun)
    return 2e-9 * SIZE**3 / best


def setup_of(config: dict[str, Any]) -> Setup:
    return prepare(checked(Document.parse(dump(config), file="config"))[0], Path())


@contextlib.contextmanager
def using_threads(count: int) -> Iterator[None]:
    before = kernels.jit.threads_in_use()
    kernels.jit.use_threads(count)
    try:
        yield
    finally:
        kernels.jit.use_threads(before)
