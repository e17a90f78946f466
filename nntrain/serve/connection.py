"""Connection: uvicorn's HTTP protocol with limits for slow clients, and errors as JSON."""

import asyncio
from typing import Any

from nntrain.serve.limits import EXIT_S, HEAD_S, SLOWEST
from nntrain.serve.problem import Problem, busy


def patient(protocol: type[Any], most: int) -> type[Any]:
    """The protocol class with these limits; at most so many connections are open at the same time.

    uvicorn limits the time between requests, but neither that of a head, nor that of a client that does not read.
    """

    class Patient(protocol):
        _timer: asyncio.TimerHandle | None = None  # of a head
        _reading: asyncio.TimerHandle | None = None  # of an answer

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                self._refuse(busy("too many connections are open"))
            else:
                self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._is_answering:
                self._stop_waiting()
            elif self._timer is None:
                self._wait_for_head()

        def connection_lost(self, error: Exception | None) -> None:
            self._stop_waiting()
            self._stop_watching()
            super().connection_lost(error)

        def eof_received(self) -> bool:
            """Whether to keep the connection: a client that has sent its whole request may stop sending, and still reads."""
            keep = self._is_answering and not self.cycle.more_body
            if keep:
                self.cycle.keep_alive = False
            return bool(keep)

        @property
        def _is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for_head(self) -> None:
            """From the first byte of a head, and not from the last one: a client may send one now and then."""
            self._timer = self.loop.call_later(HEAD_S, self._head_is_late)

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _head_is_late(self) -> None:
            self._timer = None
            if not self._is_answering and not self.transport.is_closing():
                self._refuse(Problem(408, f"the head of the request did not arrive within {HEAD_S:g} s"))

        def send_400_response(self, message: str) -> None:
            self._refuse(
                Problem(400, "not a request of HTTP/1.1", "Check its head, and the size of the head.")
            )

        def _refuse(self, problem: Problem) -> None:
            """Closes the connection with an answer, unless another one is being sent."""
            if self.transport.is_closing():
                return
            if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
                self.transport.write(as_http(problem))
            self.transport.close()
            self._watch_reader()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.transport.is_closing():
                self._watch_reader()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._watch_reader()

        def shutdown(self) -> None:
            super().shutdown()
            self.loop.call_later(EXIT_S, self.transport.abort)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_reader()

        def resume_writing(self) -> None:
            self._stop_watching()
            super().resume_writing()

        def _watch_reader(self) -> None:
            """Whoever reads an answer too slowly loses the connection: closing it waits until everything is read."""
            self._stop_watching()
            unread = self.transport.get_write_buffer_size()
            self._reading = self.loop.call_later(HEAD_S, self._look_at_reader, unread)

        def _look_at_reader(self, before: int) -> None:
            unread = self.transport.get_write_buffer_size()
            if unread > max(0, before - SLOWEST * HEAD_S):
                self.transport.abort()
            elif unread:
                self._watch_reader()

        def _stop_watching(self) -> None:
            if self._reading is not None:
                self._reading.cancel()
                self._reading = None

    return Patient


def as_http(problem: Problem) -> bytes:
    """The answer with its head."""
    reply = problem.reply()
    phrases = {400: "Bad Request", 408: "Request Timeout", 503: "Service Unavailable"}
    head = [
        f"HTTP/1.1 {reply.status} {phrases[reply.status]}",
        f"content-type: {reply.media}",
        f"content-length: {len(reply.body)}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
        "connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + reply.body
