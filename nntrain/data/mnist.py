"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, from the folder that holds its four files."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from nntrain.data.dataset import Reader, Splits
from nntrain.data.files import resolved
from nntrain.data.idx import load_pairs
from nntrain.errors import UserError

FILES = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
         "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")}


class Mnist(Reader, name="mnist"):
    """Handwritten digits of 28 x 28 pixels; 60,000 to train on and 10,000 to test with (LeCun, Cortes and Burges 1998).

    Looked for in `root`, else in `$NNTRAIN_DATA/mnist`, else in `~/.cache/nntrain/data/mnist`.
    """

    as_: Literal["image", "vector"] = Field("image", alias="as", description="28 x 28 x 1 images, or vectors of 784 values")
    root: str | None = Field(None, min_length=1, description="the folder of the four files")

    def load(self, folder: Path) -> Splits:
        home = _folder_with_files("mnist", resolved(folder, self.root) if self.root is not None else None)
        files = {part: tuple(str(home / _present(home, name)) for name in names) for part, names in FILES.items()}
        return load_pairs(folder, files, self.as_, classes=10)


def _folder_with_files(name: str, root: Path | None) -> Path:
    """The first folder that holds all of FILES: `root` alone, or else the user's folders for data."""
    if root is not None:
        places = [root]
    else:
        named = os.environ.get("NNTRAIN_DATA")
        places = [Path(named) / name] if named else []
        places.append(Path(os.path.expanduser("~/.cache/nntrain/data")) / name)
    missing = {place: [file for pair in FILES.values() for file in pair if not _present(place, file)] for place in places}
    for place in places:
        if not missing[place]:
            return place
    wanted = ", ".join(file for pair in FILES.values() for file in pair)
    looked = "\n".join(f"  {place} lacks {', '.join(missing[place]) if len(missing[place]) < 4 else 'all of them'}"
                       for place in places)
    raise UserError(f"{name}: expected the four files {wanted} (.gz or not) in one folder. Looked in:\n{looked}\n"
                    f"Put them there, or name their folder with `root`, or set NNTRAIN_DATA to the folder above `{name}`.")


def _present(place: Path, file: str) -> str | None:
    """The file's name with or without .gz, whichever is there."""
    return next((name for name in (file, f"{file}.gz") if (place / name).is_file()), None)
