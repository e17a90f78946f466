"""Small folders of images for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from nntrain.data.dataset import Splits
from tests.support.data import load


def picture(seed: int, height: int = 6, width: int = 5, channels: int = 3) -> np.ndarray:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return image[..., 0] if channels == 1 else image


def put(path: Path, image: np.ndarray | Image.Image, **options: object) -> None:
    """Writes an image, in a format by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, **options)


def make_pets(folder: Path) -> Path:
    """Three cats, two dogs, in colours, of 6 x 5 pixels."""
    for seed, name in enumerate(["cats/1.png", "cats/10.PNG", "cats/more/2.png", "dogs/a.bmp", "dogs/b.png"]):
        put(folder / "pets" / name, picture(seed))
    return folder / "pets"


def of(folder: Path, **options: object) -> Splits:
    return load({"image_folder": {"path": folder.name, **options}}, folder.parent)
