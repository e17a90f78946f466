"""Images: the contents of image files as samples of a network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nntrain.data.images import image_files
from nntrain.errors import DataError
from nntrain.serve.problem import Problem
from nntrain.serve.served import Served


class ImageReader:
    """Reads images as those of the training were read; larger ones than `pixels` are refused before they are decoded."""

    def __init__(self, served: Served, pixels: int):
        self.served, self.pixels = served, pixels

    def read(self, contents: Sequence[tuple[str, bytes]]) -> np.ndarray:
        """(images, *input shape) uint8; each content with what errors call it. Raises Problem and DataError."""
        form, shape = self.served.form, self.served.data.input_shape
        if form is None:
            image = self.served.picture is not None
            reason = "on numbers in a unit that image files do not have" if image else "on other samples"
            hint = f"Send rows of shape {list(shape)} as JSON."
            raise Problem(415, f"expected no image files: the network was trained {reason}", hint)
        x = np.empty((len(contents), *shape), np.uint8)
        with image_files.strict_about_size():
            for row, (name, content) in zip(x, contents, strict=True):
                self._check_size(name, content)
                row[...] = image_files.read(Path(name), content, form).reshape(shape)
        return x

    def _check_size(self, name: str, content: bytes) -> None:
        with image_files.opened(Path(name), content) as image:
            width, height = image.size
        if width * height > self.pixels:
            message = (
                f"expected an image of at most {self.pixels:,} pixels. Received: {width:,} × {height:,}."
            )
            raise DataError(message, "Shrink the image.", name)
