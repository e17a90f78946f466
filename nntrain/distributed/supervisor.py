"""Supervisor: a small process beside each rank of a run on MPI, which says so if the rank is killed.

A rank that the system or a person kills cannot report it, and mpiexec then ends all other ranks at once, with its own exit code.
So the process that the launcher started only waits for a child that does the work, and passes signals on to it.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from typing import NoReturn

from nntrain.distributed.launch import FORWARDING_S, launched_rank, launched_size

PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
KILLED = 1  # the exit code
ABORTING_S = 5.0  # until the launcher ends this process, too


def supervised() -> None:
    """Returns in a child of this process, if a launcher started it as one of several ranks; else at once."""
    if launched_size() == 1 or not hasattr(os, "fork"):
        return
    alive, writes = os.pipe()
    child = os.fork()
    if child:
        os.set_inheritable(writes, True)  # closed when this process ends, however it does
        os.close(alive)
        # A program of its own: small, and under another name than the ranks.
        os.execv(sys.executable, [sys.executable, "-m", "nntrain.distributed.supervisor", str(child)])
    os.close(writes)
    os.setsid()  # signals of a terminal reach the supervisor alone
    threading.Thread(target=_end_with_supervisor, args=(alive,), daemon=True).start()


def _end_with_supervisor(alive: int) -> None:
    os.read(alive, 1)
    os._exit(KILLED)


def supervise(child: int) -> NoReturn:
    for name in PASSED_ON:
        signal.signal(getattr(signal, name), lambda number, frame: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        who = f"rank {launched_rank()} of {launched_size()} on {socket.gethostname()}"
        by = signal.Signals(-code).name
        memory = "; the system kills processes when memory runs out" if by == "SIGKILL" else ""
        print(f"error: {who} was killed by {by}{memory}; all ranks end", file=sys.stderr)
        print("hint: Start the same command with --resume: the last checkpoint is whole.", file=sys.stderr)
        code = KILLED
        time.sleep(FORWARDING_S)
        _abort()
    os._exit(code)


def _abort() -> None:
    """Asks the launcher to end all ranks with this exit code; one that has no PMI does so when this process ends."""
    # If MPICH's launcher only noticed that a rank is gone, its exit code would be that of the signal by which it ends the others.
    with contextlib.suppress(OSError, ValueError, KeyError):
        os.write(int(os.environ["PMI_FD"]), f"cmd=abort exitcode={KILLED}\n".encode())
        time.sleep(ABORTING_S)


if __name__ == "__main__":
    supervise(int(sys.argv[1]))
