"""Out of range: how a picture shows values that an axis cannot."""

from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import BLACK, PALE_INK


class OutOfRange:
    """Values that an axis cannot show: marked at its border and counted in a note below, never silently dropped."""

    def __init__(self) -> None:
        self.high: list[np.ndarray] = []  # epochs of NaN and infinities, one array per line
        self.low: list[np.ndarray] = []  # epochs of zeros and negative values on a logarithmic axis
        self.counts: dict[str, dict[str, int]] = {"NaN or infinite": {}, "zero or negative": {}}

    def keep(self, x: np.ndarray, y: np.ndarray, name: str, logarithmic: bool) -> np.ndarray:
        """Which of the values can be drawn; the others are recorded."""
        finite = np.isfinite(y)
        low = finite & (y <= 0) if logarithmic else np.zeros(len(y), dtype=bool)
        for what, places, where in (
            ("NaN or infinite", self.high, ~finite),
            ("zero or negative", self.low, low),
        ):
            if where.any():
                places.append(x[where])
                self.counts[what][name] = int(where.sum())
        return finite & ~low

    def draw(self, figure: Any, axes: Any) -> None:
        notes = []
        for places, marker, height, (what, counts) in zip(
            (self.high, self.low), ("x", "v"), (0.985, 0.015), self.counts.items(), strict=True
        ):
            if not counts:
                continue
            end = axes.get_xlim()[1]
            at = np.unique((np.concatenate(places) * (150 / end)).round()) * (
                end / 150
            )  # merged where marks would overlap
            axes.plot(
                at,
                np.full(len(at), height),
                marker,
                transform=axes.get_xaxis_transform(),
                color=BLACK,
                markersize=5,
                markeredgewidth=1.2,
                clip_on=False,
                zorder=8,
            )
            text = ", ".join(
                f"{n:,} {name}{'es' if name == 'mini-batch' and n > 1 else ''}" for name, n in counts.items()
            )
            notes.append(f"{'×' if marker == 'x' else '▾'} {what}: {text}")
        figure.text(0.012, 0.014, "     ".join(notes), fontsize=8.5, color=PALE_INK)
