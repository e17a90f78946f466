"""Changes: how a config differs from the one that a run was started with, as lines that people read."""

import difflib
from collections.abc import Iterator
from typing import Any

from nntrain.component import Component, shortest
from nntrain.config.scalars import inline
from nntrain.config.schema import Config
from nntrain.errors import Keys, dotted
from nntrain.options import Options
from nntrain.training.monitor import Monitor

# What may change from one start of a run to the next: it changes none of its numbers, or only how long it trains. The
# data is compared by its contents, of which `data.augment` alone says nothing.
FREE: tuple[Keys, ...] = (
    ("name",),
    ("data", "source"),
    ("data", "test"),
    ("data", "validation"),
    ("data", "standardize"),
    ("train", "epochs"),
    ("train", "schedule_epochs"),
    ("train", "early_stopping"),
    ("train", "checkpoint"),
    ("train", "on_nan"),
    ("train", "record"),
    ("train", "tensorboard"),
)
LONGEST_VALUE = 60  # characters of a value in a line


def changes(then: Config, now: Config, monitor: Monitor) -> list[str]:
    """ "optimizer.sgd.lr: 0.1 -> 0.01" for each change that has an effect on the numbers of a run."""
    return [
        _line(path, old, new)
        for path, old, new in differences(then, now)
        if not any(path[: len(free)] == free for free in FREE)
        and path[-2:] != ("pretrained", "path")
        and not (path[1:] == ("reduce_on_plateau", "mode") and _same_mode(old, new, monitor))
    ]


def data_changes(then: Config, now: Config) -> list[str]:
    """The same for the options of the data that `changes` passes over."""
    return [
        _line(path, old, new)
        for path, old, new in differences(then.data, now.data, ("data",))
        if path[1] != "augment"
    ]


def all_changes(then: Config, now: Config) -> list[str]:
    """The same for every option but the name of the run."""
    return [_line(path, old, new) for path, old, new in differences(then, now) if path != ("name",)]


def differences(then: Any, now: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any, Any]]:
    """(keys, then, now) of each value that differs; an entry that a list has only then or only now is None in the other."""
    if type(then) is type(now) and isinstance(now, Options):
        name = (now.yaml_name,) if isinstance(now, Component) else ()
        for field, info in type(now).model_fields.items():
            if field in then.implied and field in now.implied:
                continue
            below = (*path, *name, info.alias or field)
            yield from differences(getattr(then, field), getattr(now, field), below)
    elif isinstance(then, tuple) and isinstance(now, tuple):
        yield from _differences_of_lists(then, now, path)
    elif then != now:
        yield path, then, now


def _differences_of_lists(then: tuple, now: tuple, path: Keys) -> Iterator[tuple[Keys, Any, Any]]:
    before, after = ([str(shortest(entry)) for entry in entries] for entries in (then, now))
    for _, start, end, first, last in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        old, new = then[start:end], now[first:last]
        both = min(len(old), len(new))
        for place in range(both):
            yield from differences(old[place], new[place], (*path, first + place))
        for place in range(both, len(old)):
            yield (*path, start + place), old[place], None
        for place in range(both, len(new)):
            yield (*path, first + place), None, new[place]


def _same_mode(then: str, now: str, monitor: Monitor) -> bool:
    """Whether two modes of reduce_on_plateau mean the same: `auto` follows the monitor."""
    auto = "max" if monitor.higher_is_better else "min"
    return {then, now} <= {"auto", auto}


def _line(path: Keys, then: Any, now: Any) -> str:
    return f"{dotted(path)}: {_written(then)} -> {_written(now)}"


def _written(value: Any) -> str:
    text = "nothing" if value is None else inline(shortest(value))
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
