"""Table cache: what a large table became, in .npy files that later runs map."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.files.download import begin_progress
from nntrain.data.files.manifest import UNREADABLE, size_text, state_of, write_manifest
from nntrain.data.files.npy import read_npy
from nntrain.data.origin import TableRows
from nntrain.data.tables.features import OneHot
from nntrain.data.tables.spool import Spool, SpoolError
from nntrain.errors import DataError
from nntrain.files import replacing
from nntrain.heads import Head
from nntrain.paths import cache_folder

VERSION = 2  # of the cached files; those of another version are not used
LARGE = 1 << 26  # bytes of a table's file from which it is cached
LINES = "lines"


def table_folder() -> Path:
    """Where the cached tables are."""
    return cache_folder() / "tables"


class TableCache:
    """The cache of a table's file, read with some options: .npy files, and a manifest that tells whether they are up to date.

    The manifest knows size, times, inode and contents of the file: of a file with another time or inode the contents are
    compared, so that a swapped file is noticed, and a copied one is not read again.
    """

    def __init__(self, file: Path, name: str, options: str):
        self.file, self.name = file, name
        self.home = table_folder()
        key = hashlib.sha256(repr((VERSION, str(file.resolve()), options)).encode("utf-8", "replace"))
        self.stem = f"{file.name.split('.')[0]}-{key.hexdigest()[:16]}"
        self.manifest = self.home / f"{self.stem}.json"

    def dataset(self, read: Callable[[Spool | None], Dataset]) -> Dataset:
        """The data, from the cache if it is up to date; `read` reads the file, in memory where there is no spool. Raises DataError."""
        try:
            return self.find() or self._filled(read)
        except SpoolError as error:
            data = read(None)
            warning = (
                f"the cache of {self.name} cannot be written ({self.home}: {error}): the table stays in memory, "
                f"{size_text(np.asarray(data.x).nbytes)}, and each run reads it again\n"
                "hint: Set NNTRAIN_CACHE to a folder that can be written to."
            )
            return replace(data, warnings=(*data.warnings, warning))

    def find(self) -> Dataset | None:
        """The cached data; None where they are missing, corrupt or out of date."""
        try:
            saved = json.loads(self.manifest.read_bytes())
            state = state_of(self.file)
            if saved["state"] != state:
                if saved["state"][0] != state[0] or digest(self.file) != saved["digest"]:
                    return None
                with contextlib.suppress(OSError):  # then the contents are compared again next time
                    write_manifest(self.manifest, {**saved, "state": state})
            arrays = {name: read_npy(self.home, file) for name, file in saved["arrays"].items()}
            return _dataset(self.name, arrays, saved["facts"])
        except (DataError, *UNREADABLE):
            return None

    def _filled(self, read: Callable[[Spool | None], Dataset]) -> Dataset:
        state = state_of(self.file)
        tag = hashlib.sha256(repr(state).encode()).hexdigest()[:8]
        previous = self._current()
        report = begin_progress(f"Reading {self.name} ({size_text(state[0])}) into the cache {self.home}")
        with Spool(self.home / f"{self.stem}-{tag}-x.npy", lambda done: report(done, state[0])) as spool:
            data = read(spool)
        report(state[0], state[0])
        arrays = {
            field.name: array
            for field in fields(Dataset)
            if field.name != "x" and isinstance(array := getattr(data, field.name), np.ndarray)
        }
        if isinstance(data.origin, TableRows):
            arrays[LINES] = np.asarray(data.origin.lines, np.int64)
        names = {"x": f"{self.stem}-{tag}-x.npy"}
        try:
            for name, array in arrays.items():
                names[name] = f"{self.stem}-{tag}-{name}.npy"
                with replacing(self.home / names[name]) as file:
                    np.save(file, array, allow_pickle=False)
            content = {
                "source": str(self.file.resolve()),
                "state": state,
                "digest": digest(self.file),
                "arrays": names,
                "facts": _facts(data),
            }
            write_manifest(self.manifest, content)
        except OSError as error:
            for name in names.values():
                with contextlib.suppress(OSError):
                    (self.home / name).unlink(missing_ok=True)
            raise SpoolError(error.strerror or str(error)) from None
        for name in set(previous) - set(names.values()):
            with contextlib.suppress(OSError):  # on Windows, a file that another process has mapped
                (self.home / name).unlink()
        return self.find() or data  # whose other arrays need no memory either

    def _current(self) -> list[str]:
        """The files that the manifest names; empty where there is none."""
        try:
            return [str(name) for name in json.loads(self.manifest.read_bytes())["arrays"].values()]
        except UNREADABLE:
            return []


def is_cached(file: Path) -> bool:
    """Whether a table's file is so large that it is read by way of the cache."""
    try:
        return file.is_file() and os.path.getsize(file) >= LARGE
    except OSError:
        return False


def digest(file: Path) -> str:
    """A hash that tells apart the contents of files."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _facts(data: Dataset) -> dict[str, Any]:
    """What is not in arrays, as JSON has it."""
    facts = {}
    for field in fields(Dataset):
        value = getattr(data, field.name)
        if not isinstance(value, np.ndarray | TableRows) and value is not None:
            nested = field.name in ("one_hot", "heads")
            facts[field.name] = [vars(one) for one in value] if nested else value
    return facts


def _dataset(path: str, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> Dataset:
    one_hot = [OneHot(**one | {"categories": tuple(one["categories"])}) for one in facts.pop("one_hot")]
    heads = tuple(map(Head.of, facts.pop("heads")))
    found: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()}
    lines = arrays.pop(LINES, None)
    origin = None if lines is None else TableRows(path, lines)
    return Dataset(**found | arrays, one_hot=tuple(one_hot), heads=heads, origin=origin)
