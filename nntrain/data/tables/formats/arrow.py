"""Parquet and Feather files, read by pyarrow."""

import re
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import numpy as np

from nntrain.data.tables.formats.typed import EXTRA, Cells, TypedRows, cell_text, from_columns, require_plain
from nntrain.errors import DataError

INDEX = re.compile(r"__index_level_\d+__")  # how pandas stores an index without a name
ROWS_AT_ONCE = 1 << 14


def arrow_rows(path: str, file: BinaryIO, decimal: str, parquet: bool) -> TypedRows:
    """The rows of a Parquet file, or of a Feather file (version 2, Arrow IPC). Raises DataError."""
    what = "Parquet" if parquet else "Feather"
    try:
        import pyarrow as pa
        from pyarrow import feather
        from pyarrow import parquet as pq
    except ImportError:
        raise DataError(f"reading {what} files requires the package pyarrow", EXTRA, path) from None
    try:
        if parquet:
            opened = pq.ParquetFile(file)
            schema, batches = opened.schema_arrow, opened.iter_batches(ROWS_AT_ONCE)
        else:
            table = feather.read_table(file)
            schema, batches = table.schema, iter(table.to_batches(ROWS_AT_ONCE))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _corrupt(path, what, error) from None
    names = [name for name in schema.names if not INDEX.fullmatch(name)]
    notes = [f"{path}: left out the index of pandas"] if len(names) < len(schema.names) else []
    kept = [position for position, name in enumerate(schema.names) if not INDEX.fullmatch(name)]

    def blocks(after: int, wanted: Collection[int], numbers: Collection[int]) -> Iterator[dict[int, Cells]]:
        skipped = after
        for batch in pq.ParquetFile(file).iter_batches(ROWS_AT_ONCE):
            rest = batch.slice(min(skipped, len(batch)))
            skipped -= len(batch) - len(rest)
            if len(rest):
                columns = {at: rest.column(kept[at]) for at in wanted}
                yield {
                    at: _numbers(column)
                    if at in numbers and _is_number(pa, column.type)
                    else tuple(cell_text(value, decimal) for value in _values(column))
                    for at, column in columns.items()
                }

    declared = {
        column["name"]
        for column in (schema.pandas_metadata or {}).get("columns", ())
        if column["pandas_type"] == "categorical"
    }
    fields = [schema.field(position) for position in kept]
    return TypedRows(
        names,
        _rows(path, what, names, kept, batches, decimal),
        [at for at, field in enumerate(fields) if field.name in declared or _is_text(pa, field.type)],
        notes=notes,
        blocks=blocks if parquet else None,
    )


def _rows(
    path: str, what: str, names: list[str], kept: list[int], batches: Any, decimal: str
) -> Iterator[tuple[int, list[str]]]:
    done = 0
    try:
        for batch in batches:
            columns = [_values(batch.column(position)) for position in kept]
            require_plain(
                path, names, [next((v for v in column if v is not None), None) for column in columns]
            )
            yield from enumerate(from_columns(names, columns, decimal), start=done + 1)
            done += len(batch)
    except (OSError, ValueError) as error:  # those of pyarrow are among them
        raise _corrupt(path, what, error) from None


def _values(column: Any) -> list[Any]:
    """Python's values; times of nanoseconds without what Python's times cannot hold."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif pa.types.is_duration(kind) and kind.unit == "ns":
        column = column.cast(pa.duration("us"), safe=False)
    elif pa.types.is_time64(kind) and kind.unit == "ns":
        column = column.cast(pa.time64("us"), safe=False)
    found: list[Any] = column.to_pylist()
    return found


def _is_number(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind))


def _numbers(column: Any) -> np.ndarray:
    """(rows,) float64, NaN for gaps."""
    import pyarrow as pa

    values: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _is_text(pa: Any, kind: Any) -> bool:
    """Whether the values are text, or categories, which may be numbers."""
    return bool(pa.types.is_dictionary(kind)) or any(
        check(kind) for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _corrupt(path: str, what: str, error: Exception) -> DataError:
    return DataError(f"not a {what} file, or corrupt: {str(error).splitlines()[0]}", place=path)
