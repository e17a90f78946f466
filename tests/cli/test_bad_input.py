"""Bad input of any kind ends in one error message with its place and exit code 2; nothing is created or overwritten."""

import gzip
import json
import os
import re
import struct

import pytest
from safetensors.numpy import save

from nntrain import kernels
from nntrain.limits import memory_bytes, size
from tests.conftest import Shell

GOOD = """\
data: {source: {synthetic: {kind: two_moons, samples: 120}}, validation: 0.2}
model:
  layers:
    - dense: {units: 8, activation: tanh}
    - dense: 2
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 1, batch_size: 20}
"""
COMMANDS = ("fit", "gradcheck", "summary")


def complaint(shell: Shell, *arguments: object) -> str:
    """The error on stderr of a command that fails with exit code 2 and changes no file."""
    before = sorted(shell.folder.rglob("*"))
    result = shell.run(*arguments, code=2)
    assert result.stdout == ""
    assert sorted(shell.folder.rglob("*")) == before
    assert result.stderr.endswith("\n")
    return result.stderr[:-1]


def edited(*changes: str) -> str:
    """GOOD with the parts `changes[0]`, `changes[2]`, ... replaced by `changes[1]`, `changes[3]`, ..."""
    text = GOOD
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


LAST = "    - dense: 2\n"

# name -> (text of config.yaml, where the error is: line, column and key)
MISTAKES = {
    # What was written is not an option, or not of the right kind.
    "misspelt option": (
        edited("{units: 8,", "{units: 8, bias: true,"),
        "4:25: model.layers[0].dense.bias",
    ),
    "misspelt section": (edited("train:", "trian:"), "9:1: trian"),
    "misspelt component": (
        edited("adam", "adm"),
        "8:13: optimizer",
    ),
    "text for a number": (
        edited("0.02", "fast"),
        "8:24: optimizer.adam.lr",
    ),
    "true for a number": (
        edited("0.02", "true"),
        "8:24: optimizer.adam.lr",
    ),
    "NaN for a number": (
        edited("0.02", ".nan"),
        "8:24: optimizer.adam.lr",
    ),
    "a negative number": (
        edited("0.02", "-1"),
        "8:24: optimizer.adam.lr",
    ),
    "half an epoch": (
        edited("epochs: 1", "epochs: 1.5"),
        "9:17: train.epochs",
    ),
    "a name for a list": (
        edited("[accuracy]", "accuracy"),
        "7:10: metrics",
    ),
    "a required option": (edited("{adam: {lr: 0.02}}", "sgd"), "8:12: optimizer.sgd.lr"),
    "a required section": (edited("loss: cross_entropy\n", ""), ": loss"),
    "no layers": (
        edited("    - dense: {units: 8, activation: tanh}\n", "", LAST, ""),
        "3:10: model.layers",
    ),
    "no patience": (
        edited("batch_size: 20", "early_stopping: {patience: 0}"),
        "9:47: train.early_stopping.patience",
    ),
    "a name with a slash": ("name: a/b\n" + GOOD, "1:7: name"),
    # Options that contradict each other.
    "nesterov without momentum": (
        edited("{adam: {lr: 0.02}}", "{sgd: {lr: 0.1, nesterov: true}}"),
        "8:18: optimizer.sgd",
    ),
    "both kinds of clipping": (
        edited("batch_size: 20", "grad_clip: {norm: 1, value: 1}"),
        "9:31: train.grad_clip",
    ),
    "neither kind of clipping": (
        edited("batch_size: 20", "grad_clip: {}"),
        "9:31: train.grad_clip",
    ),
    "a monitor that is not there": (
        edited("batch_size: 20", "monitor: val_loss"),
        "9:29: train.monitor",
    ),
    "a monitor of the test split": (
        edited("batch_size: 20", "monitor: test_loss"),
        "9:29: train.monitor",
    ),
    "a monitor of no split": (
        edited(", validation: 0.2", "", "batch_size: 20", "monitor: validation_loss"),
        "9:29: train.monitor",
    ),
    "a second test split": (
        edited("validation: 0.2", "test: 0.2"),
        "1:68: data.test",
    ),
    # Losses and metrics that do not suit the model or the data.
    "softmax before cross_entropy": (
        edited("dense: 2", "dense: {units: 2, activation: softmax}"),
        "5:14: model.layers[1].dense",
    ),
    "a softmax layer before cross_entropy": (
        edited(LAST, LAST + "    - softmax\n"),
        "6:7: model.layers[2].softmax",
    ),
    "seven outputs for two classes": (
        edited("dense: 2", "dense: 7"),
        "5:14: model.layers[1].dense",
    ),
    "a loss for numbers": (
        edited("cross_entropy", "poisson"),
        "6:7: loss",
    ),
    "a metric for numbers": (
        edited("[accuracy]", "[r2]"),
        "7:11: metrics[0]",
    ),
    "a metric twice": (
        edited("[accuracy]", "[{top_k_accuracy: 1}, {top_k_accuracy: 1}]"),
        "7:32: metrics[1]",
    ),
    "weights of which none counts": (
        edited("cross_entropy", "{cross_entropy: {class_weights: [0, 0]}}"),
        "6:7: loss",
    ),
    "nothing to learn": (
        edited("    - dense: {units: 8, activation: tanh}\n", "", LAST, "    - tanh\n"),
        "4:5: model.layers",
    ),
    "all frozen": (
        edited("activation: tanh", "freeze: true", "dense: 2", "dense: {units: 2, freeze: true}"),
        "3:3: model.layers",
    ),
    # Shapes and names in the graph.
    "a residual that changes shape": (
        edited(LAST, "    - residual: {body: [{dense: 5}]}\n" + LAST),
        "5:17: model.layers[1].residual",
    ),
    "a shortcut of another shape": (
        edited(LAST, "    - residual: {body: [{dense: 5}], shortcut: [{dense: 4}]}\n" + LAST),
        "5:17: model.layers[1].residual",
    ),
    "concat of different axes": (
        edited(
            LAST,
            "    - reshape: {shape: [4, 2], name: a}\n    - reshape: {shape: [2, 4], name: b}\n"
            "    - concat: {inputs: [a, b]}\n",
        ),
        "7:15: model.layers[3].concat",
    ),
    "a reshape that does not fit": (
        edited(LAST, "    - reshape: [3]\n" + LAST),
        "5:16: model.layers[1].reshape",
    ),
    "an input that is not there": (
        edited("dense: 2", "dense: {units: 2, inputs: [trunk]}"),
        "5:34: model.layers[1].dense.inputs[0]",
    ),
    "an input from below": (
        edited("{units: 8,", "{units: 8, inputs: [head],", "dense: 2", "dense: {units: 2, name: head}"),
        "4:34: model.layers[0].dense.inputs[0]",
    ),
    "two inputs for one": (
        edited("dense: 2", "dense: {units: 2, inputs: [input, previous]}"),
        "5:14: model.layers[1].dense",
    ),
    "one input for two": (
        edited(LAST, "    - add\n" + LAST),
        "5:7: model.layers[1].add",
    ),
    "an unused layer": (
        edited(LAST, "    - dense: 5\n    - dense: {units: 2, inputs: [input]}\n"),
        "5:14: model.layers[1].dense",
    ),
    "a name taken twice": (
        edited(LAST, "    - dense: {units: 2, name: a}\n    - dense: {units: 2, name: a}\n"),
        "6:31: model.layers[2].dense.name",
    ),
    # Batches.
    "a batch of one before batch_norm": (
        edited(LAST, "    - batch_norm\n" + LAST, "batch_size: 20", "batch_size: 19"),
        "5:7: model.layers[1].batch_norm",
    ),
    "a model beyond this machine": (
        edited("units: 8", "units: 2000000000000000"),
        "3:3: model.layers",
    ),
    "more layers than anyone could wait for": (
        edited(
            "- dense: 2\n", "- repeat: {times: 9999, layers: [{repeat: {times: 9999, layers: [tanh]}}]}\n"
        ),
        "5:70: model.layers[1].repeat.layers[0].repeat.layers[0].tanh",
    ),
    "more samples than memory": (
        edited("samples: 120", "samples: 1000000000000"),
        "1:55: data.source.synthetic.samples",
    ),
    # The text.
    "a tab": (edited("  layers:", "\tlayers:"), "3:1"),
    "a key twice": ("seed: 1\nseed: 2\n" + GOOD, "2:1: seed"),
    "two documents": (
        GOOD + "---\nseed: 1\n",
        "10:1",
    ),
    "code": (
        "a: !!python/object/apply:os.system ['true']\n",
        "1:4: a",
    ),
    "a bracket left open": (GOOD + "seed: [1\n", "10:7"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_error_in_a_config_names_its_place(shell, wording, mistake):
    text, place = MISTAKES[mistake]
    shell.write(text)
    errors = {complaint(shell, command, "config.yaml") for command in COMMANDS}
    assert len(errors) == 1
    (error,) = errors
    assert error.startswith(
        f"error: config.yaml{place}: " if place[0] == ":" else f"error: config.yaml:{place}: "
    )
    wording(error, MEMORY=size(memory_bytes()))


def places(error: str) -> list[str]:
    """`config.yaml:5:7: model.layers[1]` of each error in a message."""
    return re.findall(r"^(?:error: )?(config\.yaml:\d+:\d+: [\w.\[\]]+): ", error, re.MULTILINE)


def test_all_errors_of_a_phase_are_reported_at_once(shell, wording):
    text = edited("0.02", "fast", "dense: 2", "dnse: 2", "[accuracy]", "[acuracy]")
    shell.write(text)
    error = complaint(shell, "fit", "config.yaml")
    assert places(error) == [
        "config.yaml:5:7: model.layers[1]",
        "config.yaml:7:11: metrics[0]",
        "config.yaml:8:24: optimizer.adam.lr",
    ]
    wording(error)


def test_a_yaml_bomb_is_refused(shell, wording):
    nines = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    shell.write("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + nines)
    error = complaint(shell, "fit", "config.yaml")
    assert error.startswith("error: config.yaml:6:10: ")
    wording(error)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_a_config_is_refused(shell, wording, command):
    shell.write("")
    for file in ("config.yaml", "confg.yaml", shell.folder):
        error = complaint(shell, command, file)
        assert error.startswith(f"error: {file}: ")
        wording(error)


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("optimizer.adam.lr", ""),
        ("optimzer.adam.lr=1", "optimzer: "),
        ("optimizer.adam.rho=1", "optimizer.adam.rho: "),
        ("optimizer.adam.lr=fast", "optimizer.adam.lr: "),
        ("model.layers[5].dense.units=3", "model.layers: "),
        ("optimizer.sgd.lr=1", "optimizer: "),
    ],
)
def test_a_wrong_override_is_the_place_of_its_error(shell, wording, override, key):
    shell.write(GOOD)
    error = complaint(shell, "fit", "config.yaml", "--set", override)
    assert error.startswith(f"error: --set {override}: {key}")
    wording(error)


IMAGES, LABELS = struct.pack(">4I", 0x803, 2, 1, 1) + b"ab", struct.pack(">2I", 0x801, 2) + b"\0\1"

# name -> (content of the table `t`, None for a folder; the place of the error)
BAD_FILES = {
    "a folder": (None, "t"),
    "an empty table": (b"", "t"),
    "text where a number belongs": (b"a,b\n1,no\nx,yes\n2,no\n", "t:3"),
    "NaN": (b"a,b\n1,no\nnan,yes\n2,no\n", "t:3"),
    "a truncated gzip file": (gzip.compress(b"a,b\n" + b"1,no\n2,yes\n" * 99)[:-9], "t"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_table_is_refused(shell, wording, case):
    content, place = BAD_FILES[case]
    if content is None:
        (shell.folder / "t").mkdir()
    else:
        (shell.folder / "t").write_bytes(content)
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{csv: t}"))
    error = complaint(shell, "fit", "config.yaml")
    assert error.startswith(f"error: {place}: ")
    wording(error)


def test_the_error_for_a_missing_table_names_the_folder(shell, wording):
    (shell.folder / "moon.csv").write_text("a,b\n1,2\n")
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{csv: moons.csv}"))
    error = complaint(shell, "fit", "config.yaml")
    assert error.startswith("error: moons.csv: ")
    assert str(shell.folder) in error
    assert "'moon.csv'" in error
    wording(error)


@pytest.mark.parametrize(
    ("images", "labels", "place"),
    [(b"PK" + IMAGES, LABELS, "x"), (IMAGES[:-1], LABELS, "x"), (IMAGES, IMAGES, "y")],
)
def test_a_bad_idx_file_is_refused(shell, wording, images, labels, place):
    (shell.folder / "x").write_bytes(images)
    (shell.folder / "y").write_bytes(labels)
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{idx: {images: x, labels: y}}"))
    error = complaint(shell, "fit", "config.yaml")
    assert error.startswith(f"error: {place}: ")
    wording(error)


def test_a_split_without_samples_is_refused(shell, wording):
    shell.write(edited("validation: 0.2", "validation: 0.001"))
    error = complaint(shell, "fit", "config.yaml")
    assert "validation: " in error.split("\n")[0]
    wording(error)


@pytest.mark.parametrize("name", ["a/b", "a/../b", "/a", "..", ".", "", "a\tb", "é" * 101])
def test_the_name_of_a_run_is_the_name_of_one_folder(shell, wording, name):
    shell.write(GOOD)
    error = complaint(shell, "fit", "config.yaml", "--name", name)
    assert error.startswith("error: --name: ")
    wording(error)


@pytest.fixture
def taken(shell) -> Shell:
    """A folder with a run named `taken`, and in `runs` a folder and a file that are not runs."""
    (shell.folder / "runs/taken/checkpoints").mkdir(parents=True)
    (shell.folder / "runs/taken/run.json").write_text("{}")
    (shell.folder / "runs/notes").mkdir()
    (shell.folder / "runs/notes/config.yaml").write_text("mine")
    (shell.folder / "runs/file").write_text("mine")
    shell.write(GOOD)
    return shell


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ("--name taken", "runs/taken"),
        ("--name gone --resume", "runs/gone"),
        ("--resume", "runs/config"),
        ("--name notes --overwrite", "runs/notes"),
        ("--name notes --resume", "runs/notes"),
        ("--name file --overwrite", "runs/file"),
        ("--runs-dir config.yaml", "config.yaml/config"),
        ("--threads 0", "--threads"),
        ("--threads 99", "--threads"),
    ],
)
def test_a_run_that_cannot_start_is_refused(taken, wording, arguments, place):
    error = complaint(taken, "fit", "config.yaml", *arguments.split())
    assert error.startswith(f"error: {place}: ")
    wording(error, **{"THREADS": f"1 to {kernels.jit.thread_limit()}"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_runs_folder_is_refused(shell):
    shell.write(GOOD)
    (shell.folder / "runs").mkdir(mode=0o500)
    error = complaint(shell, "fit", "config.yaml")
    assert error.startswith("error: runs/config: ")
    assert "Permission denied" in error


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("fti config.yaml", "'fit'"),
        ("fit", "'CONFIG'"),
        ("fit config.yaml --resume --overwrite", "--overwrite"),
        ("fit config.yaml --threads two", "--threads"),
        ("eval runs/taken --split tests", "--split"),
        ("gradcheck --set seed=1", "--set"),
    ],
)
def test_a_wrong_command_line_is_refused(taken, wording, command, named):
    error = complaint(taken, *command.split()).split("\n")[-1]
    assert error.startswith("Error: ")
    assert named in error
    wording(error)


@pytest.mark.parametrize("path", ["runs/gone", "runs/taken", "config.yaml"])
def test_a_path_that_is_not_a_checkpoint_is_refused(taken, wording, path):
    error = complaint(taken, "eval", path)
    assert error.startswith(f"error: {path}: ")
    wording(error)


@pytest.mark.parametrize(
    "metadata",
    [{"nntrain": json.dumps({"format": 99, "sha256": ""})}, {"format": "pt"}],
    ids=["new", "other"],
)
def test_a_checkpoint_of_another_format_or_program_is_refused(shell, wording, metadata):
    (shell.folder / "x").write_bytes(save({}, metadata=metadata))
    error = complaint(shell, "eval", "x")
    assert error.startswith("error: x: ")
    wording(error)
