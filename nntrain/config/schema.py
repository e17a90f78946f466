"""Config: every option of a training run, as typed fields: the source of validation, defaults, JSON Schema and manual."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

import nntrain.data  # registers the sources
import nntrain.layers  # noqa: F401  (registers the layers)
from nntrain.data.dataset import Reader
from nntrain.data.transforms.augment import Augmentation
from nntrain.initializers import Auto, Initializer
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.optimizers import Optimizer
from nntrain.options import Options, Several, either, mistake, shown
from nntrain.schedules import Constant, Schedule

LONGEST_NAME = 200  # bytes; file systems allow 255, and a suffix such as `-2` can follow


def run_name(name: str) -> str:
    """A valid name of a run, which is also the name of its folder. Raises PydanticCustomError, a ValueError."""
    if (
        name in ("", ".", "..")
        or set(name) & set("/\\")
        or not name.isprintable()
        or len(name.encode()) > LONGEST_NAME
    ):
        raise mistake(
            f"expected the name of one folder, without '/' and of at most {LONGEST_NAME} bytes. Received: {shown(name)}"
        )
    return name


def _require_one(**options: Any) -> None:
    given = sum(value is not None for value in options.values())
    if given != 1:
        expected = either(f"`{name}`" for name in options)
        raise mistake(f"expected either {expected}. Received: {'both' if given else 'neither'}")


Fraction = Annotated[float, Field(gt=0, lt=1)]
RunName = Annotated[
    str, AfterValidator(run_name), Field(json_schema_extra={"pattern": r"^(?!\.{1,2}$)[^/\\]+$"})
]


class DataSection(Options):
    """The data set, and how it is split into training, validation and test splits.

    The best epoch is selected on the validation split. The test split measures the trained network on samples that
    selected nothing. `data: digits` is short for `data: {source: digits}`.
    """

    source: Reader = Field(description="the data set")
    test: Fraction | Reader | None = Field(
        None,
        description="the test split: a fraction of the source to hold out, or a source of its own; "
        "only for sources without a test split",
    )
    validation: Fraction | Reader | None = Field(
        None,
        description="the validation split: a fraction of the training split to hold out, stratified by class, or a source "
        "of its own",
    )
    standardize: bool = Field(
        False,
        description="standardize each column of a table, or each channel of images, to zero mean and unit variance, by "
        "statistics computed on the training split",
    )
    augment: Several[Augmentation] = Field(
        (),
        description="random augmentations of the training images, applied one after the other, with new random values in each epoch",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_spelling(cls, value: Any) -> Any:
        """`data: digits` and `data: {digits: {...}}` are short for `data: {source: ...}`."""
        if isinstance(value, str) or (
            isinstance(value, dict) and len(value) == 1 and set(value) <= set(Reader.members())
        ):
            return {"source": value}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler.resolve_ref_schema(handler(core))
        short = {"allOf": section["properties"]["source"]["allOf"]}
        return {"description": section.pop("description"), "anyOf": [short, section]}


class ModelSection(Options):
    """The network: its layers, and the initialization of their weights."""

    initializer: Initializer = Field(
        Auto(), description="the initial weights of all layers that do not set their own initializer"
    )
    layers: Several[Layer] = Field(
        min_length=1,
        description="the layers, each applied to the output of the one before; the last one is the output, with one value "
        "per class or target",
    )


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
    precision: Literal["float32", "float64"] = Field(
        "float32",
        description="the type of all arrays; `float32` is about twice as fast, `float64` has 16 significant digits "
        "instead of 7",
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
        "validation_accuracy; by default validation_loss, or train_loss without a validation split",
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


class Config(Options):
    """A training run: the data, the network, the loss, the optimizer and the training loop."""

    name: RunName | None = Field(
        None,
        description="the name of the run and of its folder; by default the name of the config file without .yaml",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="the seed of all randomness: initial weights, splits, order of samples, dropout",
    )
    data: DataSection = Field(description="the data set and its splits")
    model: ModelSection = Field(description="the network")
    loss: Loss = Field(description="the loss function that training minimizes")
    metrics: Several[Metric] = Field((), description="metrics to report in addition to the loss")
    optimizer: Optimizer = Field(description="the update rule")
    schedule: Schedule = Field(Constant(), description="how the learning rate changes during training")
    train: TrainSection = Field(TrainSection(), description="the training loop")
