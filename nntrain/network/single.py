"""Single: one layer on its own, with arrays of its own, as gradient checks and tests want it."""

import numpy as np

from nntrain import randomness
from nntrain.initializers import Constant, Initializer
from nntrain.layers.layer import Layer, LayerContext, PassInfo, Shape
from nntrain.network.buffers import DTYPES


class Single:
    """A layer between inputs xs and an output gradient dy that the caller fills; `at` holds all arrays.

    `rows` are taken from buffers of `capacity` rows, as a short last batch is.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: tuple[Shape, ...],
        rows: int,
        dtype: str = "float64",
        seed: int = 0,
        capacity: int | None = None,
    ):
        self.layer = layer
        capacity = capacity or rows
        real = np.dtype(dtype)
        self.ctx = ctx = LayerContext()
        ctx.name, ctx.rows, ctx.info, ctx.empty = layer.yaml_name, rows, PassInfo(seed), np.zeros(0, real)
        ctx.addend = ctx.empty
        ctx.info.training = True

        def buffer(shape: Shape, kind: np.dtype = real) -> np.ndarray:
            return np.zeros((capacity, *shape), kind)[:rows]

        ctx.xs = [buffer(shape, np.dtype(np.int32) if layer.takes_tokens else real) for shape in inputs]
        ctx.x = ctx.xs[0]
        ctx.y = (
            ctx.x.reshape(rows, *layer.output_shape(*inputs))
            if layer.aliases_input
            else buffer(layer.output_shape(*inputs))
        )
        ctx.dy = buffer(layer.output_shape(*inputs))
        if layer.aliases_input:
            ctx.dxs = [ctx.dy.reshape(ctx.x.shape)]
        elif layer.takes_tokens:
            ctx.dxs = [None]
        else:
            ctx.dxs = [ctx.dy if layer.passes_gradient else buffer(shape) for shape in inputs]
        ctx.dx = ctx.dxs[0]
        self.parameters: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        for name, param in layer.parameters(*inputs).items():
            chosen = param.initializer or (
                Constant(value=1.0) if param.role == "scale" else Initializer.parse("glorot_uniform")
            )
            drawn = chosen.sample(randomness.key(seed, "initial", name), param.shape, param.fans)
            self.parameters[name] = np.ascontiguousarray(drawn, real)
            self.gradients[name] = np.zeros(param.shape, real)
            setattr(ctx, name, self.parameters[name])
            setattr(ctx, f"d{name}", self.gradients[name])
        for name, state in layer.state(*inputs).items():
            setattr(
                ctx, name, np.full((rows, *state.shape) if state.per_row else state.shape, state.value, real)
            )
        for name, saved in layer.saved(*inputs).items():
            kind = np.dtype(DTYPES[saved.dtype] or real)
            setattr(ctx, name, buffer(saved.shape, kind) if saved.per_row else np.zeros(saved.shape, kind))

    def forward(self) -> np.ndarray:
        if not self.layer.aliases_input:
            self.layer.forward(self.ctx)
        return self.ctx.y

    def forget_unread(self) -> None:
        """Fills what backward is not to look at with NaN, as a network puts other values there."""
        if self.layer.aliases_input or self.layer.passes_gradient:
            return
        for what, arrays in (("x", self.ctx.xs), ("y", [self.ctx.y])):
            for array in arrays:
                if what not in self.layer.reads and array.dtype.kind == "f":
                    array.fill(np.nan)

    def forget_gradients(self) -> None:
        """Fills every gradient with NaN, so that one that backward does not write shows."""
        for gradient in (*self.ctx.dxs, *self.gradients.values()):
            if gradient is not None:
                gradient.fill(np.nan)

    def backward(self) -> None:
        self.layer.prepare_backward(self.ctx)
        if self.parameters:
            self.layer.backward_parameters(self.ctx)
        if not (self.layer.aliases_input or self.layer.passes_gradient or self.layer.takes_tokens):
            self.layer.backward_input(self.ctx)
