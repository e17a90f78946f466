"""Data caches: what tables and folders of images became in the cache folder, and removing it."""

import json
import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nntrain import locking
from nntrain.data.files.manifest import UNREADABLE, state_of
from nntrain.data.images.cache import image_folder
from nntrain.data.tables.cache import digest, table_folder
from nntrain.errors import DataError, UserError
from nntrain.files import ABANDONED_S, temporary_files

Kind = Literal["tables", "images"]
KINDS: tuple[Kind, ...] = ("tables", "images")
STEM = re.compile(r"(.*-[0-9a-f]{16})(-[0-9a-f]{8}(-\w+)?\.npy|\.json)", re.DOTALL)  # the names of our files
WRITING_S = 3600.0  # a process that is at work names its files at the end, and then their manifest
GONE, CHANGED, LEFT_OVER = "source is gone", "source has changed", "left over"


@dataclass(frozen=True)
class CachedData:
    """The files that hold one table, or the images of one folder."""

    kind: Kind
    source: Path | None  # None where an earlier nntrain, or one that was stopped, has not recorded it
    files: tuple[Path, ...]
    bytes: int
    written: float  # seconds since 1970
    why_stale: str = ""  # why nothing uses them any more; empty for those in use

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source and str(self.source),
            "state": "stale" if self.why_stale else "current",
            "why_stale": self.why_stale,
            "bytes": self.bytes,
            "written": self.written,
            "files": [str(file) for file in self.files],
        }


def folder_of(kind: Kind) -> Path:
    return table_folder() if kind == "tables" else image_folder()


def cached_data(kind: Kind) -> list[CachedData]:
    """What the cache of tables or images holds, by source. Files that nntrain has not written are not in it."""
    folder = folder_of(kind)
    found, used = [], set[Path]()
    for manifest, saved in _manifests(folder):
        if "see" in saved:  # another name of a cache, listed with it
            continue
        names = saved["arrays"].values() if kind == "tables" else [saved["images"]]
        others = [path for path, content in _manifests(folder) if content.get("see") == manifest.name]
        files = [manifest, *others, *(folder / str(name) for name in names if STEM.fullmatch(str(name)))]
        source = Path(saved["source"]) if "source" in saved else None
        found.append(_cached(kind, source, files, _why_stale(kind, source, saved)))
        used |= {*files}
    found += [_cached(kind, None, [file], LEFT_OVER) for file in _left_over(folder, used)]
    return sorted(found, key=lambda cache: (cache.source is None, str(cache.source)))


def clear(kind: Kind, stale_only: bool = False) -> list[CachedData]:
    """Removes cached data, all or those that nothing uses any more; returns what was removed. Raises UserError."""
    removed = [cache for cache in cached_data(kind) if cache.why_stale or not stale_only]
    for cache in removed:
        for file in cache.files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(f"cannot be removed: {error.strerror or error}", place=str(file)) from None
    return removed


def _manifests(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            saved = json.loads(path.read_bytes())
        except UNREADABLE:
            continue
        if STEM.fullmatch(path.name) and isinstance(saved, dict) and {*saved} & {"arrays", "images", "see"}:
            found.append((path, saved))
    return found


def _cached(kind: Kind, source: Path | None, files: Sequence[Path], why_stale: str) -> CachedData:
    states = [file.stat() for file in files if file.is_file()]
    written = max((state.st_mtime for state in states), default=0.0)
    return CachedData(kind, source, tuple(files), sum(state.st_size for state in states), written, why_stale)


def _why_stale(kind: Kind, source: Path | None, saved: dict[str, Any]) -> str:
    if source is None:
        return ""
    if not source.exists():
        return GONE
    try:
        if kind == "tables":
            state = state_of(source)
            same = state == saved["state"] or (
                state[0] == saved["state"][0] and digest(source) == saved["digest"]
            )
        else:
            files = [source / name for name in saved["names"]]
            pairs = zip(files, saved["states"], strict=True)
            same = all(state_of(file)[:2] == state[:2] for file, state in pairs)
    except (DataError, *UNREADABLE):
        return CHANGED
    return "" if same else CHANGED


def _left_over(folder: Path, used: Collection[Path]) -> Iterator[Path]:
    """Files that a stopped process has left."""
    if not folder.is_dir():
        return
    named = [(path, WRITING_S) for path in folder.iterdir() if STEM.fullmatch(path.name) and path not in used]
    temporary = [(path, ABANDONED_S) for path in temporary_files(folder) if not locking.is_locked(path)]
    for path, patience in sorted([*named, *temporary]):
        if time.time() - path.stat().st_mtime > patience:
            yield path
