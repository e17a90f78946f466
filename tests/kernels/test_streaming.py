"""Outputs that are written past the caches."""

import numpy as np
import pytest

from nntrain.kernels import batch_norm
from nntrain.kernels.strip import LINE_BYTES, STREAMED


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [0, 1])  # of the output from the start of a cache line, in values
@pytest.mark.parametrize("channels", [16, 33])
def test_batch_norm_of_a_large_array_has_the_bits_of_its_parts(channels, shift, dtype):
    """Parts are too small to be streamed; 33 channels and a shifted output do not fill whole cache lines."""
    rows = STREAMED // (channels * np.dtype(dtype).itemsize) + 7
    rng = np.random.default_rng(0)
    x = rng.standard_normal(rows * channels).astype(dtype)
    statistics = rng.uniform(0.5, 2, (4, channels)).astype(dtype)
    scale, bias = rng.standard_normal((2, channels)).astype(dtype)

    def forward(y, x):
        batch_norm.forward(y, x, statistics, scale, bias, np.empty(0, dtype), (1, 0.0))

    memory = np.full(x.size + LINE_BYTES, np.nan, dtype)
    begin = -memory.ctypes.data % LINE_BYTES // memory.itemsize + shift
    forward(memory[begin : begin + x.size], x)
    expected = np.empty_like(x)
    part = rows // 3 * channels
    for start in range(0, x.size, part):
        forward(expected[start : start + part], x[start : start + part])
    np.testing.assert_array_equal(memory[begin : begin + x.size], expected)
    assert np.isnan(memory[:begin]).all()
    assert np.isnan(memory[begin + x.size :]).all()
