"""Layers that read sequences x (rows, steps, features)."""

import numpy as np

from nntrain.export.python.functions.activations import sigmoid, softmax


def simple_rnn(x, weight, recurrent_weight, bias=0, activation=np.tanh):
    """Elman's recurrent layer: the hidden state h of each step, (rows, steps, units)."""
    h = np.zeros((len(x), len(recurrent_weight)), x.dtype)
    states = []
    for t in range(x.shape[1]):
        h = activation(x[:, t] @ weight + h @ recurrent_weight + bias)
        states.append(h)
    return np.stack(states, axis=1)


def lstm(x, weight, recurrent_weight, bias=0):
    """Long short-term memory: the hidden state h of each step, (rows, steps, units).

    The gates i (input), f (forget), g (new content) and o (output) are side by side in weights and bias.
    """
    h = c = np.zeros((len(x), len(recurrent_weight)), x.dtype)
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ weight + h @ recurrent_weight + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1)


def gru(x, weight, recurrent_weight, bias=0, recurrent_bias=0):
    """Gated recurrent unit: the hidden state h of each step, (rows, steps, units).

    The gates r (reset), z (update) and n (new content) are side by side in weights and bias.
    """
    h = np.zeros((len(x), len(recurrent_weight)), x.dtype)
    states = []
    for t in range(x.shape[1]):
        r, z, n = np.split(x[:, t] @ weight + bias, 3, axis=1)
        hr, hz, hn = np.split(h @ recurrent_weight, 3, axis=1)
        z = sigmoid(z + hz)
        n = np.tanh(n + sigmoid(r + hr) * (hn + recurrent_bias))
        h = (1 - z) * n + z * h
        states.append(h)
    return np.stack(states, axis=1)


def multi_head_attention(x, weight, output_weight, bias=0, output_bias=0, heads=1, causal=False):
    """Self-attention: a step gets a weighted mean of the values v of all steps; if causal, of those up to it.

    x (rows, steps, features), weight (features, 3 features) makes queries q, keys k, values v of it.
    """
    rows, steps, features = x.shape
    qkv = (x @ weight + bias).reshape(rows, steps, 3, heads, features // heads)
    q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (rows, heads, steps, size)
    scores = q @ k.swapaxes(2, 3) / (features // heads) ** 0.5  # (rows, heads, steps, steps)
    if causal:
        scores = np.where(np.tri(steps, dtype=bool), scores, -np.inf)
    y = softmax(scores) @ v
    return y.swapaxes(1, 2).reshape(rows, steps, features) @ output_weight + output_bias


def rotary_attention(x, weight, output_weight, bias=0, output_bias=0, heads=1, causal=False, base=10000):
    """Self-attention with rotary positions: queries q and keys k are turned by angles that grow by step.

    x (rows, steps, features), weight (features, 3 features) makes queries q, keys k and values v of it.
    """
    rows, steps, features = x.shape
    qkv = (x @ weight + bias).reshape(rows, steps, 3, heads, features // heads)
    q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (rows, heads, steps, size)
    q, k = rotary(q, base), rotary(k, base)
    scores = q @ k.swapaxes(2, 3) / (features // heads) ** 0.5  # (rows, heads, steps, steps)
    if causal:
        scores = np.where(np.tri(steps, dtype=bool), scores, -np.inf)
    y = softmax(scores) @ v
    return y.swapaxes(1, 2).reshape(rows, steps, features) @ output_weight + output_bias


def rotary(x, base):
    """Each pair of features of x (..., steps, size) is turned by the angle t / base^(2i / size) at step t."""
    steps, size = x.shape[-2:]
    angle = np.arange(steps)[:, None] / base ** (np.arange(0, size, 2) / size)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    a, b = x[..., ::2], x[..., 1::2]
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


def positions(steps, features, base):
    """Sinusoidal positions (steps, features): sines in the even features, cosines in the odd ones."""
    feature = np.arange(features)
    angle = np.arange(steps)[:, None] / base ** (feature // 2 * 2 / features)
    return np.where(feature % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)


def conv1d(x, weight, bias=0, stride=1, padding=(0, 0)):
    """1-D convolution: each step of the output is a window of x times the weight, summed, plus the bias.

    x (rows, steps, features), weight (kernel steps, features, filters).
    """
    seen = windows1d(x, len(weight), stride, padding)
    return np.tensordot(seen, weight, axes=([3, 2], [0, 1])) + bias


def windows1d(x, size, stride=1, padding=(0, 0), value=0):
    """The windows that slide over sequences x with padding of a value: (rows, windows, features, size)."""
    x = np.pad(x, ((0, 0), padding, (0, 0)), constant_values=value)
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=1)[:, ::stride]


def dilated1d(weight, dilation):
    """The kernel with zeros between its steps, so that these are `dilation` apart."""
    wide = np.zeros(((len(weight) - 1) * dilation + 1, *weight.shape[1:]), weight.dtype)
    wide[::dilation] = weight
    return wide


def max_pool1d(x, size, stride, padding=(0, 0)):
    """The maximum of each window of each feature."""
    return windows1d(x, size, stride, padding, -np.inf).max(axis=-1)


def avg_pool1d(x, size, stride, padding=(0, 0)):
    """The mean of each window of each feature; padding does not count."""
    sums = windows1d(x, size, stride, padding).sum(axis=-1)
    return sums / windows1d(np.ones_like(x), size, stride, padding).sum(axis=-1)
