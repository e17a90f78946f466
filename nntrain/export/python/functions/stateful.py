"""Recurrent layers that go on where the call before ended, for language models that generate a text step by step."""

import numpy as np

from nntrain.export.python.functions.activations import sigmoid


def stateful_simple_rnn(state, x, weight, recurrent_weight, bias=0, activation=np.tanh):
    """Elman's recurrent layer: the hidden state h of each step, from the one that `state` holds; keeps it."""
    h = state.get("h", np.zeros((len(x), len(recurrent_weight)), x.dtype))
    states = []
    for t in range(x.shape[1]):
        h = activation(x[:, t] @ weight + h @ recurrent_weight + bias)
        states.append(h)
    state["h"] = h
    return np.stack(states, axis=1)


def stateful_lstm(state, x, weight, recurrent_weight, bias=0):
    """Long short-term memory: the hidden state h of each step, from h and c that `state` holds, and keeps.

    The gates i (input), f (forget), g (new content) and o (output) are side by side in weights and bias.
    """
    zeros = np.zeros((len(x), len(recurrent_weight)), x.dtype)
    h, c = state.get("h", zeros), state.get("c", zeros)
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ weight + h @ recurrent_weight + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    state["h"], state["c"] = h, c
    return np.stack(states, axis=1)


def stateful_gru(state, x, weight, recurrent_weight, bias=0, recurrent_bias=0):
    """Gated recurrent unit: the hidden state h of each step, from the one that `state` holds, and keeps.

    The gates r (reset), z (update) and n (new content) are side by side in weights and bias.
    """
    h = state.get("h", np.zeros((len(x), len(recurrent_weight)), x.dtype))
    states = []
    for t in range(x.shape[1]):
        r, z, n = np.split(x[:, t] @ weight + bias, 3, axis=1)
        hr, hz, hn = np.split(h @ recurrent_weight, 3, axis=1)
        z = sigmoid(z + hz)
        n = np.tanh(n + sigmoid(r + hr) * (hn + recurrent_bias))
        h = (1 - z) * n + z * h
        states.append(h)
    state["h"] = h
    return np.stack(states, axis=1)
