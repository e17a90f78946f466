"""`split_seed` alone decides which samples are held out."""

import numpy as np

import nntrain

DRAW = np.random.default_rng(0)
DATA = nntrain.Data(DRAW.normal(size=(60, 2)), DRAW.normal(size=60), validation=0.2, test=0.2)


def run(**seeds):
    config = {
        "model": {"layers": [{"dense": 1}]},
        "loss": "mse",
        "optimizer": {"sgd": 0.01},
        "train": {"epochs": 1},
        **seeds,
    }
    found = nntrain.fit(config, data=DATA)
    snapshot = found.model._trained.snapshot
    return snapshot.facts["data"]["sha256"], snapshot.tensors["parameter.dense_1.weight"]


def test_the_split_seed_alone_chooses_the_splits():
    first, second = run(seed=1, split_seed=5), run(seed=2, split_seed=5)
    assert first[0] == second[0]
    assert (first[1] != second[1]).any()
    assert run(seed=1, split_seed=6)[0] != first[0]


def test_without_it_the_seed_chooses_them():
    assert run(seed=5)[0] == run(seed=1, split_seed=5)[0]
