"""Features: what each layer makes of one sample: feature maps as images, units as cells, steps as columns."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.layers import outputs, sample_of, stages
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.network.node import Node

LAYERS, MAPS, UNITS, STEPS = 8, 12, 512, 200  # shown, at most
CELL, GAP, CAPTION = 0.62, 0.06, 0.3  # inches
ROW = 32  # units side by side
