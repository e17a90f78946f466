"""Initializers whose values depend on each other: a weight as a matrix."""

import math

import numpy as np
from pydantic import Field

from nntrain.initializers.distributions import Normal
from nntrain.initializers.initializer import Initializer, flattened


class Orthogonal(Initializer, name="orthogonal"):
    """Random orthogonal matrix: orthogonal columns, or rows if there are fewer.

    It preserves the norm of signals and gradients, which suits deep and recurrent networks. It is the `Q` of the QR decomposition
    of a normal matrix, with signs that make it uniformly distributed. A weight with more axes is a matrix of all axes but the last
    by the last.

    Source: Saxe 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks.
    """

    gain: float = Field(1.0, gt=0, description="the factor on the matrix, the norm of each column")

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = np.empty((rows, columns))
        Normal(std=1.0).fill(normal, key, fans)
        q, r = np.linalg.qr(normal if rows >= columns else normal.T)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        q *= self.gain
        return (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer, name="identity"):
    """Identity matrix times `gain`: the layer initially outputs its input.

    For the recurrent weights of a layer with relu: its state then neither vanishes nor explodes at the start.

    Source: Le 2015, A simple way to initialize recurrent networks of rectified linear units.
    """

    gain: float = Field(1.0, description="the value on the diagonal")

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.gain * np.eye(math.prod(shape[:-1]), shape[-1]).reshape(shape)

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        rows, columns = math.prod(out.shape[:-1]), out.shape[-1]
        flat = flattened(out)
        flat[:] = self.gain * 0.0
        flat[: min(rows, columns) * columns : columns + 1] = self.gain
