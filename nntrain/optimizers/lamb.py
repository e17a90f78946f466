"""LAMB: adam with a learning rate for each layer."""

import math
from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.optimizers.adam import AdamFamily
from nntrain.optimizers.part import Part


class Lamb(AdamFamily, name="lamb"):
    """LAMB: `p -= lr |p| / |u| u` for each weight or bias array p, with adam's update `u = m / (sqrt(v) + eps) + weight_decay p`.

    Each array moves by the fraction lr of its own norm, so that large batches can take large steps. Where |p| or |u| is 0, their ratio
    is 1.

    Source: You et al. 2020, Large batch optimization for deep learning: training BERT in 76 minutes, algorithm 2.
    """

    lr: float = Field(1e-3, gt=0, description="the learning rate")
    eps: float = Field(1e-6, gt=0, description="added to the denominator for numerical stability")
    weight_decay: float = Field(
        0.0, ge=0, description="the weight decay: adds `weight_decay p` to the update, before it is scaled"
    )

    example: ClassVar = {"lr": 0.002, "weight_decay": 0.01}

    elementwise = False

    def update(self, part: Part, lr: float, step: int) -> None:
        mean_correction, square_correction = self.corrections(step)
        numbers = (lr, *self.rates(), 1 / mean_correction, 1 / math.sqrt(square_correction), self.eps)
        decayed = self.decayed(part)
        for tensor in part.tensors:
            theta, grad, mean, square = (
                array[tensor.start : tensor.stop]
                for array in (part.theta, part.grad, part.slots["mean"], part.slots["square"])
            )
            decay = self.weight_decay if tensor.start < decayed else 0.0
            kernels.lamb.lamb(theta, grad, mean, square, (*numbers, decay))
