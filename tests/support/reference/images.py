"""The layers of images written out in NumPy, float64: one window after the other. `p` holds the parameters by name."""

import numpy as np


def both(value):
    return (value, value) if isinstance(value, (int, str)) else tuple(value)


def steps(inputs, size, stride, padding, dilation=1):
    """For each output along one axis, which inputs its window sees; None stands for padding."""
    span = (size - 1) * dilation + 1
    if padding == "same":
        outputs = -(-inputs // stride)
        before = max((outputs - 1) * stride + span - inputs, 0) // 2
    else:
        before = 0 if padding == "valid" else padding
        outputs = (inputs + 2 * before - span) // stride + 1
    places = [[k * stride - before + i * dilation for i in range(size)] for k in range(outputs)]
    return [[place if 0 <= place < inputs else None for place in window] for window in places]


def real(window):
    return [place for place in window if place is not None]


def pool2d(function):
    """Of an image: `function` of the pixels (rows, pixels, channels) that each window sees."""

    def forward(p, x, pool_size, stride=None, padding="valid"):
        size, padding = both(pool_size), both(padding)
        stride = both(stride or size)
        down, across = (
            steps(x.shape[1 + axis], size[axis], stride[axis], padding[axis]) for axis in range(2)
        )
        windows = [
            [function(x[:, real(a)][:, :, real(b)].reshape(len(x), -1, x.shape[3])) for b in across]
            for a in down
        ]
        return np.moveaxis(np.array(windows), 2, 0)

    return forward


def pool1d(function):
    def forward(p, x, pool_size, stride=None, padding="valid"):
        windows = steps(x.shape[1], pool_size, stride or pool_size, padding)
        return np.stack([function(x[:, real(window)]) for window in windows], axis=1)

    return forward


def largest(pixels):
    return pixels.max(1)


def mean(pixels):
    return pixels.mean(1)


max_pool1d, max_pool2d, avg_pool1d, avg_pool2d = pool1d(largest), pool2d(largest), pool1d(mean), pool2d(mean)


def global_avg_pool(p, x):
    return x.mean(tuple(range(1, x.ndim - 1)))


def global_max_pool(p, x):
    return x.max(tuple(range(1, x.ndim - 1)))


def group_norm(p, x, groups, eps=1e-5, affine=True):
    parts = np.split(x, groups, axis=-1)
    axes = tuple(range(1, x.ndim))
    xhat = np.concatenate(
        [
            (part - part.mean(axes, keepdims=True)) / np.sqrt(part.var(axes, keepdims=True) + eps)
            for part in parts
        ],
        axis=-1,
    )
    return p["scale"] * xhat + p["shift"] if affine else xhat


def upsample2d(p, x, factor=2):
    down, across = both(factor)
    return x.repeat(down, axis=1).repeat(across, axis=2)


def zero_pad2d(p, x, padding=1):
    down, across = both(padding)
    sides = [both(down), both(across)]
    return np.pad(x, [(0, 0), *sides, (0, 0)])


def depthwise_conv2d(
    p, x, kernel_size, stride=1, padding="valid", dilation=1, depth_multiplier=1, use_bias=True
):
    size, stride, padding, dilation = both(kernel_size), both(stride), both(padding), both(dilation)
    down, across = (
        steps(x.shape[1 + axis], size[axis], stride[axis], padding[axis], dilation[axis]) for axis in range(2)
    )
    y = np.zeros((len(x), len(down), len(across), x.shape[3], depth_multiplier))
    for a, rows in enumerate(down):
        for b, columns in enumerate(across):
            for i, row in enumerate(rows):
                for j, column in enumerate(columns):
                    if row is not None and column is not None:
                        y[:, a, b] += x[:, row, column, :, np.newaxis] * p["weight"][i, j]
    y = y.reshape(*y.shape[:3], -1)
    return y + p["bias"] if use_bias else y
