"""Component: anything that a config can name. The class's name in YAML and its typed fields are all there is to it.

A family (layers, losses, optimizers, ...) is an abstract subclass made with `family=`; a member is a subclass with
`name=`, and registers itself. A field typed with a family (or with an abstract class inside it) accepts the three
spellings `relu`, `{dense: {units: 10}}` and `{dense: 10}`, where a scalar or list sets the first declared option.
"""

import inspect
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from nntrain.options import Options, did_you_mean, mistake, reworded, shown

_families: dict[str, dict[str, type["Component"]]] = {}


class Component(Options):
    family: ClassVar[str] = ""  # "layer", "loss", ...
    yaml_name: ClassVar[str] = ""  # empty for abstract classes
    aliases: ClassVar[tuple[str, ...]] = ()

    # The smallest use that shows it; the manual and gradcheck take it. Needed where an option has no default.
    example: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(
        cls, name: str = "", family: str = "", aliases: tuple[str, ...] = (), **kwargs: Any
    ):
        super().__init_subclass__(**kwargs)
        cls.yaml_name = name
        cls.aliases = aliases
        if family:
            cls.family = family

    @classmethod
    def __pydantic_init_subclass__(
        cls, name: str = "", family: str = "", aliases: tuple[str, ...] = (), **kwargs: Any
    ):
        super().__pydantic_init_subclass__(**kwargs)
        if not name:
            return
        members = _families.setdefault(cls.family, {})
        for key in (name, *aliases):
            if key in members:
                raise TypeError(
                    f"there are two {cls.family} components named {key!r}: {members[key]} and {cls}"
                )
            members[key] = cls

    @classmethod
    def members(cls) -> dict[str, type["Component"]]:
        """YAML name -> class, for every registered component that is a kind of this one; aliases included."""
        return {key: kind for key, kind in _families.get(cls.family, {}).items() if issubclass(kind, cls)}

    @classmethod
    def kind_name(cls) -> str:
        """What a user calls a member: by the family ("source"), or by the abstract class within it ("activation")."""
        return cls.family if Component in cls.__bases__ else cls.__name__.lower()

    @classmethod
    def own_options(cls) -> list[str]:
        """The options without those that every member of the family has: the class's own first, then its base classes'."""
        base = next(
            kind
            for kind in cls.__mro__[::-1]
            if getattr(kind, "family", "") == cls.family and kind is not Component
        )
        declared = [option for kind in cls.__mro__ for option in inspect.get_annotations(kind)]
        own = [
            option
            for option in dict.fromkeys(declared)
            if option in cls.model_fields and option not in base.model_fields
        ]
        return [cls.model_fields[option].alias or option for option in own]  # as YAML spells them

    @classmethod
    def parse(cls, value: Any) -> "Component":
        """A component from any of the three spellings.

        Raises pydantic.ValidationError or PydanticCustomError, with places relative to `value`.
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
                f"expected the name of one {what}, or one name with its options, like `{example}` or "
                f"`{example}: {{...}}`. Received: {shown(value)}."
            )
        kind = cls.members().get(name)
        if kind is None:
            raise mistake(f"no {what} is named {shown(name)}.{did_you_mean(name, cls.members())}")
        if options is None:
            options = {}
        elif not isinstance(options, dict):
            own = kind.own_options()
            if not own:
                raise mistake(
                    f"{name!r} has no option that a bare value could set. Received: {shown(options)}."
                )
            options = {own[0]: options}
        try:
            return kind.model_validate(options)
        except ValidationError as error:
            raise reworded(error, prefix=(name,)) from None

    def spelled(self) -> dict[str, dict[str, Any]]:
        """{name: {every option}}: what `parse` makes this component from again."""
        return {self.yaml_name: self.model_dump(mode="json")}

    def shortest(self) -> str | dict[str, Any]:
        """The shortest spelling: `relu`, `{dropout: 0.5}`, or the options that are not at their defaults."""
        fields = type(self).model_fields
        told = {
            fields[name].alias or name: plain(value)
            for name, value in self
            if fields[name].is_required() or value != fields[name].default
        }
        if not told:
            return self.yaml_name
        value = told.get(next(iter(self.own_options()), ""))
        only = len(told) == 1 and value is not None and not isinstance(value, dict)
        return {self.yaml_name: value if only else told}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.yaml_name or not cls.family:
            return handler(source)
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(Component.spelled)
        )


def plain(value: Any) -> Any:
    """What YAML says of an option's value in the shortest way: components by `shortest`, sections without defaults."""
    if isinstance(value, Component):
        return value.shortest()
    if isinstance(value, Options):
        return {
            name: plain(entry)
            for name, entry in value.model_dump(by_alias=True, exclude_defaults=True).items()
        }
    return [plain(entry) for entry in value] if isinstance(value, tuple) else value
