"""The manual: every component explained, the same text on the terminal and in docs/reference.md."""

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from nntrain.component import Component
from nntrain.config import Document, checked
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


def owner(kind: str, name: str) -> type[Options]:
    return kinds()[kind].owner.members()[name] if name else kinds()[kind].owner


@pytest.fixture(scope="module")
def whole() -> str:
    return reference()


def test_the_reference_is_up_to_date(whole):
    assert REFERENCE.read_text() == whole, "run `nntrain describe --markdown > docs/reference.md`"


def test_the_kinds_are_the_sections_and_families_of_a_config():
    assert list(kinds())[:6] == ["config", "data", "source", "augmentation", "model", "initializer"]
    assert {"layer", "activation", "loss", "metric", "optimizer", "schedule"} <= kinds().keys()
    assert {"train", "regularize", "grad_clip", "early_stopping", "warmup"} <= set(SECTIONS)
    assert "relu" in kinds()["activation"].members()
    assert "relu" not in kinds()["layer"].members()  # activations have a chapter of their own


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
def test_every_example_is_a_good_one(kind, name):
    page = pages.find(kind, name)
    assert name in page.example
    example = Document.parse(page.example).tree
    merged = (
        BASE | example | {section: BASE[section] | example.get(section, {}) for section in ("data", "model")}
    )
    checked(Document.parse(json.dumps(merged)))


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_example_of_a_section_is_a_good_one(kind):
    if text := pages.find(kind).example:
        checked(Document.parse(json.dumps(BASE | Document.parse(text).tree)))


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


def test_the_sample_config_of_the_reference_is_a_good_one(whole, tmp_path):
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
    assert page.paragraphs == ["Multi-step decay: `lr gamma^k` after k of the milestones."]
    assert [(option.name, option.type, option.default) for option in page.options] == [
        ("milestones", "list of whole numbers, each greater than 0", "required"),
        ("gamma", "number greater than 0", "`0.1`"),
    ]
    assert page.shared == ["unit", "warmup"]
    assert page.bare == "`multi_step: [10, 15]` sets `milestones`."
    assert page.example == "schedule:\n  multi_step:\n    milestones: [10, 15]"
    assert pages.find("activation", "silu").aliases == ("swish",)
    assert pages.find("activation", "swish") == pages.find("layer", "silu") == pages.find("silu")
    assert (
        pages.find("optimizer", "lion").source
        == "Chen et al. 2023, Symbolic discovery of optimization algorithms."
    )


def test_a_section_has_its_options_and_an_option_of_it_a_page():
    assert [option.name for option in pages.find("regularize").options] == ["l1", "l2"]
    assert pages.find("train", "regularize") == pages.find("regularize")
    (option,) = pages.find("train", "batch_size").options
    assert (option.type, option.default) == ("whole number of at least 1, or `full`", "`32`")


NAME_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "integer"}]}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "whole number of at least 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "number greater than 0"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number from 0 to 1"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number of at least 0 and less than 1"),
        ({"type": "integer", "exclusiveMaximum": 2**63}, "whole number less than 2^63"),
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"const": "full"}, "`full`"),
        ({"type": "boolean"}, "`true` or `false`"),
        ({"anyOf": [{"const": "auto"}, {"type": "boolean"}]}, "`auto`, `true` or `false`"),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": NAME_OR_NUMBER}]},
            "text, whole number, or list of texts or whole numbers",
        ),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of entries, each `a` or `b`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        (
            {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "full"}]},
            "whole number of at least 1, or `full`",
        ),
        ({"$ref": "#/$defs/loss"}, "loss"),
        ({"$ref": "#/$defs/Every"}, "options"),
        ({"type": "array", "items": {"type": "integer"}}, "list of whole numbers"),
        ({"type": "array", "items": {"$ref": "#/$defs/loss"}}, "list of losses"),
        (
            {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
            "list of 2 numbers, each at least 0",
        ),
    ],
)
def test_types_in_plain_words(schema, words):
    assert type_in_words(schema, {"loss"}) == words


def test_describe_lists_the_kinds(shell):
    lines = shell.run("describe").stdout.splitlines()
    told = {line.split()[0]: line for line in lines[3:]}
    assert set(told) == set(kinds())
    assert (
        f"{len(kinds()['loss'].members())} to choose from. The loss function that training minimizes"
        in told["loss"]
    )
    assert "2 options. Bounds the gradient" in told["grad_clip"]


@pytest.mark.parametrize("kind", kinds())
def test_describe_knows_every_kind_and_name(shell, kind):
    told = shell.run("describe", kind).stdout
    names = kinds()[kind].members() if kinds()[kind].is_family else kinds()[kind].owner.option_names()
    for name in names:
        assert re.search(rf"^  {name}\b", told, re.MULTILINE)
        page = shell.run("describe", kind, name).stdout
        assert page.startswith(f"{name}  ")
        assert not re.search(r"[ \t]$|\x1b", page, re.MULTILINE)  # plain where it is no terminal


def test_describe_explains_a_component(shell):
    assert (
        shell.run("describe", "layer", "dropout").stdout
        == """\
dropout  layer

In training sets each value to 0 with probability `rate` and divides the others by `1 - rate`; evaluation changes nothing.

No unit can rely on another one, which holds back overfitting. 0.5 is usual in wide layers, 0.1 to 0.2 near the input.

Options
  rate  number of at least 0 and less than 1; required
        the share of values set to 0

`dropout: 0.5` sets `rate`.

Options of every layer: `name`, `inputs`, `freeze`; see `nntrain describe layer`.

Example
  model:
    layers:
      - dropout: {rate: 0.5}

Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
"""
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["layr"], "nothing is named 'layr'. Did you mean 'layer'?"),
        (["reluu"], "nothing is named 'reluu'. Did you mean 'relu'?"),
        (["mse"], "'mse' is the name of several: say `loss mse` or `metric mse`."),
        (["layr", "dense"], "there is no kind 'layr'. Did you mean 'layer'?"),
        (["layer", "dens"], "no layer is named 'dens'. Did you mean 'dense'?"),
        (["optimizer", "adamm"], "no optimizer is named 'adamm'. Did you mean 'adam'?"),
        (["train", "epoch"], "`train` has no option 'epoch'. Did you mean 'epochs'?"),
    ],
)
def test_describe_says_what_may_have_been_meant(shell, arguments, message):
    assert shell.run("describe", *arguments, code=2).stderr == f"error: {message}\n"


def test_describe_prints_the_reference_as_markdown(shell, whole):
    assert shell.run("describe", "--markdown").stdout == whole
    assert "leave out KIND and NAME" in shell.run("describe", "layer", "--markdown", code=2).stderr


def test_a_narrow_terminal_gets_coloured_lines_that_fit():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", width=60, highlight=False)
    show_page(pages.find("layer", "batch_norm"), console)
    assert "\x1b[36mmomentum\x1b[0m" in file.getvalue()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).splitlines()
    assert max(map(len, lines)) <= 60
    assert "`" not in "".join(lines)
    assert any(re.match(" {12}[a-z]", line) for line in lines)  # what goes on does so below its start


def test_describe_loads_neither_numba_nor_matplotlib():
    code = (
        "import sys\nfrom nntrain.cli.main import main\nmain(['describe', 'layer', 'dense'], standalone_mode=False)\n"
        "print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
