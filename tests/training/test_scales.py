"""Scales and magnitudes: what a network cannot learn from is found before training, with its column and the way to fix it."""

import numpy as np
import pytest

from nntrain.losses import Loss

HOUSES = """
data: {source: {csv: {path: t.csv, target: price, task: regression}}, validation: 0.2}
model: {layers: [{dense: {units: 4, activation: relu}}, {dense: 1}]}
loss: mse
optimizer: {adam: 0.001}
train: {epochs: 1, batch_size: 16}
"""


def write(shell, config=HOUSES, **columns) -> None:
    """A table with the columns u and price near unit scale, and `columns`."""
    draw = np.random.default_rng(0)
    table = {"u": draw.random(60), "price": draw.random(60)} | columns
    rows = zip(*table.values(), strict=True)
    lines = [",".join(map(str, row)) for row in rows]
    (shell.folder / "t.csv").write_text("\n".join([",".join(table), *lines]) + "\n")
    shell.write(config)


def years() -> np.ndarray:
    return np.random.default_rng(1).integers(1950, 2021, 60)


def prices() -> np.ndarray:
    return np.random.default_rng(3).normal(276_000, 79_000, 60).round()


def test_unscaled_columns_and_targets_are_warned_of_before_training(shell, wording):
    write(shell, year=years(), price=prices())
    wording(warnings := shell.run("summary", "config.yaml").stderr)
    columns, target = warnings.splitlines()
    assert "year is about 1,98" in columns.replace("'", "")
    assert "`standardize: true`" in columns
    assert "'price'" in target
    assert "Set `target_transform: standard`" in target
    assert shell.run("fit", "config.yaml", "--quiet").stderr.startswith(warnings)


def test_standardized_columns_and_scaled_targets_raise_no_alarm(shell):
    write(shell, HOUSES.replace("0.2}", "0.2, standardize: true}"), year=years())
    assert shell.run("summary", "config.yaml").stderr == ""


def test_the_numbers_of_categories_raise_no_alarm(shell):
    source = "source: {csv: {path: t.csv, target: price, task: regression, columns: {zip: {categorical: 3}}}}"
    config = HOUSES.replace("source: {csv: {path: t.csv, target: price, task: regression}}", source)
    zips = np.random.default_rng(0).permutation(200)
    draw = np.random.default_rng(1).random(200)
    write(shell, config.replace("layers: [", "layers: [embed_columns, "), zip=zips, u=draw, price=draw)
    assert "unscaled" not in shell.run("summary", "config.yaml").stderr


@pytest.mark.parametrize(
    "layers",
    [
        "[batch_norm, {dense: 1}]",
        "[{dense: {units: 2, weight_initializer: {constant: 0.001}, freeze: true}}, {dense: 1}]",
    ],
)
def test_a_network_that_scales_its_input_itself_raises_no_alarm(shell, layers):
    write(shell, HOUSES.replace("[{dense: {units: 4, activation: relu}}, {dense: 1}]", layers), year=years())
    assert shell.run("summary", "config.yaml").stderr == ""


@pytest.mark.parametrize("layer", ["units: 1, freeze: true", "units: 1, bias_initializer: {constant: 2e5}"])
def test_an_output_made_for_the_target_raises_no_alarm(shell, layer):
    write(shell, HOUSES.replace("{dense: 1}", f"{{dense: {{{layer}}}}}"), price=prices())
    assert shell.run("summary", "config.yaml").stderr == ""


@pytest.mark.parametrize("loss", ["poisson", "cosine", "kl_div"])
def test_a_loss_that_does_not_follow_the_scale_takes_any_target(shell, loss):
    write(shell, HOUSES.replace("mse", loss), price=years() * 1.5)
    assert shell.run("summary", "config.yaml").stderr == ""


def with_one(value, row=5) -> np.ndarray:
    values = np.random.default_rng(2).random(60)
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("columns", "config"),
    [
        ({"v": with_one(1e39)}, HOUSES),
        ({"v": with_one(-1e39)}, HOUSES.replace("0.2}", "0.2, standardize: true}")),
        ({"v": with_one(1e20)}, HOUSES),  # in the validation split: its prediction would be as large
        ({"v": with_one(1e20)}, HOUSES.replace("0.2}", "0.2, standardize: true}")),
        ({"price": with_one(1e39)}, HOUSES.replace("mse", "mae")),
        ({"price": with_one(1e20)}, HOUSES),
        ({"price": with_one(1e200)}, HOUSES.replace("batch_size", "precision: float64, batch_size")),
    ],
)
def test_what_the_float_type_cannot_hold_is_an_error_with_column_sample_and_value(
    shell, wording, columns, config
):
    write(shell, config, **columns)
    wording(error := shell.run("fit", "config.yaml", code=2).stderr)
    (name,) = columns
    assert f"'{name}', sample 6: " in error
    assert not (shell.folder / "runs").exists()


@pytest.mark.parametrize(
    ("columns", "config"),
    [
        ({"v": with_one(1e39)}, HOUSES.replace("batch_size", "precision: float64, batch_size")),
        ({"price": with_one(1e20)}, HOUSES.replace("mse", "mae")),
        ({"v": 1e20 * with_one(0.5)}, HOUSES.replace("0.2}", "0.2, standardize: true}")),
    ],
)
def test_what_the_float_type_holds_is_no_error(shell, columns, config):
    write(shell, config, **columns)
    shell.run("summary", "config.yaml")


def test_squares_beyond_float64_name_the_column_and_the_value(shell, wording):
    config = HOUSES.replace("0.2}", "0.2, standardize: true}").replace(
        "batch_size", "precision: float64, batch_size"
    )
    write(shell, config, v=1e200 * with_one(1))
    wording(error := shell.run("fit", "config.yaml", code=2).stderr)
    assert "'v'" in error
    assert "standardize" in error
    assert "e+" in error


def test_every_loss_of_squared_targets_says_so():
    """The others are finite for a target whose square float32 cannot hold."""
    target = np.full((1, 1), 1e20, np.float32)
    for name, kind in Loss.members().items():
        if kind.targets == "classes" or name == "kl_div" or kind.target_range == (0, 1):
            continue
        prediction = np.zeros((1, kind().outputs_per_target), np.float32)
        total, _ = kind()(prediction, target, None, np.zeros((0, 1), np.float32))
        assert np.isfinite(total) == (not kind.squares_targets), name


def test_a_diverged_run_looks_at_the_data_first(shell, wording):
    write(
        shell,
        HOUSES.replace("adam: 0.001", "sgd: 1.0").replace("{dense: {units: 4, activation: relu}}, ", ""),
        year=years(),
        price=prices(),
    )
    result = shell.run("fit", "config.yaml", "--quiet", "--set", "train.epochs=50", code=1)
    error = result.stderr[result.stderr.index("error:") :]
    assert "`standardize: true`" in error
    assert "'price'" in error
    assert "smaller learning rate" not in error
