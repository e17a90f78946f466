"""The packaged iris flowers: the classic small table, 150 flowers of three species."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from nntrain.data.dataset import Reader, Splits
from nntrain.data.sources.csv import Csv

PACKAGED = Path(__file__).parents[1] / "packaged" / "iris.csv"


class Iris(Reader, name="iris"):
    """150 iris flowers of three species, by length and width of sepal and petal in cm, which come with the program.

    There is no test part: draw one, such as `test: 0.2`.

    Source: Fisher 1936, The use of multiple measurements in taxonomic problems.
    """

    target: Literal["species", "sepal_length", "sepal_width", "petal_length", "petal_width"] = Field(
        "species", description="the column to predict; of a length or width, the species is an input, one-hot"
    )

    def load(self, folder: Path) -> Splits:
        task = "classification" if self.target == "species" else "regression"
        return Csv(path=str(PACKAGED), target=self.target, task=task).load(folder)
