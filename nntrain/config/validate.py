"""From a config file to typed options: read the text, merge it into its base, apply the overrides, validate."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nntrain.config import kinds, suggest
from nntrain.config.document import Document
from nntrain.config.extends import extended
from nntrain.config.overrides import overridden
from nntrain.config.spelling import adapted, without_ignored
from nntrain.errors import ConfigError, Keys, Problem, UserError
from nntrain.options import Options


def load(
    path: str | Path, overrides: Iterable[str] = (), kind: type[Options] | None = None
) -> tuple[Any, Document]:
    """The typed config of a file, with `K=V` overrides, and its document, whose `explain` later phases use.

    `kind` is the class of the result, by default `Config`. Raises UserError with all errors of a phase at once.
    """
    return checked(Document.read(path), overrides, kind)


def checked(
    document: Document, overrides: Iterable[str] = (), kind: type[Options] | None = None
) -> tuple[Any, Document]:
    """`load` for a document."""
    if kind is None:
        # Imported here, because it imports every component, which reading alone does not need.
        from nntrain.config.schema import Config

        kind = Config
        _require_config(document)
    document = overridden(extended(document, kind), (*document.overrides, *overrides), kind)
    document = spelled(document, kind)
    try:
        return typed(document, kind), document
    except ConfigError as error:
        raise document.explain(error) from None


def _require_config(document: Document) -> None:
    """Raises UserError for a sweep file, each line of which would be an error of its own."""
    keys = document.root.value
    if isinstance(keys, dict) and {"config", "parameters"} <= keys.keys() and "model" not in keys:
        hint = "Use the config that its `config` names, or start the sweep."
        raise UserError("a sweep file, not a config", hint, document.file)


def spelled(document: Document, kind: type[Options]) -> Document:
    """The document without what is ignored, and with every scalar of the type that its option expects."""
    return document.with_root(adapted(without_ignored(document.root), kind))


def typed(document: Document, kind: type[Options]) -> Any:
    """The typed options of a document. Raises ConfigError with the keys of every error."""
    try:
        return kind.model_validate(document.tree)
    except ValidationError as error:
        raise problems(error, kind) from None


def problems(error: ValidationError, kind: Any) -> ConfigError:
    """Pydantic's errors as ours: one for each path, where a union of types has one for each type."""
    messages: dict[Keys, list[str]] = {}
    hints: dict[Keys, str] = {}
    for one in error.errors(include_url=False, include_input=False):
        path = kinds.without_branches(kind, one["loc"])
        messages.setdefault(path, []).append(one["msg"])
        context = one.get("ctx", {})
        hint = context.get("hint", "")
        if not hint and context.get("unknown"):
            hint = suggest.hint(kind, path, context["unknown"])
        hints[path] = hints.get(path) or hint
    # The innermost error is the cause: in `{sgd: {lrr: 1}}` the unknown `lrr`, not that a mapping is no number; in a list
    # with a wrong entry the entry, not that too few are right.
    outer = {path[:length] for path in messages for length in range(len(path))}
    return ConfigError(
        [
            Problem(path, _combined(found), hints[path])
            for path, found in messages.items()
            if path not in outer
        ]
    )


def _combined(messages: list[str]) -> str:
    """ "expected a number or 'same'. Received: 'sane'. Did you mean 'same'?" from the messages of two types for one value."""
    named = [message for message in messages if not message.startswith("expected ")]
    if named:
        return named[0]
    halves = [message.removeprefix("expected ").partition(". Received: ") for message in messages]
    expected = " or ".join(dict.fromkeys(half[0] for half in halves))
    received = max((half[2] for half in halves), key=len)
    return f"expected {expected}" + (f". Received: {received}" if received else "")
