"""IDX files, the format of MNIST."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from nntrain.data.dataset import Reader, Splits
from nntrain.data.images.idx_pairs import Layout, load_pairs
from nntrain.options import PathName, mistake


class Idx(Reader, name="idx"):
    """Images and labels in IDX files, plain or gzip-compressed.

    The classes are the labels in the data, in order. Images of bytes stay bytes: 0 to 255 are scaled to [0, 1].
    """

    example: ClassVar = {"images": "images.idx3", "labels": "labels.idx1"}

    images: PathName = Field(
        description="the file of images (count, height, width), or arrays with other axes"
    )
    labels: PathName = Field(description="the file of their labels")
    test_images: PathName | None = Field(None, description="the file of test images")
    test_labels: PathName | None = Field(None, description="the file of their labels")
    as_: Layout = Field("image", alias="as", description="images (height, width, 1), or vectors")

    @model_validator(mode="after")
    def _test_files_together(self) -> "Idx":
        if (self.test_images is None) != (self.test_labels is None):
            raise mistake("expected both `test_images` and `test_labels`. Received: one of them.")
        return self

    def load(self, folder: Path) -> Splits:
        files = {"train": (self.images, self.labels)}
        if self.test_images is not None and self.test_labels is not None:
            files["test"] = (self.test_images, self.test_labels)
        return load_pairs(folder, files, self.as_)
