"""Records folds.json: how many samples of each class scikit-learn's splitters hold out in each fold; only this needs it.

Usage: python record_folds.py
"""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

IRIS = Path(__file__).parents[2] / "nntrain" / "data" / "packaged" / "iris.csv"
FOLDS = (2, 3, 5, 7, 10)


def tables():
    """Labels of each table, in the order of its rows."""
    with IRIS.open() as file:
        yield "iris", [row[-1] for row in csv.reader(file)][1:]
    draw = np.random.default_rng(14)
    yield "unbalanced", draw.choice(list("dbca"), 103, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    yield "late class", ["b"] * 31 + ["a"] * 12 + ["c"] * 3


def stratified(labels, folds):
    names = sorted(set(labels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class with fewer samples than folds
        parts = [test for _, test in StratifiedKFold(folds).split(labels, labels)]
    return [[int((np.array(labels)[part] == name).sum()) for name in names] for part in parts]


def group_sizes(count, groups, folds):
    """Samples of each fold, the largest first."""
    numbers = np.random.default_rng(count).integers(0, groups, count)
    parts = GroupKFold(folds).split(numbers, numbers, numbers)
    return {"groups": numbers.tolist(), "sizes": sorted((len(test) for _, test in parts), reverse=True)}


recorded = {
    "stratified": {
        name: {"labels": labels, "counts": {folds: stratified(labels, folds) for folds in FOLDS}}
        for name, labels in tables()
    },
    "even": {
        f"{count} {folds}": [len(test) for _, test in KFold(folds).split(range(count))]
        for count in (7, 23, 150)
        for folds in (2, 5, 7)
    },
    "by time": {
        f"{count} {folds}": [
            [int(test[0]), int(test[-1]) + 1] for _, test in TimeSeriesSplit(folds).split(range(count))
        ]
        for count in (9, 23, 150)
        for folds in (2, 5, 8)
    },
    "grouped": {
        f"{count} {folds}": group_sizes(count, 9, folds) for count in (40, 100) for folds in (2, 5, 9)
    },
}
Path(__file__).with_name("folds.json").write_text(json.dumps(recorded) + "\n")
