"""CIFAR-10 and CIFAR-100: 60,000 small photographs each."""

from typing import Literal

from pydantic import Field

from nntrain.data.files.download import Remote
from nntrain.data.files.known import KnownArchive
from nntrain.data.images.cifar_classes import COARSE, FINE
from nntrain.data.images.cifar_records import PIXELS, CifarFormat

MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)


class Cifar10(CifarFormat, name="cifar10"):
    """Photographs of ten classes, 32 x 32 x 3 pixels; 50,000 for training and 10,000 for testing.

    Searched in `root`, `$NNTRAIN_DATA/cifar10` and `~/.cache/nntrain/data/cifar10`; downloaded (170 MB) if not found. The
    binary version's archive and its unpacked files are both accepted.

    Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
    """

    # Size and SHA-256 as in TensorFlow Datasets; the files hold 10,000 images each.
    known = KnownArchive(
        "cifar10",
        MIRRORS,
        (
            Remote(
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        ),
        "cifar-10-batches-bin",
        dict.fromkeys(
            (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"), 10_000 * (1 + PIXELS)
        ),
    )
    label_bytes = 1

    def label(self) -> tuple[int, tuple[str, ...]]:
        return 0, ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Cifar100(CifarFormat, name="cifar100"):
    """Photographs of a hundred classes, 32 x 32 x 3 pixels; 50,000 for training and 10,000 for testing.

    Searched in `root`, `$NNTRAIN_DATA/cifar100` and `~/.cache/nntrain/data/cifar100`; downloaded (169 MB) if not found. The
    binary version's archive and its unpacked files are both accepted.

    Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
    """

    known = KnownArchive(
        "cifar100",
        MIRRORS,
        (
            Remote(
                "cifar-100-binary.tar.gz",
                168_513_733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            ),
        ),
        "cifar-100-binary",
        {"train.bin": 50_000 * (2 + PIXELS), "test.bin": 10_000 * (2 + PIXELS)},
    )
    label_bytes = 2

    labels: Literal["fine", "coarse"] = Field(
        "fine", description="the hundred classes, or the twenty superclasses"
    )

    def label(self) -> tuple[int, tuple[str, ...]]:
        return (1, FINE) if self.labels == "fine" else (0, COARSE)
