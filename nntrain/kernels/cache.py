"""The kernel cache: compiled functions in files, so that later processes load them.

One file for each function and signature, which appears whole and begins with the hash of its contents. So several processes can
compile the same kernels at the same time, and a damaged file is compiled again and replaced. A folder that is read-only is read; one
that cannot be used costs time, never a run.
"""

import contextlib
import functools
import hashlib
import json
import os
import pickle
import platform
import sys
import threading
import types
import uuid
import warnings
from pathlib import Path

import llvmlite
import numba
import numpy
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc import appdirs

from nntrain.kernels import host
from nntrain.kernels.library import KernelLibrary, own_context

SOURCES = Path(__file__).parent
ABOUT, SUFFIX = "about.json", ".nbc"
DIGEST = hashlib.sha256().digest_size


class KernelCacheWarning(UserWarning):
    """Kernels are compiled again in every process."""


def cache_folder() -> Path | None:
    """The folder of the compiled kernels; None without NNTRAIN_CACHE and a home folder.

    Numba detects neither a change in an imported file nor another vector width. So everything that a kernel depends on is hashed into
    the folder's name, and a stale kernel is never found.
    """
    root = cache_root()
    return root and root / key()


def cache_root() -> Path | None:
    """The folder that holds one such folder for each key."""
    named = os.environ.get("NNTRAIN_CACHE")
    base = os.path.expanduser(named) if named else appdirs.user_cache_dir("nntrain", appauthor=False)
    if base.startswith("~"):  # nobody's home
        return None
    return Path(base).absolute() / "kernels"


def about() -> dict[str, str | int]:
    """What kernels depend on, as people know it; kept beside them. With other Numba settings, it can be the same for two keys."""
    return {
        "sources": sources(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "numpy": numpy.__version__,
        "processor": host.PROCESSOR,
        "lanes": host.FLOAT32_LANES,
    }


@functools.cache
def sources() -> str:
    """A hash of the files of this package."""
    digest = hashlib.sha256()
    for source in sorted(SOURCES.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def key() -> str:
    """A hash of all that kernels depend on: where it is the same, they compute the same bits."""
    digest = hashlib.sha256()
    for source in sorted(SOURCES.rglob("*.py")):
        digest.update(source.read_bytes())
    # Settings come from the environment, a file, or the program that imports us.
    settings = sorted(
        (name, repr(value))
        for name, value in vars(numba.config).items()
        if name.isupper() and name != "CACHE_DIR" and "NUM_THREADS" not in name
    )
    versions = numba.__version__, llvmlite.__version__, numpy.__version__, sys.implementation.cache_tag
    digest.update(repr((versions, host.DESCRIPTION, settings)).encode())
    return digest.hexdigest()[:16]


FOLDER = cache_folder()


class NotCompiled(Exception):
    """A kernel is not in the cache, which the calling thread wants to know."""


class _Watch(threading.local):
    first = False


watch = _Watch()  # with `first`, the first kernel of this thread that is not in the cache raises NotCompiled


class KernelCache(_Cache):
    """The compiled forms of one function, for Numba's dispatcher."""

    def __init__(self, function: types.FunctionType, library_class: type[KernelLibrary]):
        self._function = function
        self._library_class = library_class
        self._file = Path(function.__code__.co_filename)
        self._in_key = self._file.is_relative_to(SOURCES)
        # The file as it is now: what runs is what was read a moment ago, not what an editor saves later.
        self._source = b"" if self._in_key else _contents(self._file)

    @property
    def cache_path(self) -> str | None:
        return FOLDER and str(FOLDER)

    def load_overload(self, sig, target_context):
        """The compiled function; None where it is not in the cache, or damaged.

        Numba would first refresh the context, which imports all that compiling needs, in 0.35 s; its compiler does that itself.
        """
        if FOLDER is None or (contents := _contents(self._path(sig))) == b"":
            if watch.first:
                watch.first = False
                raise NotCompiled
            return None
        digest, payload = contents[:DIGEST], contents[DIGEST:]
        if hashlib.sha256(payload).digest() != digest:
            return None
        stored, parts = pickle.loads(payload)
        rtsys.initialize(target_context)  # the addresses of the functions that count references
        context = own_context(target_context, self._library_class)
        return CompileResult._rebuild(context, *parts) if stored == sig else None

    def holds(self, sig) -> bool:
        return FOLDER is not None and self._path(sig).exists()

    def save_overload(self, sig, data) -> None:
        if data.library.has_dynamic_globals or " at 0x" in str(sig):
            return  # addresses of this process
        if FOLDER is None:
            _warn("~/.cache", "there is no home folder")
            return
        payload = dumps((sig, data._reduce()))
        try:
            FOLDER.mkdir(parents=True, exist_ok=True)
            _write(self._path(sig), hashlib.sha256(payload).digest() + payload)
            if not (FOLDER / ABOUT).exists():
                _write(FOLDER / ABOUT, json.dumps(about(), indent=2).encode())
        except OSError as error:
            _warn(str(FOLDER), error.strerror or str(error))

    def enable(self) -> None: ...

    def disable(self) -> None: ...

    def flush(self) -> None: ...

    def _path(self, sig) -> Path:
        """FOLDER/module.function-HASH.nbc, of the signature and of what the function's code depends on beyond the folder's key."""
        function = self._function
        digest = hashlib.sha256(repr([_described(kind) for kind in getattr(sig, "args", sig)]).encode())
        if not self._in_key:
            digest.update(self._source)
            _add_globals(digest, function, set())
        name = f"{self._file.stem}.{function.__qualname__}".replace("<", "").replace(">", "")
        return FOLDER / f"{name[:150]}-{digest.hexdigest()[:24]}{SUFFIX}"


def _described(kind: object) -> str:
    """The name of a Numba type. Two NamedTuples may have the same name and fields, as the cells of GRU and LSTM do."""
    parts = [_described(part) for part in getattr(kind, "types", ())]
    return f"{kind} {getattr(kind, 'instance_class', '')} {parts}"


def _add_globals(digest, function: types.FunctionType, seen: set[int]) -> None:
    """Hashes what a plugin's function finds in other files: their code, and the constants that Numba freezes."""
    digest.update(_code(function.__code__))
    for name, value in sorted(function.__globals__.items()):
        if name not in function.__code__.co_names or id(value) in seen:
            continue
        seen.add(id(value))
        value = getattr(value, "py_func", value)
        if isinstance(value, types.FunctionType) and not value.__module__.startswith(("nntrain.", "numba")):
            _add_globals(digest, value, seen)
        elif isinstance(value, (bool, int, float, str, tuple, numpy.generic)):
            digest.update(f"{name}={value!r}".encode())
        elif isinstance(value, numpy.ndarray):
            digest.update(f"{name}={value.dtype}{value.shape}".encode() + value.tobytes())


def _code(code: types.CodeType) -> bytes:
    constants = [_code(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts]
    return repr((code.co_code, constants, code.co_names, code.co_varnames)).encode()


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(path: Path, contents: bytes) -> None:
    """A file of that name appears whole, whoever else writes it at the same time."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        temporary.write_bytes(contents)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


_warned = False


def _warn(place: str, reason: str) -> None:
    """Once in a process."""
    global _warned
    if _warned:
        return
    _warned = True
    warnings.warn(
        f"{place}: compiled kernels cannot be kept ({reason}); until they can, each run compiles its kernels "
        "again, which takes seconds to minutes\nhint: Set NNTRAIN_CACHE to a folder that can be written to.",
        KernelCacheWarning,
        stacklevel=2,
    )
