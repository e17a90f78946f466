"""Targets: the options of each of several targets of different kinds."""

from typing import ClassVar, Literal

from pydantic import Field

from nntrain.data.tables.csv_file import Name
from nntrain.heads import HeadColumn
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.options import Options, Several


class TargetSection(Options):
    """One of several targets that a network predicts at once: a column of the table, with a loss of its own.

    A loss for classes makes the cells of the column classes, any other one numbers. The last layer has the outputs of all targets, in
    their order: one for a number, one per class, a single one for two classes with `binary_cross_entropy`.
    """

    example: ClassVar = {"column": "price", "loss": "mse"}

    column: Name = Field(
        description="the column to predict: its name, or its number from 1, or from -1 backwards"
    )
    loss: Loss = Field(description="the loss function of this target")
    weight: float = Field(1.0, gt=0, description="the factor of its loss in the sum that training minimizes")
    metrics: Several[Metric] = Field(
        (), description="metrics of this target; default: accuracy for classes, rmse for numbers"
    )
    transform: Literal["standard", "log"] | None = Field(
        None,
        description="how its loss sees a number: standardized to zero mean and unit variance, by statistics of the training split, or "
        "as its logarithm, standardized; predictions and metrics are in the unit of the column, the loss is not. Default: as it is",
    )
    on_missing: Literal["error", "skip"] = Field(
        "error",
        description="what a row without a value is: an error, or a row that adds nothing to the loss and the metrics of this target, "
        "and from which the others are learned",
    )

    @property
    def predicts_classes(self) -> bool:
        return self.loss.targets == "classes" or self.loss.binary

    def head_column(self) -> HeadColumn:
        """What it asks of the table."""
        return HeadColumn(self.column, self.predicts_classes, self.on_missing == "skip")
