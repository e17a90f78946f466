"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, in four files."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from nntrain.data.dataset import Reader, Splits
from nntrain.data.files.download import Remote
from nntrain.data.files.known import KnownFiles
from nntrain.data.files.opening import resolved
from nntrain.data.sources.idx import load_pairs


class MnistLike(Reader):
    """Four IDX files: images and labels to train on, images and labels to test with."""

    known: ClassVar[KnownFiles]
    names: ClassVar[tuple[str, ...]]  # of the classes

    as_: Literal["image", "vector"] = Field(
        "image", alias="as", description="28 x 28 x 1 images, or vectors of 784 values"
    )
    root: str | None = Field(None, min_length=1, description="the folder of the four files")

    def load(self, folder: Path) -> Splits:
        paths = [
            str(path)
            for path in self.known.paths(resolved(folder, self.root) if self.root is not None else None)
        ]
        return load_pairs(
            folder, {"train": (paths[0], paths[1]), "test": (paths[2], paths[3])}, self.as_, self.names
        )


class Mnist(MnistLike, name="mnist"):
    """Handwritten digits of 28 x 28 pixels; 60,000 to train on and 10,000 to test with.

    Looked for in `root`, else in `$NNTRAIN_DATA/mnist`, else in `~/.cache/nntrain/data/mnist`, else downloaded (12 MB).

    Source: LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition.
    """

    # Sizes and checksums of the original files of yann.lecun.com, which both mirrors hold, as TensorFlow Datasets checks them.
    known = KnownFiles(
        "mnist",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        (
            Remote(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            Remote(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            Remote(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            Remote(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
    )
    names = tuple("0123456789")
