"""The packaged iris flowers: the classic small table, 150 flowers of three species."""

from pathlib import Path

from nntrain.data.csv_file import Csv
from nntrain.data.dataset import Reader, Splits

PACKAGED = Path(__file__).parent / "packaged" / "iris.csv"


class Iris(Reader, name="iris"):
    """150 iris flowers of three species, by length and width of sepal and petal in cm, which come with the program.

    There is no test part: draw one, such as `test: 0.2`. Source: Fisher 1936, see packaged/README.md.
    """

    def load(self, folder: Path) -> Splits:
        return Csv(path=str(PACKAGED)).load(folder)
