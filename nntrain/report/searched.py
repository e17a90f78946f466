"""Searched: how tables and pictures of cross-validations and sweeps name parameters, their values and scores."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from nntrain.report.formats import counted, distinct, number, printable, short, shortened
from nntrain.run.settings import ABSENT, differing, shortest_names
from nntrain.search.results import CrossvalResult, SweepResult

MOST_LETTERS = 40  # of a choice, where fewer would make choices equal
LONGEST_VALUE = 30  # letters of a value in a line with others


def words(column: str) -> str:
    """ "validation_accuracy" -> "validation accuracy"."""
    return printable(column.replace("_", " "))


def short_names(parameters: Sequence[str]) -> dict[str, str]:
    """The end of each dotted name that no other one has: "lr" for "optimizer.adam.lr"."""
    from nntrain.config.overrides import (
        keys_of,
    )  # with it comes pydantic, which the registry of pictures does not load

    keys = {name: keys_of(name) or (name,) for name in parameters}
    found = shortest_names(list(keys.values()))
    return {name: printable(found[keys[name]]) for name in parameters}


def value_words(value: Any) -> str:
    """The value of a parameter on one line: 3e-4, relu, {units: 4, activation: relu}."""
    if isinstance(value, float) and not isinstance(value, bool):
        return short(value)
    from nntrain.config.scalars import inline

    return printable(inline(value))


def choice_texts(values: Sequence[Any], letters: int) -> list[str]:
    """Each of the values in about so many letters, different where they are; of whole layers the options that tell them apart: "64, relu"."""
    texts = [value_words(value) for value in values]
    apart = what_differs(values)
    if len(set(apart)) == len(set(texts)) and all(apart):
        texts = apart
    found = distinct(texts, letters)
    for more in range(letters + 1, MOST_LETTERS):
        if len(set(found)) == len(set(texts)):
            break
        found = distinct(texts, more)
    return found


def what_differs(values: Sequence[Any]) -> list[str]:
    """The options that tell layers, optimizers and lists of them apart; empty for other values."""
    nested = [{value: {}} if isinstance(value, str) else value for value in values]
    if all(isinstance(value, str) for value in values) or not all(
        isinstance(each, (dict, list)) for each in nested
    ):
        return []
    options = list(differing(nested).values())
    return [
        ", ".join(value_words(each[place]) for each in options if each[place] is not ABSENT)
        for place in range(len(values))
    ]


def mean_words(mean: float, deviation: float) -> str:
    """ "0.9533 ± 0.0298", with as many decimals in both; the mean alone where there is no deviation."""
    return number(mean) if math.isnan(deviation) else f"{number(mean)} ± {deviation_words(mean, deviation)}"


def deviation_words(mean: float, deviation: float) -> str:
    """The deviation with the decimals of the mean; with two digits where those would show little of it."""
    _, point, decimals = number(mean).partition(".")
    same = f"{deviation:.{len(decimals)}f}" if point and "e" not in decimals else ""
    if deviation == 0 or (same and 10 * deviation >= 10.0 ** -len(decimals)):
        return same or "0"
    return short(float(f"{deviation:.2g}"))


def folds_words(result: CrossvalResult) -> str:
    """ "5 folds", "5 folds × 3 seeds", "3 seeds"."""
    folds = len({member.fold for member in result.members if member.fold is not None})
    seeds = len({member.seed for member in result.members})
    parts = [counted(folds, "fold")] if folds else []
    return " × ".join(parts + ([counted(seeds, "seed")] if seeds > 1 or not folds else []))


def states_words(result: SweepResult) -> str:
    """ "40 trials: 34 finished, 4 pruned, 2 failed"."""
    states = [f"{count:,} {state}" for state, count in result.states.items()]
    return f"{counted(len(result.trials), 'trial')}{': ' if states else ''}{', '.join(states)}"


def best_words(result: SweepResult) -> str:
    """ "best: trial 27, validation accuracy 0.9722"."""
    best = result.best
    if best is None:
        return "no trial finished with a value" if result.trials else "no trial has started"
    return f"best: trial {best.number}, {words(result.objective)} {number(best.value)}"


def parameters_words(result: SweepResult, letters: int) -> str:
    """The parameters of the best trial, the most important first: "lr 3e-4, units 64", in at most so many letters."""
    if result.best is None:
        return ""
    names = short_names(result.parameters)
    text = ""
    for name in by_importance(result, result.best.parameters):
        part = f"{names[name]} {shortened(value_words(result.best.parameters[name]), LONGEST_VALUE)}"
        if text and len(text) + len(part) + 3 > letters:
            return f"{text}, …"
        text += f"{', ' * bool(text)}{part}"
    return text


def by_importance(result: SweepResult, parameters: Iterable[str]) -> list[str]:
    """The names, the most important first; as they come where importance is unknown."""
    return sorted(parameters, key=lambda name: -result.importance.get(name, 0.0))
