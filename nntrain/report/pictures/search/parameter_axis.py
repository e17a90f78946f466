"""Parameter axis: where the values of a parameter are on an axis from 0 to 1: numbers, logarithms of numbers, or categories."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.report.formats import short
from nntrain.report.pictures.drawing.axes import apart_by, log_ticks, tick_labels
from nntrain.report.searched import choice_texts, value_words
from nntrain.search.results import Trial

FEW = 8  # numbers or fewer are categories, where many trials share them
SHARED = 3  # trials for each of them
LABELLED = 24  # categories at most; of more, every second, third, ... is labelled
WITHIN = 0.3  # of the distance between categories: how far lines of one category are apart, each way


@dataclass(frozen=True)
class ParameterAxis:
    """One parameter of the trials of a sweep."""

    name: str
    places: np.ndarray  # (trials,) from 0 to 1; NaN where a trial lacks the parameter
    ticks: tuple[tuple[float, str], ...]
    categorical: bool


def axis_of(
    name: str, parameter: str, trials: Sequence[Trial], log_scale: bool, letters: int = 18
) -> ParameterAxis:
    """The axis of a parameter under a shorter name; labels of categories have at most so many letters."""
    values = [trial.parameters.get(parameter) for trial in trials]
    has = np.array([parameter in trial.parameters for trial in trials], bool)
    found = [value for value, there in zip(values, has, strict=True) if there]
    if not all(map(is_number, found)) or are_few(found):
        return categories(name, values, has, letters)
    numbers = np.full(len(trials), math.nan)
    numbers[has] = found
    return line_of_numbers(name, numbers, log_scale and bool((numbers[has] > 0).all()))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def are_few(values: list[Any]) -> bool:
    """Whether numbers are those of a list of choices, or one."""
    different = len(set(values))
    return different <= 1 or (different <= FEW and len(values) >= SHARED * different)


def categories(name: str, values: list[Any], has: np.ndarray, letters: int) -> ParameterAxis:
    """Numbers in their order before texts in theirs, evenly spaced."""
    texts = [value_words(value) for value in values]
    found = {text: value for text, value, there in zip(texts, values, has, strict=True) if there}
    order = sorted(found, key=lambda text: (0, found[text], "") if is_number(found[text]) else (1, 0, text))
    at = {text: (place + 0.5) / len(order) for place, text in enumerate(order)}
    places = np.array([at[text] if there else math.nan for text, there in zip(texts, has, strict=True)])
    every = math.ceil(len(order) / LABELLED)
    labels = choice_texts([found[text] for text in order], letters)
    ticks = tuple((at[text], label) for text, label in zip(order, labels, strict=True))[::every]
    return ParameterAxis(name, places, ticks, categorical=True)


def line_of_numbers(name: str, numbers: np.ndarray, logarithmic: bool) -> ParameterAxis:
    """From the smallest number to the largest."""
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))

    def place(values: np.ndarray) -> np.ndarray:
        if logarithmic:
            return (np.log(values) - math.log(low)) / (math.log(high) - math.log(low))
        return (values - low) / (high - low)

    whole = not logarithmic and bool((numbers[np.isfinite(numbers)] % 1 == 0).all())
    ticks = value_ticks(low, high, logarithmic, place, whole)
    return ParameterAxis(name, place(numbers), ticks, categorical=False)


def value_ticks(
    low: float,
    high: float,
    logarithmic: bool,
    place: Callable[[np.ndarray], np.ndarray],
    whole: bool = False,
) -> tuple[tuple[float, str], ...]:
    """About five ticks: their places and labels."""
    from matplotlib.ticker import MaxNLocator

    if logarithmic:
        ticks = apart_by(log_ticks(low, high, 6)[0], (high / low) ** 0.06)
        labels = tick_labels(ticks)
    else:
        located = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(low, high)
        ticks = [float(f"{tick:.12g}") for tick in located if low <= tick <= high]
        labels = [f"{tick:,.6g}" if tick == 0 or 1e-3 <= abs(tick) < 1e6 else short(tick) for tick in ticks]
    return tuple(zip(place(np.array(ticks)).tolist(), labels, strict=True))


def spread(axis: ParameterAxis, order: np.ndarray) -> np.ndarray:
    """The places (trials,), where those of one category are apart: `order` (trials,) decides which is above which."""
    places = axis.places.copy()
    if not axis.categorical:
        return places
    known = np.unique(places[np.isfinite(places)])
    reach = WITHIN / max(len(known), 1)
    for place in known:
        members = np.flatnonzero(places == place)
        members = members[np.argsort(order[members], kind="stable")]
        if len(members) > 1:
            places[members] = place + np.linspace(-reach, reach, len(members))
    return places
