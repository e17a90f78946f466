"""Options: a strict, frozen set of typed fields, with readable validation errors."""

import difflib
import inspect
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WrapValidator, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from nntrain import other_tools

T = TypeVar("T")

# YAML has lists only; options with several values are tuples, so that they stay frozen.
Several = Annotated[
    tuple[T, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class IsPath:
    """Marks an option as the path of a file or a folder, which counts from the folder of the config."""


PathName = Annotated[str, IsPath()]


class Options(BaseModel):
    """Base class of everything that a config can hold: sections and components."""

    # An option whose YAML name is a keyword of Python (`as`) is a field with an alias: `as_: ... = Field(alias="as")`.
    # Validators are built at their first use: a command needs few of the many components.
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
    def _with_our_messages(cls, value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            raise reworded(error, fields=cls.option_names()) from None

    @property
    def implied(self) -> tuple[str, ...]:
        """The names of the options that follow from others, and are not written."""
        return ()

    @classmethod
    def first_sentence(cls) -> str:
        """The first sentence of the docstring."""
        text = " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())
        return re.split(r"(?<=[.!?]) (?=[A-Z`])", text)[0]

    @classmethod
    def option_names(cls) -> list[str]:
        """The options as YAML spells them, in order of declaration."""
        return [field.alias or name for name, field in cls.model_fields.items()]


def reworded(
    error: ValidationError, prefix: tuple[str | int, ...] = (), fields: Iterable[str] = ()
) -> ValidationError:
    """The same errors with `prefix` before their paths, and pydantic's messages replaced by ours."""
    details = []
    for found in error.errors(include_url=False):
        ours = mistake(**found["ctx"]) if found["type"] == OURS else _our_error(found, fields)
        details.append(InitErrorDetails(type=ours, loc=(*prefix, *found["loc"]), input=found["input"]))
    return ValidationError.from_exception_data(error.title, details)


OURS = "nntrain"  # the type of the errors that `mistake` makes
NO_SUCH_OPTION = "no such option"
IS_REQUIRED = "is required"
UNKNOWN = "unknown"  # a name that is no component


def mistake(message: str, hint: str = "", unknown: str = "") -> PydanticCustomError:
    """An error for a validator to raise, with a hint what to do.

    `unknown` is a name without a suggestion: `config.suggest` looks for it in the rest of the config.
    """
    return PydanticCustomError(OURS, "{message}", {"message": message, "hint": hint, "unknown": unknown})


def expecting(expected: str) -> WrapValidator:
    """One line for a union of types, of which pydantic would report each branch."""

    def check(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise mistake(f"expected {expected}. Received: {shown(value)}.") from None

    return WrapValidator(check)


def mistake_at(
    kind: type[Options], path: tuple[str | int, ...], message: str, hint: str = ""
) -> ValidationError:
    """`mistake` at a place below what a validator of `kind` checks."""
    details = InitErrorDetails(type=mistake(message, hint), loc=path, input=None)
    return ValidationError.from_exception_data(kind.__name__, [details])


EXPECTED = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of options",
    "model_type": "a mapping of options",
    "model_attributes_type": "a mapping of options",
    "none_required": "nothing",
}
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
LIMITS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("of at most", "le"),
}


def _our_error(found: ErrorDetails, fields: Iterable[str]) -> PydanticCustomError:
    kind, context, value = found["type"], found.get("ctx", {}), found["input"]
    if kind == "missing":
        return mistake(IS_REQUIRED)
    if kind == "extra_forbidden":
        return no_such_option(str(found["loc"][-1]), fields)
    if kind == "value_error":
        return mistake(str(context["error"]))
    suggestion = ""
    if kind in EXPECTED:
        expected = EXPECTED[kind]
    elif kind == "literal_error":
        choices = context["expected"].replace("True", "true").replace("False", "false")
        expected = either(re.split(r", | or ", choices))
        suggestion = close_to(value, choices.split("'")[1::2])
    elif kind in LIMITS:
        word, key = LIMITS[kind]
        expected = f"a number {word} {_limit(context[key])}"
    elif kind in ("too_short", "too_long"):
        bound = "at least" if kind == "too_short" else "at most"
        count = context.get("min_length", context.get("max_length"))
        expected = f"{bound} {count} {'entry' if count == 1 else 'entries'}"
    elif kind == "string_too_short":
        expected = "a non-empty string"
    else:
        expected = found["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    message = with_suggestion(f"expected {expected}. Received: {shown(value)}", suggestion)
    return mistake(message, _spelling(expected, value))


YES_OR_NO = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


def _spelling(expected: str, value: Any) -> str:
    """How to write a value that is right but typed otherwise: '1_000', 'yes', null for a text; empty for any other."""
    if expected == "a string" and value is None:
        return "Set a value; as a text, write 'null' with quotes."
    if expected == "true or false" and (word := YES_OR_NO.get(str(value).lower())):
        return f"Write {word}."
    plain = value.strip().replace("_", "") if isinstance(value, str) else ""
    if expected in ("an integer", "a number") and NUMBER.fullmatch(plain):
        return f"Write {plain}{', without quotes' if plain == value else ''}."
    return ""


def _limit(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def no_such_option(name: str, fields: Iterable[str]) -> PydanticCustomError:
    """The error for an option that does not exist, with the name that nntrain has for it."""
    fields = sorted(fields)
    if ours := other_tools.our_name(name, other_tools.OPTIONS, fields):
        return mistake(f"{NO_SUCH_OPTION}. In nntrain this is {ours!r}")
    if hint := other_tools.EXPLAINED.get(other_tools.normalized(name)):
        return mistake(NO_SUCH_OPTION, f"{hint}.")
    message = with_suggestion(NO_SUCH_OPTION, did_you_mean(name, fields))
    return mistake(message, unknown="" if close_to(name, fields, TYPO) else name)


def shown(value: Any) -> str:
    """A value as the user wrote it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


MOST_NAMES = 8  # in a list of expected values
TYPO = 0.8  # a name of this similarity is a typo, and not a name from another part of the config


def either(names: Iterable[str]) -> str:
    """ "'a', 'b' or 'c'", sorted."""
    *names, last = sorted(names)
    return f"{', '.join(names)} or {last}" if names else last


def close_to(name: Any, names: Iterable[str], cutoff: float = 0.6) -> str:
    """ " Did you mean 'units'?"; empty where no name has the similarity `cutoff` (1: equal)."""
    names = list(names)
    typos = [other for other in names if one_edit_apart(str(name), other)]
    close = difflib.get_close_matches(str(name), typos or names, n=1, cutoff=0 if typos else cutoff)
    return f" Did you mean {close[0]!r}?" if close else ""


def one_edit_apart(left: str, right: str) -> bool:
    """Whether two words of at least two letters differ by one letter, or by two neighbours exchanged.

    Of short words difflib finds too little: it sees no similarity between `rl` and `lr`, and prefers `adamax` for `adma`.
    """
    if min(len(left), len(right)) < 2 or abs(len(left) - len(right)) > 1:
        return False
    if len(left) != len(right):
        shorter, longer = sorted((left, right), key=len)
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    places = [at for at, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
    if len(places) == 2:
        first, second = places
        return second == first + 1 and left[first] == right[second] and left[second] == right[first]
    return len(places) == 1


def did_you_mean(name: Any, names: Iterable[str]) -> str:
    """`close_to`, or `there_are` where nothing is close."""
    names = list(names)
    return close_to(name, names) or there_are(name, names)


def there_are(name: Any, names: Iterable[str]) -> str:
    """ " There are: activation, units": at most eight, those most like `name`; empty for very many names."""
    names = list(names)
    if not 0 < len(names) <= 20:
        return ""
    listed = difflib.get_close_matches(str(name), names, n=MOST_NAMES, cutoff=0)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f" There are: {', '.join(sorted(listed))}{more}"


def with_suggestion(message: str, suggestion: str) -> str:
    """ "no such option. Did you mean 'units'?"; without a suggestion the message alone."""
    return f"{message}.{suggestion}" if suggestion else message
