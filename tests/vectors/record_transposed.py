"""Records transposed.npz: what PyTorch computes for transposed convolutions, values and all gradients, in float64.

Needs torch and numpy alone: `python tests/vectors/record_transposed.py`. Names are those of layers.npz.
"""

import torch.nn.functional as F
from record_layers import channels_first, record_all


def transposed(cut=None, groups=1, **options):
    """nn.ConvTranspose2d, whose weight is (channels, filters / groups, kernel rows, kernel columns).

    `cut`: the part of its output that Keras keeps of it under `same`, which PyTorch does not have.
    """

    def forward(image, p):
        y = F.conv_transpose2d(
            image, p["weight"].permute(3, 2, 0, 1), p.get("bias"), groups=groups, **options
        )
        return y if cut is None else y[..., cut[0], cut[1]]

    return lambda x, p: channels_first(lambda image: forward(image, p))(x)


def case(options, shape, weight, function):
    filters = options["filters"]
    named = {"weight": weight} if options.get("use_bias") is False else {"weight": weight, "bias": (filters,)}
    return "conv2d_transpose", options, [shape], named, function, True


CASES = [
    case({"filters": 3, "kernel_size": 3}, (4, 3, 2), (3, 3, 3, 2), transposed()),
    case(
        {"filters": 3, "kernel_size": 2, "stride": 2, "use_bias": False},
        (3, 4, 2),
        (2, 2, 3, 2),
        transposed(stride=2),
    ),
    case(
        {"filters": 2, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        (3, 4, 3),
        (3, 3, 2, 3),
        transposed(stride=2, padding=1, output_padding=1),
    ),
    case(
        {"filters": 2, "kernel_size": [5, 4], "stride": [3, 2], "padding": [2, 1], "output_padding": [2, 0]},
        (2, 3, 3),
        (5, 4, 2, 3),
        transposed(stride=(3, 2), padding=(2, 1), output_padding=(2, 0)),
    ),
    case(
        {
            "filters": 4,
            "kernel_size": [2, 3],
            "stride": [1, 2],
            "padding": [0, 2],
            "output_padding": 1,
            "dilation": 2,
        },
        (3, 3, 2),
        (2, 3, 4, 2),
        transposed(stride=(1, 2), padding=(0, 2), output_padding=1, dilation=2),
    ),
    case(
        {"filters": 6, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
        (2, 2, 4),
        (3, 3, 3, 4),
        transposed(stride=2, padding=1, groups=2),
    ),
    case(
        {"filters": 2, "kernel_size": 1, "stride": 3, "output_padding": 2},
        (2, 2, 3),
        (1, 1, 2, 3),
        transposed(stride=3, output_padding=2),
    ),
    case({"filters": 5, "kernel_size": 1}, (3, 2, 3), (1, 1, 5, 3), transposed()),
    # Of 5 x 8 pixels Keras keeps 4 x 6: of one too many it cuts off the last, of two the first and the last.
    case(
        {"filters": 2, "kernel_size": [3, 4], "stride": 2, "padding": "same"},
        (2, 3, 2),
        (3, 4, 2, 2),
        transposed((slice(0, 4), slice(1, 7)), stride=2),
    ),
    case(
        {"filters": 2, "kernel_size": [4, 1], "stride": [1, 3], "padding": "same"},
        (3, 2, 3),
        (4, 1, 2, 3),
        transposed((slice(1, 4), slice(0, 6)), stride=(1, 3), output_padding=(0, 2)),
    ),
    case(
        {"filters": 16, "kernel_size": 3, "padding": 1}, (4, 4, 16), (3, 3, 16, 16), transposed(padding=1)
    ),  # Winograd's way
]

if __name__ == "__main__":
    record_all(CASES, "transposed.npz")
