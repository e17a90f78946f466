"""`nntrain export`: a run as a file of another form."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

import nntrain
from nntrain.export.c.compiler import Interface, answers
from tests.conftest import MOONS


@pytest.fixture
def run(shell):
    return shell.fit(MOONS, "--set", "train.epochs=1")


def test_a_run_becomes_an_onnx_model_that_equals_predict(shell, run):
    printed = shell.run("export", run, "--to", "onnx").stdout
    path = shell.folder / f"{run.name}.onnx"
    assert f"{run.name}.onnx: differs from predict by at most" in printed
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


def test_a_network_in_bfloat16_is_exported_in_float32(shell):
    """With the averages of its parameters, which predict uses too."""
    run = shell.fit(
        MOONS,
        *("--set", "train.precision=bfloat16", "--set", "train.ema={decay: 0.9}", "--set", "train.epochs=1"),
    )
    printed = shell.run("export", run, "--to", "onnx")
    assert "bfloat16" in printed.stderr
    assert float(printed.stdout.rsplit(" ", 1)[1]) < 1e-2


def test_an_option_of_another_form_is_an_error(shell, run, wording):
    wording(shell.run("export", run, "--to", "python", "--columns", code=2).stderr)
    wording(shell.run("export", run, "--to", "onnx", "--columns", code=2).stderr)


def test_python_exports_as_the_command_does(shell, run):
    shell.run("export", run, "--to", "onnx", "--output", "net.onnx")
    (shell.folder / "other").mkdir()
    written = nntrain.load(run).export("onnx", shell.folder / "other" / "net.onnx")
    assert written == shell.folder / "other" / "net.onnx"
    assert written.read_bytes() == (shell.folder / "net.onnx").read_bytes()


def test_a_run_becomes_a_python_file_that_runs_without_nntrain(shell, run):
    printed = shell.run("export", run, "--to", "python").stdout
    assert printed.startswith("wrote run.py: differs from predict by at most ")
    x = np.random.default_rng(0).normal(size=(7, 2))
    np.savetxt(shell.folder / "rows.csv", x, delimiter=",")
    printed = subprocess.run(
        [sys.executable, "-I", "-W", "error", "run.py", "rows.csv"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == shell.run("predict", run, "rows.csv").stdout


def test_weights_beside_are_a_second_file_which_is_not_overwritten_either(shell, run, wording):
    command = ("export", run, "--to", "python", "--weights", "beside")
    assert json.loads(shell.run(*command, "--json").stdout)["files"] == ["run.py", "run.npz"]
    (shell.folder / "run.py").unlink()
    (shell.folder / "run.npz").write_text("mine")
    wording(shell.run(*command, code=2).stderr)
    assert (shell.folder / "run.npz").read_text() == "mine"
    assert not (shell.folder / "run.py").exists()
    shell.run(*command, "--overwrite")
    assert set(np.load("run.npz")) == set(nntrain.load(run).parameters)


def test_the_file_has_the_name_of_the_run_as_python_can_import_it(shell):
    run = shell.fit(MOONS, "--set", "train.epochs=1", name="2-moons")
    for path in (run, run / "checkpoints" / "last.safetensors"):
        assert "wrote _2_moons.py" in shell.run("export", path, "--to", "python", "--overwrite").stdout
    assert "wrote 2-moons.onnx" in shell.run("export", run, "--to", "onnx").stdout
    printed = shell.run("export", run, "--to", "python", "--output", "2-moons.py")
    assert "2-moons.py cannot be imported" in printed.output


def test_what_cannot_be_exported_is_an_error_that_says_why(shell, run, wording):
    (shell.folder / "folder.py").mkdir()
    for arguments in (
        ("nothing", "--to", "python"),
        ("runs", "--to", "python"),
        ("runs/run", "--to", "python", "--output", "missing/net.py"),
        ("runs/run", "--to", "python", "--output", "net.txt"),
        ("runs/run", "--to", "python", "--output", "folder.py"),
        ("runs/run", "--to", "onnx", "--weights", "inside"),
    ):
        wording(shell.run("export", *arguments, code=2).stderr)
    assert "'--to'" in shell.run("export", "runs/run", code=2).stderr
    assert "'python'" in shell.run("export", "runs/run", "--to", "pyton", code=2).stderr


def test_an_unknown_form_is_an_error_in_python_too(shell, run):
    with pytest.raises(nntrain.UserError, match=r"unknown form 'pyton'.*python"):
        nntrain.load(run).export("pyton", "net.py")
    with pytest.raises(nntrain.UserError, match="expected weights 'inside' or 'beside'"):
        nntrain.load(run).export("python", "net.py", weights="besides")


def test_the_name_of_a_module_of_python_can_be_that_of_the_file(shell, run):
    shell.run("export", run, "--to", "python", "--output", "math.py")


def test_logits_leave_the_softmax_out(shell, run):
    shell.run("export", run, "--to", "python", "--logits")
    text = (shell.folder / "run.py").read_text()
    assert "softmax" not in text
    assert "def outputs(x):" in text


needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")


@needs_compiler
def test_a_run_becomes_a_c_file_that_equals_predict(shell, run):
    printed = shell.run("export", run, "--to", "c", "--output", "my-moons.c").stdout
    assert "wrote my-moons.c and my-moons.h: differs from predict by at most" in printed
    x = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    interface = Interface("my-moons", "my_moons", "float", (2,), False)
    files = {name: (shell.folder / name).read_bytes() for name in ("my-moons.c", "my-moons.h")}
    assert np.abs(answers(files, interface, x) - nntrain.load(run).predict_proba(x)).max() < 1e-5


@needs_compiler
def test_int8_prints_the_accuracy_before_and_after(shell, run):
    report = json.loads(shell.run("export", run, "--to", "c", "--int8", "--output", "net.c", "--json").stdout)
    (note,) = (note for note in report["notes"] if "accuracy" in note)
    before, after = (float(number) for number in re.findall(r"([\d.]+) in", note))
    assert before > 0.5
    assert abs(before - after) < 0.05
    assert "int8_t" in (shell.folder / "net.c").read_text()


def test_a_header_that_exists_is_kept(shell, run):
    (shell.folder / "net.h").write_text("mine")
    assert "net.h" in shell.run("export", run, "--to", "c", "--output", "net.c", code=2).stderr
    assert not (shell.folder / "net.c").exists()


def test_int8_is_for_c_alone(shell, run, wording):
    wording(shell.run("export", run, "--to", "onnx", "--int8", code=2).stderr)
    with pytest.raises(nntrain.UserError) as error:
        nntrain.load(run).export("onnx", shell.folder / "net.onnx", int8=True)
    wording(str(error.value))


def test_int8_without_the_data_of_the_run_is_an_error_that_says_why(shell, wording):
    rows = np.random.default_rng(0).normal(size=(40, 2))
    lines = [f"{a:.3f},{b:.3f},{'up' if a > 0 else 'down'}" for a, b in rows]
    (shell.folder / "table.csv").write_text("\n".join(["a,b,class", *lines]))
    run = shell.fit(
        MOONS, "--set", "data.source={csv: {path: table.csv, target: class}}", "--set", "train.epochs=1"
    )
    (shell.folder / "table.csv").unlink()
    wording(shell.run("export", run, "--to", "c", "--int8", code=2).stderr)
    assert not (shell.folder / "run.c").exists()
    assert shell.run("export", run, "--to", "c").stdout.startswith("wrote run.c and run.h")
