"""Iris: the classic small table of 150 flowers of three species, packaged."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from nntrain.data.dataset import Reader, Splits
from nntrain.data.sources.csv import Csv

PACKAGED = Path(__file__).parents[1] / "packaged" / "iris.csv"


class Iris(Reader, name="iris"):
    """150 iris flowers of three species with the length and width of sepal and petal in cm, packaged with nntrain.

    There is no test split: hold out a fraction, such as `test: 0.2`.

    Source: Fisher 1936, The use of multiple measurements in taxonomic problems.
    """

    target: Literal["species", "sepal_length", "sepal_width", "petal_length", "petal_width"] = Field(
        "species",
        description="the column to predict; where it is a length or width, the species is a one-hot input",
    )

    def load(self, folder: Path) -> Splits:
        task: Literal["classification", "regression"] = (
            "classification" if self.target == "species" else "regression"
        )
        return Csv(path=str(PACKAGED), target=self.target, task=task).load(folder)
