"""`nntrain export --to python`: every layer, in a file that NumPy alone runs, that reads well, and that says what it takes."""

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nntrain.config import load
from nntrain.export.program import Outcome, Program, farthest
from nntrain.export.python.library import sources
from nntrain.export.python.module import Module
from nntrain.export.target import NotExpressible
from nntrain.layers.activations.rectifiers import Relu
from nntrain.layers.layer import Layer
from tests.support import ROOT
from tests.support.exported import module_of
from tests.support.programs import ROWS, SAMPLES, outputs_of, program_of_layers
from tests.support.samples import LayerSample

OLDEST = (3, 9)  # the Python that exported files are written for


def text_of(program: Program) -> str:
    return Module(program, None).text()


def imported(program: Program, folder: Path) -> ModuleType:
    """The exported file of a program, as a user imports it."""
    return imported_text(text_of(program), folder)


def imported_text(text: str, folder: Path) -> ModuleType:
    path = folder / "exported.py"
    path.write_text(text, encoding="utf-8")
    return module_of(path)


def program_of(sample: LayerSample, precision: str = "float32"):
    layer = Layer.parse({sample.name: sample.options})
    return program_of_layers(
        [layer], sample.inputs[0], sample.options.get("vocabulary", 0), precision=precision
    )


def layers(*options: object) -> list[Layer]:
    return [Layer.parse(one) for one in options]


def inputs_for(sample: LayerSample, rows: int = ROWS) -> np.ndarray:
    random, shape = np.random.default_rng(3), (rows, *sample.inputs[0])
    if "vocabulary" in sample.options:
        return random.integers(0, sample.options["vocabulary"], shape)
    return random.standard_normal(shape)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_layer_gives_the_outputs_of_the_network(sample, tmp_path):
    """Also for large inputs, without a warning of an overflow, and for any number of rows."""
    program, network = program_of(sample)
    predict, x = imported(program, tmp_path).predict, inputs_for(sample)
    assert predict(x).dtype == np.float32
    assert farthest(predict(x), outputs_of(network, x)) < 1e-5
    if "vocabulary" not in sample.options:
        for large in (np.abs(x) * 1e4, np.abs(x) * -1e4):
            assert farthest(predict(large), outputs_of(network, large)) < 1e-5
    seven = predict(inputs_for(sample, 7))
    assert predict(inputs_for(sample, 0)).shape == (0, *seven.shape[1:])
    np.testing.assert_allclose(predict(inputs_for(sample, 7)[2:3]), seven[2:3], rtol=1e-4, atol=1e-5)


def test_a_network_in_float64_is_exported_in_float64(tmp_path):
    program, network = program_of_layers(
        layers({"dense": {"units": 9, "activation": "tanh"}}, {"lstm": 3}), (5, 4), precision="float64"
    )
    x = np.random.default_rng(0).standard_normal((ROWS, 5, 4))
    found = imported(program, tmp_path).predict(x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, outputs_of(network, x), rtol=1e-12)


NETWORKS = {
    "residual": [{"residual": {"body": [{"dense": 4}, "relu"]}}, {"dense": 2}],
    "residual_in_residual": [
        {"residual": {"body": [{"dense": 4}, {"residual": {"body": [{"dense": 4}, "tanh"]}}]}}
    ],
    "shortcut": [{"residual": {"body": [{"dense": 3}, "relu"], "shortcut": [{"dense": 3}]}}],
    "named": [
        {"dense": {"units": 4, "name": "trunk", "activation": "relu"}},
        {"dense": {"units": 4, "activation": "sigmoid"}},
        {"multiply": {"inputs": ["trunk", "previous"]}},
        {"concat": {"inputs": ["previous", "trunk", "input"]}},
    ],
    "names_of_python": [
        {"dense": {"units": 4, "name": "lambda"}},
        {"dense": {"units": 4, "name": "relu", "activation": "relu"}},
        {"dense": {"units": 4, "name": "x", "inputs": ["lambda"]}},
        {"dense": {"units": 4, "name": "3d", "inputs": ["relu"]}},
        {"add": {"inputs": ["lambda", "relu", "x", "3d", "previous"]}},
    ],
    "identities": [
        "identity",
        {"dropout": 0.5},
        {"dense": 4},
        "identity",
        {"add": {"inputs": ["input", "previous"]}},
    ],
    "only_dropout": [{"dropout": 0.5}],
    "repeat": [
        {"repeat": {"times": 3, "layers": [{"residual": {"body": ["layer_norm", {"dense": 4}]}}, "relu"]}}
    ],
    "repeat_in_repeat": [
        {
            "repeat": {
                "times": 2,
                "layers": [{"dense": 4}, {"repeat": {"times": 3, "layers": [{"dense": 4}, "tanh"]}}],
            }
        },
        {"dense": 2},
    ],
    "repeat_that_changes_shapes": [{"repeat": {"times": 3, "layers": [{"dense": 5}]}}],
    "repeat_twice": [
        {"repeat": {"times": 2, "layers": ["relu", {"dense": 4}]}},
        "tanh",
        {"repeat": {"times": 2, "layers": [{"dense": 4}]}},
        "relu",
    ],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_branches_and_repeats_give_the_outputs_of_the_network(name, tmp_path):
    program, network = program_of_layers(layers(*NETWORKS[name]), (4,))
    x = np.random.default_rng(0).standard_normal((ROWS, 4))
    assert farthest(imported(program, tmp_path).predict(x), outputs_of(network, x)) < 1e-5


@pytest.mark.parametrize("merge", ["concat", "add"])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru"])
def test_both_directions_of_recurrent_layers(kind, sequences, merge, tmp_path):
    layer = {"bidirectional": {"layer": {kind: {"units": 3, "return_sequences": sequences}}, "merge": merge}}
    program, network = program_of_layers(layers(layer), (5, 4))
    x = np.random.default_rng(0).standard_normal((ROWS, 5, 4))
    assert farthest(imported(program, tmp_path).predict(x), outputs_of(network, x)) < 1e-5


def network_in(program: Program) -> str:
    """The text of the function `network`."""
    text = text_of(program)
    node = next(node for node in ast.parse(text).body if getattr(node, "name", "") == "network")
    return ast.get_source_segment(text, node) or ""


def test_a_layer_is_its_formula():
    program, _ = program_of_layers(layers({"dense": {"units": 3, "activation": "relu"}}, {"dense": 2}), (4,))
    assert network_in(program).rpartition('"""\n')[2] == (
        '    p = layer("dense_1")  # (4,) -> (3,)\n'
        "    x = relu(x @ p.weight + p.bias)\n"
        "\n"
        '    p = layer("dense_2")  # (3,) -> (2,)\n'
        "    return x @ p.weight + p.bias"
    )


def test_equal_turns_of_a_repeat_are_a_loop():
    block = [{"residual": {"body": ["layer_norm", {"dense": 4}]}}]
    program, _ = program_of_layers(layers({"repeat": {"times": 5, "layers": block}}), (4,))
    assert "    for turn in range(1, 6):  # repeat_1\n" in network_in(program)
    assert 'layer(f"repeat_1.{turn}.residual_1.body.dense_1")' in network_in(program)
    assert network_in(program).count("layer_norm(") == 1


def test_a_layer_that_several_read_keeps_its_name():
    program, _ = program_of_layers(layers(*NETWORKS["named"]), (4,))
    assert "    trunk = relu(x @ p.weight + p.bias)\n" in network_in(program)
    assert "    y = trunk * y  # multiply_1\n" in network_in(program)


def test_a_file_has_only_the_functions_that_it_uses():
    program, _ = program_of_layers(layers({"dense": {"units": 3, "activation": "mish"}}), (4,))
    defined = {node.name for node in ast.parse(text_of(program)).body if isinstance(node, ast.FunctionDef)}
    assert defined & sources().keys() == {"mish"}
    program, _ = program_of_layers(layers({"lstm": 3}), (5, 4))
    defined = {node.name for node in ast.parse(text_of(program)).body if isinstance(node, ast.FunctionDef)}
    assert defined & sources().keys() == {"lstm", "sigmoid"}


def everything() -> dict[str, Program]:
    """Programs of all layers and networks, by names for their files."""
    samples = {f"sample_{number}": program_of(sample)[0] for number, sample in enumerate(SAMPLES)}
    return samples | {name: program_of_layers(layers(*of), (4,))[0] for name, of in NETWORKS.items()}


def test_files_pass_ruff_and_its_formatter_and_need_no_new_python(tmp_path):
    for name, program in everything().items():
        text = text_of(program)
        ast.parse(text, feature_version=OLDEST)
        (tmp_path / f"{name}.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length=110", "--target-version=py39"]
    check = [*ruff, "check", "-q", *options, "--extend-select=I,UP,E501", str(tmp_path)]
    assert subprocess.run(check, capture_output=True, text=True, check=False).stdout == ""
    form = [*ruff, "format", "--diff", "-q", *options, str(tmp_path)]
    assert subprocess.run(form, capture_output=True, text=True, check=False).stdout == ""


def test_a_layer_of_a_plugin_is_an_error_that_names_it():
    class Doubled(Relu):
        """Twice a ReLU."""

    Doubled.yaml_name = "doubled"
    program, _ = program_of_layers([Doubled.model_construct()], (4,))
    with pytest.raises(NotExpressible, match=r"doubled_1 \(doubled\) cannot be exported to Python"):
        text_of(program)


def test_the_excerpts_in_the_documentation_are_those_of_exported_files():
    page = (ROOT / "docs" / "export.md").read_text()
    config = load(ROOT / "configs" / "mnist_cnn.yaml")[0]
    program, _ = program_of_layers(list(config.model.layers), (28, 28, 1))
    network = network_in(replace(program, outcome=Outcome("probabilities", (), ("softmax",))))
    excerpt = page.partition("```python\ndef network")[2].partition("    ...\n")[0]
    assert network.startswith(f"def network{excerpt}")
    assert f"```python\n{sources()['lstm']}\n```" in page
