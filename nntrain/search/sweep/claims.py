"""Claims: which process works on a trial, so that the trials of a process that died are found and continued.

Processes that share the sweep's folder on one machine see it by a lock on a file, which ends with its process. To others, a
process shows that it lives by a counter in the storage: no clocks are compared.
"""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from nntrain import locking

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

OWNER = "nntrain:owner"  # the attribute of a trial that names its process
BEAT_S = 20.0  # between two counts
GRACE_S = 90.0  # without a count, after which a process on another machine is dead
SETTLE_S = 2.0  # after which the last process that wrote its name has the trial


@dataclass(frozen=True)
class Owner:
    """The process that works on a trial."""

    token: str
    host: str
    folder: str
    beat: int = 0
    deaths: int = 0  # of processes that worked on the trial before

    @classmethod
    def of(cls, trial: "FrozenTrial") -> "Owner | None":
        found = trial.system_attrs.get(OWNER)
        return cls(**found) if isinstance(found, dict) else None


class Claim:
    """A trial that this process works on. Until it is closed, a thread counts, and no other process takes the trial."""

    def __init__(self, storage: "BaseStorage", trial_id: int, number: int, owner: Owner, lock: "TrialLock"):
        self.storage, self.trial_id, self.number, self.owner = storage, trial_id, number, owner
        self.lost = False  # whether another process has taken the trial, because this one seemed dead
        self._lock, self._closing = lock, threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> "Claim":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()
        self._lock.release()

    def _count(self) -> None:
        while not self._closing.wait(BEAT_S):
            with contextlib.suppress(Exception):  # a database that restarts: the next count may succeed
                if not self.holds():
                    self.lost = True
                    return
                self.owner = replace(self.owner, beat=self.owner.beat + 1)
                self.storage.set_trial_system_attr(self.trial_id, OWNER, asdict(self.owner))
        self.storage.remove_session()  # of this thread

    def holds(self) -> bool:
        """Whether the trial is still this process's."""
        trial = self.storage.get_trial(self.trial_id)
        owner = Owner.of(trial)
        return not trial.state.is_finished() and owner is not None and owner.token == self.owner.token


class Claims:
    """Claims of one process."""

    def __init__(
        self,
        storage: "BaseStorage",
        trials: Path,
        host: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        settle: Callable[[float], None] = time.sleep,
    ):
        self.storage, self.trials, self.clock, self.settle = storage, trials.resolve(), clock, settle
        self.host = host or socket.gethostname()
        self._seen: dict[int, tuple[Any, float]] = {}  # by trial: the last count, and when it was first seen

    def new(self, trial_id: int, number: int, deaths: int = 0) -> Claim | None:
        """The claim on a trial that was started just now; None where another process has the trial already."""
        lock = TrialLock(self.trials, number)
        return self._claim(trial_id, number, deaths, lock) if lock.acquire() else None

    def taken_over(self, trial: "FrozenTrial") -> Claim | None:
        """The claim on a running trial if its process is dead; None if it lives, or may live."""
        owner = Owner.of(trial)
        lock = TrialLock(self.trials, trial.number)
        deaths = owner.deaths + 1 if owner else 0
        if owner and (owner.host, owner.folder) == (self.host, str(self.trials)):
            if not lock.acquire():
                return None
            now = self.storage.get_trial(trial._trial_id)
            if Owner.of(now) == owner and now.state.name == "RUNNING":
                return self._claim(trial._trial_id, trial.number, deaths, lock)
        elif self._is_silent(trial.number, owner) and lock.acquire():
            claim = self._claim(trial._trial_id, trial.number, deaths, lock)
            self.settle(
                SETTLE_S
            )  # as in Fischer's algorithm: of several processes the last one to write has it
            if claim.holds():
                return claim
        lock.release()
        return None

    def _is_silent(self, number: int, owner: Owner | None) -> bool:
        """Whether the count of a trial has not changed for long."""
        last, since = self._seen.get(number, (None, None))
        if since is None or last != owner:
            self._seen[number] = owner, self.clock()
            return False
        return self.clock() - since > GRACE_S

    def _claim(self, trial_id: int, number: int, deaths: int, lock: "TrialLock") -> Claim:
        token = f"{self.host}:{os.getpid()}:{secrets.token_hex(4)}"
        owner = Owner(token, self.host, str(self.trials), deaths=deaths)
        self.storage.set_trial_system_attr(trial_id, OWNER, asdict(owner))
        return Claim(self.storage, trial_id, number, owner, lock)


class TrialLock:
    """A lock on trials/.0007.lock, which ends with its process. Where a file system has no locks, it is always free."""

    def __init__(self, trials: Path, number: int):
        self.path = trials / f".{number:04d}.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Whether the lock was free."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", encoding="utf-8")
        try:
            free = locking.lock(self._file.fileno())
        except OSError:
            return True
        try:  # a file that was removed meanwhile is none that others lock
            free = free and os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        except OSError:
            free = False
        if not free:
            self._file.close()
            self._file = None
        return free

    def release(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._file.close()
            self._file = None
