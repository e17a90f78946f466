"""Times convolutions of images in channels_last in PyTorch, pass by pass; prints their milliseconds as JSON.

usage: torch_convolutions.py '[[rows, side, channels, filters, kernel, stride], ...]'
"""

import json
import sys

import torch
from torch_products import median_seconds


def times(rows, side, channels, filters, kernel, stride):
    """Of the three passes: the output, the gradients of the input and of the weight."""

    def array(*shape):
        return torch.randn(*shape).contiguous(memory_format=torch.channels_last)

    x, w = array(rows, channels, side, side), array(filters, channels, kernel, kernel)
    sizes = {"stride": [stride, stride], "padding": [kernel // 2, kernel // 2], "dilation": [1, 1]}
    dy = torch.randn_like(torch.conv2d(x, w, **sizes))

    def backward(mask):
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, **sizes, transposed=False, output_padding=[0, 0], groups=1, output_mask=mask
        )

    with torch.no_grad():
        return [
            1e3 * median_seconds(call)
            for call in (
                lambda: torch.conv2d(x, w, **sizes),
                lambda: backward([True, False, False]),
                lambda: backward([False, True, False]),
            )
        ]


if __name__ == "__main__":
    found = [time for convolution in json.loads(sys.argv[1]) for time in times(*convolution)]
    print(json.dumps(dict(enumerate(found))))
