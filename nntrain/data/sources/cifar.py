"""CIFAR-10 and CIFAR-100: 60,000 small photographs each, in files of records: one or two labels, then three colour planes."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.download import Remote
from nntrain.data.files.known import KnownArchive
from nntrain.data.files.opening import resolved, told
from nntrain.errors import UserError

SIDE, CHANNELS = 32, 3
PIXELS = SIDE * SIDE * CHANNELS
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)


class Cifar(Reader):
    """Records of label bytes and 3 x 32 x 32 pixels, in files to train on and a last one to test with."""

    known: ClassVar[KnownArchive]
    label_bytes: ClassVar[int]

    root: str | None = Field(None, min_length=1, description="the folder of the files, or of their archive")

    def label(self) -> tuple[int, tuple[str, ...]]:
        """Which of the label bytes counts, and the names of its classes."""
        raise NotImplementedError

    def load(self, folder: Path) -> Splits:
        *train, test = self.known.paths(resolved(folder, self.root) if self.root is not None else None)
        return Splits(train=self._dataset(train), test=self._dataset([test]))

    def _dataset(self, paths: list[Path]) -> Dataset:
        place, names = self.label()
        records = [read_records(path, self.label_bytes) for path in paths]
        for path, part in zip(paths, records, strict=True):
            wrong = np.flatnonzero(part[:, place] >= len(names))
            if wrong.size:
                raise UserError(
                    f"{path}: image {wrong[0] + 1}: expected a label from 0 to {len(names) - 1}. "
                    f"Received: {part[wrong[0], place]}."
                )
        x = np.empty((sum(map(len, records)), SIDE, SIDE, CHANNELS), np.uint8)
        start = 0
        for part in records:
            planes = part[:, self.label_bytes :].reshape(-1, CHANNELS, SIDE, SIDE)
            x[start : start + len(part)] = planes.transpose(0, 2, 3, 1)
            start += len(part)
        return Dataset(x, np.concatenate([part[:, place] for part in records]).astype(np.int32), names)


def read_records(path: Path, label_bytes: int) -> np.ndarray:
    """(images, label_bytes + 3072) uint8. Raises UserError for a file that is no whole number of them."""
    size = label_bytes + PIXELS
    with told(str(path), path):
        data = np.fromfile(path, np.uint8)
    if not data.size or data.size % size:
        raise UserError(
            f"{path}: expected records of {size:,} bytes, {label_bytes} of them for the label and {PIXELS:,} for the "
            f"pixels. Received: {data.size:,} bytes, which is not a number of whole records: the file is cut short, "
            "or it is another one."
        )
    return data.reshape(-1, size)


class Cifar10(Cifar, name="cifar10"):
    """Photographs of ten kinds of things in 32 x 32 x 3 pixels; 50,000 to train on and 10,000 to test with.

    Looked for in `root`, else in `$NNTRAIN_DATA/cifar10`, else in `~/.cache/nntrain/data/cifar10`, else downloaded (170 MB). Both
    the binary version's archive and its unpacked files will do.

    Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
    """

    # Size and SHA-256 as TensorFlow Datasets checks them; the files hold 10,000 images each.
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

    def label(self):
        return 0, ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Cifar100(Cifar, name="cifar100"):
    """Photographs of a hundred kinds of things in 32 x 32 x 3 pixels; 50,000 to train on and 10,000 to test with.

    Looked for in `root`, else in `$NNTRAIN_DATA/cifar100`, else in `~/.cache/nntrain/data/cifar100`, else downloaded (169 MB).
    Both the binary version's archive and its unpacked files will do.

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
        "fine", description="the hundred classes, or their twenty groups"
    )

    def label(self):
        return (1, FINE) if self.labels == "fine" else (0, COARSE)


COARSE = (
    "aquatic_mammals",
    "fish",
    "flowers",
    "food_containers",
    "fruit_and_vegetables",
    "household_electrical_devices",
    "household_furniture",
    "insects",
    "large_carnivores",
    "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores",
    "medium_mammals",
    "non-insect_invertebrates",
    "people",
    "reptiles",
    "small_mammals",
    "trees",
    "vehicles_1",
    "vehicles_2",
)
FINE = (
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
)
