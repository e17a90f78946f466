"""The caches in the terminal: a row for each version, processor and vector width of kernels, for each table and folder of images."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import printable, size
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.data.caches import CachedData
    from nntrain.kernel_cache import CachedKernels

STATES = "current: what runs now use; stale: of another version or processor, removed by `nntrain cache clear --stale`"
STALE = "stale: the file or folder has changed or is gone, removed by `nntrain cache clear --stale`"


def show_cache(root: Path | None, caches: "Sequence[CachedKernels]", console: Console | None = None) -> None:
    (console or output()).print(cache_table(root, caches))


def cache_table(root: Path | None, caches: "Sequence[CachedKernels]") -> RenderableType:
    place = printable(root) if root else "no folder: there is no home folder, and NNTRAIN_CACHE is not set"
    lines = [Text(f"kernels  {place}")]
    if not caches:
        return Group(*lines, Text("size     empty"))
    total = size(sum(cache.bytes for cache in caches))
    lines.append(Text(f"size     {total}, {sum(cache.kernels for cache in caches):,} kernels"))
    columns = [
        Column("folder", "left"),
        Column("state", "left"),
        Column("kernels"),
        Column("size"),
        Column("processor", "left", drop_rank=1),
        Column("lanes", drop_rank=2),
        Column("Python", "left", drop_rank=5),
        Column("Numba", "left", drop_rank=3),
        Column("NumPy", "left", drop_rank=4),
    ]
    facts = ("processor", "lanes", "python", "numba", "numpy")
    rows: list[list[str | Text]] = [
        [
            cache.folder.name,
            cache.state,
            f"{cache.kernels:,}",
            size(cache.bytes),
            *(printable(cache.about.get(fact, "")) for fact in facts),
        ]
        for cache in caches
    ]
    table = ResponsiveTable(columns, rows, row_styles={0: "bold"} if caches[0].state == "current" else {})
    stale = any(cache.state == "stale" for cache in caches)
    return Group(*lines, Text(), table, *([Text(), Text(STATES)] if stale else []))


def show_data_cache(
    kind: str, folder: Path, caches: "Sequence[CachedData]", console: Console | None = None
) -> None:
    (console or output()).print(data_cache_table(kind, folder, caches))


def data_cache_table(kind: str, folder: Path, caches: "Sequence[CachedData]") -> RenderableType:
    """The cached tables or images."""
    lines = [Text(), Text(f"{kind:<7}  {printable(folder)}")]
    if not caches:
        return Group(*lines, Text("size     empty"))
    lines.append(Text(f"size     {size(sum(cache.bytes for cache in caches))}"))
    columns = [
        Column("source", "left"),
        Column("state", "left"),
        Column("size"),
        Column("written", drop_rank=1),
    ]
    rows: list[list[str | Text]] = [
        [
            printable(cache.source or "not known"),
            f"stale: {cache.why_stale}" if cache.why_stale else "current",
            size(cache.bytes),
            f"{datetime.fromtimestamp(cache.written):%Y-%m-%d %H:%M}",
        ]
        for cache in caches
    ]
    stale = any(cache.why_stale for cache in caches)
    return Group(*lines, Text(), ResponsiveTable(columns, rows), *([Text(), Text(STALE)] if stale else []))
