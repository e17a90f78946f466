"""Given: a data source from an argument or from a small file of its own, instead of a config."""

import os
import re
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from nntrain.config.composer import compose
from nntrain.config.document import Document, decoded, read_bytes
from nntrain.config.place import Text
from nntrain.config.spelling import adapted
from nntrain.config.validate import problems
from nntrain.data.dataset import Reader
from nntrain.errors import UserError
from nntrain.options import did_you_mean, shown, with_suggestion

YAML_SUFFIXES = (".yaml", ".yml")
YAML_SIGN = re.compile(r"\s*\{|.*:(\s|$)", re.DOTALL)  # `{csv: ...}` or `csv: ...`, which is not a file name


def is_source(text: str) -> bool:
    """Whether the text is a source itself, or names a YAML file with one."""
    return is_inline(text) or Path(text).suffix in YAML_SUFFIXES


def is_inline(text: str) -> bool:
    return text in Reader.members() or bool(YAML_SIGN.match(text))


EXPECTED = "expected a source, such as digits or '{{csv: {{path: {path}}}}}'"


def read_source(text: str, option: str) -> tuple[Reader, Path]:
    """The source in `text`, or in the file that it names, and the folder to which the source's paths are relative.

    `option` is the place of errors in `text`. Raises UserError.
    """
    if is_inline(text):
        return parsed(text, Text.of(option, text, is_file=False)), Path()
    if not is_source(text):
        is_file = os.path.isfile(text)
        expected = EXPECTED.format(path=text if is_file else "new.csv")
        suggestion = "" if is_file else did_you_mean(text, Reader.members())
        if os.path.isdir(text):
            expected, suggestion = f"expected a source, such as '{{image_folder: {text}}}'", ""
        message = f"{expected}, or a YAML file with a source. Received: {shown(text)}"
        raise UserError(with_suggestion(message, suggestion), place=option)
    content = decoded(text, read_bytes(text))
    return parsed(content, Text.of(text, content)), Path(text).parent


def parsed(content: str, text: Text) -> Reader:
    root = compose(content, text)
    if root is None:
        raise UserError(f"{EXPECTED.format(path='new.csv')}. Received: nothing", place=text.name)
    root = adapted(root, Reader)
    try:
        return TypeAdapter(Reader).validate_python(root.tree())
    except ValidationError as error:
        document = Document(text.name, content.encode("utf-8", "surrogatepass"), root)
        raise document.explain(problems(error, Reader)) from None
