"""Recurrent layers: the steps of simple_rnn, lstm and gru, forward and backward in time.

`frame` walks through the batch and through time; each cell has a module with its equations:
`forward(lstm.Cell(...), Forward(...), recurrent)`.
"""

from nntrain.kernels.recurrent import gru, lstm, simple_rnn
from nntrain.kernels.recurrent.frame import (
    ALL_STEPS,
    IN_ORDER,
    Backward,
    Forward,
    backward,
    forward,
    saved_values,
)

__all__ = [
    "ALL_STEPS",
    "IN_ORDER",
    "Backward",
    "Forward",
    "backward",
    "forward",
    "gru",
    "lstm",
    "saved_values",
    "simple_rnn",
]
