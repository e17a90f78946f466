"""Planted mistakes: each is found, in the right column, layer or split, with a line that fixes it."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

ROWS = 300
DRAW = np.random.default_rng(0)
WIDTH, HEIGHT = DRAW.normal(size=(2, ROWS))
KIND = np.where(WIDTH + 0.5 * HEIGHT > 0, "wide", "tall")
AREA = WIDTH * HEIGHT + 0.1 * DRAW.normal(size=ROWS)
CLEAN = {"width": WIDTH, "height": HEIGHT}

CLASSES = """
data: {source: {csv: {path: t.csv, target: kind}}, validation: 0.2, test: 0.2}
model: {layers: [{dense: {units: 16, activation: relu}}, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 20}
"""
NUMBERS = (
    CLASSES.replace("target: kind", "target: area")
    .replace("dense: 2", "dense: 1")
    .replace("cross_entropy", "mse")
)
HIDDEN = "{dense: {units: 16, activation: relu}}"
TEN = ", ".join([HIDDEN] * 10)


def write(path, columns) -> None:
    """A CSV file with a header."""
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


@dataclass
class Planted:
    """A mistake in a table or a config, and what is said of it."""

    check: str
    place: str  # in the finding's text
    remedy: str  # in its remedy
    columns: dict | None = None  # in addition to CLEAN, or instead of its columns
    config: str = CLASSES
    change: tuple[str, str] = ("", "")  # of the config's text
    severity: str = "warning"
    passes: bool = True  # whether that is all, or an error is found, too


def labels(values) -> dict:
    return {"kind": values}


REPEATED = {name: np.concatenate([values[:200], values[:100]]) for name, values in CLEAN.items()}
RARE = np.where(np.arange(ROWS) % 60 == 0, "rare", KIND)
PLANTED = {
    "a constant column": Planted(
        "constant_columns",
        "column 'unit' has the same value, 3, in all 192",
        "`features: [width, height]`",
        {"unit": np.full(ROWS, 3)},
    ),
    "a constant column of text": Planted(
        "constant_columns", "column 'unit'", "`features: [width, height]`", {"unit": ["cm"] * ROWS}
    ),
    "a duplicate column": Planted(
        "duplicate_columns",
        "'size' holds the same values as column 'width'",
        "`features: [width, height]`",
        {"size": WIDTH},
    ),
    "a duplicate column of text": Planted(
        "duplicate_columns",
        "'code' holds the same values as column 'place'",
        "`features: [width, height, place]`",
        {
            "place": np.array(["a", "b", "c"])[np.arange(ROWS) % 3],
            "code": np.array(["x", "y", "z"])[np.arange(ROWS) % 3],
        },
    ),
    "a column in another unit": Planted(
        "duplicate_columns",
        "column 'inches' is column 'width' in another unit",
        "`features: [width, height]`",
        {"inches": WIDTH / 2.54 + 1},
        severity="note",
    ),
    "a column that counts the rows": Planted(
        "data", "column 'row' identifies the samples", "`features: [width, height]`", {"row": np.arange(ROWS)}
    ),
    "a column with another number in every row": Planted(
        "data",
        "column 'customer_id' identifies",
        "`features: [width, height]`",
        {"customer_id": DRAW.permutation(9000)[:ROWS]},
    ),
    "a column that gives the class away": Planted(
        "data",
        "column 'code' gives the answer away",
        "`features: [width, height]`",
        {"code": (KIND == "wide") * 2},
    ),
    "a column that is the target in another unit": Planted(
        "data",
        "column 'copy' gives the answer away",
        "`features: [width, height]`",
        {"copy": 3 * AREA + 1},
        NUMBERS,
    ),
    "a test split that is the training data": Planted(
        "shared_samples",
        "240 of 300 samples of the test split (80%)",
        "`test: 0.2`",
        change=("test: 0.2", "test: {csv: {path: t.csv, target: kind}}"),
    ),
    "rows that are in the file twice": Planted(
        "shared_samples",
        "samples of the test split (",
        "Remove repeated samples",
        {**REPEATED, **labels(np.resize(KIND[:200], ROWS))},
    ),
    "equal rows of different classes": Planted(
        "contradictory_samples",
        "have the same input as another one of another class",
        "Fix the classes",
        {**REPEATED, **labels(np.where(np.arange(ROWS) < 200, np.resize(KIND[:200], ROWS), "wide"))},
    ),
    "an unscaled column": Planted(
        "scale",
        "unscaled column: 'year' is about 1,98",
        "`standardize: true`",
        {"year": DRAW.integers(1950, 2020, ROWS)},
    ),
    "an unscaled target": Planted(
        "scale", "unscaled target: 'area'", "target_transform: standard", {"area": 3e5 + 1e5 * AREA}, NUMBERS
    ),
    "a rare class": Planted(
        "class_balance",
        "class 'rare' has 3 of ",
        "class_weights: [21.3, ",
        labels(RARE),
        change=("dense: 2", "dense: 3"),
    ),
    "a class that is missing in the test split": Planted(
        "missing_classes",
        "the test split has no sample of class 'wide'",
        "`data.test`",
        change=("test: 0.2", "test: {csv: {path: tall.csv, target: kind}}"),
    ),
    "a target that is constant": Planted(
        "constant_target",
        "target 'area' is 7.5 in all",
        "Predict another",
        {"area": np.full(ROWS, 7.5)},
        NUMBERS,
        severity="error",
    ),
    "columns that are all constant": Planted(
        "constant_columns",
        "have the same input",
        "",
        {"width": np.ones(ROWS), "height": np.ones(ROWS)},
        severity="error",
    ),
    "a loss that becomes infinite": Planted(
        "first_steps",
        "training diverges: ",
        "`optimizer: {sgd: {lr: 1e+29}}`",
        change=("adam: 0.01", "sgd: 1e30"),
        severity="error",
    ),
    "first steps that raise the loss": Planted(
        "first_steps",
        "the first steps raised the loss",
        "`optimizer: {adam: {lr: 1.0}}`",
        change=("adam: 0.01", "adam: 10.0"),
    ),
    "a learning rate that is too large for one batch": Planted(
        "one_batch",
        "the learning rate is too large",
        "`optimizer: {sgd: {lr: 10.0}}`",
        change=("adam: 0.01", "sgd: 100.0"),
        passes=False,
    ),
    "dead units": Planted(
        "dead_units",
        "layer 'dense_1': 16 of 16 relu units are 0",
        "Remove `bias_initializer` from layer 'dense_1'",
        change=(HIDDEN, "{dense: {units: 16, activation: relu, bias_initializer: {constant: -20}}}"),
        severity="error",
    ),
    "initial weights that explode": Planted(
        "exploding_layers",
        "activations explode",
        "`initializer: auto`",
        change=(f"layers: [{HIDDEN}", f"initializer: {{normal: {{std: 1.0}}}}, layers: [{TEN}"),
    ),
    "initial weights that starve": Planted(
        "starving_layers",
        "from layer 'dense_1' on",
        "`initializer: auto`",
        change=(f"layers: [{HIDDEN}", f"initializer: {{normal: {{std: 1e-4}}}}, layers: [{HIDDEN}, {HIDDEN}"),
    ),
    "gradients that vanish": Planted(
        "vanishing_gradients",
        "the gradient of layer 'dense_1'",
        "`activation: relu` instead of sigmoid",
        change=(HIDDEN, TEN.replace("relu", "sigmoid")),
    ),
    "weights that are all equal": Planted(
        "equal_weights",
        "all weights of layer 'dense_1' are equal",
        "`initializer: auto`",
        change=("layers:", "initializer: zeros, layers:"),
        severity="error",
    ),
    "a sigmoid before numbers of any sign": Planted(
        "output_range",
        "the last layer is sigmoid, whose outputs are from 0 to 1",
        "Remove `sigmoid`",
        config=NUMBERS,
        change=("dense: 1", "dense: {units: 1, activation: sigmoid}"),
        columns={"area": AREA},
    ),
    "a relu before numbers that are all negative": Planted(
        "output_range",
        "but no target is: they are from -12.6",
        "Remove `relu`",
        config=NUMBERS,
        change=("dense: 1", "dense: {units: 1, activation: relu}"),
        columns={"area": AREA - 10},
        severity="error",
    ),
    "a tanh before a loss of logits": Planted(
        "output_range",
        "cross_entropy takes logits, which can have any sign and size: no probability exceeds 0.881",
        "Remove `tanh`",
        change=("dense: 2", "dense: {units: 2, activation: tanh}"),
    ),
    "initial outputs that are far off": Planted(
        "first_loss",
        "times as large as expected, 0.6931",
        "`initializer: auto`",
        change=("layers:", "initializer: {normal: {std: 4.0}}, layers:"),
    ),
    "a single step": Planted(
        "few_steps",
        "training makes 18 steps",
        "more `epochs`",
        change=("epochs: 20", "epochs: 3"),
        severity="note",
    ),
    "no validation split": Planted(
        "held_out",
        "no validation split",
        "`validation: 0.1`",
        change=("validation: 0.2, ", ""),
        severity="note",
    ),
}


def prepare(shell, case: Planted):
    target = {"area": AREA} if case.config is NUMBERS else {"kind": KIND}
    write(shell.folder / "t.csv", {**CLEAN, **target, **(case.columns or {})})
    tall = KIND == "tall"
    write(
        shell.folder / "tall.csv", {"width": WIDTH[tall] + 1e-3, "height": HEIGHT[tall], "kind": KIND[tall]}
    )
    assert case.change[0] in case.config
    return shell.write(case.config.replace(*case.change) if case.change[0] else case.config)


def checked(shell, case: Planted) -> dict:
    path = prepare(shell, case)
    return json.loads(
        shell.run("check", path, "--json", code=int(case.severity == "error" or not case.passes)).stdout
    )


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_with_its_place_and_a_remedy(shell, wording, name):
    case = PLANTED[name]
    report = checked(shell, case)
    about = [finding for finding in report["findings"] if finding["check"] == case.check]
    (finding,) = [finding for finding in about if case.place in finding["text"]] or [about]
    wording(f"{finding['severity']}: {finding['text']}\n{finding['remedy']}")
    assert finding["severity"] == case.severity
    assert case.remedy in finding["remedy"]


@pytest.mark.parametrize("config", [CLASSES, NUMBERS])
def test_a_sound_config_has_no_findings(shell, config):
    report = checked(shell, Planted("", "", "", config=config))
    assert report["findings"] == []
    assert report["verdict"] == "ready to train: nothing found"
