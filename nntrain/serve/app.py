"""Application: the addresses of the server, on Starlette."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nntrain.serve.answers import Answerer
from nntrain.serve.body import Bodies, Disconnected
from nntrain.serve.facts import metadata
from nntrain.serve.guard import Guard
from nntrain.serve.limits import Limits
from nntrain.serve.openapi import description
from nntrain.serve.page.page import page
from nntrain.serve.posted import Posted
from nntrain.serve.problem import Problem, busy
from nntrain.serve.reader import Reader
from nntrain.serve.reply import Reply
from nntrain.serve.served import Served
from nntrain.serve.worker import Worker

PATHS = "There are: /, /health, /metadata, /openapi.json, /predict."
CLOSED = 499  # nobody reads it: the client has gone


class Service:
    """What the addresses do."""

    def __init__(self, served: Served, limits: Limits):
        self.limits = limits
        self.worker = Worker(Reader(served, limits), Answerer(served, limits))
        self.bodies = Bodies(limits)
        self.waiting = 0  # requests
        facts = metadata(served, limits)
        self.metadata = Reply.json(facts)
        self.openapi = Reply.json(description(served, limits))
        self.page, self.policy = page(served, facts)

    async def predict(self, request: Request) -> Response:
        if self.waiting >= self.limits.waiting:
            raise busy(f"{self.waiting:,} requests wait already")
        self.waiting += 1
        try:
            return response(await self._answer(request))
        finally:
            self.waiting -= 1

    async def _answer(self, request: Request) -> Reply:
        headers = request.headers
        deadline = asyncio.get_running_loop().time() + self.limits.seconds
        end = time.monotonic() + self.limits.seconds  # the worker's thread has no event loop
        body = await self.bodies.read(request.receive, headers, deadline)
        try:
            media, accept = headers.get("content-type", ""), headers.get("accept", "")
            posted = Posted.of(body, media, request.query_params, accept)
            answer = self.worker.ask(posted, end)
            async with asyncio.timeout_at(deadline):
                return await answer
        except TimeoutError:
            raise busy(f"no answer within {self.limits.seconds:g} s", 5) from None
        finally:
            self.bodies.release([body])

    async def health(self, request: Request) -> Response:
        return response(Reply.json({"status": "ok", "waiting": self.waiting}))

    async def facts(self, request: Request) -> Response:
        return response(self.metadata)

    async def describe(self, request: Request) -> Response:
        return response(self.openapi)

    async def form(self, request: Request) -> Response:
        return Response(self.page, media_type="text/html", headers={"content-security-policy": self.policy})


def build(served: Served, limits: Limits, hosts: frozenset[str] | None, origins: frozenset[str]) -> Starlette:
    """The ASGI application."""
    service = Service(served, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.worker.end)

    middleware = [Middleware(Guard, hosts=hosts, origins=origins)]
    if origins:
        allowed: dict[str, Any] = {
            "allow_methods": ["GET", "POST"],
            "allow_headers": ["accept", "content-type"],
        }
        middleware.insert(0, Middleware(CORSMiddleware, allow_origins=sorted(origins), **allowed))
    app = Starlette(
        routes=[
            Route("/", service.form),
            Route("/health", service.health),
            Route("/metadata", service.facts),
            Route("/openapi.json", service.describe),
            Route("/predict", service.predict, methods=["POST"]),
        ],
        middleware=middleware,
        exception_handlers={
            Problem: refused,
            HTTPException: unknown_address,
            Disconnected: closed,
            Exception: defect,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def refused(request: Request, error: Any) -> Response:
    return response(error.reply())


async def closed(request: Request, error: Any) -> Response:
    return Response(status_code=CLOSED)


async def defect(request: Request, error: Any) -> Response:
    """Starlette raises the error again, and the server that runs it logs it."""
    return response(Problem(500, "internal error", "The log of the server says more.").reply())


async def unknown_address(request: Request, error: Any) -> Response:
    if error.status_code == 404:
        return response(Problem(404, "no such address", PATHS).reply())
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"this address does not take {request.method[:20]}"
        return response(Problem(405, message, f"Use {allowed}.", {"allow": allowed}).reply())
    return response(Problem(error.status_code, str(error.detail)).reply())


def response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), reply.media)
