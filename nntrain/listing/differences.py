"""Differences: in which options each run differs from the others on the same data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.errors import Keys, dotted
from nntrain.run.settings import ABSENT, Settings, differing, shortest_names

SAME_DATA = ("path", "kind")  # options of a source that say which data it reads, not in which form
FEW = 4  # options: of more, a table shows for each run only those in which it is not like most others


@dataclass(frozen=True)
class Difference:
    """An option of a run that is not the same in all runs."""

    keys: Keys
    short_name: str  # "lr" where only one option that differs ends like this; empty for a layer's kind, which needs no name
    value: Any
    is_shown: bool  # in a table; with many differences only where the run is not like most others

    @property
    def name(self) -> str:
        """ "optimizer.sgd.lr"."""
        return dotted(self.keys)


def differences(runs: Sequence[Settings]) -> list[list[Difference]]:
    """Of each run, from the others on the same data; none for a run without a config."""
    found: list[list[Difference]] = [[] for _ in runs]
    for group in on_the_same_data(runs):
        options = differing([runs[place] for place in group])
        short = shortest_names(list(options))
        for keys, values in options.items():
            usual = most_common(values) if len(options) > FEW else None
            is_kind = isinstance(keys[-1], int) and all(isinstance(value, str) for value in values)
            for place, value in zip(group, values, strict=True):
                if value is not ABSENT:
                    name = "" if is_kind else short[keys]
                    found[place].append(Difference(keys, name, value, repr(value) != usual))
    return found


def on_the_same_data(runs: Sequence[Settings]) -> list[list[int]]:
    """The places of the runs with a config, by the data that they read."""
    groups: dict[str, list[int]] = {}
    for place, settings in enumerate(runs):
        if settings:
            groups.setdefault(data_of(settings), []).append(place)
    return list(groups.values())


def data_of(settings: Settings) -> str:
    data = settings.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    if not isinstance(source, dict) or len(source) != 1:
        return repr(source)
    ((name, options),) = source.items()
    return repr((name, [options.get(key) for key in SAME_DATA] if isinstance(options, dict) else []))


def most_common(values: list[Any]) -> str | None:
    """The value that more than half of the runs have, written; None where there is none."""
    ((value, count),) = Counter(map(repr, values)).most_common(1)
    return value if 2 * count > len(values) else None
