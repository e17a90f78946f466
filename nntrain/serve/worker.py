"""Worker: the one thread that reads and answers requests; those that wait together are computed together."""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from nntrain import kernels
from nntrain.errors import NntrainError
from nntrain.serve.answers import Answerer
from nntrain.serve.posted import Posted
from nntrain.serve.problem import Problem, busy
from nntrain.serve.question import Question
from nntrain.serve.reader import Reader
from nntrain.serve.reply import Reply

TOGETHER = 256  # requests
TOGETHER_BYTES = 1 << 20
log = logging.getLogger("nntrain.serve")
T = TypeVar("T")
Answer = asyncio.Future[Reply]


@dataclass(frozen=True)
class Ticket:
    """A request that waits; after `deadline` nobody does."""

    posted: Posted
    answer: Answer
    loop: asyncio.AbstractEventLoop
    deadline: float

    @property
    def is_awaited(self) -> bool:
        return not self.answer.cancelled() and time.monotonic() < self.deadline


class Worker:
    """Starts its thread with the first request, so that an application can be made before a process forks."""

    def __init__(self, reader: Reader, answerer: Answerer):
        self.reader, self.answerer = reader, answerer
        self._waiting: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._threads = kernels.jit.threads_in_use()
        self._thread: threading.Thread | None = None

    def ask(self, posted: Posted, deadline: float) -> Answer:
        """Called by an event loop, which gets the answer."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nntrain predicts", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()
        self._waiting.put(Ticket(posted, answer, loop, deadline))
        return answer

    def end(self) -> None:
        """Answers what waits, and ends the thread; the next request starts another one."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        kernels.jit.use_threads(self._threads)
        while (first := self._waiting.get()) is not None:
            tickets, ended = self._with_others(first)
            self._answer([ticket for ticket in tickets if ticket.is_awaited])
            if ended:
                return

    def _with_others(self, first: Ticket) -> tuple[list[Ticket], bool]:
        """The ticket and those that wait behind it, and whether the thread is to end."""
        tickets, size = [first], len(first.posted.body)
        while len(tickets) < TOGETHER and size < TOGETHER_BYTES:
            try:
                ticket = self._waiting.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                return tickets, True
            tickets.append(ticket)
            size += len(ticket.posted.body)
        return tickets, False

    def _answer(self, tickets: list[Ticket]) -> None:
        questions: list[tuple[Ticket, Question]] = []
        for ticket in tickets:
            found = attempted(partial(self._read, ticket))
            if isinstance(found, Reply):
                deliver([(ticket, found)])
            else:
                questions.append((ticket, found))
        if questions:
            waiting = [ticket for ticket, _ in questions]
            asked = [question for _, question in questions]
            answers = attempted(lambda: self.answerer.answers(asked, stopping(waiting)))
            replies = [answers] * len(waiting) if isinstance(answers, Reply) else answers
            deliver(list(zip(waiting, replies, strict=True)))

    def _read(self, ticket: Ticket) -> Question | Reply:
        """The question, or the answer to one that no other can share the work with."""
        question = self.reader.question(ticket.posted)
        return question if question.prompt is None else self.answerer.text(question, stopping([ticket]))


def stopping(tickets: list[Ticket]) -> Callable[[], None]:
    """What ends the work for tickets of which none is awaited any more, by raising Problem."""

    def stop() -> None:
        if not any(ticket.is_awaited for ticket in tickets):
            raise busy("the answer took too long")

    return stop


def attempted(work: Callable[[], T]) -> T | Reply:
    """What the work returns, or its error as a reply."""
    try:
        return work()
    except Problem as problem:
        return problem.reply()
    except NntrainError as error:
        return Problem.of(error).reply()
    except MemoryError:
        return busy("not enough memory for this request", 10).reply()
    except Exception:
        log.exception("a request could not be answered")
        return Problem(500, "internal error", "The log of the server says more.").reply()


def deliver(replies: list[tuple[Ticket, Reply]]) -> None:
    """Gives each event loop its replies by one call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Ticket, Reply]]] = {}
    for ticket, reply in replies:
        by_loop.setdefault(ticket.loop, []).append((ticket, reply))
    for loop, found in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it those who waited
            loop.call_soon_threadsafe(settle, found)


def settle(replies: list[tuple[Ticket, Reply]]) -> None:
    for ticket, reply in replies:
        if not ticket.answer.done():
            ticket.answer.set_result(reply)
