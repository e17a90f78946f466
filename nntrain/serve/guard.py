"""Guard: who may use the server from a browser, and what its answers allow a browser to do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from nntrain.serve.problem import Problem

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Guard:
    """An ASGI application around another one.

    `hosts` are the names under which the server is called, None for any: another site could lead its own name to a server
    on this machine (DNS rebinding). A page of another site gets no answer unless `origins` has its origin.
    """

    def __init__(self, app: App, hosts: frozenset[str] | None, origins: frozenset[str]):
        self.app, self.hosts, self.origins = app, hosts, origins

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        problem = self._refusal(
            {name: value for name, value in scope["headers"] if name in (b"host", b"origin")}
        )
        if problem is None:
            await self.app(scope, receive, send_with_headers)
            return
        reply = problem.reply()
        length = str(len(reply.body)).encode()
        headers = [(b"content-type", reply.media.encode()), (b"content-length", length)]
        await send_with_headers({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _refusal(self, headers: Mapping[bytes, bytes]) -> Problem | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self.hosts is not None and hostname(host) not in self.hosts:
            hint = "Use the address that the server printed, or start it with this name."
            return Problem(400, "this server is not called so: unexpected Host", hint)
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if not origin or origin in self.origins or "*" in self.origins:
            return None
        if origin != "null" and origin.partition("://")[2] == host:
            return None
        hint = "Start the server with this origin allowed."
        return Problem(403, "pages of other sites may not use this server", hint)


def hostname(host: str) -> str:
    """Without the port: "[::1]:8000" -> "::1". Empty for what is no name."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
