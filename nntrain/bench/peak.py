"""Peak: the multiply-adds per second that the machine reaches now, without memory traffic."""

import time

import numpy as np

from nntrain import kernels

REPEATS = 2000  # of all steps of a kernel's call: about 2 ms
TRIES = 5


class Peak:
    """The best of all short measurements. Between them others may use the machine, and its clock may change."""

    def __init__(self, dtype: np.dtype, threads: int):
        tile = kernels.tile.ROWS * kernels.tile.VECTORS
        width = tile * kernels.host.VECTOR_BYTES // dtype.itemsize
        self.gflops = 0.0
        self._out = np.zeros(threads * width, dtype)
        self._a = np.zeros(kernels.peak.STEPS * kernels.tile.ROWS, dtype)
        self._b = np.zeros(kernels.peak.STEPS * width // kernels.tile.ROWS, dtype)
        self._run(1)  # compiles

    def measure(self) -> None:
        """A few tries, about 10 ms."""
        for _ in range(TRIES):
            begun = time.perf_counter()
            self._run(REPEATS)
            spent = time.perf_counter() - begun
            self.gflops = max(self.gflops, 2e-9 * REPEATS * kernels.peak.STEPS * self._out.size / spent)

    def _run(self, repeats: int) -> None:
        kernels.peak.multiply_adds.parallel(self._out, self._a, self._b, repeats)
