"""Values that are right but typed otherwise are taken as what their option expects; the JSON Schema accepts the same."""

import pytest
from jsonschema import Draft202012Validator

from nntrain.config import Document, checked, load
from nntrain.config.json_schema import json_schema
from nntrain.config.schema import Config
from nntrain.errors import ConfigError

DIGITS = """\
data: {source: digits, validation: 0.2}
model: {layers: [{dense: {units: 8}}, {dense: 10}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
"""
TABLE = "data: {source: {csv: {path: t.csv}}}\n" + DIGITS.partition("\n")[2]


def values(text: str, *overrides: str) -> Config:
    return checked(Document.parse(text), overrides)[0]


def test_an_exactly_whole_number_is_an_integer_however_it_is_typed():
    config = values(
        DIGITS.replace("units: 8", "units: 8.0") + "train: {epochs: 1e1, batch_size: 2.5e1}\nseed: 1e18"
    )
    assert config.model.layers[0].units == 8
    assert (config.train.epochs, config.train.batch_size, config.seed) == (10, 25, 10**18)
    assert type(config.train.epochs) is int
    assert values(DIGITS.replace("{units: 8}", "8e0")).model.layers[0].units == 8
    assert values(DIGITS, "train.epochs=1e2").train.epochs == 100
    assert values(DIGITS + "seed: 9007199254740993.0").seed == 9007199254740993  # not through float


@pytest.mark.parametrize("word", ["007", "1.10", "-999", "1e5", "0x10", "true", "False", ".inf"])
def test_a_text_is_what_is_written_whatever_it_looks_like(word):
    assert values(DIGITS + f"name: {word}").name == word
    assert values(DIGITS, f"name={word}").name == word
    missing = values(TABLE.replace("t.csv}", f"t.csv, missing: [{word}, NA]}}")).data.source.missing
    assert missing == (word, "NA")
    assert values(TABLE.replace("{path: t.csv}", word)).data.source.path == word  # the first option
    assert values("x-word: &word " + word + "\nname: *word\n" + DIGITS).name == word
    assert values(
        DIGITS.replace("source: digits", "source: {npz: {path: a.npz, classes: [a, " + word + "]}}")
    ).data.source.classes == ("a", word)


def test_a_number_of_a_column_stays_a_number():
    source = values(TABLE.replace("t.csv}", "t.csv, target: 3, categorical: [1, 1.10, 007x]}")).data.source
    assert source.target == 3
    assert source.categorical == (1, "1.10", "007x")


def test_a_value_that_is_typed_otherwise_has_a_hint(wording):
    for override in (
        'train.epochs="10"',
        "train.epochs=1_000",
        "train.epochs=1.5",
        "data.standardize=yes",
        "data.standardize=0",
        "data.source={csv: {path: t.csv, missing: [null]}}",
        "optimizer.sgd='0.1'",
    ):
        with pytest.raises(ConfigError) as caught:
            values(DIGITS, override)
        wording(str(caught.value))


def test_keys_at_the_top_that_begin_with_x_are_passed_over(tmp_path):
    block = "x-block: &block {dense: {units: 8}}\nx-more: [1, {a: b}]\n"
    config = values(block + DIGITS.replace("{dense: {units: 8}}", "*block"), "x-other=1")
    assert config == values(DIGITS)
    (tmp_path / "base.yaml").write_text(block + DIGITS)
    (tmp_path / "own.yaml").write_text("extends: base.yaml\nx-block: 3\n")
    assert load(tmp_path / "own.yaml")[0] == config
    with pytest.raises(ConfigError):
        values(DIGITS + "train: {x-epochs: 3}")


@pytest.mark.parametrize(
    "text",
    [
        DIGITS + "train: {epochs: 1e1}",
        DIGITS + "name: 007",
        DIGITS + "name: true",
        DIGITS + "x-own: [1, {a: null}]",
        TABLE.replace("t.csv}", "t.csv, missing: [-999, NA, false]}"),
        TABLE.replace("{path: t.csv}", "2024"),
    ],
)
def test_the_schema_accepts_what_is_typed_otherwise(text):
    assert list(Draft202012Validator(json_schema(Config)).iter_errors(Document.parse(text).tree)) == []
    checked(Document.parse(text))


@pytest.mark.parametrize(
    "text", [DIGITS + "name: [007]", DIGITS + "train: {epochs: 1.5}", "y-own: 1\n" + DIGITS]
)
def test_the_schema_refuses_what_no_spelling_explains(text):
    assert list(Draft202012Validator(json_schema(Config)).iter_errors(Document.parse(text).tree))
    with pytest.raises(ConfigError):
        checked(Document.parse(text))
