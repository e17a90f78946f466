"""Records convolutions.npz: what PyTorch computes for convolutions, values and all gradients, in float64.

Needs torch and numpy alone: `python tests/vectors/record_convolutions.py`. Names are those of layers.npz.
"""

import torch.nn.functional as F
from record_layers import channels_first, record_all


def conv2d(x, p, padding=0, **options):
    weight = p["weight"].permute(3, 2, 0, 1)  # (filters, channels, kernel rows, kernel columns)
    return channels_first(lambda x: F.conv2d(x, weight, p.get("bias"), padding=padding, **options))(x)


def conv1d(x, p, padding=0, **options):
    weight = p["weight"].permute(2, 1, 0)
    return channels_first(lambda x: F.conv1d(x, weight, p.get("bias"), padding=padding, **options))(x)


def causal(x, p):
    return conv1d(F.pad(x, (0, 0, 4, 0)), p, dilation=2)


def case(function, layer, options, shape, weight, **given):
    """A case of record_layers, whose function has the same options in PyTorch's words."""
    named = (
        {"weight": weight} if options.get("use_bias") is False else {"weight": weight, "bias": weight[-1:]}
    )
    return layer, options, [shape], named, lambda x, p: function(x, p, **given), True


CASES = [
    case(conv2d, "conv2d", {"filters": 3, "kernel_size": 3}, (5, 6, 2), (3, 3, 2, 3)),
    case(
        conv2d,
        "conv2d",
        {"filters": 3, "kernel_size": 3, "padding": "same", "use_bias": False},
        (5, 4, 2),
        (3, 3, 2, 3),
        padding="same",
    ),
    case(
        conv2d,
        "conv2d",
        {"filters": 2, "kernel_size": [2, 4], "padding": "same", "dilation": [2, 1]},
        (5, 6, 3),
        (2, 4, 3, 2),
        padding="same",
        dilation=(2, 1),
    ),
    case(
        conv2d,
        "conv2d",
        {"filters": 3, "kernel_size": 3, "padding": 1, "stride": 2},
        (7, 8, 2),
        (3, 3, 2, 3),
        padding=1,
        stride=2,
    ),
    case(
        conv2d,
        "conv2d",
        {"filters": 2, "kernel_size": [2, 3], "padding": [1, 2], "stride": [3, 2], "dilation": [1, 2]},
        (7, 6, 1),
        (2, 3, 1, 2),
        padding=(1, 2),
        stride=(3, 2),
        dilation=(1, 2),
    ),
    case(
        conv2d,
        "conv2d",
        {"filters": 6, "kernel_size": 3, "padding": 1, "groups": 2, "stride": 2},
        (6, 5, 4),
        (3, 3, 2, 6),
        padding=1,
        groups=2,
        stride=2,
    ),
    case(conv2d, "conv2d", {"filters": 4, "kernel_size": 1, "stride": 2}, (5, 6, 3), (1, 1, 3, 4), stride=2),
    case(conv2d, "conv2d", {"filters": 4, "kernel_size": 1}, (3, 4, 3), (1, 1, 3, 4)),
    case(
        conv1d,
        "conv1d",
        {"filters": 3, "kernel_size": 4, "padding": "same"},
        (7, 2),
        (4, 2, 3),
        padding="same",
    ),
    case(
        conv1d,
        "conv1d",
        {"filters": 4, "kernel_size": 2, "padding": 1, "stride": 3, "groups": 2},
        (8, 4),
        (2, 2, 4),
        padding=1,
        stride=3,
        groups=2,
    ),
    case(
        causal,
        "conv1d",
        {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation": 2},
        (7, 2),
        (3, 2, 3),
    ),
]

if __name__ == "__main__":
    record_all(CASES, "convolutions.npz")
