"""The layers for sequences written out in NumPy, step by step: slow and obvious. `p` holds the parameters by name."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def over_steps(
    x, units, step, carries=1, return_sequences=False, reverse=False, lengths=None, start=None, **others
):
    """Row by row: `step(x_t, *state)` gives the next state, whose first part is what the layer shows."""
    rows, steps, _ = x.shape
    y, last = np.zeros((rows, steps, units)), np.zeros((rows, units))
    for row in range(rows):
        state = tuple(np.zeros((carries, units))) if start is None else tuple(part[row] for part in start)
        length = steps if lengths is None else lengths[row]
        for t in reversed(range(length)) if reverse else range(length):
            state = step(x[row, t], *state)
            y[row, t] = state[0]
        last[row] = state[0]
    return y if return_sequences else last


def bias_of(p):
    return p.get("bias", 0), p.get("recurrent_bias", 0)


def simple_rnn(p, x, units, activation="tanh", **options):
    def step(x, h):
        z = x @ p["weight"] + h @ p["recurrent_weight"] + bias_of(p)[0]
        return (np.tanh(z) if activation == "tanh" else np.maximum(z, 0),)

    return over_steps(x, units, step, **options)


def lstm(p, x, units, **options):
    def step(x, h, c):
        i, f, g, o = np.split(x @ p["weight"] + h @ p["recurrent_weight"] + bias_of(p)[0], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    return over_steps(x, units, step, carries=2, **options)


def gru(p, x, units, **options):
    def step(x, h):
        bias, recurrent_bias = bias_of(p)
        from_input, from_state = np.split(x @ p["weight"] + bias, 3), np.split(h @ p["recurrent_weight"], 3)
        r, z = sigmoid(from_input[0] + from_state[0]), sigmoid(from_input[1] + from_state[1])
        n = np.tanh(from_input[2] + r * (from_state[2] + recurrent_bias))
        return ((1 - z) * n + z * h,)

    return over_steps(x, units, step, **options)


def embedding(p, x, units, vocabulary):
    return p["weight"][x]


def multi_head_attention(
    p, x, heads, causal=False, use_bias=True, lengths=None, rotary=False, rotary_base=10000
):
    rows, steps, features = x.shape
    size = features // heads
    y = np.zeros(x.shape)
    for row in range(rows):
        length = steps if lengths is None else lengths[row]
        if length == 0:
            continue
        q, k, v = np.split(x[row, :length] @ p["weight"] + p.get("bias", 0), 3, axis=1)
        mixed = np.zeros((length, features))
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            if rotary:
                q[:, own], k[:, own] = turned(q[:, own], rotary_base), turned(k[:, own], rotary_base)
            scores = q[:, own] @ k[:, own].T / np.sqrt(size)
            if causal:
                scores[np.triu_indices(length, 1)] = -np.inf
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed[:, own] = powers / powers.sum(axis=1, keepdims=True) @ v[:, own]
        y[row, :length] = mixed @ p["output_weight"] + p.get("output_bias", 0)
    return y


def turned(x, base):
    """Rotary positions: features 2i and 2i + 1 of step t as a complex number, times e^(i t / base^(2i / size))."""
    steps, size = x.shape
    y = np.zeros(x.shape)
    for t in range(steps):
        for i in range(0, size, 2):
            number = complex(x[t, i], x[t, i + 1]) * np.exp(1j * t / base ** (i / size))
            y[t, i], y[t, i + 1] = number.real, number.imag
    return y


def positional_encoding(p, x, base=10000):
    _, steps, features = x.shape
    y = x.copy()
    for t in range(steps):
        for j in range(features):
            angle = t / base ** (2 * (j // 2) / features)
            y[:, t, j] += np.sin(angle) if j % 2 == 0 else np.cos(angle)
    return y


def learned_positions(p, x):
    y = x.copy()
    for t in range(x.shape[1]):
        y[:, t] += p["weight"][t]
    return y


def time_distributed(p, x, layer):
    ((name, options),) = layer.items()
    steps = [PER_STEP[name](p, x[:, t], **options) for t in range(x.shape[1])]
    return np.stack(steps, axis=1)


PER_STEP = {
    "dense": lambda p, x, units: x @ p["weight"] + p["bias"],
    "flatten": lambda p, x: x.reshape(len(x), -1),
    "layer_norm": lambda p, x: (
        p["scale"] * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) + p["shift"]
    ),
}
