"""Layers: the table of norms and distributions by layer, layers.csv, which `train.record` asks for."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError

TEXTS = ("kind", "name")


def as_csv(rows: Sequence[Mapping[str, Any]], header: bool) -> str:
    """Rows as lines; statistics have six digits, which tell more than the batch that they are of."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(rows[0])
    writer.writerows([cell(name, value) for name, value in row.items()] for row in rows)
    return text.getvalue()


def cell(column: str, value: Any) -> str:
    if column in ("step", "epoch", *TEXTS):
        return str(value)
    return "" if value is None else f"{value:.6g}"


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Rows as arrays (rows,) by column, NaN where a row has no number."""
    return {
        name: np.array([row[name] for row in rows], None if name in TEXTS else np.float64)
        for name in (rows[0] if rows else ())
    }


def read_layers(path: Path) -> dict[str, np.ndarray]:
    """The table of a run, also while training writes it; empty where there is none. Raises UserError at a corrupt line."""
    if not path.is_file():
        return {}
    complete = path.read_bytes().rpartition(b"\n")[0].decode("utf-8", errors="replace")
    header, *lines = csv.reader(io.StringIO(complete))
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(
                {
                    name: text if name in TEXTS else float(text) if text else None
                    for name, text in zip(header, line, strict=True)
                }
            )
        except ValueError:
            message = f"expected {len(header)} values, as in the header. Received: {','.join(line)!r}"
            raise UserError(message, "Delete or fix this line.", f"{path}:{number}") from None
    return columns_of(rows)
