"""`fit --verify-resume`: a restart in the middle of a few steps changes no bit, and a plugin with hidden state is found out."""

import os
import subprocess
import sys

import pytest

from nntrain.api.fit import verify_resume
from nntrain.run.verification import ResumeDiffers
from nntrain.training.step import Step
from tests.conftest import MOONS
from tests.support import ROOT

RICH = """
data: {source: {random: {input: [6], classes: 3, samples: 100}}, validation: 0.2}
model: {layers: [{dense: 8}, batch_norm, {dropout: 0.3}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy, auc]
optimizer: {adam: {lr: 0.02}}
schedule: {reduce_on_plateau: {patience: 0}}
train: {epochs: 2, batch_size: BATCH, ema: {decay: 0.9}, gradient_noise: {eta: 0.01}, grad_clip: {norm: 1}}
"""
STATEFUL = """
data: {source: {text: {path: t.txt, window: 8, consecutive: true}}}
model: {layers: [{embedding: 4}, {gru: {units: 4, stateful: true, return_sequences: true}}, {dense: 4}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
train: {batch_size: 4}
"""
DRIFT = """
from nntrain.layers.layer import Activation
from nntrain.layers.context import LayerContext

COUNTS = {}


class Drift(Activation, name="drift_KIND"):
    \"""Scales by a factor that grows from call to call.\"""

    reads = "y"

    def forward(self, ctx: LayerContext) -> None:
        key = KEY
        COUNTS[key] = COUNTS.get(key, 0) + bool(ctx.info.training)
        ctx.y[...] = ctx.x * (1 + COUNTS[key] / 100)

    def backward_input(self, ctx: LayerContext) -> None:
        ctx.dx[...] = ctx.dy
"""


@pytest.mark.parametrize("batch", ["7", "50", "full"])
def test_resume_is_exact(shell, batch):
    out = shell.run("fit", shell.write(RICH.replace("BATCH", batch)), "--verify-resume").stdout
    assert out.startswith("resume is exact: 7 steps")
    assert out.count("\n") == 1
    assert [path.name for path in shell.folder.iterdir()] == ["config.yaml"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["adding_problem", "digits_cnn", "iris", "sequence_tagging", "series_forecast", "spirals"]
)
def test_resume_of_the_gallery_is_exact(shell, name):
    assert "resume is exact" in shell.run("fit", ROOT / f"configs/{name}.yaml", "--verify-resume").stdout


def test_hidden_states_that_are_carried_over_are_restored(shell):
    (shell.folder / "t.txt").write_text("abcd" * 200)
    assert "resume is exact" in shell.run("fit", shell.write(STATEFUL), "--verify-resume").stdout


def test_a_start_is_verified_too(shell):
    first = shell.fit(name="first")
    assert (
        "resume is exact" in shell.run("fit", shell.write(MOONS), "--from", first, "--verify-resume").stdout
    )


@pytest.mark.parametrize(
    ("kind", "key"), [("global", "0"), ("instance", "id(self)"), ("trainer", "id(ctx.info)")]
)
def test_hidden_state_of_a_plugin_is_found(shell, kind, key):
    plugin = shell.folder / f"drift_{kind}.py"
    plugin.write_text(DRIFT.replace("KIND", kind).replace("KEY", key))
    shell.write(MOONS.replace("{dropout: 0.2}", f"drift_{kind}"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "nntrain",
        "fit",
        "config.yaml",
        "--verify-resume",
        "--plugin",
        plugin.name,
    ]
    done = subprocess.run(
        command, cwd=shell.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "From plugins there are: drift_" in done.stderr
    assert "parameter.dense_1.weight: by up to" in done.stderr


def test_what_the_checkpoint_lacks_is_named(shell, monkeypatch):
    path = shell.write(MOONS)
    monkeypatch.setattr(Step, "arrays", lambda self: {"optimizer.mean": self.slots["mean"]})
    with pytest.raises(ResumeDiffers, match="resumed after step 3") as caught:
        verify_resume(path)
    assert "parameter.dense_1.weight: by up to" in str(caught.value)


def test_it_cannot_be_combined_with_resume(shell):
    shell.run("fit", shell.write(MOONS), "--verify-resume", "--resume", code=2)
