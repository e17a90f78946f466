"""Augmented: images of the training split beside what augmentation makes of them."""

from pathlib import Path

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.words import plain, shortened

CELL, GAP, CAPTION = 1.06, 0.08, 0.2  # inches
LEFT, RIGHT = page.MARGINS["left"], 0.3


def draw_augmented(run_folder: str | Path) -> None:
    """Draws what augmented.npz of the run holds into augmented.png: a row an image, first as it is, then as epochs see it."""
    with np.load(Path(run_folder) / "augmented.npz", allow_pickle=False) as file:
        images, captions = file["images"], file["captions"]
    rows, columns, height, width, channels = images.shape
    told = bool((captions[:, 1:] != "").any())
    down, across = min(1, height / width) * CELL, min(1, width / height) * CELL
    pitch = down + GAP + CAPTION
    with page.styled():
        figure = page.new_figure(LEFT + columns * (across + GAP) + GAP + RIGHT, 0.95 + rows * pitch)
        total_width, total_height = figure.get_size_inches()
        page.title(
            figure, Path(run_folder).resolve().name, [["Training images as they are, and as epochs see them"]]
        )
        for row in range(rows):
            for column in range(columns):
                left = LEFT + column * (across + GAP) + (2 * GAP if column else 0)
                bottom = total_height - 0.92 - row * pitch - down
                axes = figure.add_axes(
                    (left / total_width, bottom / total_height, across / total_width, down / total_height)
                )
                image = images[row, column] if channels == 3 else images[row, column, :, :, 0]
                axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                axes.set_xticks([])
                axes.set_yticks([])
                for side in axes.spines.values():
                    side.set(visible=True, color="#BBBBBB", linewidth=0.8)
                if row == 0:
                    axes.set_title(
                        "as it is" if column == 0 else f"epoch {column}", fontsize=8.5, pad=4, color=page.INK
                    )
                if column == 0 or told:
                    axes.set_xlabel(
                        shortened(plain(str(captions[row, column])), 22),
                        fontsize=7,
                        labelpad=3,
                        parse_math=False,
                    )
        page.save(figure, Path(run_folder) / "augmented.png")
