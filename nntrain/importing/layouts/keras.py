"""Layouts of Keras, which are ours but for the gates of gru and the axes of attention's heads."""

import numpy as np

from nntrain.importing.layouts.taking import Misfit, Rule, Taking


def weighted(t: Taking) -> None:
    """Dense and convolutions: kernels are (inputs, units), (height, width, channels, filters) and so on, as ours."""
    t.copy("weight", "kernel")
    t.bias()


def dense(t: Taking) -> None:
    inputs, units = t.shape("weight")
    # Also of a 1×1 convolution, which is a dense layer on every pixel.
    shapes = [(inputs, units), (1, inputs, units), (1, 1, inputs, units)]
    t.put("weight", t.take("kernel", *shapes), "kernel")
    t.bias()


def batch_norm(t: Taking) -> None:
    size = t.shape("running_mean")
    for parameter, key, otherwise in (("scale", "gamma", np.ones), ("shift", "beta", np.zeros)):
        if t.needs(parameter) and t.has(key):
            t.copy(parameter, key)
        elif t.needs(parameter) and (t.has("gamma") or t.has("beta")):  # scale=False or center=False
            t.put(parameter, otherwise(size, np.float32), how=f"none in the file: {otherwise(1)[0]:g}")
    t.copy("running_mean", "moving_mean")
    t.copy("running_variance", "moving_variance")


def norm(t: Taking) -> None:
    for parameter, key, otherwise in (("scale", "gamma", np.ones), ("shift", "beta", np.zeros)):
        if t.needs(parameter) and t.has(key):
            t.copy(parameter, key)
        elif t.needs(parameter):
            t.put(
                parameter,
                otherwise(t.shape(parameter), np.float32),
                how=f"none in the file: {otherwise(1)[0]:g}",
            )
    if not t.module.tensors:
        raise Misfit(f"{t.module} has no weights")


def rms_norm(t: Taking) -> None:
    t.copy("scale", "scale" if t.has("scale") else "gamma")


def embedding(t: Taking) -> None:
    t.copy("weight", "embeddings")


def prelu(t: Taking) -> None:
    (size,) = t.shape("slope")
    t.put("slope", t.take("alpha", (size,), (1, size), (1, 1, size)), "alpha")


def recurrent(t: Taking) -> None:
    """simple_rnn, and lstm with the gates i f c o, which are our i f g o."""
    t.copy("weight", "kernel")
    t.copy("recurrent_weight", "recurrent_kernel")
    t.bias()


def gru(t: Taking) -> None:
    """The gates z r h are our r z n; with `reset_after`, the bias of the state's part of h is a parameter of its own."""
    features, wide = t.shape("weight")
    units = wide // 3
    how = "gates z r h to r z n"
    t.put("weight", swapped(t.take("kernel", (features, wide))), "kernel", how=how)
    recurrent_kernel = t.take("recurrent_kernel", (units, wide))
    t.put("recurrent_weight", swapped(recurrent_kernel), "recurrent_kernel", how=how)
    if not t.has("bias"):
        return t.bias()
    if t.tensor("bias").shape == (wide,):
        raise Misfit(
            f"{t.module} has reset_after=False: its reset gate acts before the product, in {t.slot} after it"
        )
    if not t.needs("bias"):
        t.bias()
    first, second = swapped(t.take("bias", (2, wide)))
    total = first.astype(np.float64) + second
    n = slice(2 * units, None)
    total[n] = first[n]
    t.put("bias", total, "bias", how=f"{how}; sum of 2 for r and z")
    t.put("recurrent_bias", second[n], "bias", how="of n alone")


def swapped(array: np.ndarray) -> np.ndarray:
    z, r, h = np.split(array, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1)


def attention(t: Taking) -> None:
    """Kernels (features, heads, size) of queries, keys and values, side by side."""
    features, _ = t.shape("weight")
    heads = t.slot.layer.heads  # type: ignore[attr-defined]
    shape = (features, heads, features // heads)
    names = ("query", "key", "value")
    parts = [t.take(f"{name}/kernel", shape).reshape(features, -1) for name in names]
    t.put("weight", np.concatenate(parts, axis=1), *(f"{name}/kernel" for name in names), how="joined")
    if t.needs("bias") and t.has("query/bias"):
        biases = [t.take(f"{name}/bias", shape[1:]).reshape(-1) for name in names]
        t.put("bias", np.concatenate(biases), *(f"{name}/bias" for name in names), how="joined")


def attention_output(t: Taking) -> None:
    features, _ = t.shape("output_weight")
    heads = t.slot.layer.heads  # type: ignore[attr-defined]
    kernel = t.take("kernel", (heads, features // heads, features))
    t.put("output_weight", kernel.reshape(features, features), "kernel", how="heads joined")
    t.bias("output_bias")


RULES: dict[str, Rule] = {
    "dense": dense,
    **dict.fromkeys(("conv1d", "conv2d", "conv2d_transpose", "depthwise_conv2d"), weighted),
    "batch_norm": batch_norm,
    "layer_norm": norm,
    "group_norm": norm,
    "rms_norm": rms_norm,
    "embedding": embedding,
    "prelu": prelu,
    "simple_rnn": recurrent,
    "lstm": recurrent,
    "gru": gru,
    "multi_head_attention": attention,
    "multi_head_attention.output": attention_output,
}
