"""Every key and every name of every shipped config, misspelt by one letter, is reported at its place with the right suggestion."""

import random
import re
from collections.abc import Iterator

import pytest
import yaml

from nntrain.component import Component
from nntrain.config import Document, checked
from nntrain.errors import UserError
from nntrain.manual.kinds import kinds
from nntrain.options import one_edit_apart
from tests.support import ROOT

CONFIGS = sorted(ROOT.joinpath("configs").glob("*.yaml"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def names() -> set[str]:
    """Every name that a config can use for a component."""
    found: set[str] = set()
    for kind in kinds().values():
        if isinstance(kind.owner, type) and issubclass(kind.owner, Component) and kind.is_family:
            found |= set(kind.owner.members())
    return found


def words(text: str) -> Iterator[yaml.ScalarNode]:
    """The scalars that are keys, or names of components."""
    components = names()

    def walk(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield key
                if key.value not in (
                    "name",
                    "monitor",
                    "inputs",
                    "path",
                    "extends",
                    "features",
                ):  # text of the user's own
                    yield from walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from walk(value)
        elif node.value in components:
            yield node

    yield from walk(yaml.compose(text, yaml.SafeLoader))


def misspellings(word: str, choose: random.Random) -> Iterator[str]:
    """One letter left out, doubled, replaced, or exchanged with the next."""
    at = choose.randrange(len(word))
    if len(word) > 1:
        yield word[:at] + word[at + 1 :]
        first = choose.randrange(len(word) - 1)
        yield word[:first] + word[first + 1] + word[first] + word[first + 2 :]
    yield word[:at] + word[at] + word[at:]
    yield word[:at] + choose.choice(LETTERS) + word[at + 1 :]


def fault(path, text: str, word: yaml.ScalarNode, wrong: str) -> str:
    """What is wrong with the report of one misspelling; empty if it is right."""
    start, end = word.start_mark, word.end_mark
    document = Document.parse(text[: start.index] + wrong + text[end.index :], str(path))
    try:
        checked(document)
    except UserError as error:
        message = str(error)
    else:
        return "accepted"
    place = f"{path}:{start.line + 1}:{start.column + 1}:"
    line = next((line for line in message.splitlines() if line.strip().startswith(place)), "")
    if not line:
        return f"no error at {place}\n{message}"
    suggested = re.search(r"(?:Did you mean|In nntrain this is) '([^']*)'", line)
    if suggested and (suggested[1] == word.value or one_edit_apart(suggested[1], wrong)):
        return ""
    return f"the suggestion is missing or wrong\n{message}"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_misspelt_word_is_reported_on_its_line_with_the_right_suggestion(path):
    text, choose = path.read_text(encoding="utf-8"), random.Random(path.stem)
    known = names()
    faults = []
    for word in words(text):
        for wrong in misspellings(word.value, choose):
            if wrong == word.value or wrong in known or len(wrong) < 2:
                continue
            if reason := fault(path, text, word, wrong):
                faults.append(f"{word.value!r} as {wrong!r}: {reason}")
    assert faults == [], "\n".join(faults)
