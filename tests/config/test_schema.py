"""The JSON Schema accepts and refuses the same configs as validation."""

import json
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from nntrain.config import Document, checked, load
from nntrain.config.json_schema import json_schema
from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.errors import UserError
from nntrain.layers.dropout import Dropout
from nntrain.manual.kinds import kinds
from tests.support import ROOT

CONFIGS = sorted(ROOT.joinpath("configs").glob("*.yaml"))
GOOD = """\
data: digits
model: {layers: [{dense: {units: 20, activation: relu}}, {dense: 10}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
"""
WRONG = {
    "a misspelled section": ("loss:", "los:"),
    "a section that is missing": ("loss: cross_entropy\n", ""),
    "an unknown option": ("units: 20", "unit: 20"),
    "an unknown layer": ("dense: 10", "dens: 10"),
    "an unknown activation": ("relu", "rely"),
    "a layer where an activation belongs": ("activation: relu", "activation: flatten"),
    "two names in one": ("{dense: 10}", "{dense: 10, dropout: 0.5}"),
    "a name that needs options": ("{dense: 10}", "dense"),
    "a missing option": ("{units: 20, ", "{"),
    "text where a number belongs": ("units: 20", "units: many"),
    "a number that is too small": ("units: 20", "units: 0"),
    "a number that is too large": ("{dense: 10}", "{dropout: 1}"),
    "a fraction where a whole number belongs": ("units: 20", "units: 2.5"),
    "a bare value of the wrong type": ("sgd: 0.1", "sgd: fast"),
    "a bare value that is out of bounds": ("sgd: 0.1", "sgd: 0"),
    "a bare value where there is no option": ("{dense: 10}", "{flatten: 2}"),
    "a bare value where two options are required": ("data: digits", "schedule: {cyclic: 0.1}\ndata: digits"),
    "an unknown source": ("data: digits", "data: digts"),
    "an unknown option of the data": ("data: digits", "data: {source: digits, tests: 0.2}"),
    "an unknown choice": ("data: digits", "data: {digits: {as: picture}}"),
    "no layers": ("[{dense: {units: 20, activation: relu}}, {dense: 10}]", "[]"),
    "a mapping where a list belongs": (
        "[{dense: {units: 20, activation: relu}}, {dense: 10}]",
        "{dense: 10}",
    ),
    "no inputs": ("{units: 20, ", "{units: 20, inputs: [], "),
    "a list of the wrong length": ("sgd: 0.1", "adam: {betas: [0.9]}"),
    "a list with a wrong entry": ("data: digits", "schedule: {multi_step: [3, x]}\ndata: digits"),
    "a section with an unknown option": ("data: digits", "train: {epoch: 3}\ndata: digits"),
    "a section with a wrong choice": ("data: digits", "train: {precision: float16}\ndata: digits"),
    "a section within one": ("data: digits", "train: {grad_clip: 1}\ndata: digits"),
    "extends without a path": ("data: digits", "extends: 3\ndata: digits"),
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema(Config)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def problems(validator: Draft202012Validator, tree: dict) -> list[str]:
    return [error.message for error in validator.iter_errors(tree)]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_fits_the_schema(validator, path):
    assert problems(validator, Document.read(path).tree) == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_with_all_its_defaults_fits_the_schema(validator, path):
    assert problems(validator, load(path)[0].model_dump(mode="json")) == []


def test_the_resolved_config_of_a_run_fits_the_schema(validator, shell):
    run = shell.fit()
    assert problems(validator, Document.read(run / "config.resolved.yaml").tree) == []


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_the_schema_refuses_what_validation_refuses(validator, change):
    text = GOOD.replace(*change)
    assert text != GOOD
    assert problems(validator, Document.parse(text).tree) != []
    with pytest.raises(UserError):
        checked(Document.parse(text))


def test_a_good_config_fits_the_schema(validator):
    assert problems(validator, Document.parse(GOOD).tree) == []


@pytest.mark.parametrize(
    "data",
    [
        "digits",
        "{digits: image}",
        "{source: digits}",
        "{source: digits, validation: digits}",
        "{source: {digits: {as: image}}, validation: 0.1}",
    ],
)
def test_the_data_can_be_spelled_short(validator, data):
    text = GOOD.replace("data: digits", f"data: {data}")
    assert problems(validator, Document.parse(text).tree) == []
    checked(Document.parse(text))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("loss: mse", True),
        ("optimizer: {sgd: {momentum: 0.9}}", True),
        ("model: {initializer: he_normal}", True),
        ("data: {validation: 0.1}", True),
        ("model: {layers: [{residual: {shortcut: [{dense: {activation: relu}}]}}]}", True),
        ("los: mse", False),
        ("optimizer: {sgd: {momentums: 0.9}}", False),
        ("optimizer: {sgd: {momentum: 2}}", False),
        ("model: {layers: []}", False),
    ],
)
def test_a_config_that_extends_another_can_leave_out_required_options(validator, text, good):
    assert (problems(validator, Document.parse(f"extends: base.yaml\n{text}").tree) == []) is good


def test_every_family_is_defined_once():
    for kind in kinds().values():
        if kind.is_family:
            schema = json_schema(kind.file)
            *bare, mapping = schema["$defs"][kind.name]["anyOf"]
            members = set(kind.owner.members())
            assert set(mapping["properties"]) == members
            assert all(set(names["enum"]) <= members for names in bare)
    schema = json_schema(Config)
    assert schema["else"]["properties"]["loss"]["$ref"] == "#/$defs/loss"
    assert schema["$defs"]["ModelSection"]["properties"]["layers"]["items"] == {"$ref": "#/$defs/layer"}


def test_options_carry_descriptions_defaults_and_bounds():
    schema = json_schema(Config)
    rate = schema["$defs"]["Dropout"]["properties"]["rate"]
    assert rate.pop("description") == Dropout.model_fields["rate"].description
    assert rate == {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    assert schema["$defs"]["Adam"]["properties"]["betas"]["default"] == [0.9, 0.999]
    assert schema["else"]["properties"]["schedule"]["default"] == "constant"
    dropout = schema["$defs"]["layer"]["anyOf"][1]["properties"]["dropout"]
    assert dropout["description"] == Dropout.first_sentence()
    for name, definition in schema["$defs"].items():
        assert definition.get("additionalProperties", False) is False, name
        assert "title" not in definition, name


def test_the_command_prints_the_schema(shell):
    assert json.loads(shell.run("schema").stdout) == json_schema(Config)


def test_the_command_loads_neither_numba_nor_matplotlib():
    code = (
        "import sys\nfrom nntrain.cli.main import main\nmain(['schema'], standalone_mode=False)\n"
        "print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_schema_of_a_sweep_file_accepts_sweeps_and_refuses_mistakes():
    checks = Draft202012Validator(json_schema(Sweep, "nntrain sweep"))
    good = {"config": "a.yaml", "trials": 3, "parameters": {"optimizer.sgd.lr": {"log_uniform": [0.1, 1]}}}
    assert list(checks.iter_errors(good)) == []
    assert list(checks.iter_errors({**good, "parameters": {"seed": [0, 1]}, "method": "grid"})) == []
    for wrong in ({"method": "bayes"}, {"parameters": {"seed": 1}}, {"parameters": {"seed": {"int": [0]}}}):
        assert list(checks.iter_errors({**good, **wrong})) != []
