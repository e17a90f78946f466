"""JSON Schema of the config, for editors, from the same typed fields as validation and the manual."""

import json
from typing import Any

from pydantic.json_schema import CoreRef, GenerateJsonSchema

from nntrain.component import Component
from nntrain.config.extends import KEY as EXTENDS
from nntrain.config.spelling import IGNORED
from nntrain.options import Options

DIALECT = GenerateJsonSchema.schema_dialect  # draft 2020-12
PLACE = "#/$defs/"
PART = "part"  # the definitions for configs that extend another


def json_schema(kind: type[Options], title: str = "nntrain config") -> dict[str, Any]:
    """The schema of a config file, or of a sweep file. A config that extends another can leave out any required option, at any depth."""
    whole = options_schema(kind)
    definitions, properties = as_written(whole.pop("$defs")), as_written(whole.pop("properties"))
    described = {name: {"description": option["description"]} for name, option in properties.items()}
    described[EXTENDS] = {
        "type": "string",
        "description": "path of a base config that this one changes: sections are merged option by option, "
        "anything else replaces the base's value",
    }
    return {
        "$schema": DIALECT,
        "title": title,
        "description": whole["description"],
        "type": "object",
        "additionalProperties": False,
        "properties": described,
        "patternProperties": {f"^{IGNORED}": True},  # for anchors
        "if": {"required": [EXTENDS]},
        "then": {"properties": in_part(properties)},
        "else": {"properties": properties}
        | {name: whole[name] for name in ("required", "anyOf") if name in whole},
        "$defs": {**definitions, PART: {"$defs": in_part(definitions)}},
    }


def as_written(schema: Any) -> Any:
    """The same schema with numbers and booleans accepted as text: `name: 007` is read as written."""
    if isinstance(schema, list):
        return [as_written(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: as_written(value) for key, value in schema.items()}
    return {**found, "type": ["string", "number", "boolean"]} if found.get("type") == "string" else found


def in_part(schema: Any) -> Any:
    """The same schema with nothing required, and references to definitions of this kind."""
    if isinstance(schema, list):
        return [in_part(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: in_part(value)
        for key, value in schema.items()
        if key != "required" or not isinstance(value, list)
    }
    if isinstance(reference := found.get("$ref"), str):
        found["$ref"] = reference.replace(PLACE, f"{PLACE}{PART}/$defs/")
    return found


def options_schema(options: type[Options]) -> dict[str, Any]:
    """The schema of a section or a component: its `properties`, those `required`, and the `$defs` that they refer to."""
    schema = tidy(options.model_json_schema(schema_generator=Generator))
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:  # a layer that contains layers is one of the definitions
        schema = definitions[schema["$ref"].removeprefix(PLACE)]
    return {**schema, "$defs": definitions}


class Generator(GenerateJsonSchema):
    """Pydantic's generator, extended by families. Without titles, which would repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> dict[str, Any]:
        found = super().model_schema(schema)
        found.pop("title", None)
        return found

    def encode_default(self, dft: Any) -> Any:
        return dft.shortest() if isinstance(dft, Component) else super().encode_default(dft)

    def function_plain_schema(self, schema: Any) -> dict[str, Any]:
        """A field with a family as its type: a reference to the family, which is defined once."""
        family = schema["function"]["function"].__self__
        name, reference = self.get_cache_defs_ref_schema(CoreRef(f"{family.kind_name()}:0"))
        if name not in self.definitions:
            self.definitions[name] = {}  # a family can contain itself: residual has layers
            self.definitions[name] = self.family_schema(family)
        return {"allOf": [reference]}  # pydantic would replace a bare reference by the whole family

    def family_schema(self, family: type[Component]) -> dict[str, Any]:
        """The three spellings: a name, a name with its options, a name with the value of its first option."""
        bare: list[str] = []
        named: dict[str, Any] = {}
        for name, member in family.members().items():
            member.model_rebuild()
            reference = self.generate_inner(member.__pydantic_core_schema__)
            options = self.get_schema_from_definitions(reference["$ref"]) or {}
            required = options.get("required", [])
            spellings = [reference]
            one_of_several = "anyOf" in options  # is required
            if not required and not one_of_several:
                bare.append(name)
                spellings.append({"type": "null"})
            first = next(iter(member.own_options()), None)
            if first and set(required) <= {first}:
                value = bare_value(options["properties"][first])
                spellings.append(not_null(value) if one_of_several else value)
            named[name] = {"description": member.first_sentence(), "anyOf": spellings}
        mapping = {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": named,
        }
        return {
            "description": f"One {family.kind_name()}: its name, or its name with its options.",
            "anyOf": [{"enum": bare}, mapping] if bare else [mapping],
        }


def bare_value(option: dict[str, Any]) -> dict[str, Any]:
    """A bare value for the first option: never a mapping, which would be the options themselves."""
    holds_mappings = "$ref" in json.dumps(option)
    return {**option, "not": {"type": "object"}} if holds_mappings else option


def not_null(option: dict[str, Any]) -> dict[str, Any]:
    """The schema of an option that can be left out, for a value that has to be there."""
    return {**option, "anyOf": [branch for branch in option["anyOf"] if branch != {"type": "null"}]}


def tidy(schema: Any) -> Any:
    """The schema with bare references, and with `minItems` for a list whose type pydantic did not know."""
    if isinstance(schema, list):
        return [tidy(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: tidy(value) for key, value in schema.items()}
    match schema.get("allOf"):
        case [{"$ref": reference}]:
            del schema["allOf"]
            schema["$ref"] = reference
    if schema.get("type") == "array":
        for wrong, right in (("minLength", "minItems"), ("maxLength", "maxItems")):
            if wrong in schema:
                schema[right] = schema.pop(wrong)
    return schema
