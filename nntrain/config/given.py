"""Given: a source of data that stands on the command line, or in a small file of its own, instead of in a config."""

import os
import re
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from nntrain.config.composer import compose
from nntrain.config.document import Document, decoded, read_bytes
from nntrain.config.place import Source
from nntrain.config.validate import mistakes
from nntrain.data.dataset import Reader
from nntrain.errors import UserError
from nntrain.options import did_you_mean, shown

YAML_SUFFIXES = (".yaml", ".yml")
YAML_SIGN = re.compile(r"\s*\{|.*:(\s|$)", re.DOTALL)  # `{csv: ...}` or `csv: ...`, which no file is called


def is_source(text: str) -> bool:
    """Whether the text says a source itself, or names a YAML file that does."""
    return is_inline(text) or Path(text).suffix in YAML_SUFFIXES


def is_inline(text: str) -> bool:
    return text in Reader.members() or bool(YAML_SIGN.match(text))


def read_source(text: str, option: str) -> tuple[Reader, Path]:
    """The source that `text` says, or the file that it names, and the folder that the source's paths count from.

    `option` is what errors call the text. Raises UserError.
    """
    if is_inline(text):
        return parsed(text, Source.of(option, text, is_file=False)), Path()
    if not is_source(text):
        path, hint = (text, "") if os.path.isfile(text) else ("new.csv", did_you_mean(text, Reader.members()))
        raise UserError(
            f"{option}: expected a source, such as digits or '{{csv: {{path: {path}}}}}', or a YAML file that holds "
            f"one. Received: {shown(text)}.{hint}"
        )
    written = decoded(text, read_bytes(text))
    return parsed(written, Source.of(text, written)), Path(text).parent


def parsed(text: str, source: Source) -> Reader:
    root = compose(text, source)
    if root is None:
        raise UserError(
            f"{source.name}: expected a source, such as digits or '{{csv: {{path: new.csv}}}}'. Received: nothing."
        )
    try:
        return TypeAdapter(Reader).validate_python(root.plain())
    except ValidationError as error:
        raise Document(source.name, text.encode("utf-8", "surrogatepass"), root).explain(
            mistakes(error, Reader)
        ) from None
