"""Records images.npz: what PyTorch computes for our layers of images, as record_layers.py does; from the same folder."""

import torch.nn.functional as F
from record_layers import channels_first, record_all

IMAGE, ODD, SEQUENCE = (4, 6, 2), (5, 3, 3), (7, 5)


def images(function, **options):
    return lambda x, p: channels_first(lambda image: function(image, **options))(x)


def group_norm(groups, eps=1e-5):
    return lambda x, p: channels_first(
        lambda image: F.group_norm(image, groups, p.get("scale"), p.get("shift"), eps)
    )(x)


def depthwise(stride=1, padding=0, dilation=1):
    """`padding`: left, right, top, bottom, as F.pad wants it."""

    def forward(image, p):
        weight = p["weight"].permute(2, 3, 0, 1).flatten(0, 1).unsqueeze(1)
        margins = padding if isinstance(padding, tuple) else 4 * (padding,)
        return F.conv2d(
            F.pad(image, margins), weight, p.get("bias"), stride, 0, dilation, groups=image.shape[1]
        )

    return lambda x, p: channels_first(lambda image: forward(image, p))(x)


def affine(channels):
    return {"scale": (channels,), "shift": (channels,)}


# layer, options, shapes of the inputs, shapes of parameters, function, training
CASES = [
    ("max_pool2d", {"pool_size": 2}, [IMAGE], {}, images(F.max_pool2d, kernel_size=2), True),
    (
        "max_pool2d",
        {"pool_size": 3, "stride": 2, "padding": 1},
        [ODD],
        {},
        images(F.max_pool2d, kernel_size=3, stride=2, padding=1),
        True,
    ),
    (
        "max_pool2d",
        {"pool_size": [2, 3], "stride": [1, 2]},
        [ODD],
        {},
        images(F.max_pool2d, kernel_size=(2, 3), stride=(1, 2)),
        True,
    ),
    ("avg_pool2d", {"pool_size": 2}, [ODD], {}, images(F.avg_pool2d, kernel_size=2), True),
    (
        "avg_pool2d",
        {"pool_size": 3, "stride": 2, "padding": 1},
        [ODD],
        {},
        images(F.avg_pool2d, kernel_size=3, stride=2, padding=1, count_include_pad=False),
        True,
    ),
    (
        "max_pool1d",
        {"pool_size": 3, "stride": 1},
        [SEQUENCE],
        {},
        images(F.max_pool1d, kernel_size=3, stride=1),
        True,
    ),
    (
        "avg_pool1d",
        {"pool_size": 3, "padding": 1},
        [SEQUENCE],
        {},
        images(F.avg_pool1d, kernel_size=3, padding=1, count_include_pad=False),
        True,
    ),
    ("global_avg_pool", {}, [IMAGE], {}, lambda x, p: x.mean((1, 2)), True),
    ("global_max_pool", {}, [IMAGE], {}, lambda x, p: x.amax((1, 2)), True),
    ("group_norm", {"groups": 1}, [ODD], affine(3), group_norm(1), True),
    ("group_norm", {"groups": 2, "eps": 1e-3}, [(3, 2, 6)], affine(6), group_norm(2, 1e-3), True),
    ("group_norm", {"groups": 6, "affine": False}, [(3, 2, 6)], {}, group_norm(6), True),
    ("upsample2d", {"factor": 2}, [IMAGE], {}, images(F.interpolate, scale_factor=2), True),
    ("upsample2d", {"factor": [3, 1]}, [IMAGE], {}, images(F.interpolate, scale_factor=(3, 1)), True),
    ("zero_pad2d", {"padding": [[1, 0], [2, 3]]}, [IMAGE], {}, images(F.pad, pad=(2, 3, 1, 0)), True),
    (
        "depthwise_conv2d",
        {"kernel_size": 3, "padding": 1},
        [IMAGE],
        {"weight": (3, 3, 2, 1), "bias": (2,)},
        depthwise(padding=1),
        True,
    ),
    # Of 5 rows and 3 columns a stride of 2 makes 3 and 2, which takes one more of both; Keras puts it at the end.
    (
        "depthwise_conv2d",
        {"kernel_size": 2, "stride": 2, "padding": "same", "use_bias": False},
        [ODD],
        {"weight": (2, 2, 3, 1)},
        depthwise(2, (0, 1, 0, 1)),
        True,
    ),
    (
        "depthwise_conv2d",
        {"kernel_size": [2, 3], "padding": 2, "dilation": 2, "depth_multiplier": 3},
        [ODD],
        {"weight": (2, 3, 3, 3), "bias": (9,)},
        depthwise(padding=2, dilation=2),
        True,
    ),
]

if __name__ == "__main__":
    record_all(CASES, "images.npz")
