"""Searched: results of sweeps and cross-validations, as tests of their pictures and tables need them."""

import math

import numpy as np

from nntrain.search.results import CrossvalResult, MemberResult, SweepResult, Trial

LR, UNITS, SIZE = "optimizer.adam.lr", "model.layers[0].dense.units", "train.batch_size"
LAYERS = [
    {"dense": {"units": 2**i, "activation": kind, "name": f"the_hidden_layer_number_{i}"}}
    for i in range(3, 8)
    for kind in ("relu", "tanh", "gelu", "sigmoid")
]


def sweep(trials: int = 30, higher_is_better: bool = True, seed: int = 0) -> SweepResult:
    """Trials of three parameters, some pruned and some failed."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(trials):
        parameters = {
            LR: float(10 ** random.uniform(-5, -1)),
            UNITS: int(random.integers(4, 256)),
            SIZE: int(random.choice([16, 32, 64])),
        }
        value = 0.97 - 0.05 * (math.log10(parameters[LR]) + 3) ** 2
        state = "pruned" if number % 9 == 5 else "failed" if number % 13 == 7 else "finished"
        value = value if higher_is_better else 1.2 - value
        found.append(Trial(number, state, None if state == "failed" else value, parameters, 2.5))
    objective = "validation_accuracy" if higher_is_better else "validation_loss"
    importance = {LR: 0.8, UNITS: 0.15, SIZE: 0.05}
    return SweepResult("toy", objective, higher_is_better, tuple(found), frozenset({LR}), importance)


def wide_sweep(trials: int = 60) -> SweepResult:
    """Twelve parameters, whole layers, booleans, one that only some trials have; losses from 0.01 to 1e30, NaN and infinity."""
    random = np.random.default_rng(1)
    found = []
    for number in range(trials):
        parameters = {
            "model.layers[0]": LAYERS[random.integers(20)],
            "optimizer": ["adam", "sgd", "lion"][random.integers(3)],
            "data.standardize": bool(random.integers(2)),
            "train.epochs": int(random.integers(1, 100)),
            "regularization.l2": float(10 ** random.uniform(-9, -1)),
            **{
                f"a_name_of_forty_letters_or_even_more_{i:03}.x{i}": float(random.uniform()) for i in range(6)
            },
        }
        if parameters["optimizer"] == "sgd":
            parameters["optimizer.sgd.momentum"] = float(random.uniform())
        value = float(10 ** random.uniform(-2, 2))
        value = {3: math.nan, 4: math.inf, 5: 1e30}.get(number % 13, value)
        found.append(Trial(number, "finished" if number % 7 else "pruned", value, parameters, 3.0))
    importance = {name: 0.5**i for i, name in enumerate(found[0].parameters, start=1)}
    return SweepResult(
        "a wide sweep", "loss", False, tuple(found), frozenset({"regularization.l2"}), importance
    )


def crossval(
    folds: int = 5, seeds: int = 1, metrics: tuple[str, ...] = ("loss", "accuracy"), epochs: int = 10
) -> CrossvalResult:
    """Every fold finished. With 0 folds, a run for each seed."""
    random = np.random.default_rng(0)
    members, histories = [], {}
    for seed in range(seeds):
        for fold in range(1, folds + 1) if folds else [None]:
            parts = [f"seed-{seed}"] * (seeds > 1 or fold is None) + [f"fold-{fold}"] * (fold is not None)
            name = "-".join(parts)
            scores = {metric: float(random.uniform(0.8, 1)) for metric in metrics}
            counts = {"train": 96, "validation": 24, "test": 30}
            members.append(MemberResult(name, seed, fold, "finished", {"test": scores}, 2.5, counts))
            at = np.arange(1, epochs + 1.0)
            histories[name] = (at, 0.2 + np.exp(-at / 5 * random.uniform(0.8, 1.3)))
    higher = {metric: metric != "loss" for metric in metrics}
    return CrossvalResult("toy", tuple(members), metrics, higher, histories)
