"""Muon: momentum, orthogonalized."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.optimizers.adam import AdamW
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part, Tensor
from nntrain.options import mistake


class Muon(Optimizer, name="muon"):
    """Muon: `p -= lr r orthogonal(m)` for the weight matrices of hidden layers; all other parameters follow `others`.

    `m = momentum m + (1 - momentum) g`, with `nesterov` one step further; `orthogonal` sets its singular values to about 1, by
    `ns_steps` Newton-Schulz iterations, so that all directions learn at the same rate. A convolution's weight is a matrix with a
    column for each filter. `others` updates biases, the scales of normalization layers, embeddings and the output layer.

    Source: Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks.
    """

    lr: float = Field(
        0.02,
        gt=0,
        description="the learning rate of the matrices; a schedule scales that of `others` with it",
    )
    momentum: Fraction = Field(0.95, description="the decay rate of the running average of the gradient")
    nesterov: bool = Field(True, description="Nesterov momentum")
    ns_steps: int = Field(5, ge=1, le=99, description="the number of Newton-Schulz iterations")
    adjust_lr: Literal["original", "match_rms_adamw"] = Field(
        "original",
        description="r: `sqrt(max(1, outputs / inputs))`, or `0.2 sqrt(max(inputs, outputs))` (Liu et al. 2025), which makes steps as "
        "large as adamw's, so that its lr and weight decay suit",
    )
    weight_decay: float = Field(
        0.0,
        ge=0,
        description="the decoupled weight decay of the matrices: each step also does `p -= lr weight_decay p`",
    )
    others: Optimizer = Field(
        AdamW(), description="the optimizer of all other parameters, with a learning rate of its own"
    )
    decay_all: ClassVar[bool] = False  # type: ignore[misc]  # all matrices decay; `others` has its own

    example: ClassVar = {"lr": 0.02, "others": {"adamw": {"lr": 0.003}}}

    for_matrices = True

    @model_validator(mode="after")
    def _others_are_plain(self) -> Self:
        if self.others.average_slot or self.others.perturbation or self.others.for_matrices:
            raise mistake(
                f"`others: {self.others.yaml_name}` cannot be combined with muon: it concerns all parameters or matrices",
                "Use a plain optimizer, such as `others: adamw`.",
            )
        return self

    def slot_names(self) -> tuple[str, ...]:
        return ("momentum", *self.others.slot_names())

    def with_lr(self, lr: float) -> Self:
        others = self.others.with_lr(self.others.lr * lr / self.lr)
        return self.model_copy(update={"lr": lr, "others": others})

    def with_options(self, options: dict[str, Any]) -> Self:
        own = {name: value for name, value in options.items() if name in type(self).model_fields}
        return self.model_copy(update={**own, "others": self.others.with_options(options)})

    def start(self, part: Part) -> None:
        self.others.start(part)

    def update(self, part: Part, lr: float, step: int) -> None:
        for tensor in part.tensors:
            if tensor.matrix:
                self._update_matrix(part, tensor, lr)
        for place in runs(tensor for tensor in part.tensors if not tensor.matrix):
            self.others.update(part.at(place), self.others.lr * (lr / self.lr), step)

    def _update_matrix(self, part: Part, tensor: Tensor, lr: float) -> None:
        place, outputs = slice(tensor.start, tensor.stop), tensor.shape[-1]
        theta = part.theta[place]
        inputs = theta.size // outputs
        if self.adjust_lr == "original":
            ratio = math.sqrt(max(1.0, outputs / inputs))
        else:
            ratio = 0.2 * math.sqrt(max(inputs, outputs))
        m = np.empty_like(theta)
        ahead = self.momentum if self.nesterov else 1.0
        kernels.muon.direction(m, part.grad[place], part.slots["momentum"][place], (1 - self.momentum, ahead))
        m = kernels.muon.orthogonalize(m.reshape(inputs, outputs), self.ns_steps)
        kernels.muon.descend(theta, m.reshape(-1), lr * ratio, lr * self.weight_decay)


def runs(tensors: Iterable[Tensor]) -> Iterator[slice]:
    """Tensors that lie one after the other, as one slice."""
    start = stop = 0
    for tensor in tensors:
        if tensor.start != stop:
            if stop > start:
                yield slice(start, stop)
            start = tensor.start
        stop = tensor.stop
    if stop > start:
        yield slice(start, stop)
