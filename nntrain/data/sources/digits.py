"""Digits: 1,797 packaged images of 8 x 8 pixels, for a first network that trains in seconds."""

import gzip
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from nntrain import randomness
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.splits import stratified_split

PACKAGED = Path(__file__).parents[1] / "packaged" / "digits.csv.gz"
TEST_SAMPLES = 360


class Digits(Reader, name="digits"):
    """Handwritten digits, 8 x 8 pixels, packaged with nntrain: 1,437 for training and 360 for testing.

    The test split does not depend on the seed.

    Source: Alpaydin & Kaynak 1998, Optical recognition of handwritten digits, UCI Machine Learning Repository (CC BY 4.0).
    """

    as_: Literal["vector", "image"] = Field(
        "vector", alias="as", description="vectors of 64 values, or 8 x 8 x 1 images"
    )

    def load(self, folder: Path) -> Splits:
        with gzip.open(PACKAGED) as file:
            table = np.loadtxt(file, dtype=np.uint8, delimiter=",")
        x = (table[:, :-1] / 16).astype(np.float32)  # exact: sixteenths
        target = table[:, -1].astype(np.int32)
        if self.as_ == "image":
            x = x.reshape(-1, 8, 8, 1)
        train, test = (
            np.sort(rows) for rows in stratified_split(target, TEST_SAMPLES, randomness.key("digits", "test"))
        )
        classes = tuple("0123456789")
        return Splits(
            train=Dataset(x[train], target[train], classes), test=Dataset(x[test], target[test], classes)
        )
