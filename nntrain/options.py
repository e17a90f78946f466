"""Options: a strict, frozen set of typed fields, whose mistakes are told in plain words."""

import difflib
import inspect
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

T = TypeVar("T")

# YAML knows lists only; the options that hold several values are tuples, so that they stay frozen.
Several = Annotated[
    tuple[T, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class Options(BaseModel):
    """Base of everything that a config can hold: sections and components."""

    # An option whose YAML name is a keyword of Python (`as`) is a field with an alias: `as_: ... = Field(alias="as")`.
    # Checks are built when first used: a command needs few of the many components.
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        defer_build=True,
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_plain_words(cls, value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise reworded(error, fields=cls.option_names()) from None

    @classmethod
    def first_sentence(cls) -> str:
        """The first sentence of the docstring."""
        text = " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())
        return re.split(r"(?<=[.!?]) (?=[A-Z`])", text)[0]

    @classmethod
    def option_names(cls) -> list[str]:
        """The options as YAML spells them, in order of declaration."""
        return [field.alias or name for name, field in cls.model_fields.items()]


def reworded(error: ValidationError, prefix: tuple = (), fields: Iterable[str] = ()) -> ValidationError:
    """The same mistakes with `prefix` before their places and pydantic's words turned into ours."""
    details = []
    for found in error.errors(include_url=False):
        error_of = mistake(**found["ctx"]) if found["type"] == OURS else mistake(plain_words(found, fields))
        details.append(InitErrorDetails(type=error_of, loc=(*prefix, *found["loc"]), input=found["input"]))
    return ValidationError.from_exception_data(error.title, details)


OURS = "nntrain"  # the type of the errors that `mistake` makes


def mistake(message: str, hint: str = "") -> PydanticCustomError:
    """An error for a validator to raise, with a hint what to do."""
    return PydanticCustomError(OURS, "{message}", {"message": message, "hint": hint})


EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of options",
    "model_type": "a mapping of options",
    "model_attributes_type": "a mapping of options",
    "none_required": "nothing",
}


def plain_words(found: dict, fields: Iterable[str]) -> str:
    kind, context, came = found["type"], found.get("ctx", {}), found["input"]
    if kind == "missing":
        return "is required."
    if kind == "extra_forbidden":
        names = sorted(fields)
        return f"no such option.{did_you_mean(str(found['loc'][-1]), names)}"
    if kind == "value_error":
        return str(context["error"])
    if kind in EXPECTED:
        expected = EXPECTED[kind]
    elif kind == "literal_error":
        choices = context["expected"].replace("True", "true").replace("False", "false")
        return f"expected {choices}. Received: {shown(came)}.{did_you_mean(came, quoted(choices))}"
    elif kind in LIMITS:
        word, key = LIMITS[kind]
        expected = f"a number {word} {context[key]:g}"
    elif kind in ("too_short", "too_long"):
        bound = "at least" if kind == "too_short" else "at most"
        expected = f"{bound} {context.get('min_length', context.get('max_length'))} entries"
    elif kind == "string_too_short":
        expected = "text that is not empty"
    else:
        expected = found["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"expected {expected}. Received: {shown(came)}."


LIMITS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("of at most", "le"),
}


def quoted(text: str) -> list[str]:
    """The names between single quotes in `'a', 'b' or 'c'`."""
    return text.split("'")[1::2]


def shown(value: Any) -> str:
    """A value as the user wrote it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def did_you_mean(name: Any, names: Iterable[str]) -> str:
    """ " Did you mean 'units'?", or the list of what there is when nothing is close and the list is short."""
    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" There are: {', '.join(names)}." if 0 < len(names) <= 20 else ""
