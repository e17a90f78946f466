"""What looks like a mistake and is none raises no warning."""

import numpy as np
import pytest

import nntrain
from tests.preflight.test_planted import CLASSES, CLEAN, DRAW, HIDDEN, KIND, NUMBERS, ROWS, write

DISCRETE = {
    "deck": DRAW.integers(1, 4, ROWS),
    "port": np.array(["a", "b", "c"])[DRAW.integers(0, 3, ROWS)],
    "sex": np.array(["f", "m"])[DRAW.integers(0, 2, ROWS)],
}
TWICE = {name: np.concatenate([values[:-3], values[:3]]) for name, values in CLEAN.items()}
FLAGS = {f"word_{i}": np.eye(ROWS)[7 + i // 2] for i in range(6)}  # pairs that are 1 in the same row alone
SHARE = 1 / (1 + np.exp(-CLEAN["width"]))

SOUND = {
    "rows that repeat by chance, with different classes": (CLASSES, DISCRETE | {"kind": KIND}),
    "a few rows that are there twice": (CLASSES, TWICE | {"kind": KIND}),
    "sparse columns that agree by chance": (CLASSES, CLEAN | FLAGS | {"kind": KIND}),
    "two columns that are related": (
        CLASSES,
        CLEAN | {"more": CLEAN["width"] + 0.1 * CLEAN["height"], "kind": KIND},
    ),
    "a last layer that starts at 0": (
        CLASSES.replace(HIDDEN, f"{HIDDEN}, {HIDDEN}").replace(
            "dense: 2", "dense: {units: 2, weight_initializer: zeros}"
        ),
        CLEAN | {"kind": KIND},
    ),
    "least squares on classes": (CLASSES.replace("cross_entropy", "sse"), CLEAN | {"kind": KIND}),
    "unscaled columns before batch norm": (
        CLASSES.replace("layers: [", "layers: [batch_norm, "),
        {name: 3000 * values for name, values in CLEAN.items()} | {"kind": KIND},
    ),
    "a small learning rate": (CLASSES.replace("adam: 0.01", "sgd: 1e-5"), CLEAN | {"kind": KIND}),
    "a sigmoid before shares": (
        NUMBERS.replace("dense: 1", "dense: {units: 1, activation: sigmoid}"),
        CLEAN | {"area": SHARE},
    ),
    "a relu before counts": (
        NUMBERS.replace("dense: 1", "dense: {units: 1, activation: relu}"),
        CLEAN | {"area": np.floor(8 * SHARE) + 0.5},
    ),
    "first steps that rise and fall": (CLASSES.replace("adam: 0.01", "adam: 0.5"), CLEAN | {"kind": KIND}),
    "much dropout": (CLASSES.replace(HIDDEN, f"{HIDDEN}, {{dropout: 0.8}}"), CLEAN | {"kind": KIND}),
    "rare classes that a metric looks at": (
        CLASSES.replace("dense: 2", "dense: 3") + "metrics: [f1]\n",
        CLEAN | {"kind": np.where(np.arange(ROWS) % 60 == 0, "rare", KIND)},
    ),
    "frozen layers": (
        CLASSES.replace(HIDDEN, "{dense: {units: 64, activation: relu, freeze: true}}"),
        CLEAN | {"kind": KIND},
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_config_raises_no_warning(tmp_path, name):
    config, columns = SOUND[name]
    write(tmp_path / "t.csv", columns)
    (tmp_path / "config.yaml").write_text(config)
    report = nntrain.check(tmp_path / "config.yaml")
    assert [str(finding) for finding in report.findings if finding.severity != "note"] == []


def test_a_small_learning_rate_is_a_note_with_a_larger_one(tmp_path):
    write(tmp_path / "t.csv", CLEAN | {"kind": KIND})
    (tmp_path / "config.yaml").write_text(CLASSES.replace("adam: 0.01", "sgd: 1e-4"))
    (finding,) = nntrain.check(tmp_path / "config.yaml").findings
    assert finding.severity == "note"
    assert "the learning rate is small" in finding.text
    assert "`optimizer: {sgd: {lr: " in finding.remedy


def test_dead_units_of_many_layers_are_one_finding(tmp_path):
    write(tmp_path / "t.csv", CLEAN | {"kind": KIND})
    dead = HIDDEN.replace("relu", "relu, bias_initializer: {constant: -20}")
    (tmp_path / "config.yaml").write_text(CLASSES.replace(HIDDEN, ", ".join([dead] * 3)))
    findings = nntrain.check(tmp_path / "config.yaml").findings
    (finding,) = [finding for finding in findings if finding.check == "dead_units"]
    assert finding.place == "layer 'dense_1'"
    assert "2 more layers" in finding.text


def test_all_findings_of_columns_share_one_line(tmp_path):
    extra = {"row": np.arange(ROWS), "unit": np.full(ROWS, 3), "metre": ["m"] * ROWS, "size": CLEAN["width"]}
    write(tmp_path / "t.csv", CLEAN | extra | {"kind": KIND})
    (tmp_path / "config.yaml").write_text(CLASSES.replace("test: 0.2", "test: 0.2, standardize: true"))
    findings = nntrain.check(tmp_path / "config.yaml").findings
    assert [finding.columns for finding in findings] == [("unit", "metre"), ("size",), ("row",)]
    assert all("`features: [width, height]`" in finding.remedy for finding in findings)
    assert findings[0].place == "column 'unit', column 'metre'"


def test_columns_without_a_header_are_chosen_by_their_numbers(tmp_path):
    rows = zip(CLEAN["width"], CLEAN["height"], [3] * ROWS, KIND, strict=True)
    (tmp_path / "t.csv").write_text("".join(f"{','.join(map(str, row))}\n" for row in rows))
    text = CLASSES.replace("target: kind", "target: 4")
    (tmp_path / "config.yaml").write_text(text)
    (finding,) = nntrain.check(tmp_path / "config.yaml").findings
    assert "`features: [1, 2]`" in finding.remedy
    (tmp_path / "config.yaml").write_text(text.replace("target: 4", "target: 4, features: [1, 2]"))
    assert nntrain.check(tmp_path / "config.yaml").findings == ()


@pytest.mark.parametrize(
    ("loss", "outputs", "line"),
    [
        (
            "{cross_entropy: {label_smoothing: 0.1}}",
            2,
            "{cross_entropy: {label_smoothing: 0.1, class_weights: [",
        ),
        ("binary_cross_entropy", 1, "{binary_cross_entropy: {pos_weight: "),
    ],
)
def test_the_remedy_of_rare_classes_keeps_the_other_options(tmp_path, loss, outputs, line):
    write(tmp_path / "t.csv", CLEAN | {"kind": np.where(np.arange(ROWS) % 50 == 0, "yes", "no")})
    config = CLASSES.replace("cross_entropy", loss).replace("dense: 2", f"dense: {outputs}")
    (tmp_path / "config.yaml").write_text(config + "metrics: [accuracy]\n")
    (finding,) = nntrain.check(tmp_path / "config.yaml").findings
    assert f"`loss: {line}" in finding.remedy
    assert "`metrics: [accuracy, f1]`" in finding.remedy
