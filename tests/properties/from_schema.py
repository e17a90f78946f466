"""Values drawn from a JSON Schema: those that it accepts, and the same with one thing changed."""

import copy
import re
from random import Random
from typing import Any

PLACE = "#/$defs/"
WORDS = ("relu", "name", "a", "x_1", "0.1", "full", "", "é", "%", "tab")
STRANGE = (None, True, -1, 0, 2, 0.5, "many", "", [], {}, [1, 2, 3], {"units": 3}, "dense", ["relu"])


class Drawer:
    """Draws from one schema. Deep parts are drawn small, so that layers within layers end."""

    def __init__(self, schema: dict[str, Any], choose: Random):
        self.definitions, self.choose = schema["$defs"], choose
        self.whole = {**schema["else"], "type": "object", "additionalProperties": False}

    def config(self) -> dict[str, Any]:
        return self.value(self.whole, 0)

    def value(self, schema: dict[str, Any], depth: int) -> Any:
        choose = self.choose
        if reference := schema.get("$ref"):
            found = self.value(self.definitions[reference.removeprefix(PLACE)], depth + 1)
            not_bare = isinstance(found, dict) and schema.get("not") == {"type": "object"}
            return self.value(schema, depth) if not_bare else found
        if "allOf" in schema:
            return self.value(schema["allOf"][0], depth)
        if "anyOf" in schema and "properties" not in schema:
            branches = schema["anyOf"]
            return self.value(branches[0] if depth > 12 else choose.choice(branches), depth)
        if "enum" in schema:
            return choose.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kinds, excluded = schema["type"], schema.get("not", {}).get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind not in excluded]
        return getattr(self, choose.choice(kinds))(schema, depth)

    def object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = dict(schema.get("properties", {}))
        if schema.get("minProperties") == 1:  # a component by its name
            keys = [self.choose.choice(list(properties))]
        else:
            required = list(schema.get("required", []))
            if branches := schema.get("anyOf"):  # one of several options has to be there
                branch = self.choose.choice(branches)
                required += branch["required"]
                chosen = branch["properties"].items()
                properties |= {key: narrowed(properties[key], there) for key, there in chosen if there}
                properties = {
                    key: of for key, of in properties.items() if branch["properties"].get(key, True)
                }
            optional = [key for key in properties if key not in required and key != "default"]
            few = self.choose.randrange(2 if depth > 6 else 4)
            keys = [*required, *self.choose.sample(optional, min(few, len(optional)))]
        return {key: self.value(properties[key], depth + 1) for key in keys}

    def array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        fewest = schema.get("minItems", 0)
        count = self.choose.randint(fewest, min(schema.get("maxItems", fewest + 2), fewest + 2))
        return [self.value(schema["items"], depth + 1) for _ in range(count)]

    def string(self, schema: dict[str, Any], depth: int) -> str:
        fewest, pattern = schema.get("minLength", 0), schema.get("pattern", "")
        return self.choose.choice(
            [word for word in WORDS if len(word) >= fewest and re.search(pattern, word)]
        )

    def boolean(self, schema: dict[str, Any], depth: int) -> bool:
        return self.choose.random() < 0.5

    def null(self, schema: dict[str, Any], depth: int) -> None:
        return None

    def integer(self, schema: dict[str, Any], depth: int) -> int:
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", -4) + 1)
        highest = schema.get("maximum", schema.get("exclusiveMaximum", lowest + 8) - 1)
        return self.choose.choice([lowest, self.choose.randint(lowest, min(highest, lowest + 8))])

    def number(self, schema: dict[str, Any], depth: int) -> float:
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", -3.0))
        highest = schema.get("maximum", schema.get("exclusiveMaximum", lowest + 4))
        return lowest + (highest - lowest) * self.choose.choice([0.125, 0.25, 0.5])


def narrowed(schema: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """The alternative of an option that is of the type `there`, within its limits."""
    alternatives = schema.get("anyOf", [schema])
    return {**next((one for one in alternatives if one.get("type") == there.get("type")), {}), **there}


def changed(tree: Any, choose: Random) -> Any:
    """The tree with one value replaced, one key misspelt, one left out or one added."""
    tree = copy.deepcopy(tree)
    holders = list(_holders(tree))
    holder, key = choose.choice(holders)
    kind = choose.randrange(4)
    if kind == 0 or isinstance(holder, list):
        holder[key] = choose.choice(STRANGE)
    elif kind == 1:
        holder[f"{key}s"] = holder.pop(key)
    elif kind == 2:
        del holder[key]
    else:
        holder["surplus"] = choose.choice(STRANGE)
    return tree


def _holders(tree: Any) -> Any:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(entries):
        yield tree, key
        yield from _holders(value)
