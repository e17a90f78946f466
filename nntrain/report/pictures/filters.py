"""Filters: what the first convolution looks for, above where it finds that in a few images."""

from pathlib import Path

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.words import plain, shortened

CELL, GAP, ASIDE = 0.82, 0.07, 0.14  # inches
ABOVE, LABEL = 0.86, 0.2


def draw_filters(run_folder: str | Path) -> None:
    """Draws what filters.npz of the run holds into filters.png: a column for each filter, a row for each image."""
    with np.load(Path(run_folder) / "filters.npz", allow_pickle=False) as file:
        weights, images, maps, names, total = (
            file[name] for name in ("weights", "images", "maps", "names", "of")
        )
    shown = weights.shape[-1]
    left = page.MARGINS["left"] + 0.3
    across = left + (shown + 1) * (CELL + GAP) + ASIDE + page.MARGINS["right"]
    with page.styled():
        figure = page.new_figure(
            max(across, 6), ABOVE + LABEL + (len(images) + 1) * (CELL + GAP) + ASIDE + 0.2
        )
        lines = [
            "What the first convolution looks for, and where it finds that: brighter is more",
            f"{'All' if shown == total else f'The {shown} largest of'} {total} filters; "
            + (
                "as colours, grey is nothing"
                if weights.shape[2] == 3
                else "blue adds, red takes away, white is nothing"
            ),
        ]
        page.title(figure, Path(run_folder).resolve().name, [[line] for line in lines])

        def cell(row: int, column: int, picture: np.ndarray, **colours) -> None:
            width, height = figure.get_size_inches()
            x = left + column * (CELL + GAP) + (ASIDE if column else 0)
            y = height - ABOVE - LABEL - row * (CELL + GAP) - (ASIDE if row else 0) - CELL
            axes = figure.add_axes((x / width, y / height, CELL / width, CELL / height))
            axes.imshow(picture, interpolation="nearest", **colours)
            axes.set_xticks([])
            axes.set_yticks([])
            for side in axes.spines.values():
                side.set(visible=True, color="#BBBBBB", linewidth=0.8)
            if column == 0:
                axes.set_ylabel(
                    shortened(plain(str(names[row - 1])), 12),
                    fontsize=8.5,
                    rotation=0,
                    ha="right",
                    va="center",
                    labelpad=6,
                    parse_math=False,
                )

        largest = np.abs(weights).max() or 1
        for number in range(shown):
            own = weights[..., number]
            if own.shape[-1] == 3:
                cell(0, number + 1, 0.5 + own / (2 * np.abs(own).max() or 1))
            else:
                cell(0, number + 1, own[..., 0], cmap="RdBu", vmin=-largest, vmax=largest)
            for row, found in enumerate(maps[..., number]):
                cell(
                    row + 1,
                    number + 1,
                    found,
                    cmap="gray",
                    vmin=maps[..., number].min(),
                    vmax=maps[..., number].max(),
                )
        for row, image in enumerate(images):
            cell(row + 1, 0, image if image.shape[-1] == 3 else image[..., 0], cmap="gray", vmin=0, vmax=1)
        page.save(figure, Path(run_folder) / "filters.png")
