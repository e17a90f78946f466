"""Limits: how much memory and how many processors the system leaves to this process: the machine, control groups, ulimit."""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nntrain.errors import UserError

# Of Linux.
GROUPS, MEMBERSHIP, STATM = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"), Path("/proc/self/statm")
# Bytes that compiled kernels and pictures take during a run, 40 to 100 MiB as measured, and the stack of a thread.
PROGRAM, STACK = 128 * 2**20, 8 * 2**20


@dataclass(frozen=True)
class Room:
    """Memory of one kind: how much this process may have, who says so, and how much of it is in use."""

    limit: float  # bytes
    source: str
    used: int = 0

    @property
    def free(self) -> float:
        return max(self.limit - self.used, 0)

    def too_small_for(self, n_bytes: float) -> str:
        """ "memory has 1.2 GiB left of 2.0 GiB (ulimit -v)": what is in use matters only where the limit alone would do."""
        left = "" if n_bytes > self.limit else f"{size(self.free)} left of "
        return f"memory has {left}{size(self.limit)} ({self.source})"


def memory_bytes() -> float:
    """The memory that this process can have at most: the machine's, or what its control group allows; infinite where unknown."""
    return min(room.limit for room in _physical())


def memory_room() -> Room:
    """The scarcest kind of memory."""
    return min((*_physical(), *_ulimits()), key=lambda room: room.free)


class NotEnoughMemory(UserError):
    """What was asked for does not fit into memory."""


def require_memory(bytes_needed: float, what: str, hint: str, place: str = "") -> None:
    """Raises NotEnoughMemory where so many more bytes are not to be had. `what` is the subject: "the samples take"."""
    room = memory_room()
    if bytes_needed > room.free:
        message = f"{what} about {size(bytes_needed)}, but {room.too_small_for(bytes_needed)}"
        raise NotEnoughMemory(message, hint, place)


def program_bytes() -> int:
    """What the program itself takes during a run, beyond what it has when it starts."""
    return PROGRAM + processors() * STACK


def processors() -> int:
    """The processors that this process may use: those that it is bound to, or fewer by the quota of its control group."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # Rounded up, as Go and the JVM do: of 1.5 processors, half a one should not be idle.
    return max(1, min([bound, *(math.ceil(quota) for quota in _quotas())]))


def quota() -> float | None:
    """The number of processors that the control group allows this process, such as 1.5; None without a limit."""
    return min(_quotas(), default=None)


def size(n_bytes: float) -> str:
    """Bytes in powers of 1024: 189 MiB, 2.9 GiB, 3,500 TiB."""
    for factor, unit in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB")):
        if n_bytes >= factor:
            value = n_bytes / factor
            return f"{value:,.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return f"{n_bytes / 2**10:,.0f} KiB"


def _physical() -> Iterator[Room]:
    used = _used().private
    try:
        total: float = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        total = math.inf
    yield Room(total, "the machine", used)
    for limit in _group_values("memory", "memory.max", "memory.limit_in_bytes"):
        if limit.isdigit() and int(limit) < total:
            yield Room(int(limit), "the limit of the control group", used)


def _ulimits() -> Iterator[Room]:
    if sys.platform == "win32":
        return
    import resource

    used = _used()
    kinds = (
        (resource.RLIMIT_AS, "ulimit -v", used.addresses),
        (resource.RLIMIT_DATA, "ulimit -d", used.data),
    )
    for kind, name, now in kinds:
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield Room(limit, name, now)


@dataclass(frozen=True)
class Used:
    """Bytes of this process: its addresses, what is in memory and not a file's, and writable data."""

    addresses: int = 0
    private: int = 0
    data: int = 0


def _used() -> Used:
    try:
        fields = [
            int(field) * os.sysconf("SC_PAGE_SIZE") for field in STATM.read_text(encoding="utf-8").split()
        ]
    except OSError:  # another system than Linux
        return Used()
    addresses, resident, shared, _, _, data, _ = fields  # proc_pid_statm(5)
    return Used(addresses, resident - shared, data)


def _quotas() -> Iterator[float]:
    """The number of processors that control groups allow."""
    for text in _group_values("cpu", "cpu.max", "cpu.cfs_quota_us"):
        quota, _, period = text.partition(" ")
        if quota.isdigit():  # neither "max" nor -1
            yield int(quota) / int(period or 100_000)


def _group_values(controller: str, second: str, first: str) -> Iterator[str]:
    """The contents of a file of this process' control group and of all above it, in version 2 and version 1.

    Inside a container the path may be the host's, where only the top can be read.
    """
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top, name = (GROUPS / controller, first) if controllers else (GROUPS, second)
        folder = top / path.strip("/")
        for place in [folder, *folder.parents]:
            if place.is_relative_to(top):
                try:
                    yield (place / name).read_text(encoding="utf-8").strip()
                except OSError:
                    continue
