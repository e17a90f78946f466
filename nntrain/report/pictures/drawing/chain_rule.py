"""Chain rule: draws what `chosen_units` of backprop chose: units with values and gradients, one path in words, and bars of time."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import count, duration, short
from nntrain.report.pictures.drawing.axes import log_ticks
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, ORANGE, RED, SKY
from nntrain.report.pictures.drawing.unit_graph import Unit, UnitGraph

Arrays = Mapping[str, np.ndarray]
TERMS = 3  # of a sum that is spelled out


def digits(value: float) -> str:
    """Three significant digits, with a minus sign: 0.277, −1.2e-5."""
    return short(float(f"{value:.3g}")).replace("-", "−") if value else "0"


def factor(value: float) -> str:
    """ "9.2 times", "1,200 times"."""
    return f"{float(f'{value:.2g}'):,.6g} times"


def in_product(value: float) -> str:
    return f"({digits(value)})" if value < 0 else digits(value)


def names_of(found: Arrays) -> list[list[str]]:
    """The names of the units of each layer: x1; h3, or h2,3 in the second of several hidden layers; y1. a1 is not of the data."""
    layers, first = len(found["activations"]), "a" if found["before"] else "x"

    def name(layer: int, unit: int) -> str:
        letter = first if layer == 0 else "y" if layer == layers else "h"
        return f"{letter}{layer},{unit}" if letter == "h" and layers > 2 else f"{letter}{unit}"

    return [[name(layer, unit) for unit in found[f"units.{layer}"].tolist()] for layer in range(layers + 1)]


def draw_units(graph: UnitGraph, found: Arrays) -> None:
    names, layers, path = names_of(found), len(found["activations"]), found["path"].tolist()
    places = graph.places([*map(len, names), 1])
    for number in range(1, layers + 1):
        w, dw = found[f"w.{number}"], found[f"dw.{number}"]
        labels = [
            [(digits(w[i, j]), f"∂ {digits(dw[i, j])}") for j in range(w.shape[1])] for i in range(w.shape[0])
        ]
        graph.lines(places[number - 1], places[number], w, labels, (path[number - 1], path[number]))
    for at, place in zip(places[layers], range(len(places[layers])), strict=True):
        colour, width = (ORANGE, 2.2) if place == path[-1] else (INK, 0.8)
        graph.diagram.arrow([at, places[-1][0]], colour, width=width, head=False, alpha=0.7)
    for number, layer in enumerate(names):
        bias = found[f"b.{number}"] if number else np.zeros(len(layer))
        for place, (at, name) in enumerate(zip(places[number], layer, strict=True)):
            more = f"b {digits(bias[place])}" if bias[place] else ""
            value, gradient = found[f"a.{number}"][place], found[f"da.{number}"][place]
            unit = Unit(more, name, digits(value), f"∂ {digits(gradient)}")
            graph.unit(at, unit, ORANGE if place == path[number] else SKY if number else BLUE)
    graph.unit(places[-1][0], Unit("", "loss", digits(float(found["loss"])), ""), RED)


def spelled(found: Arrays) -> list[tuple[str, str]]:
    """The chain rule along the path: a line of numbers for each step, and what the step is."""
    names, path = names_of(found), found["path"].tolist()
    layers = len(names) - 1
    sizes = found["sizes"].tolist()
    at = [layer[place] for layer, place in zip(names, path, strict=True)]

    def value(name: str, layer: int) -> float:
        return float(found[f"{name}.{layer}"][path[layer]])

    steps = [(f"∂L/∂{at[-1]} = {digits(value('da', layers))}", "the slope of the loss")]
    for layer in range(layers - 1, 0, -1):
        w, dz = found[f"w.{layer + 1}"][path[layer]], found[f"dz.{layer + 1}"]
        result = digits(value("da", layer))
        if len(dz) == sizes[layer + 1] <= TERMS:
            terms = [f"{in_product(a)} · {in_product(b)}" for a, b in zip(w, dz, strict=True)]
            ways = f"each way to {' and '.join(names[layer + 1])}: weight × gradient"
        else:
            k = path[layer + 1]
            others = value("da", layer) - w[k] * dz[k]
            terms = [f"{in_product(w[k])} · {in_product(dz[k])}", in_product(others)]
            ways = f"by {at[layer + 1]}: weight × gradient; and by the {sizes[layer + 1] - 1:,} others"
        steps.append((f"∂L/∂{at[layer]} = {' + '.join(terms)} = {result}", ways))
        if layer + 1 <= layers and found["activations"][layer - 1] and layer > 1:
            activation = found["activations"][layer - 1]
            steps[-1] = (
                f"{steps[-1][0]},   · {activation}′ {digits(value('slope', layer))} = {digits(value('dz', layer))}",
                steps[-1][1],
            )
    x, slope = float(found["a.0"][path[0]]), value("slope", 1)
    parts, meaning = [in_product(x)], [at[0]]
    if activation := str(found["activations"][0]):
        parts.append(in_product(slope))
        meaning.append(f"{activation}′")
    parts.append(in_product(value("da", 1)))
    meaning.append(f"∂L/∂{at[1]}")
    gradient = found["dw.1"][path[0], path[1]]
    text = f"∂L/∂w = {' · '.join(meaning)} = {' · '.join(parts)} = {digits(gradient)}"
    return [*steps, (text, f"the weight from {at[0]} to {at[1]}")]


def draw_cost(
    figure: Any, top: float, parameters: float, backward_s: float, losses_s: float, counted: bool
) -> None:
    """Two bars on a logarithmic axis of time."""
    width, height = figure.get_size_inches()
    left, right, tall = 8.15, width - 0.35, 2.6
    axes = figure.add_axes(
        (left / width, 1 - (top + 0.6 + tall) / height, (right - left) / width, tall / height)
    )
    times = [backward_s, losses_s]
    low, high = min(times) / 3, max(times) * 3
    axes.bar([0, 1], times, width=0.55, color=[GREEN, RED])
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(-0.55, 1.55)
    ticks, between = log_ticks(low, high, 6)
    axes.set_yticks(ticks, [duration(tick) for tick in ticks])
    axes.set_yticks(between, minor=True, labels=[""] * len(between))
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(True, axis="y")
    axes.set_xticks([0, 1], ["one backward\npass", f"{count(parameters + 1)}\nlosses"], fontsize=8.5)
    axes.tick_params(axis="x", length=0)
    for place, seconds in enumerate(times):
        text = duration(seconds) + (" *" if counted and place else "")
        axes.annotate(text, (place, seconds), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_title("time for all gradients of a batch", fontsize=9.5)
    if counted:
        axes.set_xlabel("* the time of one loss, multiplied", fontsize=8)
