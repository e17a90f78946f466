"""From a config's file to its typed options: the text, the base that it extends, the overrides, then the checks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nntrain.config import kinds
from nntrain.config.document import Document
from nntrain.config.extends import extended
from nntrain.config.overrides import overridden
from nntrain.errors import ConfigError, Keys, Problem
from nntrain.options import Options


def load(
    path: str | Path, overrides: Iterable[str] = (), kind: type[Options] | None = None
) -> tuple[Any, Document]:
    """The typed config of a file, with `K=V` overrides, and its document, whose `explain` later phases use.

    `kind` is the class of the result, `Config` when left out. Raises UserError: all of a phase's mistakes at once.
    """
    return checked(Document.read(path), overrides, kind)


def checked(
    document: Document, overrides: Iterable[str] = (), kind: type[Options] | None = None
) -> tuple[Any, Document]:
    """`load` for a document that has been read."""
    if kind is None:
        from nntrain.config.schema import (
            Config as kind,
        )  # it imports every component, which reading alone does not need
    document = overridden(extended(document, kind), overrides, kind)
    try:
        return kind.model_validate(document.tree), document
    except ValidationError as error:
        raise document.explain(mistakes(error, kind)) from None
    except ConfigError as error:
        raise document.explain(error) from None


def mistakes(error: ValidationError, kind: Any) -> ConfigError:
    """Pydantic's findings as ours: one for each place, where a union of types has one for each type."""
    found: dict[Keys, list[str]] = {}
    hints: dict[Keys, str] = {}
    for one in error.errors(include_url=False, include_input=False):
        path = kinds.without_branches(kind, one["loc"])
        found.setdefault(path, []).append(one["msg"])
        hints[path] = hints.get(path) or one.get("ctx", {}).get("hint", "")
    # Of `{sgd: {lrr: 1}}`, where a number or an optimizer may stand, `lrr` is the mistake, not that it is no number;
    # of a list with a wrong entry the entry, not that too few are right.
    wholes = {path[:length] for path in found for length in range(len(path))}
    return ConfigError(
        [
            Problem(path, either(messages), hints[path])
            for path, messages in found.items()
            if path not in wholes
        ]
    )


def either(messages: list[str]) -> str:
    """ "expected a number or 'same'. Received: 'sane'. Did you mean 'same'?" of what two types say of one value."""
    named = [message for message in messages if not message.startswith("expected ")]
    if named:
        return named[0]
    halves = [message.removeprefix("expected ").partition(". Received: ") for message in messages]
    expected = " or ".join(dict.fromkeys(half[0] for half in halves))
    return f"expected {expected}" + "".join(max((half[1:] for half in halves), key=lambda rest: len(rest[1])))
