"""SAM: sharpness-aware minimization. `training/ascent.py` computes its second gradient."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from nntrain.optimizers.optimizer import Optimizer
from nntrain.optimizers.wrapper import Wrapper
from nntrain.options import mistake


class SAM(Wrapper, name="sam"):
    """Sharpness-aware minimization: `base` takes its step with the gradient at `p + rho g / |g|`, the worst point nearby.

    It finds flat minima, which often generalize better. Each step computes two gradients of the same batch, with the same dropout
    masks, and takes twice as long. The loss, the metrics and batch norm's running statistics are those of the first one, at p. With
    `train.shards`, each shard has its own worst point, as each accelerator has in the paper.

    Source: Foret et al. 2021, Sharpness-aware minimization for efficiently improving generalization.
    """

    base: Optimizer = Field(description="the optimizer that takes the step; its lr is the learning rate")
    rho: float = Field(0.05, gt=0, description="the distance to the point of the second gradient")

    example: ClassVar = {"base": {"sgd": {"lr": 0.1, "momentum": 0.9}}}

    @model_validator(mode="after")
    def _one_ascent(self) -> Self:
        if self.base.perturbation:
            raise mistake(
                f"`base: {self.base.yaml_name}` cannot be combined with sam: it already contains sam",
                "Remove one of the two.",
            )
        return self

    @property
    def perturbation(self) -> float:  # type: ignore[override]
        return self.rho
