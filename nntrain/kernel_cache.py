"""The kernel cache: what it holds, compiling for a config ahead of time, and removing what is no longer used."""

import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nntrain.errors import UserError


@dataclass(frozen=True)
class CachedKernels:
    """The kernels that were compiled for one version, processor and vector width."""

    folder: Path
    kernels: int
    bytes: int
    state: str  # "current", "stale", or "other settings": of this version and processor, as for another vector width
    about: dict[str, Any]  # versions and processor; empty for those of an earlier nntrain

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"folder": str(self.folder)}


def cached() -> list[CachedKernels]:
    """What the kernel cache holds: the current kernels first, then by folder."""
    from nntrain.kernels import cache

    root, now = cache.cache_root(), cache.about()
    if root is None or not root.is_dir():
        return []
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if not (own := _own_files(folder)):
            continue
        about = _about(folder / cache.ABOUT)
        same = all(about.get(name) == value for name, value in now.items() if name != "lanes")
        state = "current" if folder == cache.FOLDER else "other settings" if same else "stale"
        kernels = sum(path.suffix == cache.SUFFIX for path in own)
        found.append(CachedKernels(folder, kernels, sum(map(_size, own)), state, about))
    return sorted(found, key=lambda kernels: kernels.state != "current")


def build(setups: Iterable[Any]) -> tuple[int, float]:
    """Compiles what training and evaluation of these setups call. Returns how many kernels were compiled, and the seconds."""
    from nntrain.kernels import cache
    from nntrain.training.loop import Trainer

    if cache.FOLDER is None:
        raise UserError(
            "the kernel cache has no folder: there is no home folder", "Set NNTRAIN_CACHE to a folder."
        )
    before, begun = _kernels(cache.FOLDER), time.perf_counter()
    for setup in setups:
        Trainer(setup).compile()
    return len(_kernels(cache.FOLDER) - before), time.perf_counter() - begun


def clear(stale_only: bool = False) -> list[CachedKernels]:
    """Removes compiled kernels, all or those that nothing uses any more; a run that needs one compiles it again. Returns what was removed."""
    removed = [kernels for kernels in cached() if not stale_only or kernels.state == "stale"]
    for kernels in removed:
        try:
            for path in _own_files(kernels.folder):
                path.unlink(missing_ok=True)
            if not any(kernels.folder.iterdir()):
                kernels.folder.rmdir()
        except OSError as error:
            raise UserError(
                f"cannot be removed: {error.strerror or error}", place=str(kernels.folder)
            ) from None
    return removed


def _own_files(folder: Path) -> list[Path]:
    """Those that this cache has written, also in part."""
    from nntrain.kernels import cache

    names = re.compile(rf"\.?(.+{re.escape(cache.SUFFIX)}|{re.escape(cache.ABOUT)})(\.[0-9a-f]{{8}})?")
    return [path for path in folder.iterdir() if names.fullmatch(path.name) and path.is_file()]


def _kernels(folder: Path) -> set[str]:
    from nntrain.kernels import cache

    return {path.name for path in folder.glob(f"*{cache.SUFFIX}")}


def _about(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # another process has replaced it
        return 0
