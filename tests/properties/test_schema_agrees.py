"""What our JSON Schema accepts, the loader accepts; what it refuses, the loader refuses."""

import json
import re
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nntrain.config import Document, checked
from nntrain.config.json_schema import json_schema
from nntrain.config.schema import Config
from nntrain.errors import UserError
from tests.properties.from_schema import Drawer, changed
from tests.support.scale import examples

SCHEMA = json_schema(Config)
VALIDATOR = Draft202012Validator(SCHEMA)

# Options that need or exclude each other: the schema leaves these to the loader.
RELATIONS = re.compile(
    r"expected (either|both|at least one of) `|`[\w: ]+` (requires|cannot be combined with) "
    r"|expected the smaller `|`decimal` and `thousands` are both"
    r"|nesterov requires|expected at least two different `classes`|gaps in sequences cannot be filled"
    r"|a sequence with one target cannot be split|expected a fold from 1 to "
    r"|expected a number that divides `batch_size`|expected an option besides `match`"
    r"|expected `etas` below and above 1|expected `step_sizes` around lr|expected quantiles in rising order"
    r"|expected an encoding that Python knows|the made-up reviews (have no columns|are classes)"
    r"|expected `categories` for at most the columns of `input`"
    r"|cannot be combined with `targets`|has a target of its own|is already a target|each of the `targets` has its own loss"
)


def complaints(tree: dict[str, Any]) -> list[str]:
    """The loader's errors, one line each, but for relations between options."""
    try:
        checked(Document.parse(json.dumps(tree)))
    except UserError as error:
        lines = [line for line in str(error).splitlines() if line.startswith("config.yaml")]
        return [line for line in lines if not RELATIONS.search(line)]
    return []


@settings(max_examples=examples(300, 5000), deadline=None)
@given(choose=st.randoms(use_true_random=False))
def test_the_loader_accepts_what_the_schema_accepts(choose: Random):
    tree = Drawer(SCHEMA, choose).config()
    assert [error.message for error in VALIDATOR.iter_errors(tree)] == []
    assert complaints(tree) == []


@settings(max_examples=examples(300, 5000), deadline=None)
@given(choose=st.randoms(use_true_random=False))
def test_schema_and_loader_agree_on_a_config_with_one_change(choose: Random):
    tree = changed(Drawer(SCHEMA, choose).config(), choose)
    refused = [error.message for error in VALIDATOR.iter_errors(tree)]
    assert bool(complaints(tree)) == bool(refused), refused[:3]
