"""The kernel cache in the terminal: its folder, and a row for each version, processor and vector width."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import printable, size
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.kernel_cache import CachedKernels

STATES = "current: what runs now use; stale: of another version or processor, removed by `nntrain cache clear --stale`"


def show_cache(root: Path | None, caches: "Sequence[CachedKernels]", console: Console | None = None) -> None:
    (console or output()).print(cache_table(root, caches))


def cache_table(root: Path | None, caches: "Sequence[CachedKernels]") -> RenderableType:
    place = printable(root) if root else "no folder: there is no home folder, and NNTRAIN_CACHE is not set"
    lines = [Text(f"folder  {place}")]
    if not caches:
        return Group(*lines, Text("The kernel cache is empty."))
    total = size(sum(cache.bytes for cache in caches))
    lines.append(Text(f"size    {total}, {sum(cache.kernels for cache in caches):,} kernels"))
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
