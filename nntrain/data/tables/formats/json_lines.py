"""JSON Lines: an object per line, or one list of objects."""

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import PurePath
from typing import Any, BinaryIO

from nntrain.data.tables.encodings import SAMPLE, not_text
from nntrain.data.tables.formats.typed import TypedRows, cell_text, require_plain, text_columns
from nntrain.errors import DataError

UTF8 = "utf-8-sig"
SUFFIXES = (".jsonl", ".ndjson", ".json")


def is_json(path: str, start: bytes) -> bool:
    """Whether a file that begins so holds objects."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b'{"') or (
        PurePath(path).suffix.lower() in SUFFIXES and text.startswith((b"{", b"["))
    )


class _Number(str):
    """A number as written, so that it keeps its digits."""


def json_rows(path: str, file: BinaryIO, encoding: str | None, decimal: str) -> TypedRows:
    """The rows of the objects; columns are in the order in which their names first occur. Raises DataError."""
    lines, objects = [], []
    with TextIOWrapper(file, encoding=encoding or UTF8) as text:
        for line, value in _values(path, file, text, encoding):
            if not isinstance(value, dict):
                raise DataError("expected an object with the names of columns", place=f"{path}:{line}")
            lines.append(line)
            objects.append(value)
    names = list(dict.fromkeys(name for value in objects for name in value))
    if not names:
        raise DataError("the file is empty" if not objects else "its objects have no names", place=path)
    for line, value in zip(lines, objects, strict=True):
        require_plain(f"{path}:{line}", list(value), list(value.values()))
    rows = (
        (line, [_cell(value.get(name), decimal) for name in names])
        for line, value in zip(lines, objects, strict=True)
    )
    columns = [[value.get(name) for value in objects] for name in names]
    numbers = {
        position for position, column in enumerate(columns) if any(isinstance(one, _Number) for one in column)
    }
    return TypedRows(names, rows, set(text_columns(columns)) - numbers)


def _values(
    path: str, file: BinaryIO, text: TextIOWrapper, encoding: str | None
) -> Iterator[tuple[int, Any]]:
    """(line, value) of each line, or (number, value) of each entry of a list."""
    line = 0
    try:
        for line, content in enumerate(text, start=1):
            if not content.strip():
                continue
            if content.lstrip("\ufeff \t").startswith("["):
                found = json.loads(content + text.read(), parse_int=_Number, parse_float=_Number)
                yield from enumerate(found, start=1)
                return
            yield line, json.loads(content, parse_int=_Number, parse_float=_Number)
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg}", "Write one object per line.", f"{path}:{line}") from None
    except UnicodeDecodeError as error:
        received = f"byte {error.object[error.start]:#04x}"
        file.seek(0)
        raise not_text(path, line + 1, file.read(SAMPLE), received, encoding) from None


def _cell(value: Any, decimal: str) -> str:
    if isinstance(value, _Number):
        return value.replace(".", decimal)
    return cell_text(value, decimal)
