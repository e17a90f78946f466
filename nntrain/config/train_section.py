"""Train section: the options of the training loop, and the sections within it."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from nntrain.options import Options, either, mistake, shown


def _require_one(**options: Any) -> None:
    given = sum(value is not None for value in options.values())
    if given != 1:
        expected = either(f"`{name}`" for name in options)
        raise mistake(f"expected either {expected}. Received: {'both' if given else 'neither'}")


class RegularizeSection(Options):
    """A penalty on the weights: training minimizes `loss + l1 sum |w| + l2 sum w²`.

    It applies to weights, not to biases or to the scales of normalization layers. Reported losses exclude it.
    """

    l1: float = Field(
        0.0, ge=0, description="factor of the sum of absolute weights; drives many weights to exactly 0"
    )
    l2: float = Field(0.0, ge=0, description="factor of the sum of squared weights; keeps weights small")

    example: ClassVar = {"l2": 1e-4}


class GradClipSection(Options):
    """Clips the gradient before each step, so that one bad batch cannot move the weights far. Set one of the two options.

    Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks.
    """

    norm: float | None = Field(
        None,
        gt=0,
        description="scale the gradient so that its L2 norm over all parameters is at most this value",
    )
    value: float | None = Field(
        None, gt=0, description="clip each element of the gradient to [-value, value]"
    )

    example: ClassVar = {"norm": 1.0}

    @model_validator(mode="after")
    def _one_of_two(self) -> "GradClipSection":
        _require_one(norm=self.norm, value=self.value)
        return self


class GradientNoiseSection(Options):
    """Gaussian noise on the gradient with decaying variance: `eta / (1 + t)^gamma` in step t.

    It can help deep networks to train from a poor initialization.

    Source: Neelakantan et al. 2015, Adding gradient noise improves learning for very deep networks.
    """

    eta: float = Field(gt=0, description="the initial variance; the paper uses 0.01, 0.3 and 1")
    gamma: float = Field(0.55, ge=0, description="the decay rate of the variance")

    example: ClassVar = {"eta": 0.01}


class WeightAverageSection(Options):
    """An exponential moving average of the parameters, used for evaluation in place of the parameters.

    `average = decay average + (1 - decay) p` after each step, which averages out the noise of single steps.

    Source: Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    decay: float = Field(
        gt=0, lt=1, description="the share of the average that each step keeps, such as 0.999"
    )

    example: ClassVar = {"decay": 0.999}


class EarlyStoppingSection(Options):
    """Stops training when the monitored value no longer improves. The best checkpoint is that of the best value, whatever
    `min_delta` is.
    """

    patience: int = Field(
        ge=1, description="the number of evaluations without an improvement before training stops"
    )
    min_delta: float = Field(
        0.0, ge=0, description="the smallest improvement that starts the patience anew; smaller ones add up"
    )

    example: ClassVar = {"patience": 5}


class IntervalSection(Options):
    """The interval between evaluations. Set one of the two options."""

    steps: int | None = Field(None, ge=1, description="evaluate after every this many steps")
    epochs: int | None = Field(None, ge=1, description="evaluate after every this many epochs")

    example: ClassVar = {"steps": 100}

    @model_validator(mode="after")
    def _one_of_two(self) -> "IntervalSection":
        _require_one(steps=self.steps, epochs=self.epochs)
        return self


class CheckpointSection(Options):
    """When to save a checkpoint, in addition to the end of each epoch and each evaluation, and how many to keep."""

    every_steps: int | None = Field(
        None, ge=1, description="also save after every this many steps, for long epochs"
    )
    every_minutes: float | None = Field(
        None, gt=0, description="also save after the step that ends this many minutes without a checkpoint"
    )
    keep: int = Field(
        0,
        ge=0,
        description="how many checkpoints to keep in addition to the best and the last one, as `step-00000500.safetensors`: "
        "the last ones of those at the end of an epoch, at an evaluation and at `every_steps`",
    )

    example: ClassVar = {"every_steps": 500}


class RecordSection(Options):
    """Records norms and distributions of each layer while it trains, for the pictures `weights`, `gradients` and `activations`.

    `record: true` is short for `record: {}`. The rows are in `layers.csv` of the run: for each array its norm, mean, standard
    deviation, largest absolute value and quantiles (of arrays with more than 4,096 values, quantiles of so many of them).
    Recording changes no result.
    """

    weights: bool = Field(
        True, description="record the parameters after the step, and the norm of its update"
    )
    gradients: bool = Field(
        True, description="record the gradients as the optimizer takes them, after penalties and clipping"
    )
    activations: bool = Field(
        True,
        description="record the layers' outputs for the batch of the step, by another forward pass in evaluation mode",
    )
    every_steps: int | None = Field(
        None,
        ge=1,
        description="record the first step and then every this many steps; without `every_steps` and `every_epochs`, about "
        "100 times, evenly over the run. A record takes about as long as a step, and at least 0.3 ms: mnist_mlp takes 1% longer",
    )
    every_epochs: int | None = Field(
        None, ge=1, description="record the first step and then the last one of every this many epochs"
    )

    @model_validator(mode="after")
    def _at_most_one(self) -> "RecordSection":
        if self.every_steps is not None and self.every_epochs is not None:
            _require_one(every_steps=self.every_steps, every_epochs=self.every_epochs)
        return self


class _OrBoolean:
    """In the JSON Schema of an optional section: true and false are allowed too."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [*handler(core)["anyOf"], {"type": "boolean"}]}


def _switched(value: Any) -> Any:
    """`true` is the section with its defaults, `false` none."""
    if isinstance(value, bool):
        return {} if value else None
    if isinstance(value, dict | Options | None):
        return value
    raise mistake(f"expected true, false or a mapping of options. Received: {shown(value)}")


class TrainSection(Options):
    """The training loop: its length, its batches, what it monitors, and when it stops."""

    epochs: int = Field(10, ge=1, description="the number of passes over the training split")
    schedule_epochs: int | None = Field(
        None,
        ge=1,
        description="the number of epochs over which the schedule runs; by default the `epochs` with which the run was started, so "
        "that more epochs do not change the learning rate in hindsight",
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        32,
        description="the number of samples per step, or `full` for the whole training split; small batches mean more and "
        "noisier steps",
    )
    shards: int = Field(
        1,
        ge=1,
        description="the number of equal parts of each batch whose gradients are computed one after the other and summed, so that a "
        "batch needs the memory of one part (gradient accumulation); the ranks of a run on MPI share them. Batch statistics are "
        "those of a shard, and running statistics the mean over the shards. It must divide `batch_size`",
    )
    precision: Literal["float32", "float64", "bfloat16"] = Field(
        "float32",
        description="the type of all arrays; `float32` is about twice as fast, `float64` has 16 significant digits "
        "instead of 7; with `bfloat16`, arrays are float32, but dense, convolution, recurrent and attention layers multiply numbers "
        "rounded to bfloat16 (2 to 3 digits) and sum in float32, also in evaluation and prediction",
    )
    regularize: RegularizeSection = Field(RegularizeSection(), description="penalties on the weights")
    grad_clip: GradClipSection | None = Field(None, description="gradient clipping")
    gradient_noise: GradientNoiseSection | None = Field(
        None, description="noise on the gradient, added before clipping"
    )
    ema: WeightAverageSection | None = Field(
        None, description="evaluate an exponential moving average of the weights"
    )
    on_nan: Literal["stop", "skip", "rollback"] = Field(
        "stop",
        description="what to do at a NaN or an infinity: `stop` ends the run; `skip` leaves out the update of such a step, "
        "and ends the run after 10 in a row; `rollback` goes back to the parameters and the optimizer state of the last checkpoint "
        "of an epoch, an evaluation or `every_steps`, continues with the next batch and half the learning rate, and ends the run "
        "after 10 times. With `skip` and `rollback` each step also checks the gradient and the parameters",
    )
    monitor: str | None = Field(
        None,
        description="the value that selects the best checkpoint, stops early and guides reduce_on_plateau, such as "
        "validation_accuracy; by default validation_loss, or train_loss without a validation split; with `last`, the last "
        "checkpoint is the best, whatever its scores",
    )
    early_stopping: EarlyStoppingSection | None = Field(None, description="when to stop early")
    evaluate_every: IntervalSection = Field(
        IntervalSection(epochs=1), description="the interval between evaluations"
    )
    watch_test: bool = Field(
        False,
        description="also evaluate the test split during training; it never selects the best checkpoint",
    )
    checkpoint: CheckpointSection = Field(CheckpointSection(), description="when to save checkpoints")
    record: Annotated[RecordSection | None, BeforeValidator(_switched), _OrBoolean()] = Field(
        None,
        description="record norms and distributions of each layer, for the pictures `weights`, `gradients` and `activations`",
    )
    tensorboard: bool = Field(
        False,
        description="also write scalars, histograms of the weights (of the gradients, too, where `record` asks for them) and the "
        "pictures of the run for TensorBoard: `tensorboard --logdir runs`; needs `pip install 'nntrain[tensorboard]'`",
    )

    @field_validator("shards")
    @classmethod
    def _equal_parts(cls, shards: int, others: ValidationInfo) -> int:
        rows = others.data.get("batch_size", "full")  # missing where it is wrong itself
        if rows != "full" and rows % shards:
            raise mistake(
                f"expected a number that divides `batch_size`, {rows}, into equal parts. Received: {shards}",
                f"Set `batch_size` to {rows + -rows % shards}, for example.",
            )
        return shards
