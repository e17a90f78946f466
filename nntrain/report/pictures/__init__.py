"""Plots: the pictures of a run folder. `python -m nntrain.report.pictures RUN_FOLDER [PICTURE]` draws one.

Training starts that as a process of its own, so that drawing never stops training; it loads numpy and matplotlib only,
and matplotlib only when something is drawn. The same numbers give the same bytes.
"""

from nntrain.report.pictures.augmented import draw_augmented
from nntrain.report.pictures.comparison import draw_comparison
from nntrain.report.pictures.filters import draw_filters
from nntrain.report.pictures.fit import draw_fit
from nntrain.report.pictures.forecast import draw_forecast
from nntrain.report.pictures.loss import draw_loss
from nntrain.report.pictures.regions import draw_decision, grid_over

__all__ = [
    "draw_augmented",
    "draw_comparison",
    "draw_decision",
    "draw_filters",
    "draw_fit",
    "draw_forecast",
    "draw_loss",
    "grid_over",
]
