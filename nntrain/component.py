"""Component: anything that a config can name, defined by a class's YAML name and its typed fields.

A family (layers, losses, optimizers, ...) is an abstract subclass with `family=`. A member is a subclass with `name=`,
which registers it. A field typed with a family, or with an abstract class inside it, accepts three spellings: `relu`,
`{dense: {units: 10}}` and `{dense: 10}`, where a scalar or a list sets the first declared option.
"""

import inspect
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from nntrain import other_tools
from nntrain.options import (
    TYPO,
    UNKNOWN,
    Options,
    close_to,
    did_you_mean,
    mistake,
    reworded,
    shown,
    with_suggestion,
)

_families: dict[str, dict[str, type["Component"]]] = {}


class Component(Options):
    family: ClassVar[str] = ""  # "layer", "loss", ...
    yaml_name: ClassVar[str] = ""  # empty for abstract classes
    aliases: ClassVar[tuple[str, ...]] = ()

    # The options of the smallest useful example, for the manual and gradcheck. Required where an option has no default.
    example: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(
        cls, name: str = "", family: str = "", aliases: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.yaml_name = name
        cls.aliases = aliases
        if family:
            cls.family = family

    @classmethod
    def __pydantic_init_subclass__(
        cls, name: str = "", family: str = "", aliases: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not name:
            return
        members = _families.setdefault(cls.family, {})
        for key in (name, *aliases):
            if key in members:
                raise TypeError(
                    f"two {cls.family} components have the name {key!r}: {members[key]} and {cls}"
                )
            members[key] = cls

    @classmethod
    def members(cls) -> dict[str, type[Self]]:
        """YAML name -> class, for every registered subclass; aliases included."""
        return {key: kind for key, kind in _families.get(cls.family, {}).items() if issubclass(kind, cls)}

    @classmethod
    def kind_name(cls) -> str:
        """The word for a member: the family ("source"), or the abstract class within it ("activation")."""
        return cls.family if Component in cls.__bases__ else cls.__name__.lower()

    @classmethod
    def own_options(cls) -> list[str]:
        """The options that not every member of the family has: first the class's own, then those of its base classes."""
        base = next(
            kind
            for kind in cls.__mro__[::-1]
            if issubclass(kind, Component) and kind.family == cls.family and kind is not Component
        )
        declared = [option for kind in cls.__mro__ for option in inspect.get_annotations(kind)]
        own = [
            option
            for option in dict.fromkeys(declared)
            if option in cls.model_fields and option not in base.model_fields
        ]
        return [cls.model_fields[option].alias or option for option in own]  # as YAML spells them

    @classmethod
    def parse(cls, value: Any) -> Self:
        """A component from any of the three spellings.

        Raises pydantic.ValidationError or PydanticCustomError, with paths relative to `value`.
        """
        if isinstance(value, cls):
            return value
        what = cls.kind_name()
        if isinstance(value, dict) and len(value) == 1:
            ((name, options),) = value.items()
        elif isinstance(value, str):
            name, options = value, {}
        else:
            example = next(iter(cls.members()), "name")
            raise mistake(
                f"expected one {what}, such as `{example}` or `{example}: {{...}}`. Received: {shown(value)}"
            )
        kind = cls.members().get(name)
        if kind is None:
            message, is_known = cls.unknown(name)
            raise mistake(message, unknown="" if is_known else str(name))
        if options is None:
            options = {}
        elif not isinstance(options, dict):
            own = kind.own_options()
            if not own:
                raise mistake(f"{name!r} has no option for a bare value. Received: {shown(options)}")
            options = {own[0]: options}
        try:
            return kind.model_validate(options)
        except ValidationError as error:
            raise reworded(error, prefix=(name,)) from None

    @classmethod
    def unknown(cls, name: Any) -> tuple[str, bool]:
        """The message for a name that is no member, and whether it suggests one."""
        members = cls.members()
        message = f"{UNKNOWN} {cls.kind_name()} {shown(name)}"
        if ours := other_tools.our_name(name, other_tools.COMPONENTS, members):
            return f"{message}. In nntrain this is {ours!r}", True
        return with_suggestion(message, did_you_mean(name, members)), bool(close_to(name, members, TYPO))

    def spelled(self) -> dict[str, dict[str, Any]]:
        """{name: {every option}}, which `parse` accepts."""
        return {self.yaml_name: self.model_dump(mode="json")}

    def shortest(self) -> str | dict[str, Any]:
        """The shortest spelling: `relu`, `{dropout: 0.5}`, or the options that differ from their defaults."""
        fields = type(self).model_fields
        changed = {
            fields[name].alias or name: shortest(value)
            for name, value in self
            if fields[name].is_required() or value != fields[name].default
        }
        if not changed:
            return self.yaml_name
        value = changed.get(next(iter(self.own_options()), ""))
        only = len(changed) == 1 and value is not None and not isinstance(value, dict)
        return {self.yaml_name: value if only else changed}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.yaml_name or not cls.family:
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(Component.spelled)
        )


def shortest(value: Any) -> Any:
    """An option's value in its shortest YAML spelling: sections without their defaults."""
    if isinstance(value, Component):
        return value.shortest()
    if isinstance(value, Options):
        fields = type(value).model_fields
        return {
            fields[name].alias or name: shortest(entry)
            for name, entry in value
            if name not in value.implied
            if fields[name].is_required() or entry != fields[name].default
        }
    if isinstance(value, dict):
        return {key: shortest(entry) for key, entry in value.items()}
    return [shortest(entry) for entry in value] if isinstance(value, tuple) else value
