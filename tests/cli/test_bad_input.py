"""Bad input of any kind ends in one clear message with its place and exit code 2; nothing is made or overwritten."""

import gzip
import json
import os
import struct

import pytest
from safetensors.numpy import save

from nntrain import kernels
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
    """What stderr says of a command that must be refused, without a trace of it."""
    before = sorted(shell.folder.rglob("*"))
    result = shell.run(*arguments, code=2)
    assert result.stdout == ""
    assert sorted(shell.folder.rglob("*")) == before
    assert result.stderr.endswith("\n")
    return result.stderr[:-1]


def at_place(text: str, message: str) -> str:
    """The message, and where it starts with `config.yaml:LINE:COLUMN: ` that line with a caret below."""
    line, column = message.split(":")[1:3]
    if not column.isdigit():
        return f"error: {message}"
    line, column = int(line), int(column)
    return f"error: {message}\n  {line} | {text.split(chr(10))[line - 1]}\n  {' ' * len(str(line))} | {' ' * (column - 1)}^"


def edited(*changes: str) -> str:
    """GOOD with each of its parts `changes[0]`, `changes[2]`, ... replaced by the text after it."""
    text = GOOD
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


LAST = "    - dense: 2\n"
NAME_RULE = (
    "a run's name is the name of one folder, without '/' and of at most 200 bytes. Received: {}. "
    "Where runs are kept is what `--runs-dir` says."
)

MISTAKES = {
    # What was written is not an option, or not of the right kind.
    "misspelt option": (
        edited("{units: 8,", "{units: 8, bias: true,"),
        "4:25: model.layers[0].dense.bias: no such option. Did you mean 'use_bias'?",
    ),
    "misspelt section": (edited("train:", "trian:"), "9:1: trian: no such option. Did you mean 'train'?"),
    "misspelt component": (
        edited("adam", "adm"),
        "8:12: optimizer: no optimizer is named 'adm'. Did you mean 'adam'?",
    ),
    "text for a number": (
        edited("0.02", "fast"),
        "8:24: optimizer.adam.lr: expected a number. Received: 'fast'.",
    ),
    "true for a number": (
        edited("0.02", "true"),
        "8:24: optimizer.adam.lr: expected a number. Received: true.",
    ),
    "NaN for a number": (
        edited("0.02", ".nan"),
        "8:24: optimizer.adam.lr: expected a finite number. Received: nan.",
    ),
    "a negative number": (
        edited("0.02", "-1"),
        "8:24: optimizer.adam.lr: expected a number greater than 0. Received: -1.",
    ),
    "half an epoch": (
        edited("epochs: 1", "epochs: 1.5"),
        "9:17: train.epochs: expected a whole number. Received: 1.5.",
    ),
    "a name for a list": (
        edited("[accuracy]", "accuracy"),
        "7:10: metrics: expected a list. Received: 'accuracy'.",
    ),
    "a required option": (edited("{adam: {lr: 0.02}}", "sgd"), "8:12: optimizer.sgd.lr: is required."),
    "a required section": (edited("loss: cross_entropy\n", ""), " loss: is required."),
    "no layers": (
        edited("    - dense: {units: 8, activation: tanh}\n", "", LAST, ""),
        "3:10: model.layers: expected a list. Received: nothing.",
    ),
    "no patience": (
        edited("batch_size: 20", "early_stopping: {patience: 0}"),
        "9:47: train.early_stopping.patience: expected a number of at least 1. Received: 0.",
    ),
    "a name with a slash": ("name: a/b\n" + GOOD, "1:7: name: " + NAME_RULE.format("'a/b'")),
    # Options that contradict each other.
    "nesterov without momentum": (
        edited("{adam: {lr: 0.02}}", "{sgd: {lr: 0.1, nesterov: true}}"),
        "8:18: optimizer.sgd: nesterov needs a momentum above 0 and no dampening. Received: momentum 0, dampening 0.",
    ),
    "both kinds of clipping": (
        edited("batch_size: 20", "grad_clip: {norm: 1, value: 1}"),
        "9:31: train.grad_clip: expected either `norm` or `value`. Received: both.",
    ),
    "neither kind of clipping": (
        edited("batch_size: 20", "grad_clip: {}"),
        "9:31: train.grad_clip: expected either `norm` or `value`. Received: neither.",
    ),
    "a monitor that is not there": (
        edited("batch_size: 20", "monitor: val_loss"),
        "9:29: train.monitor: nothing is called 'val_loss'. Did you mean 'validation_loss'?",
    ),
    "a monitor of the test split": (
        edited("batch_size: 20", "monitor: test_loss"),
        "9:29: train.monitor: the test split must not choose the best checkpoint. Use the validation split.",
    ),
    "a monitor of no split": (
        edited(", validation: 0.2", "", "batch_size: 20", "monitor: validation_loss"),
        "9:29: train.monitor: there is no validation split to take 'validation_loss' from. Add `validation: 0.1` under `data`.",
    ),
    "a second test split": (
        edited("validation: 0.2", "test: 0.2"),
        "1:68: data.test: synthetic brings a test split of its own. Remove this line.",
    ),
    # Losses and metrics that do not suit the model or the data.
    "softmax before cross_entropy": (
        edited("dense: 2", "dense: {units: 2, activation: softmax}"),
        "5:14: model.layers[1].dense: cross_entropy takes logits and applies its own function. Remove this softmax.",
    ),
    "a softmax layer before cross_entropy": (
        edited(LAST, LAST + "    - softmax\n"),
        "6:7: model.layers[2].softmax: cross_entropy takes logits and applies its own function. Remove this softmax.",
    ),
    "seven outputs for two classes": (
        edited("dense: 2", "dense: 7"),
        "5:14: model.layers[1].dense: the last layer is the output: for data with 2 classes, cross_entropy needs 2 values a "
        "sample. Received: 7.",
    ),
    "a loss for numbers": (
        edited("cross_entropy", "poisson"),
        "6:7: loss: poisson needs numbers as targets, but the data has classes. For classes there is cross_entropy.",
    ),
    "a metric for numbers": (
        edited("[accuracy]", "[r2]"),
        "7:11: metrics[0]: r2 needs numbers as targets, but the data has classes. For classes there is accuracy.",
    ),
    "a metric twice": (
        edited("[accuracy]", "[{top_k_accuracy: 1}, {top_k_accuracy: 1}]"),
        "7:32: metrics[1]: top_k_accuracy stands twice. Remove one.",
    ),
    "weights of which none counts": (
        edited("cross_entropy", "{cross_entropy: {class_weights: [0, 0]}}"),
        "6:7: loss: cross_entropy has class_weights that are all 0, so that nothing counts. Let one class count.",
    ),
    "nothing to learn": (
        edited("    - dense: {units: 8, activation: tanh}\n", "", LAST, "    - tanh\n"),
        "4:5: model.layers: no layer has anything to learn. Add one that has, such as `dense`, or take `freeze` away.",
    ),
    "all frozen": (
        edited("activation: tanh", "freeze: true", "dense: 2", "dense: {units: 2, freeze: true}"),
        "3:3: model.layers: no layer has anything to learn. Add one that has, such as `dense`, or take `freeze` away.",
    ),
    # Shapes and names in the graph.
    "a residual that changes shape": (
        edited(LAST, "    - residual: {body: [{dense: 5}]}\n" + LAST),
        "5:17: model.layers[1].residual: the body's output has the shape (5,), but its input, to be added to it, has (8,). "
        "Bring both to one shape, in `body` or in `shortcut`.",
    ),
    "a shortcut of another shape": (
        edited(LAST, "    - residual: {body: [{dense: 5}], shortcut: [{dense: 4}]}\n" + LAST),
        "5:17: model.layers[1].residual: the body's output has the shape (5,), but the shortcut has (4,). "
        "Bring both to one shape, in `body` or in `shortcut`.",
    ),
    "concat of different axes": (
        edited(
            LAST,
            "    - reshape: {shape: [4, 2], name: a}\n    - reshape: {shape: [2, 4], name: b}\n"
            "    - concat: {inputs: [a, b]}\n",
        ),
        "7:15: model.layers[3].concat: its inputs can differ in the last axis only. Received: (4, 2) and (2, 4).",
    ),
    "a reshape that does not fit": (
        edited(LAST, "    - reshape: [3]\n" + LAST),
        "5:16: model.layers[1].reshape: its input of shape (8,) has 8 values, which don't fill the shape [3].",
    ),
    "an input that is not there": (
        edited("dense: 2", "dense: {units: 2, inputs: [trunk]}"),
        "5:34: model.layers[1].dense.inputs[0]: 'trunk' is not the name of a layer above. There are: input, previous.",
    ),
    "an input from below": (
        edited("{units: 8,", "{units: 8, inputs: [head],", "dense: 2", "dense: {units: 2, name: head}"),
        "4:34: model.layers[0].dense.inputs[0]: 'head' stands below this one; `inputs` can only name layers above.",
    ),
    "two inputs for one": (
        edited("dense: 2", "dense: {units: 2, inputs: [input, previous]}"),
        "5:14: model.layers[1].dense: takes one input. Received: 2. Merge them first, with `add` or `concat`.",
    ),
    "one input for two": (
        edited(LAST, "    - add\n" + LAST),
        "5:7: model.layers[1].add: needs two or more inputs, such as `inputs: [trunk, previous]`. Received: 1.",
    ),
    "an unused layer": (
        edited(LAST, "    - dense: 5\n    - dense: {units: 2, inputs: [input]}\n"),
        "5:14: model.layers[1].dense: nothing uses the output of this layer. Name it in another layer's `inputs`, or remove it.",
    ),
    "a name taken twice": (
        edited(LAST, "    - dense: {units: 2, name: a}\n    - dense: {units: 2, name: a}\n"),
        "6:31: model.layers[2].dense.name: 'a' is the name of a layer above; names must differ.",
    ),
    # Batches.
    "a batch of one before batch_norm": (
        edited(LAST, "    - batch_norm\n" + LAST, "batch_size: 20", "batch_size: 19"),
        "5:7: model.layers[1].batch_norm: needs 2 samples or more in every batch, but the last of an epoch has 1: 96 samples in "
        "batches of 19. Choose another `train.batch_size`, such as 20.",
    ),
    "a model beyond this machine": (
        edited("units: 8", "units: 2000000000000000"),
        "3:3: model.layers: 10,000,000,000,000,002 parameters and 80,000,000,000,000,080 values between layers take about "
        f"372,529,030 GiB, but this machine has {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:,.0f} GiB of "
        "memory. Make layers or `train.batch_size` smaller.",
    ),
    "more layers than anyone could wait for": (
        edited(
            "- dense: 2\n", "- repeat: {times: 9999, layers: [{repeat: {times: 9999, layers: [tanh]}}]}\n"
        ),
        "5:70: model.layers[1].repeat.layers[0].repeat.layers[0].tanh: the model has more than 25,000 layers, each `repeat` "
        "written out.",
    ),
    "more samples than memory": (
        edited("samples: 120", "samples: 1000000000000"),
        "1:55: data.source.synthetic.samples: expected a number of at most 1e+09. Received: 1000000000000.",
    ),
    # The text.
    "a tab": (edited("  layers:", "\tlayers:"), "3:1: a tab indents this line. YAML takes spaces only."),
    "a key twice": ("seed: 1\nseed: 2\n" + GOOD, "2:1: seed: stands twice; the first is on line 1."),
    "two documents": (
        GOOD + "---\nseed: 1\n",
        "10:1: a second document starts here. A config is one: remove `---`.",
    ),
    "code": (
        "a: !!python/object/apply:os.system ['true']\n",
        "1:4: a: tags such as `!!python/object/apply:os.system` are not read. Write the value plainly; quotes make it text.",
    ),
    "a bracket left open": (GOOD + "seed: [1\n", "10:7: the bracket that opens here is never closed by ']'."),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_config_is_told_with_its_place(shell, command, mistake):
    text, message = MISTAKES[mistake]
    shell.write(text)
    assert complaint(shell, command, "config.yaml") == at_place(text, f"config.yaml:{message}").expandtabs()


def test_all_mistakes_of_a_phase_are_told_at_once(shell):
    text = edited("0.02", "fast", "dense: 2", "dnse: 2", "[accuracy]", "[acuracy]")
    shell.write(text)
    assert [line for line in complaint(shell, "fit", "config.yaml").split("\n") if "config.yaml" in line] == [
        "error: config.yaml:5:7: model.layers[1]: no layer is named 'dnse'. Did you mean 'dense'?",
        "config.yaml:7:11: metrics[0]: no metric is named 'acuracy'. Did you mean 'accuracy'?",
        "config.yaml:8:24: optimizer.adam.lr: expected a number. Received: 'fast'.",
    ]


def test_a_yaml_bomb_is_defused(shell):
    nines = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    shell.write("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + nines)
    first = complaint(shell, "fit", "config.yaml").split("\n")[0]
    assert (
        first
        == "error: config.yaml:6:10: the text holds more than 100,000 values, each alias (`*name`) written out."
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_config_is_told(shell, command):
    shell.write("")
    assert complaint(shell, command, "config.yaml") == (
        "error: config.yaml: the file is empty: expected options such as `data: digits`, one a line."
    )
    assert (
        complaint(shell, command, "confg.yaml")
        == "error: confg.yaml: no such file. Did you mean 'config.yaml'?"
    )
    assert complaint(shell, command, shell.folder) == (
        f"error: {shell.folder}: expected a config file. Received: a folder. Did you mean '{shell.folder}/config.yaml'?"
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "optimizer.adam.lr",
            "expected NAME=VALUE, such as optimizer.adam.lr=3e-4 or model.layers[2].dense.units=64.",
        ),
        ("optimzer.adam.lr=1", "optimzer: no such option. Did you mean 'optimizer'?"),
        (
            "optimizer.adam.rho=1",
            "optimizer.adam.rho: no such option. There are: amsgrad, betas, decay_all, eps, lr, weight_decay.",
        ),
        ("optimizer.adam.lr=fast", "optimizer.adam.lr: expected a number. Received: 'fast'."),
        ("model.layers[5].dense.units=3", "model.layers: has 2 entries, [0] to [1]. Received: [5]."),
        (
            "optimizer.sgd.lr=1",
            "optimizer: is 'adam' in the config. To change it, set the whole: --set optimizer='{sgd: {lr: 1}}'.",
        ),
    ],
)
def test_a_wrong_override_names_itself(shell, override, message):
    shell.write(GOOD)
    assert complaint(shell, "fit", "config.yaml", "--set", override) == f"error: --set {override}: {message}"


IMAGES, LABELS = struct.pack(">4I", 0x803, 2, 1, 1) + b"ab", struct.pack(">2I", 0x801, 2) + b"\0\1"

BAD_FILES = {
    "a folder": (None, "t: cannot be read: Is a directory."),
    "an empty table": (b"", "t: the file is empty."),
    "text where a number belongs": (
        b"a,b\n1,no\nx,yes\n2,no\n",
        "t:3: column 'a': expected a number. Received: 'x'.\n"
        "A column of numbers holds nothing else: mend the file, choose other columns with `features`, or list this one in "
        "`categorical`.",
    ),
    "NaN": (
        b"a,b\n1,no\nnan,yes\n2,no\n",
        "t:3: column 'a': expected a number. Received: a missing value.\n"
        "Mend the file, choose other columns with `features`, or have gaps filled by `impute`.",
    ),
    "a gzip file cut short": (
        gzip.compress(b"a,b\n" + b"1,no\n2,yes\n" * 99)[:-9],
        "t: the gzip file is damaged or cut short (Compressed file ended before the end-of-stream marker was reached).",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_table_is_told(shell, case):
    content, message = BAD_FILES[case]
    if content is None:
        (shell.folder / "t").mkdir()
    else:
        (shell.folder / "t").write_bytes(content)
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{csv: t}"))
    assert complaint(shell, "fit", "config.yaml") == f"error: {message}"


def test_a_missing_table_is_told_where_it_was_looked_for(shell):
    (shell.folder / "moon.csv").write_text("a,b\n1,2\n")
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{csv: moons.csv}"))
    assert complaint(shell, "fit", "config.yaml") == (
        f"error: moons.csv: there is no such file in {shell.folder}. Did you mean 'moon.csv'?"
    )


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            b"PK" + IMAGES,
            LABELS,
            "x: not an IDX file: expected it to start with 00 00, a type from 08 to 0e and the number of axes. "
            "Received: 50 4b 00 00.",
        ),
        (IMAGES[:-1], LABELS, "x: expected 2 bytes for 2 x 1 x 1 values. Received: 1."),
        (IMAGES, IMAGES, "y: expected labels, one axis of whole numbers. Received: 3 of uint8."),
    ],
)
def test_a_bad_idx_file_is_told(shell, images, labels, message):
    (shell.folder / "x").write_bytes(images)
    (shell.folder / "y").write_bytes(labels)
    shell.write(edited("{synthetic: {kind: two_moons, samples: 120}}", "{idx: {images: x, labels: y}}"))
    assert complaint(shell, "fit", "config.yaml") == f"error: {message}"


def test_a_split_that_leaves_nothing_is_told(shell):
    shell.write(edited("validation: 0.2", "validation: 0.001"))
    told = complaint(shell, "fit", "config.yaml")
    assert told.startswith("error: validation: 0.001 of 120 samples leaves none for the validation part. ")


@pytest.mark.parametrize("name", ["a/b", "a/../b", "/a", "..", ".", "", "a\tb", "é" * 101])
def test_a_runs_name_is_one_folder(shell, name):
    shell.write(GOOD)
    shown = repr(name) if len(name) < 60 else repr(name)[:57] + "..."
    assert (
        complaint(shell, "fit", "config.yaml", "--name", name) == f"error: --name: {NAME_RULE.format(shown)}"
    )


@pytest.fixture
def taken(shell) -> Shell:
    """A folder that holds a run named `taken`, whatever stands in it, and a folder and a file that are no runs."""
    (shell.folder / "runs/taken/checkpoints").mkdir(parents=True)
    (shell.folder / "runs/taken/run.json").write_text("{}")
    (shell.folder / "runs/notes").mkdir()
    (shell.folder / "runs/notes/config.yaml").write_text("mine")
    (shell.folder / "runs/file").write_text("mine")
    shell.write(GOOD)
    return shell


NO_RUN = "this is not a run, and nothing in it will be overwritten. Give another --name."
ALL_THREADS = f"expected a number from 1 to {kernels.jit.thread_limit()}, which is all there are here."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "--name taken",
            "runs/taken: this run exists. Go on with it by --resume, replace it by --overwrite, or give another --name.",
        ),
        (
            "--name gone --resume",
            "runs/gone: there is no such run to resume. Leave out --resume to start it.",
        ),
        ("--resume", "runs/config: there is no such run to resume. Leave out --resume to start it."),
        ("--name notes --overwrite", f"runs/notes: {NO_RUN}"),
        ("--name notes --resume", f"runs/notes: {NO_RUN}"),
        ("--name file --overwrite", f"runs/file: {NO_RUN}"),
        (
            "--runs-dir config.yaml",
            "config.yaml/config: cannot make the run folder: Not a directory. Choose another with --runs-dir.",
        ),
        ("--threads 0", f"--threads 0: {ALL_THREADS}"),
        ("--threads 99", f"--threads 99: {ALL_THREADS}"),
    ],
)
def test_a_run_that_cannot_start_says_why(taken, arguments, message):
    assert complaint(taken, "fit", "config.yaml", *arguments.split()) == f"error: {message}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_runs_folder_is_told(shell):
    shell.write(GOOD)
    (shell.folder / "runs").mkdir(mode=0o500)
    assert complaint(shell, "fit", "config.yaml") == (
        "error: runs/config: cannot make the run folder: Permission denied. Choose another with --runs-dir."
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("fti config.yaml", "No such command 'fti'. Did you mean 'fit'?"),
        ("fit", "Missing argument 'CONFIG'."),
        (
            "fit config.yaml --resume --overwrite",
            "--resume goes on with a run and --overwrite replaces it. Give one of the two.",
        ),
        ("fit config.yaml --threads two", "Invalid value for '--threads': 'two' is not a valid integer."),
        (
            "eval runs/taken --split tests",
            "Invalid value for '--split': 'tests' is not one of 'train', 'validation', 'test'.",
        ),
        ("gradcheck --set seed=1", "--set needs a CONFIG to change."),
    ],
)
def test_a_command_that_means_nothing_is_told(taken, command, message):
    assert complaint(taken, *command.split()).split("\n")[-1] == f"Error: {message}"


def test_what_is_no_checkpoint_is_told(taken):
    assert complaint(taken, "eval", "runs/gone") == "error: runs/gone: no such run folder or checkpoint."
    assert complaint(taken, "eval", "runs/taken") == (
        "error: runs/taken: this folder holds no checkpoint (checkpoints/best.safetensors or last.safetensors). "
        "Expected a run folder, such as runs/NAME."
    )
    assert (
        complaint(taken, "eval", "config.yaml")
        == "error: config.yaml: this is not an nntrain checkpoint, or it is truncated."
    )


def test_a_checkpoint_of_another_format_or_program_is_told(shell):
    (shell.folder / "new").write_bytes(
        save({}, metadata={"nntrain": json.dumps({"format": 99, "sha256": ""})})
    )
    (shell.folder / "other").write_bytes(save({}, metadata={"format": "pt"}))
    assert (
        complaint(shell, "eval", "new")
        == "error: new: the checkpoint has format 99, this nntrain reads format 1."
    )
    assert (
        complaint(shell, "eval", "other")
        == "error: other: this is not an nntrain checkpoint, or it is truncated."
    )
