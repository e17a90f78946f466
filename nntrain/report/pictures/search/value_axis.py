"""Value axis: the limits of an axis of scores, which a few very bad scores do not stretch."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.report.formats import counted
from nntrain.report.pictures.drawing.axes import plain_labels, scale

RATIO = 20.0  # between losses, above which their axis is logarithmic
# Interquartile ranges beyond the quartiles, of values and of their logarithms: the outer and the inner fence of Tukey 1977.
FENCE, LOG_FENCE = 3.0, 1.5
FEWEST = 4  # values of which some may be outside
FEW, WIDER = 10, 3.0  # of fewer values, whose quartiles are uncertain, the fence is so many times as far out


@dataclass(frozen=True)
class ValueAxis:
    """The limits of an axis. Bad values may be outside, never good ones."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: np.ndarray, higher_is_better: bool) -> "ValueAxis":
        """The axis for values (n,); NaN and infinity do not count."""
        found = np.clip(values[np.isfinite(values)], -1e100, 1e100)
        if not len(found):
            return cls(0.0, 1.0, False)
        positive = bool((found > 0).all()) and not higher_is_better
        logarithmic = positive and float(found.max()) / float(found.min()) > RATIO
        placed = (
            np.log10(np.maximum(found, 1e-100)) if logarithmic else found
        )  # nothing overflows within 100 decades each way
        low, high = float(placed.min()), float(placed.max())
        if len(found) >= FEWEST:
            quarter, three_quarters = np.quantile(placed, (0.25, 0.75))
            fence = (LOG_FENCE if logarithmic else FENCE) * (WIDER if len(found) < FEW else 1)
            reach = fence * float(three_quarters - quarter)
            if reach > 0 and higher_is_better:
                low = max(low, float(quarter) - reach)
            elif reach > 0:
                high = min(high, float(three_quarters) + reach)
        # A share of the value where there is only one: -1e16 + 1 is still -1e16.
        margin = 0.06 * (high - low) if high - low > 1e-9 * max(abs(low), abs(high)) else 0.0
        margin = margin or (0.3 if logarithmic else 0.1 * abs(high) or 1.0)
        if logarithmic:
            return cls(10 ** (low - margin), 10 ** (high + margin), True)
        return within_bounds(low - margin, high + margin, found)

    def including(self, low: float, high: float, values: np.ndarray) -> "ValueAxis":
        """The axis of these values with room for a band, too."""
        return within_bounds(min(low, self.low), max(high, self.high), values[np.isfinite(values)])

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where values are between the limits, from 0 to 1; those outside are at the limits, NaN stays NaN."""
        if self.logarithmic:
            low, high = math.log10(self.low), math.log10(self.high)
            values = np.log10(np.maximum(values, 1e-300))
        else:
            low, high = self.low, self.high
        return np.clip((values - low) / (high - low), 0.0, 1.0)

    def outside(self, values: np.ndarray) -> np.ndarray:
        """Which of the values are beyond the limits."""
        return (values < self.low) | (values > self.high)

    def beyond(self, values: np.ndarray) -> str:
        """ "2 values beyond the axis, drawn at its end"; empty where all are on it."""
        count = int(self.outside(values).sum())
        return f"{counted(count, 'value')} beyond the axis, drawn at its end" if count else ""

    def set(self, axes: Any, most: int = 7) -> int:
        """Sets the y axis. Returns the number of letters of the longest tick label."""
        letters = scale(axes, self.low, self.high, self.logarithmic, most)
        usual = (
            1e-3 <= max(abs(self.low), abs(self.high)) < 1e6
        )  # others would have their power of ten above the axis
        return letters if self.logarithmic or usual else plain_labels(axes.yaxis)


def within_bounds(low: float, high: float, values: np.ndarray) -> ValueAxis:
    """A linear axis; where all values are from 0 to 1, as an accuracy, hardly more than that."""
    hair = 0.03 * (high - low)
    if len(values) and values.min() >= 0:
        low = max(low, -hair)
        high = min(high, 1 + hair) if values.max() <= 1 else high
    return ValueAxis(low, high, logarithmic=False)
