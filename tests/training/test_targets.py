"""Several targets of different kinds: the sum of their losses, their metrics, what is missing, and what is refused."""

import csv
import io
import json

import numpy as np
import pytest
import yaml

from nntrain.component import shortest
from nntrain.config import load
from nntrain.config.schema import Config
from nntrain.data.conform.description import describe, from_description
from nntrain.heads import Head, short_names
from nntrain.inference.heads import with_heads
from nntrain.losses import Loss
from nntrain.losses.targets import Targets
from nntrain.losses.weighted_sum import WeightedSum
from nntrain.target_transform import TargetTransform
from nntrain.training.setup import prepare
from tests.conftest import contents, interrupt_at

CONFIG = """
data:
  source: {csv: {path: shop.csv, features: [a, b, c]}}
  test: 0.25
  standardize: true
targets:
  - {column: price, loss: mse, transform: standard, metrics: [rmse, r2]}
  - {column: kind, loss: cross_entropy, weight: 0.5}
  - {column: sold, loss: binary_cross_entropy, on_missing: skip}
model: {layers: [{dense: {units: 12, activation: tanh}}, {dense: 5}]}
optimizer: {adam: {lr: 0.02}}
train: {epochs: 6, batch_size: 16}
"""
OTHER = "{data: iris, model: {layers: [dense: 3]}, loss: mse, optimizer: {sgd: {lr: 1}}}"
ROWS = 160
HEADS = (
    Head("price", transform=TargetTransform(False, (50.0,), (20.0,))),
    Head("kind", ("large", "medium", "small")),
    Head("sold", ("no", "yes"), optional=True),
)


def shop_rows() -> list[list[object]]:
    """A price that is linear in the features, a kind and a sale that follow from them; every eighth sale is unknown."""
    random = np.random.default_rng(0)
    rows: list[list[object]] = []
    for number, (a, b, c) in enumerate(random.normal(size=(ROWS, 3))):
        kind = "small" if a + b < -0.7 else "medium" if a + b < 0.7 else "large"
        sold = "" if number % 8 == 0 else "yes" if b > c else "no"
        rows.append([f"{a:.4f}", f"{b:.4f}", f"{c:.4f}", f"{50 + 20 * a - 10 * c:.3f}", kind, sold])
    return rows


def write_shop(folder, rows=None, name="shop.csv") -> None:
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["a", "b", "c", "price", "kind", "sold"], *(rows or shop_rows())])


@pytest.fixture
def shop(shell):
    write_shop(shell.folder)
    return shell


def typed(text: str = CONFIG) -> Config:
    return Config.model_validate(yaml.safe_load(text))


def bound(text: str = CONFIG) -> WeightedSum:
    loss = with_heads(typed(text), HEADS).loss
    assert isinstance(loss, WeightedSum)
    return loss


def batch(rows: int = 20, dtype=np.float64):
    """Outputs, targets of which some are missing, and weights."""
    random = np.random.default_rng(1)
    y = random.normal(size=(rows, 5)).astype(dtype)
    target = np.stack(
        [random.normal(50, 20, rows), random.integers(0, 3, rows), random.integers(0, 2, rows)], axis=1
    ).astype(dtype)
    target[::4, 2] = np.nan
    return y, target, random.uniform(0.5, 2, rows).astype(dtype)


def separately(y, target, weight) -> tuple[float, np.ndarray]:
    """The mean over the rows of the three losses by hand, and its gradient."""
    rows = weight.sum()
    z = (target[:, 0] - 50) / 20
    logits = y[:, 1:4] - y[:, 1:4].max(axis=1, keepdims=True)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = target[:, 1].astype(int)
    known = ~np.isnan(target[:, 2])
    t, s = np.nan_to_num(target[:, 2]), 1 / (1 + np.exp(-y[:, 4]))
    losses = [
        weight * (y[:, 0] - z) ** 2,
        0.5 * weight * -np.log(p[np.arange(len(y)), true]),
        weight * known * -(t * np.log(s) + (1 - t) * np.log(1 - s)),
    ]
    gradient = np.empty_like(y)
    gradient[:, 0] = 2 * weight * (y[:, 0] - z)
    gradient[:, 1:4] = 0.5 * weight[:, None] * (p - (true[:, None] == np.arange(3)))
    gradient[:, 4] = weight * known * (s - t)
    return sum(loss.sum() for loss in losses) / rows, gradient / rows


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_the_weighted_sum_of_the_losses_of_the_targets(weighted):
    y, target, weight = batch()
    gradient = np.full_like(y, np.nan)
    total, counted = bound()(y, target, weight if weighted else None, gradient)
    expected, slopes = separately(y, target, weight if weighted else np.ones(len(y)))
    assert total / counted == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-14)


def test_the_sum_over_parts_of_a_batch_is_that_of_the_batch():
    y, target, weight = batch()
    loss, none = bound(), np.empty((0, 5))
    whole = loss(y, target, weight, none)
    parts = [loss(y[part], target[part], weight[part], none) for part in (slice(0, 7), slice(7, None))]
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=1e-12)


def test_rows_without_any_value_of_a_target_leave_its_outputs_alone():
    y, target, _ = batch(4)
    target[:, 2] = np.nan
    gradient = np.full_like(y, np.nan)
    total, _ = bound()(y, target, None, gradient)
    assert np.isfinite(total)
    assert (gradient[:, 4] == 0).all()
    assert (gradient[:, :4] != 0).all()


def test_the_best_constant_is_that_of_each_target():
    _, target, weight = batch(200)
    loss = bound()
    constant = loss.best_constant(Targets(target, weight, 5))
    known = ~np.isnan(target[:, 2])
    share = weight[known] @ target[known, 2] / weight[known].sum()
    assert constant[0] == pytest.approx((weight @ target[:, 0] / weight.sum() - 50) / 20)
    assert constant[4] == pytest.approx(np.log(share / (1 - share)))
    shares = np.bincount(target[:, 1].astype(int), weight) / weight.sum()
    np.testing.assert_allclose(np.exp(constant[1:4]), shares, rtol=1e-9)


def test_values_are_numbers_in_their_unit_and_probabilities():
    y = np.array([[1.0, 0.0, 0.0, np.log(2.0), 0.0]])
    loss = bound()
    np.testing.assert_allclose(loss.values(y), [[70, 0.25, 0.25, 0.5, 0.5]])
    names = loss.value_names(())
    assert names == ("price", "p(kind: large)", "p(kind: medium)", "p(kind: small)", "p(sold: yes)")
    np.testing.assert_allclose(loss.point(y), [[70, 2, 0]])


def test_a_config_is_the_same_after_writing_and_reading_it():
    config = typed()
    again = Config.model_validate(config.model_dump(mode="json"))
    assert again == config
    assert again.data.source._heads == config.data.source._heads != ()
    assert Config.model_validate(shortest(config)) == config
    assert "loss" not in config.model_dump()
    assert "targets" not in typed(OTHER).model_dump()


def test_what_was_measured_stands_in_a_checkpoint(shop):
    config, document = load(shop.write(CONFIG))
    train = prepare(config, document.folder).splits.train
    described = json.loads(json.dumps(describe(train)))
    again = from_description(described, train.statistics)
    assert again.heads == train.heads
    price, kind, sold = again.heads
    assert (kind.classes, sold.classes) == (("large", "medium", "small"), ("no", "yes"))
    assert price.transform is not None
    assert price.transform.mean == (np.asarray(train.target)[:, 0].mean(),)


def test_training_learns_each_target_and_reports_its_scores(shop):
    run = shop.fit(CONFIG, "--set", "train.epochs=40")
    scores = shop.scores(run)
    assert scores["targets"] == ["price", "kind", "sold"]
    assert scores["price_r2"] > 0.9
    assert scores["kind_accuracy"] > 0.85
    assert scores["sold_accuracy"] > 0.85
    columns = (run / "metrics.csv").read_text().splitlines()[0].split(",")
    assert columns[3:10] == [
        "train_loss",
        "train_price_loss",
        "train_price_rmse",
        "train_price_r2",
        "train_kind_loss",
        "train_kind_accuracy",
        "train_sold_loss",
    ]
    table = shop.run("eval", run).stdout
    assert [line.split()[0] for line in table.splitlines() if line.startswith(("price", "kind", "sold"))] == [
        "price",
        "kind",
        "sold",
    ]


def test_without_gaps_the_loss_is_the_sum_of_the_reported_losses(shop):
    rows = [[*row[:5], row[5] or "no"] for row in shop_rows()]
    write_shop(shop.folder, rows)
    scores = shop.scores(shop.fit(CONFIG))
    parts = scores["price_loss"] + 0.5 * scores["kind_loss"] + scores["sold_loss"]
    assert scores["loss"] == pytest.approx(parts, rel=1e-6)


@pytest.mark.parametrize(
    ("target", "outputs", "metric"),
    [
        ("{column: price, loss: mse, transform: standard}", 1, "rmse"),
        ("{column: kind, loss: cross_entropy}", 3, "accuracy"),
    ],
)
def test_a_single_target_trains_as_without_targets(shop, target, outputs, metric):
    column = target.split()[1].strip(",")
    text = CONFIG[CONFIG.index("model:") :].replace("dense: 5", f"dense: {outputs}")
    head = CONFIG[: CONFIG.index("targets:")]
    run = shop.fit(f"{head}targets: [{target}]\n{text}", name="targets")
    plain = head.replace("features", f"target: {column}, features")
    if outputs == 1:
        plain += "  target_transform: standard\n"
    loss = "cross_entropy" if outputs == 3 else "mse"
    other = shop.fit(f"{plain}loss: {loss}\nmetrics: [{metric}]\n{text}", name="plain")
    one, two = shop.scores(run), shop.scores(other)
    assert one[f"{column}_{metric}"] == pytest.approx(two[metric], rel=1e-4)
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-4)


def test_an_unimportant_target_hardly_changes_what_another_one_learns(shop):
    """With separate trunks two targets would not meet at all; a tiny weight is near that."""
    alone = CONFIG.replace("  - {column: kind, loss: cross_entropy, weight: 0.5}\n", "").replace(
        "dense: 5", "dense: 2"
    )
    alone = "\n".join(line for line in alone.splitlines() if "sold" not in line).replace(
        "dense: 2", "dense: 1"
    )
    one = shop.scores(shop.fit(alone, "--set", "train.epochs=40", name="alone"))
    tiny = CONFIG.replace("weight: 0.5", "weight: 1e-6").replace(
        "on_missing: skip}", "on_missing: skip, weight: 1e-6}"
    )
    both = shop.scores(shop.fit(tiny, "--set", "train.epochs=40", name="both"))
    assert both["price_r2"] == pytest.approx(one["price_r2"], abs=0.02)


def test_a_resumed_run_equals_a_straight_one(shop, monkeypatch):
    straight = contents(shop.fit(CONFIG, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 17)
        run = shop.fit(CONFIG, name="run", code=130)
    shop.run("fit", run, "--resume", "--quiet")
    assert contents(run) == straight


def test_shards_sum_to_the_same_loss(shop):
    one = shop.scores(shop.fit(CONFIG, name="one"))
    two = shop.scores(shop.fit(CONFIG, "--set", "train.shards=2", name="two"))
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-3)


def test_gradcheck_passes(shop):
    result = shop.run("gradcheck", shop.write(CONFIG))
    assert "4 PASS" in result.stdout


def test_predict_has_a_column_for_each_target_and_the_probabilities_of_its_classes(shop):
    run = shop.fit(CONFIG)
    found = list(csv.DictReader(io.StringIO(shop.run("predict", run, "shop.csv").stdout)))
    assert list(found[0]) == ["price", "kind", "sold"]
    assert len(found) == ROWS
    shares = list(csv.DictReader(io.StringIO(shop.run("predict", run, "shop.csv", "--probabilities").stdout)))
    assert list(shares[0]) == [
        "price",
        "kind",
        "p(kind: large)",
        "p(kind: medium)",
        "p(kind: small)",
        "sold",
        "p(sold: no)",
        "p(sold: yes)",
    ]
    for row in shares:
        chances = {name: float(row[f"p(kind: {name})"]) for name in ("large", "medium", "small")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert row["kind"] == max(chances, key=lambda name: chances[name])
        assert (row["sold"] == "yes") == (float(row["p(sold: yes)"]) > 0.5)
    records = json.loads(shop.run("predict", run, "shop.csv", "--json").stdout)["predictions"]
    assert records[0].keys() == {"price", "kind", "sold"}
    shop.run("predict", run, "shop.csv", "--probabilities", "--output", "p.npz")
    with np.load(shop.folder / "p.npz") as arrays:
        assert arrays["p(kind)"].shape == (ROWS, 3)
        assert arrays["price"].shape == (ROWS,)
        assert arrays["kind"].tolist() == [row["kind"] for row in found]


def test_new_data_are_scored_by_column_and_class_name(shop):
    run = shop.fit(CONFIG, "--set", "data.test=null")
    whole = shop.scores(run, "--split", "train")
    rows = [row[::-1] for row in shop_rows()]
    with (shop.folder / "turned.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["sold", "kind", "price", "c", "b", "a"], *rows])
    found = shop.scores(run, "--data", "turned.csv")
    assert found["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    assert found["kind_accuracy"] == whole["kind_accuracy"]


def test_a_validation_file_with_some_of_the_classes_has_their_numbers(shop):
    few = [row for row in shop_rows() if row[4] != "large"]
    write_shop(shop.folder, few, "few.csv")
    run = shop.fit(CONFIG + "\n", "--set", "data.validation={csv: {path: few.csv, features: [a, b, c]}}")
    expected = shop.scores(run, "--data", "few.csv")
    assert shop.scores(run, "--split", "validation")["kind_loss"] == pytest.approx(
        expected["kind_loss"], rel=1e-6
    )


def test_folds_hold_out_the_classes_of_the_first_such_target_in_proportion(shop):
    run = shop.fit(CONFIG, "--set", "data.test=null", "--set", "data.fold={number: 1, of: 4}")
    assert "stratified by class" in shop.run("summary", run / "config.yaml").stdout


@pytest.mark.parametrize(
    "override",
    [
        "loss=mse",
        "metrics=[accuracy]",
        "targets.0.column=prise",
        "targets.1.column=price",
        "targets.0.weight=0",
        "targets.1.loss=mse",
        "targets.1.loss=binary_cross_entropy",
        "targets.1.loss=nll",
        "targets.1.transform=standard",
        "targets.1.metrics=[r2]",
        "targets.0.metrics=[rmse,rmse]",
        "targets.2.on_missing=error",
        "targets.0.loss=poisson",
        "model.layers.1.dense=4",
        "model.target=input",
        "data.source.csv.target=price",
        "data.source=iris",
        "data.target_transform=standard",
        "data.class_weights=balanced",
        "targets=[]",
    ],
)
def test_what_does_not_fit_is_refused(shop, wording, override):
    wording(shop.run("fit", shop.write(CONFIG), "--set", override, code=2).stderr)


def test_a_target_far_from_unit_scale_is_warned_of(shop, wording):
    changes = ("--set", "targets.0.transform=null", "--set", "train.epochs=1")
    text = CONFIG.replace("shop.csv", "far.csv")
    write_shop(
        shop.folder, [[*row[:3], f"{float(row[3]) * 1000}", *row[4:]] for row in shop_rows()], "far.csv"
    )
    wording(shop.run("summary", shop.write(text), *changes[:2]).stderr)


def test_names_for_scores_have_no_commas_or_blanks_and_are_different():
    heads = [Head("body mass, g"), Head("body_mass_g"), Head("größe"), Head("%")]
    assert short_names(heads) == ["body_mass_g", "body_mass_g_2", "größe", "target"]


def test_the_monitor_can_be_the_score_of_a_target(shop):
    run = shop.fit(CONFIG, "--set", "data.validation=0.2", "--set", "train.monitor=validation_price_rmse")
    rows = list(csv.DictReader(io.StringIO((run / "metrics.csv").read_text(encoding="utf-8"))))
    best = [row for row in rows if row["best"] == "1"][-1]
    assert float(best["validation_price_rmse"]) == min(float(row["validation_price_rmse"]) for row in rows)


def test_the_loss_waits_for_its_data():
    loss: Loss = typed().loss
    assert isinstance(loss, WeightedSum)
    assert not loss.bound


@pytest.mark.parametrize("form", ["onnx", "python", "c"])
def test_an_export_gives_the_numbers_and_the_probabilities_of_all_targets(shop, form):
    """The export itself compares them with those of the network."""
    pytest.importorskip("onnx" if form == "onnx" else "numpy")
    run = shop.fit(CONFIG)
    file = {"onnx": "net.onnx", "python": "net.py", "c": "net.c"}[form]
    assert "wrote" in shop.run("export", run, "--to", form, "--output", file).stdout


def test_chosen_metrics_are_those_of_the_targets_that_they_fit(shop, wording):
    run = shop.fit(CONFIG)
    found = shop.scores(run, "--metrics", "f1,mae")
    scores = [name for name in found if name not in ("split", "samples", "targets", "loss")]
    assert scores == ["price_loss", "price_mae", "kind_loss", "kind_f1", "sold_loss", "sold_f1"]
    wording(shop.run("eval", run, "--metrics", "top_k_accuracy", code=2).stderr)


def test_a_cross_validation_has_the_mean_scores_of_each_target(shop):
    config = shop.write(CONFIG.replace("  test: 0.25\n", ""))
    shop.run("crossval", config, "--folds", 3, "--runs-dir", shop.folder / "runs", "--name", "folds")
    mean = json.loads((shop.folder / "runs/folds/crossval.json").read_text(encoding="utf-8"))["mean"]
    assert list(mean) == [
        "loss",
        "price_loss",
        "price_rmse",
        "price_r2",
        "kind_loss",
        "kind_accuracy",
        "sold_loss",
        "sold_accuracy",
    ]
    assert all(np.isfinite(value) for value in mean.values())


def test_the_picture_of_the_samples_shows_the_classes_of_the_first_target(shop):
    text = CONFIG.replace(
        "  - {column: price", "  - {column: kind, loss: cross_entropy}\n  - {column: price", 1
    )
    text = text.replace("  - {column: kind, loss: cross_entropy, weight: 0.5}\n", "")
    shop.run("plot", "samples", shop.write(text), "--output", "samples.png")
    assert (shop.folder / "samples.png").stat().st_size
    shop.run("plot", "samples", shop.write(CONFIG), "--output", "numbers.png")
