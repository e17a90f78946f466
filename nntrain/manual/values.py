"""Values: an option's type, bounds and default in words, from its JSON Schema."""

from typing import Any

from pydantic.fields import FieldInfo

from nntrain.component import shortest
from nntrain.config.json_schema import PLACE
from nntrain.config.scalars import inline
from nntrain.config.suggest import plural

TYPES = {"integer": "integer", "number": "number", "string": "string"}
PLURALS = {"integer": "integers", "number": "numbers", "string": "strings"}


def type_in_words(schema: dict[str, Any], kinds: set[str]) -> str:
    """ "integer of at least 1, or `full`"; `kinds` are the names that a reference can have: "activation"."""
    alternatives = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    words = [f"`{inline(value)}`" for one in alternatives for value in choices(one)]
    types = [one_type(one, kinds) for one in alternatives if not choices(one)]
    long = any(" of " in text or " than " in text for text in types) and len(types) + bool(words) > 1
    return either([*types, *words] if not long else [*types, either(words)], ", or " if long else " or ")


def choices(schema: dict[str, Any]) -> list[Any]:
    """The values of a type that has a few."""
    if schema.get("type") == "boolean":
        return [True, False]
    return schema.get("enum", [schema["const"]] if "const" in schema else [])


def either(texts: list[str], last: str = " or ") -> str:
    """ "a, b or c"."""
    texts = [text for text in texts if text]
    return last.join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def one_type(schema: dict[str, Any], kinds: set[str]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PLACE)
        return name if name in kinds else "options"
    if schema["type"] == "array":
        return f"list of {_length(schema)}{_entries(schema['items'], kinds)}"
    if schema["type"] == "object":
        inner = schema.get("additionalProperties")
        return f"names, each with a {type_in_words(inner, kinds)}" if isinstance(inner, dict) else "options"
    return TYPES[schema["type"]] + bounds(schema)


def _length(schema: dict[str, Any]) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and least == most:
        return f"{least} "
    return f"at least {least} " if least and least > 1 else ""


def _entries(schema: dict[str, Any], kinds: set[str]) -> str:
    if not schema:
        return "values"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PLACE)
        return plural(name) if name in kinds else "options"
    if "anyOf" in schema:
        return either([_entries(one, kinds) for one in schema["anyOf"]])
    if schema.get("type") in PLURALS and not choices(schema):
        each = bounds(schema).removeprefix(" of")
        return PLURALS[schema["type"]] + (f", each{each}" if each else "")
    return f"entries, each {type_in_words(schema, kinds)}"


def limit(value: float) -> str:
    """The number; 2^63 and the like as a power."""
    return f"2^{int(value).bit_length() - 1}" if value >= 2**31 else inline(value)


def bounds(schema: dict[str, Any]) -> str:
    """ " of at least 1", " from 0 to 1", " greater than 0 and less than 1"."""
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        return f" from {limit(least)} to {limit(most)}"
    low = (
        f"of at least {limit(least)}"
        if least is not None
        else f"greater than {limit(above)}"
        if above is not None
        else ""
    )
    high = (
        f"of at most {limit(most)}"
        if most is not None
        else f"less than {limit(below)}"
        if below is not None
        else ""
    )
    both = " and ".join(filter(None, [low, high]))
    return f" {both}" if both else ""


def default_in_words(field: FieldInfo) -> str:
    """ "required", "none", or the value as YAML; empty for a section, whose options have their own defaults."""
    if field.is_required():
        return "required"
    if field.default is None:
        return "none"
    value = shortest(field.default)
    return f"`{inline(rounded(value))}`" if value != {} else ""


def rounded(value: Any) -> Any:
    """1/3 with four digits; other values unchanged."""
    return (
        float(f"{value:.4g}")
        if isinstance(value, float) and value != round(value, 10) and value > 1e-6
        else value
    )
