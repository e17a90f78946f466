"""Tables and networks for them: what the tests of using a network share. PEOPLE has numbers, text, gaps and two files."""

import csv
import io
from pathlib import Path

import numpy as np

PEOPLE = """
data:
  source: {csv: {path: people.csv, target: kind, impute: median}}
  test: {csv: {path: others.csv, target: kind, impute: median}}
  standardize: true
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.05}}
train: {epochs: 5, batch_size: 20}
"""
NUMBERS = """
data: {source: {csv: {path: numbers.csv, target: [sum, product], task: regression}}}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 2}]}
loss: mse
optimizer: {adam: {lr: 0.05}}
train: {epochs: 2, batch_size: 10}
"""
HEADER = ["age", "colour", "height", "kind"]


def people(seed: int, count: int) -> list[list[str]]:
    """Rows of text: a number with gaps, a text with gaps, a number, and a class that follows from them."""
    draw = np.random.default_rng(seed)
    rows = []
    for age, height in zip(draw.uniform(20, 60, count), draw.normal(170, 10, count), strict=True):
        colour = str(draw.choice(["red", "green", "blue"]))
        kind = "old" if age > 45 else "red" if colour == "red" else "other"
        gap = draw.random() < 0.1
        rows.append(
            [
                "" if gap else f"{age:.1f}",
                "?" if not gap and draw.random() < 0.1 else colour,
                f"{height:.2f}",
                kind,
            ]
        )
    return rows


def text_of(rows: list[list[str]], header: list[str] | None = HEADER) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows] if header else rows)
    return text.getvalue()


def table_of(text: str) -> dict[str, list[str]]:
    """The columns of CSV text by name."""
    names, *rows = csv.reader(io.StringIO(text))
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def write_people(folder: Path) -> None:
    (folder / "people.csv").write_text(text_of(people(0, 80)))
    (folder / "others.csv").write_text(text_of(people(1, 40)))


def write_numbers(folder: Path) -> np.ndarray:
    """The samples (40, 2) of the table that NUMBERS reads."""
    x = np.random.default_rng(0).normal(size=(40, 2)).round(3)
    rows = [[*map(str, row), str(row.sum()), str(row.prod())] for row in x]
    (folder / "numbers.csv").write_text(text_of(rows, ["a", "b", "sum", "product"]))
    return x
