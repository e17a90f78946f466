"""Storage: where the trials of a sweep are kept: a journal file in its folder, a database, or a proxy of one."""

import contextlib
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from nntrain import locking, paths
from nntrain.errors import UserError
from nntrain.search.sweep.engine import quiet

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

JOURNAL = "journal.log"
GRPC, REDIS = "grpc://", ("redis://", "rediss://")
LONGEST_WAIT_S = 0.05  # between two tries to lock a journal
READY_S = 20.0  # for which the start of a proxy is waited
BUSY_S = 60  # for which a process waits for another one that writes an SQLite file


def open_storage(url: str | None, sweep: Path, home: Path) -> "BaseStorage":
    """The storage of an URL, by default a journal in the folder `sweep`. Relative paths in an URL count from `home`.

    Raises UserError.
    """
    if url is None:
        return journal(sweep / JOURNAL)
    url = paths.expanded(url)
    with quiet():
        try:
            return _opened(url, home)
        except UserError:
            raise
        except Exception as error:  # of SQLAlchemy, of the database's driver, of gRPC, of Redis
            raise _cannot_open(url, error) from None


def _opened(url: str, home: Path) -> "BaseStorage":
    import optuna

    if url.startswith(GRPC):
        host, _, port = url.removeprefix(GRPC).rstrip("/").rpartition(":")
        if not (host and port.isdecimal()):
            raise UserError("expected the address of a proxy, such as grpc://host:13000", place=shown(url))
        proxy = optuna.storages.GrpcStorageProxy(host=host, port=int(port))
        proxy.wait_server_ready(timeout=READY_S)
        return proxy
    if url.startswith(REDIS):
        return optuna.storages.JournalStorage(optuna.storages.journal.JournalRedisBackend(url))
    if "://" not in url:
        return journal(paths.resolved(home, url))
    return database(relocated(url, home))


def database(url: str, tries: int = 5) -> "BaseStorage":
    """A database. Its tables may be made by several processes at the same time, of which one succeeds: the others try again."""
    import optuna

    options = {"connect_args": {"timeout": BUSY_S}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        return optuna.storages.RDBStorage(url, engine_kwargs=options)
    except Exception as error:
        reason = str(error).lower()
        if tries == 1 or not any(
            text in reason for text in ("already exists", "unique", "duplicate", "locked")
        ):
            raise
    time.sleep(0.5)
    return database(url, tries - 1)


def journal(path: Path) -> "BaseStorage":
    """The journal in a file, which processes append to in turn."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalLock(path.resolve())
    lock.acquire()
    try:
        cut_back(path)
    finally:
        lock.release()
    try:
        return JournalStorage(JournalFileBackend(str(path.resolve()), cast(Any, lock)))
    except (ValueError, KeyError) as error:
        raise UserError(f"not a journal of Optuna, or corrupt: {error}", place=str(path)) from None


class JournalLock:
    """Lets one process write a journal at a time. Unlike Optuna's, it ends with a process that is killed, at once.

    Where a file system has no locks, Optuna's takes its place.
    """

    def __init__(self, journal: Path):
        self._journal = journal
        self._file: IO[bytes] | None = None
        self._other: Any = None

    def acquire(self) -> bool:
        wait_s = 0.001
        file = self._journal.with_name(f".{self._journal.name}.lock").open("ab")
        try:
            while not locking.lock(file.fileno()):
                time.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        except OSError:
            from optuna.storages.journal import JournalFileOpenLock

            self._other = self._other or JournalFileOpenLock(str(self._journal))
            return self._other.acquire()
        except BaseException:
            file.close()
            raise
        self._file = file
        return True

    def release(self) -> None:
        if self._file is None:
            self._other.release()
        else:
            self._file.close()
            self._file = None


def cut_back(path: Path) -> None:
    """Removes a last line without an end: of a process that was killed, or whose disk was full, as it wrote."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def relocated(url: str, home: Path) -> str:
    """The URL with the relative path of an SQLite file resolved."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return url
    return parsed.set(database=str(paths.resolved(home, parsed.database).resolve())).render_as_string(
        hide_password=False
    )


def shown(url: str) -> str:
    """The URL without its password."""
    begin, separator, rest = url.partition("://")
    account, at, address = rest.rpartition("@")
    user = account.partition(":")[0]
    return f"{begin}{separator}{user}{at}{address}"


def _cannot_open(url: str, error: Exception) -> UserError:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    message = f"cannot open the storage: {reason[0] if reason else type(error).__name__}"
    if isinstance(error, ImportError):
        driver = getattr(error.__cause__, "name", None) or getattr(error, "name", None)
        message = f"the package {driver} is not installed, which this storage needs" if driver else message
        return UserError(
            message, f"Install it, as with `pip install {driver}`." if driver else "", shown(url)
        )
    return UserError(message, "Check the URL, and that the server runs.", shown(url))


def close(storage: "BaseStorage") -> None:
    """Ends the connections to a database or a proxy."""
    import optuna

    storage.remove_session()
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.engine.dispose()
    elif isinstance(storage, optuna.storages.GrpcStorageProxy):
        storage.close()


def delete_study(storage: "BaseStorage", name: str) -> None:
    """Removes a study and its trials, if there is one."""
    with quiet(), contextlib.suppress(KeyError):
        storage.delete_study(storage.get_study_id_from_name(name))
