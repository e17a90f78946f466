"""Layouts of PyTorch, which ONNX shares: channels before places, outputs before inputs, gates above each other."""

import numpy as np

from nntrain.importing.layouts.taking import Misfit, Rule, Taking

TRANSPOSED = "transposed"


def dense(t: Taking) -> None:
    if t.needs("weight"):  # one that is tied to an embedding has a bias alone
        inputs, units = t.shape("weight")
        # Also of a 1×1 convolution, which is a dense layer on every pixel.
        weight = t.take("weight", (units, inputs), (units, inputs, 1), (units, inputs, 1, 1))
        t.put("weight", weight.T, "weight", how=TRANSPOSED)
    t.bias()


def maxout(t: Taking) -> None:
    if "maxout" not in t.module.kinds:
        raise Misfit(f"{t.module} does not say in which order it keeps the pieces of {t.slot}")
    dense(t)


def conv2d(t: Taking) -> None:
    high, wide, channels, filters = t.shape("weight")
    weight = t.take("weight", (filters, channels, high, wide))
    t.put("weight", weight.transpose(2, 3, 1, 0), "weight", how="OIHW to HWIO")
    t.bias()


def conv1d(t: Taking) -> None:
    steps, features, filters = t.shape("weight")
    weight = t.take("weight", (filters, features, steps))
    t.put("weight", weight.transpose(2, 1, 0), "weight", how="OIL to LIO")
    t.bias()


def conv2d_transpose(t: Taking) -> None:
    high, wide, filters, channels = t.shape("weight")
    weight = t.take("weight", (channels, filters, high, wide))
    t.put("weight", weight.transpose(2, 3, 1, 0), "weight", how="IOHW to HWOI")
    t.bias()


def depthwise_conv2d(t: Taking) -> None:
    high, wide, channels, many = t.shape("weight")
    weight = t.take("weight", (channels * many, 1, high, wide))
    turned = weight.transpose(2, 3, 0, 1).reshape(high, wide, channels, many)
    t.put("weight", turned, "weight", how="O1HW to HWCM")
    t.bias()


def batch_norm(t: Taking) -> None:
    for parameter, key in {"scale": "weight", "shift": "bias"}.items():
        if t.needs(parameter):
            t.copy(parameter, key)
    t.copy("running_mean", "running_mean")
    t.copy("running_variance", "running_var")


def norm(t: Taking) -> None:
    """Of layers, of groups, or by the root mean square."""
    if t.needs("scale"):
        t.copy("scale", "weight")
    if t.needs("shift") and t.has("bias"):
        t.copy("shift", "bias")
    elif t.needs("shift"):  # LayerNorm(bias=False) adds nothing
        t.put("shift", np.zeros(t.shape("shift"), np.float32), how="none in the file: 0")


def embedding(t: Taking) -> None:
    t.copy("weight", "weight")


def learned_positions(t: Taking) -> None:
    shape = t.shape("weight")
    t.put("weight", t.take("weight", shape, (1, *shape)), "weight")


def prelu(t: Taking) -> None:
    (size,) = t.shape("slope")
    t.put("slope", t.take("weight", (size,), (size, 1), (size, 1, 1)), "weight")


def recurrent(t: Taking) -> None:
    """Gates i f g o and r z n, as ours; the two biases of a gate are summed, but for GRU's n, which has both."""
    features, wide = t.shape("weight")
    units, _ = t.shape("recurrent_weight")
    if t.has("weight_hr"):
        raise Misfit(f"{t.module} has a projection (proj_size), which {t.slot} has not")
    t.put("weight", t.take("weight_ih", (wide, features)).T, "weight_ih", how=TRANSPOSED)
    t.put("recurrent_weight", t.take("weight_hh", (wide, units)).T, "weight_hh", how=TRANSPOSED)
    has_bias = t.has("bias_ih")
    if has_bias != t.needs("bias"):
        has, option = ("biases", "true") if has_bias else ("no bias", "false")
        raise Misfit(f"{t.module} has {has}: set `use_bias: {option}` on {t.slot}")
    if not has_bias:
        return
    first = t.take("bias_ih", (wide,))
    second = t.take("bias_hh", (wide,)) if t.has("bias_hh") else np.zeros_like(first)
    total, keys = first.astype(np.float64) + second, [key for key in ("bias_ih", "bias_hh") if t.has(key)]
    how = "sum of 2" if len(keys) > 1 else ""
    if t.needs("recurrent_bias"):
        n = slice(2 * units, None)
        total[n] = first[n]
        how = "sum of 2 for r and z" if how else ""
        t.put("recurrent_bias", second[n], keys[-1], how="of n alone")
    t.put("bias", total, *keys, how=how)


def attention(t: Taking) -> None:
    """Queries, keys and values side by side, as ours, or apart."""
    features, wide = t.shape("weight")
    if t.has("q_weight"):
        apart = [t.take(f"{letter}_weight", (features, features)) for letter in "qkv"]
        t.put("weight", np.concatenate(apart).T, *(f"{letter}_weight" for letter in "qkv"), how=JOINED)
        if t.needs("bias") and all(t.has(f"{letter}_bias") for letter in "qkv"):
            biases = [t.take(f"{letter}_bias", (features,)) for letter in "qkv"]
            t.put("bias", np.concatenate(biases), *(f"{letter}_bias" for letter in "qkv"), how="joined")
        return
    t.put("weight", t.take("weight", (wide, features)).T, "weight", how=TRANSPOSED)
    t.bias()


def attention_output(t: Taking) -> None:
    features, _ = t.shape("output_weight")
    weight = t.take("weight", (features, features))
    t.put("output_weight", weight.T, "weight", how=TRANSPOSED)
    t.bias("output_bias")


JOINED = "joined and transposed"
RULES: dict[str, Rule] = {
    "dense": dense,
    "maxout": maxout,
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv2d_transpose": conv2d_transpose,
    "depthwise_conv2d": depthwise_conv2d,
    "batch_norm": batch_norm,
    "layer_norm": norm,
    "group_norm": norm,
    "rms_norm": norm,
    "embedding": embedding,
    "learned_positions": learned_positions,
    "prelu": prelu,
    "simple_rnn": recurrent,
    "lstm": recurrent,
    "gru": recurrent,
    "multi_head_attention": attention,
    "multi_head_attention.output": attention_output,
}
