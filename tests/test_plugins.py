"""Plugins: what docs/plugins.md promises, and errors in a plugin with their file and line."""

import hashlib
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from nntrain import component, plugins
from nntrain.config import schema  # noqa: F401  registers all components, before the fixture copies them
from nntrain.errors import UserError
from nntrain.layers.layer import Activation

DOCUMENT = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
BLOCKS = re.findall(
    r"^```(\w+) ?(\S*)\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL
)  # (language, file, text)
FILES = {file: text for _, file, text in BLOCKS if file}
COMMANDS = [line for language, _, text in BLOCKS if language == "sh" for line in text.splitlines()]

DOUBLE = '''\
from nntrain.layers.layer import Activation

class Double(Activation, name="double"):
    """Twice its input: `y = 2 x`."""

    reads = ""

    def forward(self, ctx):
        ctx.y[...] = 2 * ctx.x

    def backward_input(self, ctx):
        ctx.dx[...] = 2 * ctx.dy
'''
CONFIG = """\
data: {source: {synthetic: {kind: two_moons, samples: 60}}}
model: {layers: [{dense: {units: 4, activation: double}}, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: 0.02}
train: {epochs: 1}
"""


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Removes the components of a plugin after the test."""
    monkeypatch.setattr(
        component, "_families", {family: dict(members) for family, members in component._families.items()}
    )
    monkeypatch.setattr(plugins, "loaded", {})
    yield
    forget()


def forget() -> None:
    """Unloads all plugins, as at the start of a command."""
    for name in [name for name in sys.modules if name.startswith("nntrain_plugin_")]:
        del sys.modules[name]
    for members in component._families.values():
        for name in [name for name, kind in members.items() if kind.__module__.startswith("nntrain_plugin_")]:
            del members[name]
    plugins.loaded.clear()


def test_the_document_does_what_it_says(shell):
    for file, text in FILES.items():
        shell.write(text, file)
    assert FILES.keys() == {"snake.py", "wave.yaml"}
    assert [command.split()[1] for command in COMMANDS] == ["gradcheck", "describe", "fit", "eval"]
    outputs = {}
    for command in COMMANDS:
        _, *words = shlex.split(command)
        outputs[words[0]] = shell.run(*words).stdout
        forget()
    row = next(line.split() for line in outputs["gradcheck"].splitlines() if line.startswith("snake"))
    promised = next(text.splitlines()[1].split() for language, _, text in BLOCKS if language == "text")
    assert [*row[:3], row[-1]] == promised
    assert "the period is pi" in outputs["describe"]
    assert float(re.search(r"r2 +(\S+)", outputs["eval"])[1]) > 0.9
    known = json.loads((shell.folder / "runs" / "wave" / "run.json").read_text())["plugins"]
    sha256 = hashlib.sha256(FILES["snake.py"].encode()).hexdigest()
    assert known == [{"path": str(shell.folder / "snake.py"), "sha256": sha256}]


def test_gradcheck_finds_the_error_that_the_document_names(shell):
    shell.write(FILES["snake.py"].replace("x.dtype.type(2 * a)", "x.dtype.type(a)"), "snake.py")
    output = shell.run("gradcheck", "--plugin", "snake.py", code=1).stdout
    assert re.search(r"FAIL snake, x at \(\d, \d\): backprop \S+, numeric \S+", output)


def test_gradcheck_of_a_plugin_checks_nothing_else(shell):
    shell.write(DOUBLE, "double.py")
    checks = json.loads(shell.run("gradcheck", "--plugin", "double.py", "--json").stdout)["checks"]
    assert [(check["component"], check["tensor"], check["status"]) for check in checks] == [
        ("double", "x", "PASS")
    ]


def test_several_plugins_and_one_twice(shell):
    shell.write(DOUBLE, "double.py")
    shell.write(DOUBLE.replace("double", "triple").replace("2", "3"), "triple.py")
    checks = json.loads(
        shell.run(
            "gradcheck", "--plugin", "double.py", "--plugin", "triple.py", "--plugin", "./double.py", "--json"
        ).stdout
    )["checks"]
    assert [check["component"] for check in checks] == ["double", "triple"]


def test_the_schema_and_the_model_table_know_the_plugin(shell):
    shell.write(DOUBLE, "double.py")
    shell.write(CONFIG)
    assert (
        "double"
        in json.loads(shell.run("schema", "--plugin", "double.py").stdout)["$defs"]["activation"]["anyOf"][0][
            "enum"
        ]
    )
    forget()
    assert "dense_1.double" in shell.run("summary", "config.yaml", "--plugin", "double.py").stdout


def test_without_the_option_nothing_is_loaded(shell):
    shell.write(DOUBLE.replace("class", "print('loaded')\n\nclass"), "double.py")
    path = shell.write(CONFIG)
    assert "unknown activation 'double'" in shell.run("fit", path, code=2).stderr
    assert "loaded" not in shell.run("fit", path, code=2).output


def test_eval_names_the_missing_plugin(shell):
    plugin = shell.write(DOUBLE, "double.py")
    run = shell.fit(CONFIG, "--plugin", plugin)
    before = shell.scores(run, "--split", "train", "--plugin", plugin)
    forget()
    error = shell.run("eval", run, code=2).stderr
    assert error.startswith(f"error: {run}/checkpoints/best.safetensors: ")
    assert "model.layers[0].dense.activation: unknown activation 'double'" in error
    assert str(plugin) in error
    assert shell.scores(run, "--split", "train", "--plugin", plugin) == before


def test_eval_warns_and_resume_refuses_when_the_plugin_has_changed(shell):
    plugin = shell.write(DOUBLE, "double.py")
    run = shell.fit(CONFIG, "--plugin", plugin)
    forget()
    shell.write(DOUBLE.replace("2 * ctx", "2.0 * ctx"), "double.py")
    warning = shell.run("eval", run, "--plugin", plugin).stderr
    assert warning.startswith("warning: ")
    assert str(plugin) in warning
    error = shell.run(
        "fit",
        "config.yaml",
        "--runs-dir",
        "runs",
        "--name",
        "run",
        "--resume",
        "--plugin",
        plugin,
        "--set",
        "train.epochs=2",
        code=2,
    ).stderr
    assert error.startswith("error: runs/run: ")
    assert str(plugin) in error


SCALED = DOUBLE.replace(
    """    reads = ""
""",
    """    reads = ""

    def parameters(self, shape):
        from nntrain.initializers import Constant
        from nntrain.layers.context import Param
        return {"factor": Param((2,), initializer=Constant(value=2.0))}

    def backward_parameters(self, ctx):
        ctx.dfactor[...] = 0
""",
)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("(2,)", "(3,)", "factor has shape (2,); the code needs (3,)"),
        ("(2,)", "(2, 2)", "factor has shape (2,); the code needs (2, 2)"),  # which could be broadcast
        ('"factor":', '"gain":', "gain is missing"),
    ],
)
def test_a_checkpoint_that_no_longer_fits_the_plugin_names_array_and_shape(
    shell, wording, before, after, reason
):
    plugin = shell.write(SCALED, "double.py")
    run = shell.fit(CONFIG, "--plugin", plugin)
    forget()
    shell.write(
        SCALED.replace(before, after).replace("dfactor", "dgain" if "gain" in after else "dfactor"),
        "double.py",
    )
    error = shell.run("eval", run, "--plugin", plugin, code=2).stderr
    assert f"error: {run}/checkpoints/best.safetensors: " in error
    assert reason in error
    wording(error)


def test_a_run_resumes_with_its_plugin(shell):
    plugin = shell.write(DOUBLE, "double.py")
    run = shell.fit(CONFIG, "--plugin", plugin)
    forget()
    shell.run(
        "fit",
        "config.yaml",
        "--runs-dir",
        "runs",
        "--name",
        "run",
        "--resume",
        "--plugin",
        plugin,
        "--set",
        "train.epochs=2",
        "--quiet",
    )
    assert len((run / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "place", "kind"),
    [
        ("x = (\n", "p.py:1", "SyntaxError"),
        ("import math\n\nmath.wave\n", "p.py:3", "AttributeError"),
        ("import nothing_of_this_name\n", "p.py:1", "ModuleNotFoundError"),
        ("def f():\n    return 1 / 0\n\nf()\n", "p.py:2", "ZeroDivisionError"),
        ("import sys\n\nsys.exit('no')\n", "p.py:3", "SystemExit"),
        (DOUBLE.replace('name="double"', 'name="relu"'), "p.py:3", "TypeError"),
    ],
)
def test_an_error_in_a_plugin_names_its_line(shell, text, place, kind):
    shell.write(text, "p.py")
    error = shell.run("describe", "--plugin", "p.py", code=2).stderr
    assert error.startswith(f"error: {place}: {kind}: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "start", "named"),
    [
        (("2 * ctx.x", "ctx.slope * ctx.x"), "p.py:9: AttributeError: ", "'slope'"),
        (("def backward_input", "def backward"), "double: ", "`backward_input`"),
        (('reads = ""', "units: int"), "double: ", "`example`"),
    ],
)
def test_an_error_when_a_plugin_runs_is_reported(shell, change, start, named):
    shell.write(DOUBLE.replace(*change), "p.py")
    error = shell.run("gradcheck", "--plugin", "p.py", code=2).stderr
    assert error.startswith(f"error: {start}")
    assert named in error


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("p.py", None, "error: p.py: "),
        ("p.txt", "x = 1", "error: p.txt: "),
        ("p.py", "from nntrain.optimizers import Optimizer\n", "error: "),
    ],
)
def test_a_file_that_is_not_a_plugin_is_refused(shell, wording, name, text, start):
    if text is not None:
        shell.write(text, name)
    error = shell.run("gradcheck", "--plugin", name, code=2).stderr
    assert error.startswith(start)
    wording(error)


def test_two_plugins_of_one_name_are_refused(shell):
    for folder in ("a", "b"):
        (shell.folder / folder).mkdir()
        (shell.folder / folder / "p.py").write_text("")
    plugins.load(Path("a/p.py"))
    with pytest.raises(UserError) as caught:
        plugins.load(Path("b/p.py"))
    assert caught.value.place == "b/p.py"


def test_the_code_that_runs_is_the_code_that_was_hashed(shell):
    """Python would run the older code from __pycache__ when a file changes within a second."""
    path = shell.write("VALUE = 1\n", "p.py")
    assert sys.modules[plugins.load(path).module].VALUE == 1
    forget()
    shell.write("VALUE = 2\n", "p.py")
    plugin = plugins.load(path)
    assert sys.modules[plugin.module].VALUE == 2
    assert plugin.sha256 == hashlib.sha256(b"VALUE = 2\n").hexdigest()
    assert not (shell.folder / "__pycache__").exists()


def test_the_registry_is_as_it_was():
    assert not {"snake", "double", "triple"} & Activation.members().keys()


def test_a_plugin_can_bring_an_augmentation(shell):
    shell.write(
        '''\
from nntrain.data.transforms.augment import Augmentation

class Negative(Augmentation, name="negative"):
    """White for black and black for white."""

    def apply(self, out, x, now):
        turned = now.uniform(0) < 0.5
        out[...] = x
        out[turned] = 1 - x[turned]
''',
        "negative.py",
    )
    text = CONFIG.replace(
        "{synthetic: {kind: two_moons, samples: 60}}", "{digits: image}, augment: [negative]"
    )
    text = text.replace(
        "layers: [{dense: {units: 4, activation: double}}, {dense: 2}]", "layers: [flatten, {dense: 10}]"
    )
    shell.fit(text, "--plugin", "negative.py")
