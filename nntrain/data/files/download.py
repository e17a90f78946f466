"""Downloads: files of known contents from public mirrors, verified before they appear in their folder."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.errors import DataError
from nntrain.files import replacing

OFFLINE = "NNTRAIN_OFFLINE"  # environment variable: any value but 0 forbids downloads

SECURE = "https:"
ROUNDS = 3  # attempts per mirror
PAUSE_S = 1.0  # before the second round; doubles before each further one
TIMEOUT_S = 30.0  # without a byte received
PIECE = 1 << 16  # bytes
RETRIED = (408, 429)  # HTTP: request timeout, too many requests

Progress = Callable[[int, int], None]  # progress(done_bytes, total_bytes)


@dataclass(frozen=True)
class Remote:
    """A file on the mirrors."""

    name: str
    size: int  # bytes
    sha256: str


def _print(text: str) -> Progress:
    print(text, file=sys.stderr, flush=True)
    return lambda done, total: None


_begin: ContextVar[Callable[[str], Progress]] = ContextVar("begin", default=_print)


@contextmanager
def report_progress(begin: Callable[[str], Progress]) -> Iterator[None]:
    """Within it, `begin(text)` is called when a download starts, and the function it returns with the bytes received.

    The default prints the text to stderr.
    """
    token = _begin.set(begin)
    try:
        yield
    finally:
        _begin.reset(token)


def begin_progress(text: str) -> Progress:
    """Reports other long work in the same way as a download."""
    return _begin.get()(text)


_offline: ContextVar[bool] = ContextVar("offline", default=False)


@contextmanager
def offline() -> Iterator[None]:
    """Within it, nothing is downloaded."""
    token = _offline.set(True)
    try:
        yield
    finally:
        _offline.reset(token)


def forbidden() -> str:
    """What forbids downloads: the environment variable, or the caller; "" if they are allowed."""
    return "offline" if _offline.get() else OFFLINE if os.environ.get(OFFLINE, "") not in ("", "0") else ""


def download(file: Remote, mirrors: Sequence[str], folder: Path) -> None:
    """Downloads the file into `folder`. `mirrors` are URLs without the file's name.

    Raises DataError with the answer of each mirror where none has the file.
    """
    answers: dict[str, str] = {}
    left = list(mirrors)
    for attempt in range(ROUNDS):
        if attempt:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        for mirror in list(left):
            try:
                return _fetch(file, mirror + file.name, folder)
            except _Failed as failure:
                answers[mirror] = str(failure)
                if failure.final:
                    left.remove(mirror)
        if not left:
            break
    listed = "\n".join(f"  {mirror}{file.name}: {answer}" for mirror, answer in answers.items())
    raise DataError(f"{file.name} could not be downloaded:\n{listed}")


class _Failed(Exception):
    """A mirror did not send the file; `final` where a retry is of no use."""

    def __init__(self, answer: str, final: bool = False):
        super().__init__(answer)
        self.final = final


def _fetch(file: Remote, url: str, folder: Path) -> None:
    begin = _begin.get()
    progress = begin(f"Downloading {url} ({file.size / 1e6:.1f} MB) to {folder}")
    try:
        with replacing(folder / file.name) as to:
            _copy(file, url, to.write, progress)
    except OSError as error:
        raise DataError(f"{file.name} cannot be written: {error.strerror}", place=str(folder)) from None


def _copy(file: Remote, url: str, write: Callable[[bytes], object], progress: Progress) -> None:
    """Raises _Failed unless the size and the hash match."""
    done, digest = 0, hashlib.sha256()
    progress(0, file.size)
    for piece in _pieces(url):
        done += len(piece)
        if done > file.size:
            raise _Failed(f"expected {file.size:,} bytes. Received: more.", final=True)
        digest.update(piece)
        write(piece)
        progress(done, file.size)
    if done < file.size:
        raise _Failed(f"the connection closed after {done:,} of {file.size:,} bytes")
    if digest.hexdigest() != file.sha256:
        raise _Failed(
            f"wrong contents: expected SHA-256 {file.sha256}. Received: {digest.hexdigest()}.", final=True
        )


def _pieces(url: str) -> Iterator[bytes]:
    """The bytes that the server sends. Raises _Failed."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, build_opener

    class Encrypted(HTTPRedirectHandler):
        """Follows redirections, but not from https to anything else."""

        def redirect_request(self, request: Any, *rest: Any) -> Any:
            target = rest[-1]
            if request.full_url.startswith(SECURE) and not target.startswith(SECURE):
                raise URLError(f"redirected to {target}, which is not encrypted")
            return super().redirect_request(request, *rest)

    try:
        with build_opener(Encrypted).open(url, timeout=TIMEOUT_S) as response:
            while piece := response.read(PIECE):
                yield piece
    except HTTPError as error:
        refused = 400 <= error.code < 500 and error.code not in RETRIED
        raise _Failed(f"HTTP {error.code} {error.reason}", final=refused) from None
    except URLError as error:
        raise _Failed(f"cannot be reached ({error.reason})") from None
    except TimeoutError:
        raise _Failed(f"no answer within {TIMEOUT_S:g} s") from None
    except (OSError, HTTPException) as error:
        raise _Failed(f"the connection failed ({error or type(error).__name__})") from None
