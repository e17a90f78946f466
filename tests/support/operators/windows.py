"""Convolutions, pooling, resizing and padding as layers of ours."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.support.operators.case import Case, Expressed, last, require


def padding(
    case: Case, axes: int, spans: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], list[int]]:
    """The explicit padding before and after the values of each axis."""
    mode = case.get("auto_pad", b"NOTSET").decode()
    if mode in ("NOTSET", "VALID"):
        pads = case.get("pads", [0] * 2 * axes)
        return list(pads[:axes]), list(pads[axes:])
    before, after = [], []
    for size, span, stride in zip(case.x.shape[2:], spans, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
        small, large = total // 2, total - total // 2
        before.append(small if mode == "SAME_UPPER" else large)
        after.append(large if mode == "SAME_UPPER" else small)
    return before, after


def conv(case: Case) -> Expressed:
    weight, bias = case.inputs[1], case.input(2)
    assert weight is not None
    axes = case.x.ndim - 2
    require(axes == 2, "of one or three axes")
    strides, dilations = case.get("strides", [1] * axes), case.get("dilations", [1] * axes)
    spans = [(size - 1) * dilation + 1 for size, dilation in zip(weight.shape[2:], dilations, strict=True)]
    before, after = padding(case, axes, spans, strides)
    options = {
        "filters": weight.shape[0],
        "kernel_size": weight.shape[2:],
        "stride": strides,
        "dilation": dilations,
        "groups": case.get("group", 1),
        "use_bias": bias is not None,
    }
    arrays = {"conv2d_1.weight": weight.transpose(2, 3, 1, 0)}
    if bias is not None:
        arrays["conv2d_1.bias"] = bias
    layers: list[Any] = [{"conv2d": {**options, "padding": before}}]
    if before != after:
        layers = [{"zero_pad2d": {"padding": list(zip(before, after, strict=True))}}, {"conv2d": options}]
    return Expressed(layers, last(case.x), last(case.y), arrays)


def conv_transpose(case: Case) -> Expressed:
    weight = case.inputs[1]
    assert weight is not None
    axes = case.x.ndim - 2
    require(axes == 2, "of one or three axes")
    groups = case.get("group", 1)
    strides, dilations = case.get("strides", [1] * axes), case.get("dilations", [1] * axes)
    sizes = list(zip(case.x.shape[2:], weight.shape[2:], strides, dilations, case.y.shape[2:], strict=True))
    whole = [(size - 1) * stride + (kernel - 1) * dilation + 1 for size, kernel, stride, dilation, _ in sizes]
    before = case.get("pads", [0] * 4)[:axes]
    extra = [size - full + 2 * crop for size, full, crop in zip(case.y.shape[2:], whole, before, strict=True)]
    options: dict[str, Any] = {"padding": before, "output_padding": extra}
    if case.get("auto_pad") == b"SAME_UPPER":
        options = {"padding": "same"}
    else:
        require(min(extra) >= 0, "cropped more at one end")
    layer = {
        "filters": weight.shape[1] * groups,
        "kernel_size": weight.shape[2:],
        "stride": strides,
        "dilation": dilations,
        "groups": groups,
        "use_bias": False,
        **options,
    }
    arrays = {"conv2d_transpose_1.weight": weight.transpose(2, 3, 1, 0)}
    return Expressed([{"conv2d_transpose": layer}], last(case.x), last(case.y), arrays)


def pool(kind: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        axes = case.x.ndim - 2
        require(axes < 3, "of three axes")
        require(case.x.dtype.kind == "f", "of whole numbers")
        require(len(case.outputs) == 1, "places of the maxima")
        require(
            not case.get("ceil_mode", 0), "windows that begin within the values and end beyond the padding"
        )
        require(max(case.get("dilations", [1])) == 1, "dilated windows")
        require(not case.get("count_include_pad", 0), "padding that counts")
        size, strides = case.attributes["kernel_shape"], case.get("strides", [1] * axes)
        before, after = padding(case, axes, size, strides)
        options: dict[str, Any] = {"pool_size": size, "stride": strides, "padding": before}
        if case.get("auto_pad") == b"SAME_UPPER":
            options["padding"] = "same"
        else:
            require(before == after, "more padding at one end")
        if axes == 1:
            options = {name: value[0] for name, value in options.items()}
        return Expressed([{f"{kind}{axes}d": options}], last(case.x), last(case.y))

    return express


def global_pool(name: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        return Expressed([name], last(case.x), case.y.reshape(case.y.shape[:2]))

    return express


def reduced(name: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        axes = case.input(1)
        require(case.x.dtype.kind == "f" and case.x.size, "truth values, or none at all")
        require(axes is not None, "over the rows of the batch")
        assert axes is not None
        require(case.x.ndim == 3 and [axis % 3 for axis in axes] == [1], "over other axes than the steps")
        return Expressed([name, {"reshape": case.y.shape[1:]}], case.x, case.y)

    return express


def resize(case: Case) -> Expressed:
    scales = case.input(2)
    require(case.get("mode", b"nearest") == b"nearest", "interpolation between pixels")
    sizes = np.array(case.y.shape) / case.x.shape
    require(
        scales is not None or case.get("keep_aspect_ratio_policy") is None,
        "a size with the aspect ratio kept",
    )
    require((sizes == sizes.round()).all() and (sizes[:2] == 1).all(), "a size that is no multiple")
    shifted = case.get("coordinate_transformation_mode") in (b"align_corners", b"tf_crop_and_resize")
    rounded = case.get("nearest_mode", b"round_prefer_floor")
    half = case.get("coordinate_transformation_mode", b"half_pixel") == b"half_pixel"
    require(not shifted and half == rounded.startswith(b"round"), "pixels that are repeated unequally")
    layer = {"upsample2d": {"factor": [int(size) for size in sizes[2:]]}}
    return Expressed([layer], last(case.x), last(case.y))


def pad(case: Case) -> Expressed:
    require(case.get("mode", b"constant") == b"constant", "other padding than with zeros")
    value = case.input(2)
    require(value is None or value == 0, "other padding than with zeros")
    pads, axes = case.inputs[1], case.input(3)
    assert pads is not None
    axes = np.arange(case.x.ndim) if axes is None else axes % case.x.ndim
    both = dict(zip(axes.tolist(), pads.reshape(2, -1).T.tolist(), strict=True))
    require(not any(sum(both.get(axis, [0])) for axis in (0, 1)), "of other axes than rows and columns")
    layer = {"zero_pad2d": {"padding": [both.get(axis, [0, 0]) for axis in (2, 3)]}}
    return Expressed([layer], last(case.x), last(case.y))
