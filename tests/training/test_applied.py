"""Applied gradients: a weight that backward updates gets the bits of its gradient and its update one after the other."""

import numba
import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.inference.evaluate import Tally
from nntrain.kernels import host
from nntrain.training import applied
from nntrain.training.loop import Trainer

OPTIMIZERS = [
    {"adam": {"lr": 1e-2, "weight_decay": 1e-2}},
    {"adamw": {"lr": 1e-2, "weight_decay": 0.1}},
    {"sgd": {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "weight_decay": 1e-2}},
    {"sgd": {"lr": 0.1, "momentum": 0.9, "nesterov": True}},
]
# The products of VDPBF16PS are those of `matmul` only.
PRECISIONS = ["float32", "float64", *([] if host.DOTS else ["bfloat16"])]


def config(optimizer, **train):
    return {
        "data": {"source": {"random": {"input": [40], "classes": 4, "samples": 100}}},
        "model": {
            "layers": [
                {"dense": {"units": 47, "activation": "relu"}},  # whole and partial tiles
                {"dense": {"units": 15, "activation": "tanh"}},
                "batch_norm",
                {"dense": {"units": 70, "use_bias": False}},
                "layer_norm",
                {"dense": 4},
            ]
        },
        "loss": "cross_entropy",
        "optimizer": optimizer,
        "train": {"epochs": 1, "batch_size": 32, "ema": {"decay": 0.9}, **train},  # the last batch: 4 rows
    }


def after_an_epoch(config, smallest, monkeypatch):
    """The trainer of a config after an epoch, with weights of `smallest` values and more applied."""
    monkeypatch.setattr(applied, "SMALLEST", smallest)
    trainer = Trainer(load_setup(config)[0])
    trainer.network.initialize()
    trainer.step.begin()
    tally = Tally(trainer.config.loss, trainer.config.metrics)
    for number in range(len(trainer.batches)):
        trainer.step(trainer.loader.batch(0, number), number + 1, 0.05, tally)
    return trainer


def weights_of(trainer):
    gradients = trainer.step.applied_gradients
    return list(gradients.weights) if gradients else []


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: next(iter(optimizer)))
def test_applied_gradients_train_to_the_same_bytes(optimizer, precision, monkeypatch):
    plain = after_an_epoch(config(optimizer, precision=precision), 10**9, monkeypatch)
    assert weights_of(plain) == []
    threads = numba.get_num_threads()
    try:
        for count in {1, threads}:
            numba.set_num_threads(count)
            fused = after_an_epoch(config(optimizer, precision=precision), 61, monkeypatch)
            assert weights_of(fused) == ["dense_1", "dense_2", "dense_3", "dense_4"]
            assert fused.network.theta.tobytes() == plain.network.theta.tobytes()
            arrays = plain.step.arrays()
            assert arrays
            assert all(fused.step.arrays()[name].tobytes() == arrays[name].tobytes() for name in arrays)
    finally:
        numba.set_num_threads(threads)


def test_groups_apply_their_own_rates_and_optimizers(monkeypatch):
    groups = [
        {"match": "dense_1.weight", "freeze": True},
        {"match": "dense_2.*", "optimizer": {"sgd": {"lr": 0.1, "momentum": 0.5}}},
        {"match": "dense_3.*", "lr_scale": 0.1, "weight_decay": 0.2},
    ]
    grouped = {**config({"adam": {"lr": 1e-2}}), "parameter_groups": groups}
    plain = after_an_epoch(grouped, 10**9, monkeypatch)
    fused = after_an_epoch(grouped, 61, monkeypatch)
    assert sorted(weights_of(fused)) == ["dense_2", "dense_3", "dense_4"]
    assert fused.network.theta.tobytes() == plain.network.theta.tobytes()


@pytest.mark.parametrize(
    "train",
    [
        {"grad_clip": {"norm": 1.0}},
        {"grad_clip": {"value": 1.0}},
        {"regularize": {"l1": 1e-3}},
        {"regularize": {"l2": 1e-3}},
        {"gradient_noise": {"eta": 0.1}},
        {"on_nan": "skip"},
    ],
    ids=str,
)
def test_what_needs_the_whole_gradient_gets_it(train, monkeypatch):
    assert weights_of(after_an_epoch(config({"adam": 1e-2}, **train), 1, monkeypatch)) == []


@pytest.mark.parametrize("optimizer", [{"adam": {"amsgrad": True}}, {"sgd": 0.1}, "lion", "nadam"], ids=str)
def test_other_optimizers_update_the_whole(optimizer, monkeypatch):
    assert weights_of(after_an_epoch(config(optimizer), 1, monkeypatch)) == []


def test_batches_beyond_one_pass_are_updated_as_a_whole(monkeypatch):
    large = config({"adam": 1e-2}, batch_size=600)
    large["data"]["source"]["random"]["samples"] = 600
    plain, fused = (after_an_epoch(large, smallest, monkeypatch) for smallest in (10**9, 61))
    assert not fused.step.applied_gradients.possible(600)
    assert fused.network.theta.tobytes() == plain.network.theta.tobytes()


def test_a_step_outside_training_leaves_parameters_alone(monkeypatch):
    trainer = after_an_epoch(config({"adam": 1e-2}), 61, monkeypatch)
    before = trainer.network.theta.copy()
    feed = trainer.loader(0, 0)
    feed.forward(training=True)
    feed.gradient[...] = 1
    feed.executor.backward()
    assert np.array_equal(trainer.network.theta, before)
    assert np.abs(trainer.network.arena.gradients["dense_1.weight"]).max() > 0


def test_products_by_dots_need_the_whole_gradient(monkeypatch):
    monkeypatch.setattr(host, "DOTS", True)
    monkeypatch.setattr(applied, "SMALLEST", 1)
    assert weights_of(Trainer(load_setup(config({"adam": 1e-2}, precision="bfloat16"))[0])) == []


def test_sharpness_needs_the_whole_gradient(monkeypatch):
    sharpness = config({"sam": {"base": {"adam": 1e-2}}})
    assert weights_of(after_an_epoch(sharpness, 1, monkeypatch)) == []
