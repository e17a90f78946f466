"""Given: components from an argument or from a small file of their own, instead of a config."""

import re
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nntrain.config.composer import compose
from nntrain.config.document import Document, decoded, read_bytes
from nntrain.config.place import Text, YamlNode
from nntrain.config.spelling import adapted
from nntrain.config.validate import problems
from nntrain.data.dataset import Reader
from nntrain.errors import UserError

YAML_SUFFIXES = (".yaml", ".yml")
YAML_SIGN = re.compile(r"\s*\{|.*:(\s|$)", re.DOTALL)  # `{csv: ...}` or `csv: ...`, which is not a file name


def is_source(text: str) -> bool:
    """Whether the text is a source itself, or names a YAML file with one."""
    return is_inline(text) or Path(text).suffix in YAML_SUFFIXES


def is_inline(text: str) -> bool:
    return text in Reader.members() or bool(YAML_SIGN.match(text))


EXPECTED = "expected a source, such as digits or '{csv: {path: new.csv}}'"


def read_source(text: str, option: str) -> tuple[Reader, Path]:
    """The source in `text`, or in the YAML file that it names, and the folder to which the source's paths are relative.

    `option` is the place of errors in `text`. Raises UserError.
    """
    if is_inline(text):
        return parsed(text, Text.of(option, text, is_file=False)), Path()
    content = decoded(text, read_bytes(text))
    return parsed(content, Text.of(text, content)), Path(text).parent


def parsed(content: str, text: Text) -> Reader:
    root = compose(content, text)
    if root is None:
        raise UserError(f"{EXPECTED}. Received: nothing", place=text.name)
    return component(root, Reader, text.name)


def component(node: YamlNode, family: Any, name: str) -> Any:
    """The member of a family that a node spells, in a text that errors call `name`. Raises UserError."""
    node = adapted(node, family)
    try:
        return TypeAdapter(family).validate_python(node.tree())
    except ValidationError as error:
        raise Document(name, b"", node).explain(problems(error, family)) from None
