"""Caches: the folders of compiled kernels, of data sets, of tables and of images, with their sizes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nntrain.data.caches import KINDS, Kind, cached_data, folder_of
from nntrain.data.files.known import data_folders
from nntrain.doctor.diagnosis import Problem
from nntrain.doctor.privacy import without_names
from nntrain.kernel_cache import cached
from nntrain.kernels import cache

MOST_FILES = 100_000  # a folder of more is not walked to its end


def caches() -> dict[str, dict[str, Any]]:
    """By what they hold: folder, bytes, whether it can be written to."""
    kernels = cached()
    root = cache.cache_root()
    found = {
        "kernels": {
            "folder": root and without_names(root),
            "bytes": sum(part.bytes for part in kernels),
            "writable": root is not None and writable(root),
            "kernels": sum(part.kernels for part in kernels),
            "current": sum(part.kernels for part in kernels if part.state == "current"),
            "stale_bytes": sum(part.bytes for part in kernels if part.state == "stale"),
        }
    }
    for number, folder in enumerate(data_folders()):
        found["more data" if number else "data"] = folder_facts(folder)
    return found | {kind: data_facts(kind) for kind in KINDS}


def data_facts(kind: Kind) -> dict[str, Any]:
    """Of the cached tables or images, with the bytes of those that nothing uses any more."""
    held = cached_data(kind)
    stale = sum(cache.bytes for cache in held if cache.why_stale)
    return folder_facts(folder_of(kind)) | {"caches": len(held), "stale_bytes": stale}


def folder_facts(folder: Path) -> dict[str, Any]:
    return {"folder": without_names(folder), "bytes": size_of(folder), "writable": writable(folder)}


def size_of(folder: Path) -> int | None:
    """The bytes of all files below; None for a folder that does not exist."""
    return sum(_sizes(folder)) if folder.is_dir() else None


def _sizes(folder: Path) -> Iterator[int]:
    seen = 0
    for place, _, names in os.walk(folder):
        for name in names:
            seen += 1
            if seen > MOST_FILES:
                return
            try:
                yield os.lstat(os.path.join(place, name)).st_size
            except OSError:  # removed meanwhile
                continue


def writable(folder: Path) -> bool:
    """Whether files can be put into the folder, which need not exist yet."""
    place = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return place is not None and place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def cache_problems(found: dict[str, dict[str, Any]]) -> list[Problem]:
    problems, of_kernels = [], found["kernels"]
    each_run = "each run compiles its kernels again, which takes seconds to minutes"
    hint = "Set NNTRAIN_CACHE to a folder that can be written to."
    if of_kernels["folder"] is None:
        problems.append(Problem("error", f"there is no folder for compiled kernels: {each_run}", hint))
    elif not of_kernels["writable"]:
        text = f"compiled kernels cannot be kept in {of_kernels['folder']}: {each_run}"
        problems.append(Problem("error", text, hint))
    named = os.environ.get("NNTRAIN_DATA")
    if named and not Path(named).expanduser().is_dir():
        text = f"NNTRAIN_DATA={without_names(named)}: there is no such folder"
        problems.append(Problem("error", text, "Create it, or set NNTRAIN_DATA to the folder of your data."))
    return problems
