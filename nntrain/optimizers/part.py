"""Part: the arrays of an update, of all parameters or of some neighbours among them, and where each parameter lies in them."""

from typing import NamedTuple

import numpy as np


class Tensor(NamedTuple):
    """Where a parameter of some shape lies: theta[start:stop]. `matrix`: it multiplies the outputs of a layer to give those of a
    hidden layer, so that its last axis counts outputs; an embedding and the output layer are none.
    """

    name: str  # "dense_1.weight"
    start: int
    stop: int
    shape: tuple[int, ...]
    matrix: bool


class Part(NamedTuple):
    """What an update reads and writes: arrays (parameters,). theta[:decayed] are weights; `average` is that of `train.ema`."""

    theta: np.ndarray
    grad: np.ndarray
    slots: dict[str, np.ndarray]
    decayed: int
    tensors: tuple[Tensor, ...] = ()  # in order; all of theta, where an optimizer asks for them
    average: np.ndarray | None = None

    def at(self, place: slice) -> "Part":
        """The parameters at theta[place], and what belongs to them; of the tensors, those that are whole there."""
        start, stop = place.start, place.stop
        return Part(
            self.theta[place],
            self.grad[place],
            {name: slot[place] for name, slot in self.slots.items()},
            min(max(self.decayed - start, 0), stop - start),
            tuple(
                tensor._replace(start=tensor.start - start, stop=tensor.stop - start)
                for tensor in self.tensors
                if start <= tensor.start and tensor.stop <= stop
            ),
            None if self.average is None else self.average[place],
        )
