"""Config: every option of a training run, typed. The same fields make the checks, the defaults and the manual."""

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
from nntrain.options import Options, Several, mistake, shown
from nntrain.schedules import Constant, Schedule

LONGEST_NAME = 200  # bytes; file systems allow 255, and `-2` or the like may come after it


def run_name(name: str) -> str:
    """A run's name, which becomes a folder's. Raises PydanticCustomError, a ValueError, for what cannot be one."""
    if (
        name in ("", ".", "..")
        or set(name) & set("/\\")
        or not name.isprintable()
        or len(name.encode()) > LONGEST_NAME
    ):
        raise mistake(
            f"a run's name is the name of one folder, without '/' and of at most {LONGEST_NAME} bytes. "
            f"Received: {shown(name)}. Where runs are kept is what `--runs-dir` says."
        )
    return name


def _require_one(**options: Any) -> None:
    given = sum(value is not None for value in options.values())
    if given != 1:
        wanted = " or ".join(f"`{name}`" for name in options)
        raise mistake(f"expected either {wanted}. Received: {'both' if given else 'neither'}.")


Fraction = Annotated[float, Field(gt=0, lt=1)]
RunName = Annotated[str, AfterValidator(run_name)]


class DataSection(Options):
    """Where the samples come from, and how they are split into those to train on, to validate with, and to test with.

    The validation split chooses the best epoch; the test split tells how good it is on samples that nothing was chosen by. `data:
    digits` is short for `data: {source: digits}`.
    """

    source: Reader = Field(description="the data set")
    test: Fraction | Reader | None = Field(
        None,
        description="a fraction of the source to hold out as the test split, or a "
        "source of its own; only where the source brings no test split",
    )
    validation: Fraction | Reader | None = Field(
        None,
        description="a fraction of the training split to hold out as the "
        "validation split, of each class in proportion, or a source of its own",
    )
    standardize: bool = Field(
        False,
        description="bring each column of a table, each channel of images, to mean 0 and deviation "
        "1, as measured on the training split",
    )
    augment: Several[Augmentation] = Field(
        (),
        description="what to do to the images of the training split, one after the other, "
        "each time that training sees them",
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
    """The network: layers one after the other, and where their weights start."""

    initializer: Initializer = Field(
        Auto(), description="where the weights start, unless a layer says otherwise"
    )
    layers: Several[Layer] = Field(
        min_length=1,
        description="one after the other; the last one is the output, with one value "
        "for each class or target",
    )


class Regularize(Options):
    """A penalty on the weights: training makes `loss + l1 sum of |w| + l2 sum of w²` small.

    It covers weights, not biases and not the scales of normalisations. Reported losses are without it.
    """

    l1: float = Field(
        0.0, ge=0, description="the factor of the sum of absolute weights; pulls many weights to 0"
    )
    l2: float = Field(0.0, ge=0, description="the factor of the sum of squared weights; keeps weights small")

    example: ClassVar = {"l2": 1e-4}


class GradClip(Options):
    """Bounds the gradient before each step, so that a single bad batch cannot throw the weights far off. One of the two.

    Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks.
    """

    norm: float | None = Field(
        None,
        gt=0,
        description="scale the whole gradient down so that its length, over all parameters, is at most this",
    )
    value: float | None = Field(
        None, gt=0, description="cut each element of the gradient to between -value and value"
    )

    example: ClassVar = {"norm": 1.0}

    @model_validator(mode="after")
    def _one_of_two(self) -> "GradClip":
        _require_one(norm=self.norm, value=self.value)
        return self


class GradientNoise(Options):
    """Normal noise on the gradient, which fades: its variance in step t is `eta / (1 + t)^gamma`.

    It can help a deep network out of a poor start.

    Source: Neelakantan et al. 2015, Adding gradient noise improves learning for very deep networks.
    """

    eta: float = Field(gt=0, description="the variance at the start; the paper tries 0.01, 0.3 and 1")
    gamma: float = Field(0.55, ge=0, description="how fast it fades")

    example: ClassVar = {"eta": 0.01}


class WeightAverage(Options):
    """An exponential moving average of the parameters, which is what evaluation uses.

    `average = decay average + (1 - decay) p` after each step: the noise of single steps averages out.

    Source: Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    decay: float = Field(gt=0, lt=1, description="how much of the average each step keeps, such as 0.999")

    example: ClassVar = {"decay": 0.999}


class EarlyStopping(Options):
    """Ends training when the monitored value has not improved for a while. The best checkpoint is kept."""

    patience: int = Field(ge=1, description="how many evaluations without an improvement to wait for one")
    min_delta: float = Field(0.0, ge=0, description="an improvement must be larger than this to count")

    example: ClassVar = {"patience": 5}


class Every(Options):
    """How often to evaluate. One of the two."""

    steps: int | None = Field(None, ge=1, description="after every so many steps")
    epochs: int | None = Field(None, ge=1, description="after every so many epochs")

    example: ClassVar = {"steps": 100}

    @model_validator(mode="after")
    def _one_of_two(self) -> "Every":
        _require_one(steps=self.steps, epochs=self.epochs)
        return self


class Checkpoint(Options):
    """When to save, besides at the end of each epoch and at each evaluation."""

    every_steps: int | None = Field(
        None, ge=1, description="save after every so many steps, too: for epochs that take long"
    )

    example: ClassVar = {"every_steps": 500}


class TrainSection(Options):
    """How to train: for how long, in which steps, what to watch, and when to stop."""

    epochs: int = Field(10, ge=1, description="how many times training goes over the training split")
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        32,
        description="how many samples each step sees, or "
        "`full` for all at once; small batches take more and noisier steps",
    )
    precision: Literal["float32", "float64"] = Field(
        "float32",
        description="the type of all arrays; `float32` is about twice as "
        "fast, `float64` has 16 digits in place of 7",
    )
    regularize: Regularize = Field(Regularize(), description="penalties on the weights")
    grad_clip: GradClip | None = Field(None, description="bounds on the gradient")
    gradient_noise: GradientNoise | None = Field(
        None, description="noise on the gradient, before it is clipped"
    )
    ema: WeightAverage | None = Field(
        None, description="evaluate an average of the weights over the last steps"
    )
    monitor: str | None = Field(
        None,
        description="what the best checkpoint and early stopping go by, such as "
        "validation_accuracy; none: validation_loss, or train_loss where there is no validation split",
    )
    early_stopping: EarlyStopping | None = Field(None, description="when to stop early")
    evaluate_every: Every = Field(Every(epochs=1), description="how often to evaluate")
    watch_test: bool = Field(
        False,
        description="also evaluate the test split as training goes on; it never chooses the best checkpoint",
    )
    checkpoint: Checkpoint = Field(Checkpoint(), description="when to save")


class Config(Options):
    """A training run: which data, which network, which loss, how it learns, for how long."""

    name: RunName | None = Field(
        None, description="name of the run, and of its folder; none: the config's file name without .yaml"
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="all randomness follows from it: initial weights, splits, order of "
        "samples, dropout; another seed is another try",
    )
    data: DataSection = Field(description="where the samples come from")
    model: ModelSection = Field(description="the network")
    loss: Loss = Field(description="how wrong a prediction is: what training makes small")
    metrics: Several[Metric] = Field((), description="what to report beside the loss")
    optimizer: Optimizer = Field(description="how the parameters follow the gradient")
    schedule: Schedule = Field(Constant(), description="how the learning rate changes as training goes on")
    train: TrainSection = Field(TrainSection(), description="how to train")
