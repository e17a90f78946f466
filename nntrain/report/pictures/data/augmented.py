"""Augmented: images of the training split next to their augmentations in the first epochs."""

from typing import Any

import numpy as np

from nntrain.kernels.precision import float_type
from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

IMAGES, EPOCHS = 6, 7
CELL, GAP, CAPTION = 1.06, 0.08, 0.2  # inches
LEFT, RIGHT = canvas.MARGINS["left"], 0.3


class Augmented(Picture, name="augmented"):
    title = "Training images, and their augmentations in the first epochs."
    moment = "start"
    applies_to = "configs with `data.augment`"

    def applies(self, subject: Subject) -> bool:
        return bool(subject.setup.config.data.augment)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """images (IMAGES, 1 + EPOCHS, height, width, channels) uint8, each row's first the original; captions of each."""
        setup = subject.setup
        data, augmenter = setup.splits.train, setup.augmenter()
        indices = setup.batches().indices(0, 0)[:IMAGES]
        batch = augmenter.batch(len(indices), float_type(setup.config.train.precision))
        no_captions = [""] * len(indices)
        originals = np.asarray(data.x[indices], dtype=np.float64)
        has_label = data.classes and not data.target_shape
        images = [originals]
        captions = [
            [data.classes[label] for label in np.asarray(data.target[indices])] if has_label else no_captions
        ]
        for epoch in range(EPOCHS):
            augmenter.gather(indices, epoch, batch)
            images.append(batch.x / data.scale + data.shift)  # in the units of the stored samples
            mixed = augmenter.mixed_outputs > 0
            captions.append(
                [mixture(data.classes, target) for target in batch.target] if mixed else no_captions
            )
        low, high = (0, 255) if data.x.dtype == np.uint8 else (originals.min(), originals.max())
        shares = (np.stack(images, axis=1) - low) / ((high - low) or 1)
        return {
            "images": np.rint(shares.clip(0, 1) * 255).astype(np.uint8),
            "captions": np.array(captions).T,
        }

    def figure(self, drawn: Drawn) -> Any:
        """A row for each image: the original, then a column for each epoch."""
        arrays = drawn.arrays
        images, captions = arrays["images"], arrays["captions"]
        rows, columns, height, width, channels = images.shape
        captioned = bool((captions[:, 1:] != "").any())
        down, across = min(1, height / width) * CELL, min(1, width / height) * CELL
        pitch = down + GAP + CAPTION
        figure = canvas.new_figure(LEFT + columns * (across + GAP) + GAP + RIGHT, 0.95 + rows * pitch)
        total_width, total_height = figure.get_size_inches()
        canvas.title(figure, drawn.name, sentence=self.title)
        for row in range(rows):
            for column in range(columns):
                left = LEFT + column * (across + GAP) + (2 * GAP if column else 0)
                bottom = total_height - 0.92 - row * pitch - down
                image = images[row, column] if channels == 3 else images[row, column, :, :, 0]
                place = (left / total_width, bottom / total_height)
                axes = figure.add_axes((*place, across / total_width, down / total_height))
                canvas.show_image(axes, image, cmap="gray", vmin=0, vmax=255)
                if row == 0:
                    head = "original" if column == 0 else f"epoch {column}"
                    axes.set_title(head, fontsize=8.5, pad=4, color=canvas.INK)
                if column == 0 or captioned:
                    caption = shortened(printable(str(captions[row, column])), 22)
                    axes.set_xlabel(caption, fontsize=7, labelpad=3, parse_math=False)
        return figure


def mixture(classes: tuple[str, ...], target: np.ndarray) -> str:
    """ "cat 0.7, dog 0.3": the two largest shares (outputs,) of a mixed target; binary targets have one output."""
    shares = target if len(target) > 1 else np.array([1 - target[0], target[0]])
    first, second = np.argsort(-shares, kind="stable")[:2]
    if shares[second] < 0.005:
        return classes[first]
    return f"{classes[first]} {shares[first]:.2g}, {classes[second]} {shares[second]:.2g}"
