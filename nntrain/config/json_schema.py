"""JSON Schema of the config, for editors, made from the same typed fields as the checks and the manual."""

import json
from typing import Any

from pydantic.json_schema import CoreRef, GenerateJsonSchema

from nntrain.component import Component
from nntrain.config.extends import KEY as EXTENDS
from nntrain.options import Options

DIALECT = GenerateJsonSchema.schema_dialect  # draft 2020-12
PLACE = "#/$defs/"
PART = "part"  # holds the definitions for configs that extend another


def json_schema(kind: type[Options]) -> dict[str, Any]:
    """The schema of a config file. One that extends another may leave out whatever the other has, at any depth."""
    whole = options_schema(kind)
    definitions, properties = whole.pop("$defs"), whole.pop("properties")
    told = {name: {"description": option["description"]} for name, option in properties.items()}
    told[EXTENDS] = {
        "type": "string",
        "description": "path of another config that this one is laid over: sections are merged "
        "option by option, anything else takes the place of what is there",
    }
    return {
        "$schema": DIALECT,
        "title": "nntrain config",
        "description": whole["description"],
        "type": "object",
        "additionalProperties": False,
        "properties": told,
        "if": {"required": [EXTENDS]},
        "then": {"properties": in_part(properties)},
        "else": {"properties": properties, "required": whole["required"]},
        "$defs": {**definitions, PART: {"$defs": in_part(definitions)}},
    }


def in_part(schema: Any) -> Any:
    """The same where nothing is required, with references to definitions of the same sort."""
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
    """The schema of a section or a component: its `properties`, what is `required`, and what they refer to in `$defs`."""
    schema = tidy(options.model_json_schema(schema_generator=Generator))
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:  # a layer that holds layers is among the definitions itself
        schema = definitions[schema["$ref"].removeprefix(PLACE)]
    return {**schema, "$defs": definitions}


class Generator(GenerateJsonSchema):
    """Pydantic's, which knows every type but our families. Without titles, which would repeat the names."""

    def field_title_should_be_set(self, schema):
        return False

    def model_schema(self, schema):
        found = super().model_schema(schema)
        found.pop("title", None)
        return found

    def encode_default(self, dft):
        return dft.shortest() if isinstance(dft, Component) else super().encode_default(dft)

    def function_plain_schema(self, schema):
        """A field that holds a member of a family: a reference to the family, which is defined once."""
        family = schema["function"]["function"].__self__
        name, reference = self.get_cache_defs_ref_schema(CoreRef(f"{family.kind_name()}:0"))
        if name not in self.definitions:
            self.definitions[name] = {}  # a family may hold itself: residual has layers
            self.definitions[name] = self.family_schema(family)
        return {"allOf": [reference]}  # pydantic would put the whole family in the place of a bare reference

    def family_schema(self, family: type[Component]) -> dict[str, Any]:
        """The three spellings: a name, a name with its options, a name with the value of its first option."""
        bare, named = [], {}
        for name, member in family.members().items():
            member.model_rebuild()
            reference = self.generate_inner(member.__pydantic_core_schema__)
            options = self.get_schema_from_definitions(reference["$ref"])
            required = options.get("required", [])
            spellings = [reference]
            if not required:
                bare.append(name)
                spellings.append({"type": "null"})
            first = next(iter(member.own_options()), None)
            if first and set(required) <= {first}:
                spellings.append(bare_value(options["properties"][first]))
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
    """What sets the first option without naming it: never a mapping, which would be the options themselves."""
    holds_mappings = "$ref" in json.dumps(option)
    return {**option, "not": {"type": "object"}} if holds_mappings else option


def tidy(schema: Any) -> Any:
    """Bare references again, and the bounds of a list as `minItems`, where pydantic did not know that it is one."""
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
