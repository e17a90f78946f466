"""Serve: a trained network behind HTTP, with a page to try it; on Starlette and uvicorn (extra `serve`).

`application(model)` is an ASGI application for a server of your own; `nntrain serve RUN` runs it by itself.
"""

import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nntrain.errors import UserError
from nntrain.serve.limits import Limits

if TYPE_CHECKING:
    from nntrain.api.model import Model

__all__ = ["Limits", "application"]


def application(
    model: "Model",
    *,
    name: str = "model",
    limits: Limits | None = None,
    hosts: Iterable[str] | None = None,
    allow_origins: Iterable[str] = (),
) -> Any:
    """An ASGI application that answers `/predict`, `/metadata`, `/health` and `/openapi.json`, with a page at `/`.

    hosts: the names under which it may be called, any by default; `allow_origins`: the sites whose pages may use it, such as
    "https://example.org", or "*". Raises UserError if the packages are not installed.
    """
    require_packages("starlette")
    from nntrain.serve.app import build
    from nntrain.serve.served import Served
    from nntrain.serve.warming import warm_up

    served = Served(model._trained, name)
    warm_up(served)
    names = None if hosts is None else frozenset(host.lower() for host in hosts)
    return build(served, limits or Limits(), names, frozenset(origin.lower() for origin in allow_origins))


def require_packages(*names: str) -> None:
    """Raises UserError for the first package that is not installed."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"the package {name} is not installed", "Install it with `pip install 'nntrain[serve]'`."
            )
