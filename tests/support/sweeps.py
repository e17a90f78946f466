"""Sweeps: a small sweep file, and what the tests of sweeps share."""

import pytest

from nntrain.api import sweep as api

SWEEP = """
config:
  data: {source: {synthetic: {kind: two_moons, samples: 80, noise: 0.1}}, validation: 0.25}
  model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 2}]}
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: adam
  train: {epochs: 2, batch_size: 20}
trials: 4
method: random
parameters:
  optimizer:
    - sgd: {lr: {log_uniform: [0.01, 1]}, momentum: 0.9}
    - adam: {lr: {log_uniform: [1e-3, 0.1]}}
  model.layers[0].dense.units: {int: [4, 16]}
"""


def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take seconds."""
    monkeypatch.setattr(api.Lead, "draw", lambda lead, best: None)
