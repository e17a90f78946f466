"""`nntrain import` makes a run that the other commands take, says what it did, and what to do where it cannot."""

import importlib.util
import json

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

import nntrain
from nntrain.run.checkpoint import read
from tests.importing.test_refused import FOUR, a_tensor, pt
from tests.support.imported import FOLDER, NETWORKS, config, imported, recorded


@pytest.fixture
def folder(shell):
    """A shell in a folder with the recorded network `gru`, its data, and a config."""
    x, y = recorded("gru")
    np.savez(shell.folder / "data.npz", x=np.tile(x, (4, 1, 1)), y=np.tile(y, (4, 1)))
    source = {"npz": {"path": "data.npz", "task": "regression"}}
    layers = NETWORKS["gru"]
    shell.write(yaml.safe_dump(config(layers, data={"source": source, "validation": 0.25}, name="gru")))
    (shell.folder / "gru.pt").write_bytes((FOLDER / "gru.pt").read_bytes())
    return shell


def test_the_run_is_evaluated_asked_and_trained_further(folder):
    folder.run("import", "gru.pt", "--config", "config.yaml")
    assert folder.scores("runs/gru")["loss"] < 1e-10  # its own outputs are the targets
    info = json.loads((folder.folder / "runs/gru/run.json").read_text())
    assert info["status"] == "imported"
    assert info["imported"]["framework"] == "PyTorch"
    assert info["imported"]["file"].endswith("gru.pt")
    assert info["scores"]["validation"]["loss"] < 1e-10
    folder.run("predict", "runs/gru", "data.npz")
    folder.run("fit", "config.yaml", "--from", "runs/gru", "--name", "on", "--quiet")
    folder.run("fit", "config.yaml", "--name", "gru", "--resume", "--quiet")
    assert read(folder.folder / "runs/gru/checkpoints/last.safetensors").facts["training"]["epoch"] == 1
    assert "imported" not in folder.run("runs", "runs").stdout.split("gru")[0]


def test_the_table_says_what_went_where(folder, wording):
    shown = folder.run("import", "gru.pt", "--config", "config.yaml").stdout
    wording(shown.split("\ntrain ")[0])  # the scores are those of rounding
    found = json.loads(folder.run("import", "gru.pt", "--config", "config.yaml", "--json").stdout)
    assert found["run"] == "runs/gru-2"
    rows = {row["parameter"]: row for row in found["rows"]}
    assert rows["gru_1.weight"] == {
        "source": "gru.weight_ih_l0",
        "source_shape": [18, 3],
        "how": "transposed",
        "parameter": "gru_1.weight",
        "shape": [3, 18],
    }
    assert found["scores"]["train"]["loss"] < 1e-10


def test_the_command_and_the_function_write_the_same_checkpoint(folder):
    folder.run("import", "gru.pt", "--config", "config.yaml", "--name", "a")
    nntrain.import_weights("gru.pt", "config.yaml", name="b")
    a, b = ((folder.folder / f"runs/{name}/checkpoints/best.safetensors").read_bytes() for name in "ab")
    assert a == b


def test_an_imported_run_is_imported_again(folder):
    folder.run("import", "gru.pt", "--config", "config.yaml")
    folder.run("import", "runs/gru", "--config", "config.yaml", "--name", "again")
    assert folder.scores("runs/again")["loss"] < 1e-10


def test_errors_name_the_options(folder, wording):
    layers = "model.layers=[{lstm: 6}, {dense: 4}]"
    wording(folder.run("import", "gru.pt", "--config", "config.yaml", "--set", layers, code=2).stderr)
    wide = "model.layers=[{gru: 6}, {dense: 6}, {dense: 4}]"
    wording(folder.run("import", "gru.pt", "--config", "config.yaml", "--set", wide, code=2).stderr)
    assert "--map" in folder.run("import", "gru.pt", "--config", "config.yaml", "--map", "fc", code=2).stderr
    assert not (folder.folder / "runs").exists()
    folder.run("import", "gru.pt", "--config", "config.yaml", "--set", wide, "--partial")
    taken = folder.run("import", "gru.pt", "--config", "config.yaml", "--name", "gru", code=2).stderr
    assert "--overwrite" in taken


def test_layers_of_equal_shape_ask_for_an_option(shell, wording):
    shell.write(
        "data: iris\nmodel: {layers: [{dense: 4}, {dense: 4}, {dense: 3}]}\nloss: cross_entropy\noptimizer: {sgd: 0.1}\n"
    )
    names = {"head": (3, 4), "left": (4, 4), "right": (4, 4)}
    arrays = {f"{name}.weight": np.ones(shape, np.float32) for name, shape in names.items()}
    arrays |= {f"{name}.bias": np.ones(shape[0], np.float32) for name, shape in names.items()}
    save_file(arrays, shell.folder / "three.safetensors")
    wording(shell.run("import", "three.safetensors", "--config", "config.yaml", code=2).stderr)
    shell.run("import", "three.safetensors", "--config", "config.yaml", "--by-shape")


def test_a_checkpoint_with_several_entries_asks_for_one(folder):
    """By hand: {"model": {...}, "ema": {...}, "epoch": 3}."""
    one = a_tensor()[2:-1]
    both = (
        b"\x80\x02}(X\x05\x00\x00\x00model"
        + one
        + b"X\x03\x00\x00\x00ema"
        + one
        + b"X\x05\x00\x00\x00epochK\x03u."
    )
    pt(folder.folder / "two.pt", both, FOUR)
    error = folder.run("import", "two.pt", "--config", "config.yaml", code=2).stderr
    assert "several entries" in error
    assert "--key model" in error
    chosen = folder.run("import", "two.pt", "--config", "config.yaml", "--key", "ema", code=2).stderr
    assert "fc (4,)" in chosen
    assert (
        "no entry 'net'"
        in folder.run("import", "two.pt", "--config", "config.yaml", "--key", "net", code=2).stderr
    )


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    original = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name in ("h5py", "onnx") else original(name, *rest),
    )
    for file, network, extra in (("keras_mlp.keras", "keras_mlp", "keras"), ("gru.onnx", "gru", "onnx")):
        with pytest.raises(nntrain.UserError) as caught:
            imported(file, network)
        assert f"nntrain[{extra}]" in caught.value.hint


def test_weights_that_predict_no_better_than_a_constant_are_a_warning(folder):
    """The data are scaled otherwise than those that the network was trained on."""
    x, y = recorded("gru")
    np.savez(folder.folder / "data.npz", x=np.tile(100 * x, (4, 1, 1)), y=np.tile(y, (4, 1)))
    assert "no better" in folder.run("import", "gru.pt", "--config", "config.yaml").stderr
