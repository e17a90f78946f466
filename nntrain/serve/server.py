"""Server: the application on a socket, until a signal ends it."""

import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from nntrain.errors import UserError
from nntrain.serve import require_packages
from nntrain.serve.connection import patient
from nntrain.serve.limits import EXIT_S, IDLE_S, Limits

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SWITCH_S = 0.0005  # the thread that predicts gets its turn sooner than after Python's 5 ms


class Listening:
    """A socket that a server listens on, and its address."""

    def __init__(self, host: str, port: int):
        """Port 0 takes a free one. Raises UserError."""
        require_packages("starlette", "uvicorn")
        self.host = host
        self.socket = bound(host, port)
        self.address, self.port = self.socket.getsockname()[:2]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.address == "::1" or self.address.startswith("127.")

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names under which browsers may call it; None for any."""
        return LOOPBACK | {self.host.lower(), self.address} if self.is_loopback else None

    @property
    def url(self) -> str:
        """Of this machine where it listens on all addresses."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.host or self.address)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound, and does not listen yet. Raises UserError."""
    place = f"{host}:{port}"
    try:
        kind, _, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise UserError("no such host", "Use an address of this machine, such as 127.0.0.1.", host) from None
    made = socket.socket(
        kind, socket.SOCK_STREAM, protocol
    )  # without it, asyncio leaves Nagle's algorithm on
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1)  # another server on this port is noticed now
    except OSError as error:
        made.close()
        raise UserError(*refused(error, port), place=place) from None
    return made


def refused(error: OSError, port: int) -> tuple[str, str]:
    """The message and the hint for an address that a server cannot have."""
    if error.errno == errno.EADDRINUSE:
        return "the port is in use", "Choose another port; port 0 takes a free one."
    if error.errno in (errno.EACCES, errno.EPERM):
        return "this port needs special rights", "Choose a port from 1024 on."
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have this address", "Use an address of this machine, such as 127.0.0.1."
    return f"cannot listen: {error.strerror}", ""


def run(app: Any, listening: Listening, limits: Limits, ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or Ctrl-C; requests in flight are answered first. `ready` is called once it listens."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            ready()

    logging.getLogger("nntrain.serve").addHandler(logging.StreamHandler(sys.stderr))
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=EXIT_S,
    )
    config.load()
    config.http_protocol_class = patient(config.http_protocol_class, limits.connections)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        with ending_quietly():
            Server(config).run(sockets=[listening.socket])
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def ending_quietly() -> Iterator[None]:
    """uvicorn ends at these signals, and then raises them again for whoever handled them before: nobody."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
