"""Check: the base class of all checks. A subclass registers itself by its name; see the folder `checks/`."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from nntrain.preflight.finding import Finding, Severity

if TYPE_CHECKING:
    from nntrain.preflight.subject import Subject


Topic = Literal["data", "network", "training"]


class Check(ABC):
    """`class ClassBalance(Check, name="class_balance", about="data")` is all that a new check takes, in a module of `checks/` or in
    a plugin.
    """

    name: ClassVar[str]
    about: ClassVar[Topic]  # findings about the data come first, because they explain others

    def __init_subclass__(cls, *, name: str, about: Topic, **options: object):
        super().__init_subclass__(**options)
        if name in registered:
            raise TypeError(
                f"two checks are named {name!r}: {registered[name].__qualname__} and {cls.__qualname__}"
            )
        cls.name, cls.about = name, about
        registered[name] = cls

    @abstractmethod
    def look(self, subject: "Subject") -> Iterator[Finding]:
        """What it finds; nothing where all is well, or where it does not apply."""

    def found(
        self, severity: Severity, text: str, remedy: str = "", place: str = "", columns: Iterable[str] = ()
    ) -> Finding:
        return Finding(severity, self.name, text, remedy, place, tuple(columns))


registered: dict[str, type[Check]] = {}


def all_checks() -> list[Check]:
    """One of each, by topic and name."""
    from nntrain.preflight import checks as folder

    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    topics = get_args(Topic)
    ordered = sorted(registered.values(), key=lambda check: (topics.index(check.about), check.name))
    return [check() for check in ordered]
