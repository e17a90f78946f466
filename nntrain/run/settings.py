"""Settings: the resolved configs of runs as plain values, and the options in which runs differ."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nntrain.errors import Keys, dotted

Settings = dict[str, Any]
NAMES = (("name",),)  # what differs between runs without being an option of them
ABSENT = object()  # in place of the value of an option that a run's component does not have
GENERIC = (
    "number",
    "rate",
    "source",
    "weight",
)  # names of options that say little without what they belong to
LONGEST = 24  # characters of a value in a label
SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)  # of a config that nntrain wrote
ENTRY = re.compile(r"^(?=  - )", re.MULTILINE)  # of a list in a section, such as `layers`
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where PyYAML has it: ten times as fast


class _Loader(Loader):  # type: ignore[misc, valid-type]
    """Reads `1e-05`, as nntrain writes it, as a number, which it is not in YAML 1.1."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+e[-+]?[0-9]+$"), list("-+0123456789")
)


def read_settings(folder: Path) -> Settings:
    """config.resolved.yaml of a run; empty where there is none that can be read. Runs share what is equal: change nothing in it."""
    try:
        text = (folder / "config.resolved.yaml").read_text(encoding="utf-8")
        sections = [_section(section) for section in SECTION.split(text) if section]
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    if not all(isinstance(section, dict) for section in sections):
        return {}
    return {name: value for section in sections for name, value in section.items()}


def _section(text: str) -> Any:
    """A section, its last list entry by entry: among a thousand runs most sections are the same, and most layers."""
    head, *entries = ENTRY.split(text)
    if entries:
        with contextlib.suppress(yaml.YAMLError, AttributeError, TypeError, ValueError):
            ((name, options),) = _loaded(head).items()
            *_, (last, nothing) = options.items()
            if nothing is None:
                return {name: {**options, last: [value for entry in entries for value in _loaded(entry)]}}
    return _loaded(text)


@lru_cache(maxsize=8192)
def _loaded(text: str) -> Any:
    return yaml.load(text, _Loader)


def component_name(settings: Settings, *keys: str) -> str:
    """ "cross_entropy" for the key `loss`; empty where there is none."""
    value: Any = settings
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else ""


def differing(runs: Sequence[Settings]) -> dict[Keys, list[Any]]:
    """The value of each run for every option that is not the same in all of them, by its keys, such as ("optimizer", "sgd", "lr").

    Where the runs have different components, such as sgd and adam, their names; where lists have different lengths, the lists.
    """
    return {keys: values for keys, values in _differing(list(runs), ()) if keys not in NAMES}


def _differing(values: list[Any], path: Keys) -> list[tuple[Keys, list[Any]]]:
    first = values[0]
    written = repr(first)  # 1 is not true, although Python finds them equal
    if all(value is first or repr(value) == written for value in values[1:]):
        return []
    if all(isinstance(value, Mapping) for value in values):
        if all(len(value) == 1 for value in values) and len({next(iter(value)) for value in values}) > 1:
            return [(path, [next(iter(value)) for value in values]), *_shared_options(values, path)]
        names = dict.fromkeys(name for value in values for name in value)
        return [
            entry
            for name in names
            for entry in _differing([value.get(name) for value in values], (*path, name))
        ]
    if all(isinstance(value, list) and len(value) == len(first) for value in values):
        return [
            entry
            for index, entries in enumerate(zip(*values, strict=True))
            for entry in _differing(list(entries), (*path, index))
        ]
    return [(path, values)]


def _shared_options(components: list[Any], path: Keys) -> list[tuple[Keys, list[Any]]]:
    """How the options of components of different kinds differ: `lr`, which optimizers share, and those of runs with the same kind."""
    kinds = [next(iter(value)) for value in components]
    options = [next(iter(value.values())) or {} for value in components]
    if not all(isinstance(each, Mapping) for each in options):
        return []
    found = []
    if all("lr" in each for each in options):
        found = _differing([each["lr"] for each in options], (*path, "lr"))
    for kind in dict.fromkeys(kinds):
        of_kind = [options[i] for i in range(len(kinds)) if kinds[i] == kind]
        for keys, values in _differing(of_kind, (*path, kind)):
            if keys[-1] == "lr" and found:
                continue
            given = iter(values)
            found.append((keys, [next(given) if other == kind else ABSENT for other in kinds]))
    return found


def labels(names: Sequence[str], runs: Sequence[Settings], most: int = 4) -> list[str]:
    """What tells the runs apart: "lr 0.1, momentum 0.9" for each; their names where that is nothing, or more than `most` options."""
    found = differing(runs) if all(runs) else {}
    if len(found) > most:
        return list(names)
    short = shortest_names(list(found))
    written = [
        ", ".join(
            setting_text(keys, short[keys], values, i)
            for keys, values in found.items()
            if values[i] is not ABSENT
        )
        for i in range(len(runs))
    ]
    repeated = {text for text in written if written.count(text) > 1}
    return [
        name if not text else f"{name}: {text}" if text in repeated else text
        for name, text in zip(names, written, strict=True)
    ]


def setting_text(keys: Keys, name: str, values: list[Any], run: int) -> str:
    """ "lr 0.1"; a layer that differs in kind by its kind alone: "lstm"."""
    value = value_text(values[run])
    is_kind = isinstance(keys[-1], int) and all(isinstance(each, str) for each in values)
    return value if is_kind else f"{name} {value}"


def shortest_names(paths: list[Keys]) -> dict[Keys, str]:
    """The end of each path that no other path has, from an option's name on: "lr", but "layers[0].units" beside "layers[1].units"."""
    found = {}
    for keys in paths:
        for start in range(len(keys) - 1, -1, -1):
            end = keys[start:]
            if isinstance(end[0], int) or (len(end) == 1 and end[0] in GENERIC):
                continue
            if sum(other[-len(end) :] == end for other in paths) == 1:
                break
        found[keys] = dotted(keys[start:])
    return found


def value_text(value: Any) -> str:
    """A value in a label: numbers as in YAML, lists by their length where they are long."""
    from nntrain.config.scalars import inline  # with it comes pydantic, which reading does not need

    if value is ABSENT:
        return ""
    if value is None:
        return "none"
    text = inline(value)
    if len(text) <= LONGEST:
        return text
    if not isinstance(value, (list, dict)):
        return f"{text[: LONGEST - 1]}…"
    return f"({len(value)} {'entry' if len(value) == 1 else 'entries'})"
