"""Body: reads the body of a request within the limits of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nntrain.serve.limits import Limits
from nntrain.serve.problem import Problem, busy, too_large, too_slow

LINGER_S = 2.0  # for a client that sends too much, and reads the answer only once it has sent it all
Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):
    """Nobody waits for the answer."""


class Bodies:
    """Reads bodies; knows how many bytes all requests hold."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.held = 0

    async def read(self, receive: Receive, headers: Mapping[str, str], deadline: float) -> bytes:
        """The body, which counts as held until `release`. `deadline` is a time of the event loop. Raises Problem and Disconnected."""
        size = headers.get("content-length")
        if size is None and "transfer-encoding" not in headers:
            raise Problem(
                411, "expected a request with a body", "Send the header Content-Length, and a body."
            )
        if size is not None and not size.isdecimal():
            raise Problem(400, "Content-Length: expected a number")
        if size is not None and int(size) > self.limits.body:
            if headers.get("expect", "").lower() != "100-continue":
                await self._pass_over(receive)
            raise too_large(self.limits.body)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout_at(deadline):
                await self._fill(chunks, receive)
        except TimeoutError:
            self.release(chunks)
            raise too_slow(self.limits.seconds) from None
        except BaseException:
            self.release(chunks)
            raise
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _fill(self, chunks: list[bytes], receive: Receive) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            chunks.append(chunk)
            size += len(chunk)
            self.held += len(chunk)
            if size > self.limits.body:
                self.release(chunks)
                chunks.clear()
                await self._pass_over(receive, more)
                raise too_large(self.limits.body)
            if self.held > self.limits.held:
                raise busy("too many requests hold too much data", 2)

    def release(self, chunks: list[bytes]) -> None:
        self.held -= sum(map(len, chunks))

    async def _pass_over(self, receive: Receive, more: bool = True) -> None:
        """Reads on for a while and keeps nothing, so that the client gets to the answer."""
        try:
            async with asyncio.timeout(LINGER_S):
                while more:
                    message = await receive()
                    more = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            pass
