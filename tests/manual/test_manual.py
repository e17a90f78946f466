"""The manual: every component documented, with the same text on the terminal and in docs/reference.md."""

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from nntrain.component import Component
from nntrain.config import Document, checked
from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.manual import pages
from nntrain.manual.kinds import kinds
from nntrain.manual.reference import reference
from nntrain.manual.values import type_in_words
from nntrain.options import Options
from nntrain.report.terminal.pages import show_page
from nntrain.training.setup import prepare
from tests.support import ROOT

REFERENCE = ROOT / "docs" / "reference.md"
MEMBERS = [(kind.name, name) for kind in kinds().values() if kind.is_family for name in kind.members()]
SECTIONS = [kind.name for kind in kinds().values() if not kind.is_family]
BASE = {
    "data": {"source": "digits"},
    "model": {"layers": [{"dense": 10}]},
    "loss": "mse",
    "optimizer": "adam",
}
BASES = {Config: BASE, Sweep: {"config": "digits.yaml", "trials": 1, "parameters": {"seed": [0]}}}
PARTS = {"data", "model"}


def owner(kind: str, name: str) -> type[Options]:
    return kinds()[kind].owner.members()[name] if name else kinds()[kind].owner


@pytest.fixture(scope="module")
def whole() -> str:
    return reference()


def test_the_reference_is_up_to_date(whole):
    assert REFERENCE.read_text() == whole, "run `nntrain describe --markdown > docs/reference.md`"


def test_the_kinds_are_the_sections_and_families_of_configs_and_sweep_files():
    first = ["config", "data", "split_by", "fold", "source", "column", "augmentation", "model", "initializer"]
    assert list(kinds())[:9] == first
    assert {"layer", "activation", "loss", "metric", "optimizer", "schedule"} <= kinds().keys()
    assert list(kinds())[-3:] == ["sweep", "range", "time_limit"]
    assert {"train", "regularize", "grad_clip", "early_stopping", "warmup"} <= set(SECTIONS)
    assert "relu" in kinds()["activation"].members()
    assert "relu" not in kinds()["layer"].members()  # activations have their own chapter


@pytest.mark.parametrize(("kind", "name"), [*MEMBERS, *((name, "") for name in kinds())])
def test_everything_is_described(kind, name):
    described = owner(kind, name)
    sentence = described.first_sentence()
    assert len(sentence) > 5, "write a docstring"
    assert sentence[-1] in ".`", "the docstring's first line is a sentence"
    assert sentence.count("`") % 2 == 0, "a ` is missing, or the first sentence ends within code"
    for field in (
        field for field in described.model_fields.values() if not issubclass(described, Component) or name
    ):
        assert field.description, "give each Field a description"


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_every_example_is_valid(kind, name):
    page = pages.find(kind, name)
    assert name in page.example
    example = Document.parse(page.example).tree
    file = kinds()[kind].file
    base = BASES[file]
    merged = (
        base
        | example
        | {section: base[section] | example.get(section, {}) for section in PARTS & base.keys()}
    )
    checked(Document.parse(json.dumps(merged)), kind=file)


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_example_of_a_section_is_valid(kind):
    if text := pages.find(kind).example:
        file = kinds()[kind].file
        merged = BASES[file] | Document.parse(text).tree
        if kind == "targets":  # in place of a loss, and columns of a table
            merged = {**merged, "loss": None, "data": {"source": {"csv": "table.csv"}}}
        checked(Document.parse(json.dumps(merged)), kind=file)


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_a_bare_value_sets_what_the_page_says(kind, name):
    page = pages.find(kind, name)
    if found := re.fullmatch(r"`(\w+: .*)` sets `(\w+)`\.", page.bare):
        spelled = Document.parse(found[1]).tree
        assert kinds()[kind].owner.parse(spelled) == kinds()[kind].owner.parse(
            {name: {found[2]: spelled[name]}}
        )
    else:
        assert page.bare == ""


def test_the_sample_config_of_the_reference_is_valid(whole, tmp_path):
    text = re.search(r"```yaml\n(name: .*?)```", whole, re.DOTALL)[1]
    config, _ = checked(Document.parse(text))
    assert prepare(config, tmp_path).graph.output.shape == (10,)


def test_every_link_of_the_reference_leads_to_a_heading(whole):
    seen: dict[str, int] = {}
    slugs = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", whole, flags=re.DOTALL), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")  # as GitHub makes them
        slugs.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
        seen[slug] = seen.get(slug, 0) + 1
    links = re.findall(r"\]\(#([^)]+)\)", whole)
    assert len(links) > 100
    assert set(links) <= slugs


def test_a_page_has_name_text_options_example_and_source():
    page = pages.find("schedule", "multi_step")
    assert (page.name, page.kind) == ("multi_step", "schedule")
    assert len(page.paragraphs) == 1
    assert [(option.name, option.type, option.default) for option in page.options] == [
        ("milestones", "list of integers, each greater than 0", "required"),
        ("gamma", "number greater than 0", "`0.1`"),
    ]
    assert page.shared == ["unit", "warmup"]
    assert page.bare == "`multi_step: [10, 15]` sets `milestones`."
    assert page.example == "schedule:\n  multi_step:\n    milestones: [10, 15]"
    assert pages.find("activation", "silu").aliases == ("swish",)
    assert pages.find("activation", "swish") == pages.find("layer", "silu") == pages.find("silu")
    assert pages.find("optimizer", "lion").source.startswith("Chen et al. 2023, ")


def test_a_section_has_its_options_and_an_option_of_it_a_page():
    assert [option.name for option in pages.find("regularize").options] == ["l1", "l2"]
    assert pages.find("train", "regularize") == pages.find("regularize")
    (option,) = pages.find("train", "batch_size").options
    assert (option.type, option.default) == ("integer of at least 1, or `full`", "`32`")


NAME_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "integer"}]}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "integer of at least 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "number greater than 0"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number from 0 to 1"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number of at least 0 and less than 1"),
        ({"type": "integer", "exclusiveMaximum": 2**63}, "integer less than 2^63"),
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"const": "full"}, "`full`"),
        ({"type": "boolean"}, "`true` or `false`"),
        ({"anyOf": [{"const": "auto"}, {"type": "boolean"}]}, "`auto`, `true` or `false`"),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": NAME_OR_NUMBER}]},
            "string, integer, or list of strings or integers",
        ),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of entries, each `a` or `b`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string"),
        (
            {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "full"}]},
            "integer of at least 1, or `full`",
        ),
        ({"$ref": "#/$defs/loss"}, "loss"),
        ({"$ref": "#/$defs/IntervalSection"}, "options"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integers"),
        ({"type": "array", "items": {"$ref": "#/$defs/loss"}}, "list of losses"),
        (
            {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
            "list of 2 numbers, each at least 0",
        ),
    ],
)
def test_types_in_words(schema, words):
    assert type_in_words(schema, {"loss"}) == words


def test_describe_lists_the_kinds(shell):
    lines = shell.run("describe").stdout.splitlines()
    listed = {line.split()[0]: line for line in lines[3:]}
    assert set(listed) == set(kinds())
    assert f"{len(kinds()['loss'].members())} members. " in listed["loss"]
    assert "2 options. " in listed["grad_clip"]


@pytest.mark.parametrize("kind", kinds())
def test_describe_knows_every_kind_and_name(shell, kind):
    listed = shell.run("describe", kind).stdout
    names = kinds()[kind].members() if kinds()[kind].is_family else kinds()[kind].owner.option_names()
    for name in names:
        assert re.search(rf"^  {name}\b", listed, re.MULTILINE)
        page = shell.run("describe", kind, name).stdout
        assert page.startswith(f"{name}  ")
        assert not re.search(r"[ \t]$|\x1b", page, re.MULTILINE)  # plain text without a terminal


def test_describe_shows_a_component(shell):
    page = shell.run("describe", "layer", "dropout").stdout
    parts = [
        "dropout  layer\n",
        "\nOptions\n  rate  number",
        "`dropout: 0.5` sets `rate`.",
        "`name`, `inputs`, `freeze`",
    ]
    parts += [
        "\nExample\n  model:\n    layers:\n      - dropout: {rate: 0.5}\n",
        "\nSource: Srivastava et al. 2014, ",
    ]
    places = [page.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["layr"], "'layer'"),
        (["reluu"], "'relu'"),
        (["mse"], "`loss mse`"),
        (["layr", "dense"], "'layer'"),
        (["layer", "dens"], "'dense'"),
        (["layer", "Linear"], "'dense'"),
        (["CrossEntropyLoss"], "'cross_entropy'"),
        (["optimizer", "adamm"], "'adam'"),
        (["train", "epoch"], "'epochs'"),
    ],
)
def test_describe_suggests_a_name(shell, wording, arguments, suggestion):
    error = shell.run("describe", *arguments, code=2).stderr
    assert error.startswith("error: ")
    assert suggestion in error
    wording(error)


def test_describe_prints_the_reference_as_markdown(shell, whole):
    assert shell.run("describe", "--markdown").stdout == whole
    assert "--markdown" in shell.run("describe", "layer", "--markdown", code=2).stderr


def test_a_narrow_terminal_gets_coloured_lines_that_fit():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", width=60, highlight=False)
    show_page(pages.find("layer", "batch_norm"), console)
    assert "\x1b[36mmomentum\x1b[0m" in file.getvalue()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).splitlines()
    assert max(map(len, lines)) <= 60
    assert "`" not in "".join(lines)
    assert any(re.match(" {12}[a-z]", line) for line in lines)  # a continued line is aligned with its start


def test_describe_loads_neither_numba_nor_matplotlib():
    code = (
        "import sys\nfrom nntrain.cli.main import main\nmain(['describe', 'layer', 'dense'], standalone_mode=False)\n"
        "print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
