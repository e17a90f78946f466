"""Initializers that are replaced by others when a network is built: `auto`, and `pretrained`."""

from typing import ClassVar

from pydantic import Field

from nntrain.initializers.initializer import Initializer
from nntrain.options import PathName


class Auto(Initializer, name="auto"):
    """Selects by the activation that follows the layer: `he_normal` for rectifiers, `lecun_normal` for selu, else
    `glorot_uniform`.

    Rectifiers are relu, leaky_relu, prelu, rrelu, relu6, elu, gelu, silu, hard_swish, mish, softplus and maxout. Normalization,
    dropout, reshaping, pooling and merging layers in between are skipped. Biases are 0.
    """


class Pretrained(Initializer, name="pretrained"):
    """Loads arrays of the same name from an earlier run or a safetensors file; all others are initialized as by `auto`.

    As the model's `initializer` it loads every array found there, running statistics too; as a layer's `weight_initializer` or
    `bias_initializer`, that one array. `fit` reports which names matched, were not found, or were not used. For fine-tuning, set
    `freeze: true` on the loaded layers, and only the others are trained.
    """

    path: PathName = Field(min_length=1, description="a run folder, a checkpoint, or a safetensors file")
    strict: bool = Field(True, description="report a missing name or a different shape as an error")

    example: ClassVar = {"path": "runs/digits"}
