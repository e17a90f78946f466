"""Config changes: each option that two runs have otherwise, with layers that were added or removed."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import ValidationError

from nntrain.component import shortest
from nntrain.config.schema import Config
from nntrain.errors import Keys, dotted
from nntrain.run.changes import differences
from nntrain.run.settings import ABSENT, NAMES, Settings, differing


class Side(Enum):
    """In place of the value in the run that does not have the option, or the layer."""

    ABSENT = "-"


@dataclass(frozen=True)
class Change:
    """What two runs have otherwise: an option, a version, a fact of run.json."""

    name: str  # "optimizer.sgd.lr"
    a: Any
    b: Any

    def to_dict(self) -> dict[str, Any]:
        """For JSON; null where a run does not have it."""
        a, b = (None if value is Side.ABSENT else value for value in (self.a, self.b))
        return {"name": self.name, "a": a, "b": b}


def config_changes(a: Settings, b: Settings) -> list[Change]:
    """Options by dotted name; of other components and layers the whole, in its shortest spelling.

    Configs that this version of nntrain cannot read, such as those with a plugin that is not loaded, are compared value by value.
    """
    try:
        then, now = Config.model_validate(a), Config.model_validate(b)
    except ValidationError:
        return [
            Change(dotted(keys), *(Side.ABSENT if value is ABSENT else value for value in values))
            for keys, values in differing([a, b]).items()
        ]
    return [
        Change(dotted(keys), plain(keys, old), plain(keys, new))
        for keys, old, new in differences(then, now)
        if keys not in NAMES
    ]


def plain(keys: Keys, value: Any) -> Any:
    """An entry of a list that is None is not there; an option that is None has this value."""
    return Side.ABSENT if value is None and isinstance(keys[-1], int) else shortest(value)
