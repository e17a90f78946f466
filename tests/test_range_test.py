"""The range test: it trains as `fit` does, with growing rates, and suggests a rate near the best one of a sweep."""

import math
import os

import numpy as np
import pytest

import nntrain
from nntrain.api.setup import load_setup
from nntrain.config import Document
from nntrain.config.validate import checked
from nntrain.errors import NntrainError, UserError
from nntrain.optimizers import Optimizer
from nntrain.range_test import Divergence, NoFall, fallen, losses_at, smoothed
from nntrain.training.diagnosis import Diverged
from nntrain.training.loop import Trainer
from tests.conftest import MOONS
from tests.support import ROOT

# Validation losses of the best epoch, by learning rate, made by hand with
#     nntrain.fit(CONFIG, set={"optimizer": {NAME: {**OPTIONS, "lr": LR}}, "schedule": "constant", "train.epochs": EPOCHS})
# with 5 epochs of configs/digits.yaml and 2 of configs/mnist_mlp.yaml. NaN: diverged.
SGD_RATES = (1e-4, 3.16e-4, 1e-3, 3.16e-3, 0.01, 0.0316, 0.1, 0.316, 1.0, 3.16, 10.0, 31.6, 100.0)
ADAM_RATES = tuple(rate / 100 for rate in SGD_RATES)
NAN = math.nan
SWEEPS = {
    ("digits", "sgd: {momentum: 0.9, weight_decay: 1e-3}"): (
        *(2.330, 2.081, 1.519, 0.508, 0.181, 0.103, 0.136, 0.781, 2.340, 2.507, NAN, NAN, NAN),
    ),
    ("digits", "sgd: {}"): (
        *(2.521, 2.460, 2.324, 2.067, 1.461, 0.488, 0.230, 0.151, 0.809, 2.318, 2.408, 4.769, 35.02),
    ),
    ("digits", "adam: {}"): (
        *(2.544, 2.521, 2.455, 2.284, 1.873, 0.768, 0.197, 0.077, 0.060, 0.108, 0.985, 2.321, 2.341),
    ),
    ("mnist_mlp", "sgd: {}"): (
        *(2.301, 2.135, 1.770, 0.935, 0.458, 0.290, 0.184, 0.124, 0.127, 2.305, NAN, 5.888, 34.29),
    ),
    ("mnist_mlp", "sgd: {momentum: 0.9}"): (
        *(1.777, 0.949, 0.462, 0.293, 0.188, 0.126, 0.121, 0.266, 2.316, 2.387, 2.520, 54.98, 202.3),
    ),
    ("mnist_mlp", "adam: {}"): (
        *(2.293, 2.061, 1.437, 0.559, 0.292, 0.174, 0.116, 0.119, 0.153, 0.396, 1.444, 2.317, 2.329),
    ),
}


def suggestion_and_best(name: str, optimizer: str, steps: int = 200) -> tuple[float, float]:
    rates = ADAM_RATES if "adam" in optimizer else SGD_RATES
    best = rates[int(np.nanargmin(SWEEPS[name, optimizer]))]
    changes = {"optimizer": {optimizer.split(":")[0]: {**eval_options(optimizer), "lr": best}}}
    return nntrain.find_lr(ROOT / f"configs/{name}.yaml", set=changes, steps=steps).suggestion, best


def eval_options(optimizer: str) -> dict:
    (options,) = Document.parse(optimizer).tree.values()
    return options


@pytest.mark.parametrize("steps", [100, 200, 400])
@pytest.mark.parametrize("optimizer", [optimizer for name, optimizer in SWEEPS if name == "digits"])
def test_on_digits_the_suggestion_is_within_a_factor_of_5_of_the_best_rate(optimizer, steps):
    found, best = suggestion_and_best("digits", optimizer, steps)
    assert best / 5 <= found <= best * 5


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [optimizer for name, optimizer in SWEEPS if name == "mnist_mlp"])
def test_on_mnist_the_suggestion_is_within_a_factor_of_5_of_the_best_rate(optimizer):
    if "NNTRAIN_DATA" not in os.environ:
        pytest.skip("mnist is not available: set NNTRAIN_DATA to the folder that contains it")
    found, best = suggestion_and_best("mnist_mlp", optimizer)
    assert best / 5 <= found <= best * 5


def test_it_trains_as_fit_does_with_growing_rates():
    config = ROOT / "configs/digits.yaml"
    trainer, rates = Trainer(load_setup(config)[0]), np.geomspace(1e-9, 1e-8, 60)
    trainer.network.initialize()
    losses, _ = losses_at(rates, trainer)
    short = {"train.epochs": 2, "schedule": "constant", "optimizer.sgd.lr": 3e-9}
    run = nntrain.fit(config, set=short, runs_dir=None)
    assert losses[0] == run.steps["loss"][0]  # the same batch, dropout and initial parameters
    np.testing.assert_allclose(losses, run.steps["loss"][:60], rtol=1e-5)  # also of the second epoch


def test_the_result_is_the_same_every_time_and_with_any_number_of_threads(shell):
    config = shell.write(MOONS)
    one, two = nntrain.find_lr(config, threads=1), nntrain.find_lr(config, threads=2)
    assert one.suggestion == two.suggestion
    for name in ("rates", "losses", "smoothed"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert [path.name for path in shell.folder.iterdir()] == ["config.yaml"]


def test_data_in_memory_replace_those_of_the_config(shell):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 3)).astype(np.float32)
    config = {"model": {"layers": [{"dense": 1}]}, "loss": "mse", "optimizer": {"sgd": {"lr": 1}}}
    result = nntrain.find_lr(config, data=nntrain.Data(x, x @ [[1.0], [2.0], [3.0]]))
    assert 0.003 < result.suggestion < 1
    assert result.diverged is not None


# Wrappers have no rate of their own, muon passes its rate on, and rprop has none: see tests/training/test_update.py.
OTHERS = {"lookahead", "muon", "rprop", "sam"}


@pytest.mark.parametrize("name", sorted(Optimizer.members().keys() - OTHERS))
def test_every_optimizer_gets_a_suggestion_and_a_line_of_yaml(shell, name):
    text = MOONS.replace("adam: {lr: 0.02}", f"{name}: {{lr: 0.5, weight_decay: 1e-5}}")
    result = nntrain.find_lr(shell.write(text), steps=100)
    assert result.rates[0] < result.suggestion < result.lowest * 1.05
    assert result.lr == 0.5
    lines = [result.yaml if line.startswith("optimizer") else line for line in text.splitlines()]
    pasted, _ = checked(Document.parse("\n".join(lines)))
    by_option, _ = checked(Document.parse(text), (f"{result.key}={result.suggestion:g}",))
    assert pasted == by_option
    assert pasted.optimizer.lr == result.suggestion
    assert pasted.optimizer.weight_decay == 1e-5


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("{adam: {lr: 0.02}}", "{sgd: {momentum: 0.9}}", "optimizer.sgd.lr"),
        ("{adam: {lr: 0.02}}", "sgd", "optimizer.sgd.lr"),
        ("train:", "schedule: {one_cycle: {pct_start: 0.2}}\ntrain:", "schedule.one_cycle.max_lr"),
    ],
)
def test_the_config_need_not_set_the_rate(shell, old, new, key):
    text = MOONS.replace(old, new)
    result = nntrain.find_lr(shell.write(text))
    assert (result.key, result.lr) == (key, None)
    assert checked(Document.parse(text), (f"{key}={result.suggestion:g}",))
    with pytest.raises(UserError, match="no such option") as caught:
        nntrain.find_lr(shell.write(text.replace("units", "unit")))
    assert "lr: is required" in str(caught.value)


@pytest.mark.parametrize(
    ("schedule", "key", "words"),
    [
        ("constant", "optimizer.adam.lr", []),
        ("{step: {step_size: 2, warmup: {epochs: 1}}}", "optimizer.adam.lr", ["starts from it", "warmup"]),
        ("{one_cycle: {max_lr: 0.3, pct_start: 0.2}}", "schedule.one_cycle.max_lr", ["whatever"]),
        ("{cyclic: {max_lr: 0.3, step_size: 2}}", "schedule.cyclic.max_lr", ["a tenth"]),
    ],
)
def test_the_suggestion_is_the_rate_that_the_schedule_reaches(shell, schedule, key, words, wording):
    text = f"{MOONS}schedule: {schedule}\n"
    result, plain = nntrain.find_lr(shell.write(text)), nntrain.find_lr(shell.write(MOONS))
    assert result.suggestion == plain.suggestion  # the schedule itself has no effect
    assert result.key == key
    assert len(result.notes) == len(words)
    assert all(word in note for word, note in zip(words, result.notes, strict=True))
    assert checked(
        Document.parse(f"{MOONS if 'schedule' in key else MOONS.split('optimizer')[0]}{result.yaml}\n")
    )
    wording("\n".join([result.yaml.replace(f"{result.suggestion:g}", "N"), *result.notes]))


def test_it_starts_from_pretrained_weights(shell):
    shell.fit()
    text = MOONS.replace("model: {", "model: {initializer: {pretrained: runs/run}, ")
    assert nntrain.find_lr(shell.write(text)).losses[0] < 0.9 * nntrain.find_lr(shell.write(MOONS)).losses[0]


def test_training_that_is_not_finite_from_the_start_is_diagnosed(shell):
    x = np.full((20, 2), 1e15, np.float32) * np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    layers = [{"dense": 8}, {"dense": 8}, {"dense": 1}]
    config = {"model": {"layers": layers}, "loss": "huber", "optimizer": {"sgd": {"lr": 1}}}
    config["model"]["initializer"] = {"normal": {"std": 1e8}}
    with pytest.raises(Diverged, match="step 1"):
        nntrain.find_lr(config, data=nntrain.Data(x, x[:, 0]))


def test_impossible_ranges_are_refused(shell):
    config = shell.write(MOONS)
    for options in ({"lowest": 1.0, "highest": 0.1}, {"lowest": 0.0}, {"steps": 5}, {"highest": math.inf}):
        with pytest.raises(UserError, match="expected"):
            nntrain.find_lr(config, **options)


# The rules, on curves whose answer is known

RATES = np.geomspace(1e-5, 10, 121)  # 20 for each decade
NOISE = np.random.default_rng(0).normal(size=len(RATES))


def curve(noise: float = 0.0) -> np.ndarray:
    """It falls from 2 to 1 around a rate of 0.01 and rises beyond 1."""
    decades = np.log10(RATES)
    return 1 + 1 / (1 + np.exp(5 * (decades + 2))) + np.exp(9 * (decades - 0.3)) + noise * NOISE


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_the_rate_is_that_at_which_the_loss_has_done_most_of_its_fall(noise):
    losses = curve(noise)[:105]
    assert 0.005 < RATES[fallen(losses, smoothed(losses, 7.2))] < 0.06


def test_a_loss_that_does_not_fall_is_an_error(wording):
    for losses in (1 + 0.2 * NOISE, np.geomspace(1, 3, 121), np.ones(121)):
        with pytest.raises(NoFall) as caught:
            fallen(losses, smoothed(losses, 7.2))
    wording(str(caught.value))
    assert isinstance(caught.value, NntrainError)
    assert caught.value.exit_code == 1


def test_smoothing_does_not_lag_and_keeps_straight_lines():
    line = np.linspace(3, 1, 50)
    np.testing.assert_allclose(smoothed(line, 4.0)[15:35], line[15:35], rtol=1e-3)
    assert np.ptp(smoothed(np.ones(50), 4.0)) < 1e-12


@pytest.mark.parametrize("shift", [0.0, -5.0])  # some losses are negative
def test_divergence_is_noticed_where_the_loss_rises_far_above_its_start(shift):
    losses = curve(0.05) + shift
    found = list(map(Divergence(), losses)).index(True)
    assert RATES[found] > 1
    assert losses[: found + 1].max() > losses[0] + 1
    assert not any(map(Divergence(), 1 + shift + 0.3 * NOISE))
    assert Divergence()(math.inf)
    assert Divergence()(math.nan)
