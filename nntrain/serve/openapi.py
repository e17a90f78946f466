"""OpenAPI: the description of the server for one model, with its columns, classes and shapes (OpenAPI 3.1)."""

from typing import Any

import nntrain
from nntrain.serve.examples import MOMENTS, example
from nntrain.serve.limits import Limits
from nntrain.serve.served import Served

Schema = dict[str, Any]
REFUSED = {
    "400": "not HTTP, JSON or UTF-8, or an unexpected host",
    "403": "a page of another site",
    "408": "the body arrived too slowly",
    "411": "no body",
    "413": "too many bytes, rows or numbers",
    "415": "a content type that the model does not take",
    "422": "samples that the network cannot take",
    "503": "too many requests wait, or the answer took too long",
}


def description(served: Served, limits: Limits) -> Schema:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{served.name}: predictions of a neural network",
            "version": nntrain.__version__,
            "description": "Errors are JSON with `error`, and often `hint`.",
        },
        "paths": {
            "/predict": {"post": _predict(served, limits)},
            "/health": {"get": _get("health", "Whether the server answers", "Health")},
            "/metadata": {
                "get": _get("metadata", "What the model takes and gives, and its config", "Metadata")
            },
            "/openapi.json": {"get": _get("openapi", "This description", "Any")},
        },
        "components": {"schemas": _schemas(served, limits)},
    }


def _get(operation: str, summary: str, schema: str) -> Schema:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {"200": _json(summary, schema)},
    }


def _json(text: str, schema: str) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": _ref(schema)}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _predict(served: Served, limits: Limits) -> Schema:
    is_text = served.kind == "text"
    content: Schema = {"application/json": {"schema": _ref("Question"), "example": example(served)}}
    answer = _json("The text and its continuation" if is_text else "One prediction per row", "Answer")
    if not is_text:
        content["text/csv"] = {"schema": {"type": "string", "description": _csv_text(served)}}
        answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    if served.form is not None:
        binary: Schema = {"description": "An image file; it is resized as the training images were."}
        content |= {"image/png": {"schema": binary}, "image/jpeg": {"schema": binary}}
        files = {"type": "array", "items": binary}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": {"image": files}}}
    refused = {status: _json(text, "Error") for status, text in REFUSED.items()}
    return {
        "operationId": "predict",
        "summary": "Continue a text" if is_text else "Predict for rows of samples",
        "parameters": [] if is_text else _parameters(served),
        "requestBody": {"required": True, "content": content},
        "responses": {"200": answer, **refused},
    }


def _parameters(served: Served) -> list[Schema]:
    found = [_query("on_error", ON_ERROR)]
    return [_query("probabilities", PROBABILITIES), *found] if served.probabilistic else found


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": "For bodies that are not JSON.", "schema": schema}


PROBABILITIES = {"type": "boolean", "default": False, "description": "Add the probability of each class."}
ON_ERROR = {
    "enum": ["stop", "skip", "blank"],
    "default": "stop",
    "description": "For samples that the network cannot take: refuse all, leave them out, or answer null.",
}


def _csv_text(served: Served) -> str:
    if not served.columns:
        return "One row per sample, without a header."
    return "A header with the names of the columns, in any order, and one row per sample. Other columns are ignored."


def _schemas(served: Served, limits: Limits) -> Schema:
    error = {"type": "object", "required": ["error"], "properties": {"error": TEXT, "hint": TEXT}}
    health = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"const": "ok"}, "waiting": WHOLE},
    }
    facts = {"type": "object", "required": ["name", "nntrain", "takes", "input_shape", "config"]}
    schemas = {"Error": error, "Health": health, "Metadata": facts, "Any": {"type": "object"}}
    if served.kind == "text":
        return {**schemas, "Question": _prompt(limits), "Answer": _continuation()}
    question = {
        "type": "object",
        "required": ["rows"],
        "additionalProperties": False,
        "properties": {
            "rows": {"type": "array", "minItems": 1, "maxItems": limits.rows, "items": _ref("Row")},
            **({"probabilities": PROBABILITIES} if served.probabilistic else {}),
            "on_error": ON_ERROR,
        },
    }
    answer = {
        "type": "object",
        "required": ["predictions"],
        "properties": {"predictions": {"type": "array", "items": _ref("Prediction")}, "warnings": TEXTS},
    }
    return {
        **schemas,
        "Question": question,
        "Row": {"anyOf": _rows(served)},
        "Answer": answer,
        "Prediction": _prediction(served),
    }


TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
WHOLE: Schema = {"type": "integer", "minimum": 0}


def _rows(served: Served) -> list[Schema]:
    """The forms that a row can have."""
    forms = []
    gaps = served.data.fill is not None
    if served.kind == "table":
        columns: Schema = {}
        for column in served.columns:
            if column.moment:
                kind = {"type": ["string", "null"] if gaps else "string"}
                columns[column.name] = {**kind, "examples": [MOMENTS[column.moment]]}
            elif column.words is not None:
                columns[column.name] = {"type": ["string", "null"]}
            elif column.text is None:
                columns[column.name] = {"type": ["number", "null"] if gaps else "number"}
            else:
                columns[column.name] = {"enum": [*column.text.categories, *([None] if gaps else [])]}
        forms.append({"type": "object", "required": list(columns), "properties": columns})
        width: Schema = {"minItems": len(columns), "maxItems": len(columns)}
        forms.append({"type": "array", "prefixItems": list(columns.values()), **width})
        return forms
    if served.data.holds_texts:
        forms.append({**TEXT, "description": "a text"})
    forms.append(_nested(served))
    if served.picture is not None and served.picture.channels == 1 and len(served.data.input_shape) == 3:
        forms.append(_levels(served.data.input_shape[:2], _number(served)))
    if served.form is not None:
        text = "an image file in base64, with or without data:image/...;base64, before it"
        forms.append({"type": "string", "description": text})
    return forms


def _nested(served: Served) -> Schema:
    data = served.data
    if data.lengths is not None:
        inner = _levels(data.input_shape[1:], _number(served))
        return {"type": "array", "minItems": 1, "maxItems": data.input_shape[0], "items": inner}
    return _levels(data.input_shape, _number(served))


def _number(served: Served) -> Schema:
    if served.data.vocabulary:
        return {"type": "integer", "minimum": 0, "maximum": served.data.vocabulary - 1}
    if served.data.is_bytes:
        return {"type": "integer", "minimum": 0, "maximum": 255}
    return {"type": "number"}


def _levels(shape: tuple[int, ...], inner: Schema) -> Schema:
    """Nested arrays of this shape."""
    for size in reversed(shape):
        inner = {"type": "array", "minItems": size, "maxItems": size, "items": inner}
    return inner


def _prediction_of_heads(served: Served) -> Schema:
    """An object with a class or a number for each target, and the probabilities of the classes of each."""
    share = {"type": "number", "minimum": 0, "maximum": 1}
    properties: Schema = {}
    shares: Schema = {}
    for head, names in served.heads:
        if head.classes:
            properties[head.name] = {"enum": [*head.classes, None]}
            shares[head.name] = {"type": ["object", "null"], "properties": dict.fromkeys(head.classes, share)}
        else:
            properties |= {name: {"type": ["number", "null"]} for name in names}
    required = list(properties)
    if served.probabilistic:
        properties["probabilities"] = {"type": "object", "properties": shares}
    return {"type": "object", "required": required, "properties": properties}


def _prediction(served: Served) -> Schema:
    if served.data.heads:
        return _prediction_of_heads(served)
    if served.targets:
        numbers = {name: {"type": ["number", "null"]} for name in served.targets}
        return {"type": "object", "required": list(numbers), "properties": numbers}
    properties: Schema = {"class": {"enum": [*served.classes, None]}}
    if served.probabilistic:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        properties["probabilities"] = {
            "type": ["object", "null"],
            "required": list(served.classes),
            "properties": dict.fromkeys(served.classes, share),
        }
    return {"type": "object", "required": ["class"], "properties": properties}


def _prompt(limits: Limits) -> Schema:
    return {
        "type": "object",
        "required": ["prompt"],
        "additionalProperties": False,
        "properties": {
            "prompt": {"type": "string", "minLength": 1, "maxLength": limits.rows},
            "length": {"type": "integer", "minimum": 1, "maximum": limits.rows, "default": 200},
            "temperature": {"type": "number", "minimum": 0, "default": 1.0},
            "top_k": {"type": ["integer", "null"], "minimum": 1},
            "seed": {"type": "integer", "default": 0},
        },
    }


def _continuation() -> Schema:
    return {"type": "object", "required": ["text"], "properties": {"text": TEXT, "warnings": TEXTS}}
