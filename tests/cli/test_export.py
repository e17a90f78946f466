"""`nntrain export`: a run as a file of another form."""

import json

import numpy as np
import onnxruntime
import pytest

import nntrain
from tests.conftest import MOONS


@pytest.fixture
def run(shell):
    return shell.fit(MOONS, "--set", "train.epochs=1")


def test_a_run_becomes_an_onnx_model_that_equals_predict(shell, run):
    printed = shell.run("export", run, "--to", "onnx").stdout
    path = shell.folder / f"{run.name}.onnx"
    assert f"{run.name}.onnx: differs from predict by" in printed
    x = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    session = onnxruntime.InferenceSession(path)
    probabilities, classes = session.run(["probabilities", "class"], {"input": x})
    model = nntrain.load(run)
    assert np.abs(probabilities - model.predict_proba(x)).max() < 1e-5
    names = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    assert [names[number] for number in classes] == list(model.predict(x))


def test_an_existing_file_is_kept(shell, run, wording):
    (shell.folder / "net.onnx").write_text("mine")
    command = ("export", run, "--to", "onnx", "--output", "net.onnx")
    wording(shell.run(*command, code=2).stderr)
    assert (shell.folder / "net.onnx").read_text() == "mine"
    report = json.loads(shell.run(*command, "--overwrite", "--json", "--logits").stdout)
    assert report["files"] == ["net.onnx"]
    assert report["difference"] < 1e-5
    assert onnxruntime.InferenceSession(shell.folder / "net.onnx").get_outputs()[0].name == "logits"


def test_python_exports_as_the_command_does(shell, run):
    shell.run("export", run, "--to", "onnx", "--output", "net.onnx")
    (shell.folder / "other").mkdir()
    written = nntrain.load(run).export("onnx", shell.folder / "other" / "net.onnx")
    assert written == shell.folder / "other" / "net.onnx"
    assert written.read_bytes() == (shell.folder / "net.onnx").read_bytes()
