"""Export to ONNX: what a file takes, gives and says, and what cannot be written."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import OneHot
from nntrain.errors import UserError
from nntrain.export.onnx import files, place, target
from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.model import model_of
from nntrain.export.onnx.target import Onnx, feeds
from nntrain.export.program import Outcome, Program, farthest, samples_like
from nntrain.export.target import NotExpressible, Request
from nntrain.layers.dense import Dense
from nntrain.losses.outcome import FUNCTIONS
from nntrain.network.network import Network
from tests.support.onnx_models import layers_of, run, written
from tests.support.programs import ROWS, outputs_of, program_of_layers


def data_of(program: Program, **changes: object) -> Program:
    return replace(program, data=replace(program.data, **changes))


def test_bytes_are_taken_as_bytes(tmp_path):
    program, network = program_of_layers(layers_of("flatten", {"dense": 3}), (4, 4, 1))
    image = Dataset(np.zeros((0, 4, 4, 1), np.uint8), np.zeros((0, 3)), shift=np.array([33.0]))
    program = replace(program, data=image)
    x = samples_like(image, ROWS)
    assert x.dtype == np.uint8
    found = run(program, {"input": x}, tmp_path)[0]
    assert farthest(found, outputs_of(network, (x - 33.0) / 255)) < 1e-5


def test_columns_are_standardized_and_gaps_are_filled(tmp_path):
    program, network = program_of_layers(layers_of({"dense": 3}), (4,))
    shift, scale, fill = np.array([1.0, -2, 3, 0]), np.array([2.0, 0.1, 1, 7]), np.array([5.0, 6, 7, 8])
    program = data_of(program, shift=shift, scale=scale, fill=fill)
    x = samples_like(program.data, ROWS)
    x[1, 2] = np.nan
    found = run(program, feeds(program, x), tmp_path)[0]
    filled = np.where(np.isnan(x), fill, x)
    assert farthest(found, outputs_of(network, (filled - shift) * scale)) < 1e-5


def table(shift: float = 0.0, gaps: bool = True) -> tuple[Program, Network]:
    """A network of three columns, the second of which is a text of three categories."""
    program, network = program_of_layers(layers_of({"dense": 2}), (5,))
    changes = {
        "feature_names": ("size", "colour=red", "colour=blue", "colour=grün", "year"),
        "one_hot": (OneHot("colour", ("red", "blue", "grün"), 1),),
        "shift": np.array([0.0, 0.3, 0.3, 0.4, shift]),
        "fill": np.array([1.5, 1, 0, 0, 2000]) if gaps else None,
    }
    return data_of(program, **changes), network


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("shift", [0.0, 2000.0])
def test_each_column_of_a_table_can_be_an_input(gaps, shift, tmp_path):
    program, network = table(shift, gaps)
    exported = Onnx().write(Request(program, "model", {"columns": True}))
    path = tmp_path / "model.onnx"
    path.write_bytes(exported.files["model.onnx"])
    number = np.float64 if shift else np.float32
    nothing, unnamed = (np.nan, "") if gaps else (3, "blue")
    found = target.session(path).run(
        None,
        {
            "size": np.array([[2], [nothing]], number),
            "colour": np.array([["grün"], [unnamed]], object),
            "year": np.array([[2001], [1999]], number),
        },
    )[0]
    second = [1.5, 1, 0, 0, 1999] if gaps else [3, 0, 1, 0, 1999]
    x = np.array([[2, 0, 0, 1, 2001], second]) - program.data.shift
    assert farthest(found, outputs_of(network, x)) < 1e-5
    x = samples_like(program.data, ROWS)
    matrix = Onnx().run(Onnx().write(Request(program, "model")), program, x)
    by_columns = Onnx().run(exported, program, x)
    assert by_columns is not None
    assert np.array_equal(by_columns, matrix)


def test_an_unknown_category_is_an_error(tmp_path):
    program, _ = table()
    path = tmp_path / "model.onnx"
    path.write_bytes(Onnx().write(Request(program, "model", {"columns": True})).files["model.onnx"])
    one = np.ones((1, 1), np.float32)
    with pytest.raises(Exception, match="Unknown Category"):
        target.session(path).run(None, {"size": one, "colour": np.array([["pink"]], object), "year": one})


def test_columns_that_cannot_be_inputs_are_an_error(wording):
    program, _ = table()
    names = ("values", *program.data.feature_names[1:])
    with pytest.raises(UserError) as error:
        model_of(data_of(program, feature_names=names), columns=True)
    wording(str(error.value))
    program, _ = program_of_layers(layers_of({"dense": 2}), (5,))
    with pytest.raises(UserError) as error:
        model_of(program, columns=True)
    wording(str(error.value))


def test_columns_far_from_zero_are_taken_in_double_precision(tmp_path):
    """In float32, seconds since 1970 have steps of two minutes."""
    program, network = program_of_layers(layers_of({"dense": 3}), (2,))
    program = data_of(program, shift=np.array([1.7e9, 0.0]), scale=np.array([0.01, 1.0]))
    x = samples_like(program.data, ROWS)
    assert feeds(program, x)["input"].dtype == np.float64
    assert any("float64" in note for note in Onnx().write(Request(program, "model")).notes)
    found = run(program, feeds(program, x), tmp_path)[0]
    assert farthest(found, outputs_of(network, (x - program.data.shift) * program.data.scale)) < 1e-5


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"side"}))
def test_a_function_of_the_outcome_equals_that_of_predict(function, tmp_path):
    width = 1 if function == "two_classes" else 3
    program, _ = program_of_layers(layers_of("identity"), (width,))
    names = ("a", "b", "c")[: max(width, 2)]
    program = replace(program, outcome=Outcome("probabilities", names, (function,)))
    x = np.random.default_rng(0).normal(0, 3, (20, width))
    x[0], x[1], x[2] = -50, 0, 60
    found = run(program, feeds(program, x), tmp_path)[0]
    assert farthest(found, program.outcome(x)) < 1e-5


@pytest.mark.parametrize("width", [1, 3])
def test_the_class_is_that_of_predict(width, tmp_path):
    classes = ("no", "yes") if width == 1 else ("a", "b", "c")
    program, network = program_of_layers(layers_of({"dense": width}), (4,))
    program = replace(
        data_of(program, classes=classes, target=np.zeros(0, np.int32)),
        outcome=Outcome("probabilities", classes, ("two_classes" if width == 1 else "softmax",)),
    )
    x = samples_like(program.data, ROWS)
    probabilities, found = run(program, feeds(program, x), tmp_path)
    outputs = outputs_of(network, x)
    assert found.dtype == np.int64
    assert found.tolist() == (outputs[:, 0] > 0 if width == 1 else outputs.argmax(1)).astype(int).tolist()
    assert probabilities.shape == (ROWS, len(classes))


def test_the_file_says_what_a_reader_needs():
    program, _ = program_of_layers(layers_of({"dense": 2}), (3,))
    program = replace(
        data_of(
            program,
            classes=("cat", "dög"),
            target=np.zeros(0, np.int32),
            feature_names=("size", "colour=red", "colour=blue"),
            one_hot=(OneHot("colour", ("red", "blue"), 1),),
        ),
        outcome=Outcome("probabilities", ("cat", "dög"), ("softmax",)),
        config={"seed": 7},
    )
    model = written(program)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["classes"]) == ["cat", "dög"]
    assert json.loads(found["columns"]) == ["size", "colour=red", "colour=blue"]
    assert json.loads(found["categories"]) == {"colour": ["red", "blue"]}
    assert json.loads(found["config"]) == {"seed": 7}
    assert (model.producer_name, model.ir_version, model.opset_import[0].version) == ("nntrain", 8, 17)
    assert [node.name for node in model.graph.node] == ["dense_1", "probabilities/softmax", "class"]
    assert {tensor.name for tensor in model.graph.initializer} == {"dense_1.weight", "dense_1.bias"}
    assert [output.name for output in model.graph.output] == ["probabilities", "class"]
    assert (
        "metadata `columns`, in their units, a text as one number per category"
        in model.graph.input[0].doc_string
    )
    assert any("colour" in note for note in Onnx().write(Request(program, "model")).notes)


def test_no_rows_give_no_rows(tmp_path):
    program, _ = program_of_layers(
        layers_of({"conv2d": {"filters": 2, "kernel_size": 2}}, "flatten", {"dense": 2}), (4, 4, 1)
    )
    assert run(program, feeds(program, np.zeros((0, 4, 4, 1))), tmp_path)[0].shape == (0, 2)


def test_a_network_without_layers_gives_its_input(tmp_path):
    program, _ = program_of_layers(layers_of({"dropout": 0.5}), (3,))
    assert not program.steps
    x = samples_like(program.data, ROWS)
    assert farthest(run(program, feeds(program, x), tmp_path)[0], x) < 1e-6


def test_a_large_network_has_its_constants_in_a_second_file(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "LARGEST", 100)
    program, network = program_of_layers(layers_of({"dense": 9}, "tanh", {"dense": 5}), (6,))
    exported = Onnx().write(Request(program, "model"))
    assert list(exported.files) == ["model.onnx", "model.onnx.data"]
    x = samples_like(program.data, ROWS)
    found = Onnx().run(exported, program, x)
    assert found is not None
    assert farthest(found, outputs_of(network, x)) < 1e-5


def test_a_network_in_double_precision_is_exported_in_float32():
    program, network = program_of_layers(
        layers_of({"conv1d": {"filters": 3, "kernel_size": 2}}), (5, 2), precision="float64"
    )
    exported = Onnx().write(Request(program, "model"))
    assert any("float32" in note for note in exported.notes)
    x = samples_like(program.data, ROWS)
    found = Onnx().run(exported, program, x)
    assert found is not None
    assert farthest(found, outputs_of(network, x)) < 1e-5


class Doubled(Dense):
    """A layer of a plugin, which does not register itself: it may compute otherwise than the class that it is derived from."""


Doubled.yaml_name = "doubled"


def test_a_layer_without_operators_is_an_error_that_names_it(wording):
    program, _ = program_of_layers(layers_of("relu", {"dense": 2}), (3,))
    *before, last = program.steps
    program = replace(program, steps=(*before, replace(last, layer=Doubled.model_construct(units=2))))
    with pytest.raises(NotExpressible) as error:
        model_of(program)
    wording(str(error.value))


def test_a_plugin_can_define_the_operators_of_its_layer(monkeypatch, tmp_path):
    monkeypatch.setattr(place, "WRITERS", dict(place.WRITERS))

    @place.writes(Doubled)
    def doubled(at: place.Place) -> Value:
        weight = at.constant("weight", 2 * at.arrays["weight"])
        return at.x.named(at.node("Gemm", at.x.name, weight, *at.bias()))

    program, _ = program_of_layers(layers_of({"dense": 2}), (3,))
    (step,) = program.steps
    program = replace(program, steps=(replace(step, layer=Doubled.model_construct(units=2)),))
    x = samples_like(program.data, ROWS)
    found = run(program, feeds(program, x), tmp_path)[0]
    assert farthest(found, x @ (2 * step.arrays["weight"]) + step.arrays["bias"]) < 1e-5


def test_a_missing_package_names_the_extra(monkeypatch, wording):
    monkeypatch.setattr(target.importlib.util, "find_spec", lambda name: None)
    program, _ = program_of_layers(layers_of({"dense": 2}), (3,))
    with pytest.raises(UserError) as error:
        Onnx().write(Request(program, "model"))
    wording(str(error.value))
    assert Onnx().run(Onnx, program, np.zeros((1, 3))) is None
