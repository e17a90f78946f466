"""Config: every option of a training run, as typed fields: the source of validation, defaults, JSON Schema and manual."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic_core import CoreSchema

import nntrain.data  # registers the sources
import nntrain.layers  # noqa: F401  (registers the layers)
from nntrain.config.targets import TargetSection
from nntrain.config.train_section import TrainSection
from nntrain.data.dataset import Reader
from nntrain.data.folds.fold import Fold
from nntrain.data.split_by import SplitBy
from nntrain.data.transforms.augment import Augmentation
from nntrain.errors import ConfigError
from nntrain.initializers import Auto, Initializer
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.losses.weighted_sum import weighted_sum
from nntrain.metrics import Metric
from nntrain.optimizers import Optimizer
from nntrain.optimizers.group import ParameterGroup
from nntrain.options import Options, Several, mistake, mistake_at, shown
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
    split_by: SplitBy | None = Field(
        None,
        description="which samples fractions hold out: `{group: patient}` whole groups, `{time: day}` the latest. Default: random ones",
    )
    train_on_validation: bool = Field(
        False,
        description="train on the samples of the validation split, too, so that nothing selects the best epoch: the second run of "
        "`nntrain fit --on-all-data` does so, for the number of epochs that the first one found",
    )
    fold: Fold | None = Field(
        None,
        description="one fold of a cross-validation, as the test split in place of any other; `nntrain crossval` runs them all",
    )
    standardize: bool = Field(
        False,
        description="standardize each column of a table, or each channel of images, to zero mean and unit variance, by "
        "statistics computed on the training split",
    )
    target_transform: Literal["standard", "log"] | None = Field(
        None,
        description="how the loss sees numbers to predict: standardized to zero mean and unit variance, by statistics computed on the "
        "training split, or as their logarithm, standardized. Predictions and metrics are in the unit of the targets; the loss is not. "
        "Default: as they are",
    )
    class_weights: Literal["balanced"] | None = Field(
        None,
        description="balanced: rare classes count more in training, so that all classes have the same total weight; other splits "
        "are scored without. Default: all samples count equally",
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
    target: Literal["data", "input"] = Field(
        "data",
        description="what the network learns to predict: the targets of the data, or for an autoencoder its own input, standardized "
        "and flattened, in place of them; `nntrain predict` then gives the reconstruction error of each sample, high for anomalies",
    )
    layers: Several[Layer] = Field(
        min_length=1,
        description="the layers, each applied to the output of the one before; the last one is the output, with one value "
        "per class or target",
    )


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
    split_seed: int | None = Field(
        None,
        ge=0,
        lt=2**63,
        description="the seed of the splits and folds alone, so that runs with other seeds are scored on the same samples; none: "
        "`seed`",
    )
    data: DataSection = Field(description="the data set and its splits")
    model: ModelSection = Field(description="the network")
    loss: Loss = Field(
        description="the loss function that training minimizes; left out where there are `targets`, each with its own"
    )
    metrics: Several[Metric] = Field((), description="metrics to report in addition to the loss")
    targets: Several[TargetSection] = Field(
        (),
        description="several targets of different kinds, in place of `loss`, `metrics` and the source's `target`: columns of a `csv`, "
        "each with its loss; training minimizes the sum of the losses, times their weights. Metrics have the name of the target: "
        "`test_price_rmse`",
    )
    optimizer: Optimizer = Field(description="the update rule")
    parameter_groups: Several[ParameterGroup] = Field(
        (), description="other options of the optimizer for some of the parameters, or freezing them, by name"
    )
    schedule: Schedule = Field(Constant(), description="how the learning rate changes during training")
    train: TrainSection = Field(TrainSection(), description="the training loop")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler.resolve_ref_schema(handler(core))
        section["required"].remove("loss")
        none, some = {"type": "array", "maxItems": 0}, {"type": "array", "minItems": 1}
        alone = {"required": ["loss"], "properties": {"targets": none}}
        several = {"required": ["targets"], "properties": {"targets": some, "loss": False}}
        return {**section, "anyOf": [alone, several]}

    @model_validator(mode="before")
    @classmethod
    def _loss_of_targets(cls, value: Any) -> Any:
        """With `targets` the loss is the sum of theirs."""
        targets = value.get("targets") if isinstance(value, dict) else None
        if not isinstance(targets, list | tuple) or not targets:
            return value
        if value.get("loss") is not None:
            hint = "Remove this line, or `targets`."
            raise mistake_at(cls, ("loss",), "each of the `targets` has its own loss", hint)
        return {**value, "loss": weighted_sum()}

    @model_validator(mode="after")
    def _columns_of_targets(self) -> "Config":
        """The sources read the columns that `targets` name."""
        if not self.targets:
            return self
        refused = {
            ("metrics",): (bool(self.metrics), "Set `metrics` in each of the targets."),
            ("data", "target_transform"): (
                self.data.target_transform is not None,
                "Set `transform` in each of the targets.",
            ),
            ("data", "class_weights"): (
                self.data.class_weights is not None,
                "Set the weights in the loss of a target: `cross_entropy: {class_weights: [...]}`.",
            ),
            ("model", "target"): (self.model.target == "input", "Remove this line."),
        }
        for path, (given, hint) in refused.items():
            if given:
                raise mistake_at(type(self), path, "cannot be combined with `targets`", hint)
        columns = [target.column for target in self.targets]
        for place, column in enumerate(columns):
            if column in columns[:place]:
                message = f"{shown(column)} is already a target"
                raise mistake_at(type(self), ("targets", place, "column"), message)
        object.__setattr__(self, "data", self._with_columns())
        return self

    def _with_columns(self) -> DataSection:
        columns = [target.head_column() for target in self.targets]
        sources = {}
        for name in ("source", "test", "validation"):
            reader = getattr(self.data, name)
            if isinstance(reader, Reader):
                try:
                    sources[name] = reader.for_targets(columns)
                except ConfigError as error:
                    problem = error.problems[0]
                    path = problem.path if problem.path[0] == "targets" else ("data", name, *problem.path)
                    raise mistake_at(type(self), path, problem.message, problem.hint) from None
        return self.data.model_copy(update=sources)

    @model_serializer(mode="wrap")
    def _as_written(self, handler: Any) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        for name in self.implied:
            del found[name]
        return found

    @property
    def implied(self) -> tuple[str, ...]:
        """The options that follow from others, and are not written."""
        return ("loss", "metrics") if self.targets else ("targets",)

    @property
    def seed_of_splits(self) -> int:
        return self.seed if self.split_seed is None else self.split_seed
