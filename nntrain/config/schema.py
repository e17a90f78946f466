"""Config: every option of a training run, typed. The same fields make the checks, the defaults and the manual."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

import nntrain.data  # registers the sources
import nntrain.layers  # noqa: F401  (registers the layers)
from nntrain.data.dataset import Reader
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
    if name in ("", ".", "..") or set(name) & set("/\\") or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
        raise mistake(f"a run's name is the name of one folder, without '/' and of at most {LONGEST_NAME} bytes. "
                      f"Received: {shown(name)}. Where runs are kept is what `--runs-dir` says.")
    return name


def _require_one(**options: Any) -> None:
    given = sum(value is not None for value in options.values())
    if given != 1:
        raise mistake(f"expected either {' or '.join(f'`{name}`' for name in options)}. Received: {'both' if given else 'neither'}.")


Fraction = Annotated[float, Field(gt=0, lt=1)]
RunName = Annotated[str, AfterValidator(run_name)]


class DataSection(Options):
    """Where the samples come from and how they are split."""

    source: Reader = Field(description="the data set")
    test: Fraction | Reader | None = Field(None, description="a fraction of the source to hold out as the test split, or a source of its own; "
                       "only where the source brings no test split")
    validation: Fraction | Reader | None = Field(None, description="a fraction of the training split to watch as training goes on, shuffled and "
                             "stratified, or a source of its own")
    standardize: bool = Field(False, description="bring each column (of images: each channel) to mean 0 and deviation 1, "
                              "as measured on the training split")

    @model_validator(mode="before")
    @classmethod
    def _short_spelling(cls, value: Any) -> Any:
        """`data: digits` and `data: {digits: {...}}` are short for `data: {source: ...}`."""
        if isinstance(value, str) or (isinstance(value, dict) and len(value) == 1 and set(value) <= set(Reader.members())):
            return {"source": value}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler.resolve_ref_schema(handler(core))
        short = {"allOf": section["properties"]["source"]["allOf"]}
        return {"description": section.pop("description"), "anyOf": [short, section]}


class ModelSection(Options):
    """The network."""

    initializer: Initializer = Field(Auto(), description="where the weights start, unless a layer says otherwise")
    layers: Several[Layer] = Field(min_length=1, description="one after the other; the last one is the output")


class Regularize(Options):
    """A penalty on the weights, added to the loss that training minimizes. Reported losses are without it."""

    l1: float = Field(0.0, ge=0, description="factor of the sum of absolute weights")
    l2: float = Field(0.0, ge=0, description="factor of the sum of squared weights")


class GradClip(Options):
    """Bounds the gradient before each step."""

    norm: float | None = Field(None, gt=0, description="scale the whole gradient so that its norm is at most this")
    value: float | None = Field(None, gt=0, description="cut each element to [-value, value]")

    @model_validator(mode="after")
    def _one_of_two(self) -> "GradClip":
        _require_one(norm=self.norm, value=self.value)
        return self


class GradientNoise(Options):
    """Normal noise on the gradient, which fades: its variance in step t is eta / (1 + t)^gamma. Neelakantan 2015."""

    eta: float = Field(gt=0, description="the variance at the start; the paper tries 0.01, 0.3 and 1")
    gamma: float = Field(0.55, ge=0, description="how fast it fades")


class WeightAverage(Options):
    """An exponential moving average of the parameters, which is what evaluation uses. Polyak & Juditsky 1992."""

    decay: float = Field(gt=0, lt=1, description="how much of the average each step keeps, such as 0.999")


class EarlyStopping(Options):
    """Stops when the monitored value has not improved for a while."""

    patience: int = Field(ge=1, description="how many evaluations without improvement to wait")
    min_delta: float = Field(0.0, ge=0, description="what counts as an improvement must be larger than this")


class Every(Options):
    """A rhythm."""

    steps: int | None = Field(None, ge=1, description="in steps")
    epochs: int | None = Field(None, ge=1, description="in epochs")

    @model_validator(mode="after")
    def _one_of_two(self) -> "Every":
        _require_one(steps=self.steps, epochs=self.epochs)
        return self


class Checkpoint(Options):
    """When to save, beside the end of each epoch."""

    every_steps: int | None = Field(None, ge=1, description="save every so many steps")


class TrainSection(Options):
    """How to train."""

    epochs: int = Field(10, ge=1, description="passes over the training split")
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(32, description="samples a step, or `full` for all at once")
    precision: Literal["float32", "float64"] = Field("float32", description="the type of all arrays")
    regularize: Regularize = Field(Regularize(), description="penalties on the weights")
    grad_clip: GradClip | None = Field(None, description="bounds on the gradient")
    gradient_noise: GradientNoise | None = Field(None, description="noise on the gradient, before it is clipped")
    ema: WeightAverage | None = Field(None, description="evaluate an average of the weights over the last steps")
    monitor: str | None = Field(None, description="what `best` and early stopping follow, such as validation_loss (the "
                                "default; train_loss where there is no validation split) or validation_accuracy")
    early_stopping: EarlyStopping | None = Field(None, description="when to stop early")
    evaluate_every: Every = Field(Every(epochs=1), description="when to evaluate")
    watch_test: bool = Field(False, description="also evaluate the test split as training goes on; it never chooses `best`")
    checkpoint: Checkpoint = Field(Checkpoint(), description="when to save")


class Config(Options):
    """A training run."""

    name: RunName | None = Field(None, description="name of the run; the file's stem by default")
    seed: int = Field(0, ge=0, lt=2**63, description="all randomness comes from it")
    data: DataSection
    model: ModelSection
    loss: Loss
    metrics: Several[Metric] = Field((), description="what to report beside the loss")
    optimizer: Optimizer
    schedule: Schedule = Field(Constant(), description="how the learning rate changes")
    train: TrainSection = Field(TrainSection(), description="how to train")
