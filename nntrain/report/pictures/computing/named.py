"""Named: the components that a picture of names shows, such as activations, spelled as in a config."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nntrain.report.formats import printable, shortened


def named(
    texts: Sequence[str],
    default: Sequence[str],
    family: Any,
    place: str,
    *,
    known: Iterable[str] = (),
    required: Mapping[str, Any] = {},
) -> list[tuple[str, Any]]:
    """Each text, such as `relu` or `leaky_relu: 0.2`, with its component; a bare name may stand for the class's example.

    default: instead of no texts. known: members of the family that a text may name; by default all. required:
    options for a bare name that needs some, instead of the example's.
    Raises UserError for an unknown name, with a suggestion.
    """
    from nntrain.config.composer import compose
    from nntrain.config.place import Text
    from nntrain.errors import UserError
    from nntrain.inference.given import component
    from nntrain.options import did_you_mean, with_suggestion

    known = list(known) or list(family.members())
    found = []
    for text in texts or default:
        text = text.strip()
        node = compose(text, Text.of(place, text, is_file=False)) if text else None
        value = node.tree() if node is not None else ""
        name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else value
        if node is None or name not in known:
            what = "activation" if family.family == "layer" else family.family
            message = with_suggestion(f"unknown {what} {printable(text)!r}", did_you_mean(name, known))
            raise UserError(message, f"Such as {', '.join(sorted(default[:3]))}.", place)
        kind = family.members()[name]
        needed = {option for option, field in kind.model_fields.items() if field.is_required()}
        if value == name and needed:
            found.append((text, kind.model_validate(required if needed <= set(required) else kind.example)))
        else:
            found.append((label_of(text), component(node, family, place)))
    return found


def label_of(text: str) -> str:
    """`{leaky_relu: {slope: 0.2}}` -> `leaky_relu: {slope: 0.2}`, shortened."""
    whole = text.startswith("{") and text.endswith("}")
    return shortened(printable(text[1:-1] if whole else text), 44)
