"""Methods: how a sweep chooses values and stops trials, as samplers and pruners of Optuna."""

import importlib.util
import math

from nntrain.config.sweep_schema import Sweep
from nntrain.errors import Problem
from nntrain.search.sweep.parameter import MOST_COMBINATIONS
from nntrain.search.sweep.space import Space
from nntrain.training.setup import Setup

PACKAGES = {"cmaes": "cmaes", "qmc": "scipy"}  # what Optuna needs for a method, besides itself


def method_problems(options: Sweep, space: Space, setup: Setup) -> list[Problem]:
    """Why a method cannot search a space, or nothing can be pruned."""
    found = []
    ranges = [parameter for parameter in space.parameters if parameter.range is not None]
    if options.method == "grid" and space.combinations() is None:
        endless = [
            parameter for parameter in space.all() if parameter.range and parameter.range.values() is None
        ]
        hint = "List its values, or use another method: tpe, random, qmc."
        tops = {
            parameter.name
            for parameter in space.parameters
            if any(each in endless for each in parameter.all())
        }
        found += [
            Problem(("parameters", name), "a grid needs a list of values, not a range", hint) for name in tops
        ]
        if not tops:
            message = f"the grid has more than {MOST_COMBINATIONS:,} combinations"
            found.append(Problem(("method",), message, "Use another method: tpe, random, qmc."))
    if options.method == "cmaes" and len(ranges) < 2:
        message = "cmaes needs at least two ranges of numbers: it chooses choices at random"
        found.append(Problem(("method",), message, "Use `method: tpe`."))
    package = PACKAGES.get(options.method)
    if package and importlib.util.find_spec(package) is None:
        message = f"the package {package} is not installed, which {options.method} needs"
        found.append(
            Problem(
                ("method",), message, "Install it with `pip install 'nntrain[sweep]'`, or use `method: tpe`."
            )
        )
    if options.pruning != "none" and runs_of(options) == 1 and evaluations(setup) == 1:
        message = "training has a single evaluation, after which nothing is left to prune"
        found.append(Problem(("pruning",), message, "Train for more epochs, or set `train.evaluate_every`."))
    return found


def runs_of(options: Sweep) -> int:
    """How many runs a trial has."""
    return (options.folds or 1) * options.seeds


def evaluations(setup: Setup) -> int:
    """How often a run is evaluated, if it does not stop early: always at its end, too."""
    every, epochs = setup.config.train.evaluate_every, setup.config.train.epochs
    if every.steps:
        return math.ceil(epochs * len(setup.batches()) / every.steps)
    return math.ceil(epochs / (every.epochs or 1))
