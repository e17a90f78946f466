"""Extends: `extends: base.yaml` merges a config into a base config; each value keeps the place where it was written."""

from pathlib import Path
from typing import Any

from nntrain import paths
from nntrain.config import kinds
from nntrain.config.document import Document
from nntrain.config.place import PlacedError, YamlNode
from nntrain.errors import DataError, Problem, UserError, text
from nntrain.options import NO_SUCH_OPTION, close_to, one_edit_apart, shown, with_suggestion

KEY = "extends"


def extended(document: Document, kind: Any) -> Document:
    """The document merged into its base, if it names one. Raises PlacedError."""
    return document.with_root(
        _over_base(document, kind, () if document.piped else (Path(document.file).resolve(),))
    )


def _over_base(document: Document, kind: Any, chain: tuple[Path, ...]) -> YamlNode:
    root = document.root
    if KEY not in root.value:
        _require_no_typo(root)
        return root
    named = root.value[KEY]
    own = YamlNode({name: node for name, node in root.value.items() if name != KEY}, root.place, root.key)
    if not isinstance(named.value, str):
        raise _error(named, f"expected the path of another config. Received: {shown(named.tree())}")
    try:
        file = str(paths.resolved(document.folder, named.value))
    except DataError as error:
        raise _error(named, error.message, error.hint) from None
    resolved = Path(file).resolve()
    if resolved in chain:
        raise _error(named, f"circular: {' -> '.join(path.name for path in (*chain, resolved))}")
    try:
        base = Document.read(file)
    except PlacedError:
        raise
    except UserError as error:
        raise _error(named, text(error.place, error.message, ""), error.hint) from None
    return merged(_over_base(base, kind, (*chain, resolved)), own, kind)


def merged(base: YamlNode, own: YamlNode, kind: Any) -> YamlNode:
    """`own` merged into `base`: sections option by option; anything else (a list, another optimizer) replaces the base's."""
    if own.value is None or not (kinds.family(kind) or kinds.section(kind)):
        return own
    base, spelled = kinds.spelled_out(base, kind), kinds.spelled_out(own, kind)
    if not (isinstance(base.value, dict) and isinstance(spelled.value, dict)):
        return own
    if kinds.family(kind) and set(base.value) != set(spelled.value):
        return own
    values = {
        name: merged(base.value[name], node, kinds.child(kind, name)) if name in base.value else node
        for name, node in spelled.value.items()
    }
    return YamlNode({**base.value, **values}, own.place, own.key)


def _require_no_typo(root: YamlNode) -> None:
    """A misspelt `extends` is the one error of a config that leaves the rest to its base."""
    for name, node in root.value.items():
        if one_edit_apart(name, KEY):
            message = with_suggestion(NO_SUCH_OPTION, close_to(name, [KEY]))
            raise PlacedError([(node.key, Problem((name,), message))])


def _error(named: YamlNode, message: str, hint: str = "") -> PlacedError:
    return PlacedError([(named.place, Problem((KEY,), message, hint))])
