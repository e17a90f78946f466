"""Relocation: the same options for a config in another folder, from which its relative paths count."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

from nntrain import paths
from nntrain.options import IsPath, Options

T = TypeVar("T", bound=Options)


def relocated(options: T, there: Path, here: Path) -> T:
    """The options of a config in the folder `there`, as a config in `here` has them."""
    return with_paths(options, lambda name: moved(name, there, here))


def with_paths(options: T, change: Callable[[str], str]) -> T:
    """The options with `change` applied to each path in them."""
    changed = {}
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        is_path = any(isinstance(mark, IsPath) for mark in (*field.metadata, *marks(field.annotation)))
        new = change(value) if is_path and isinstance(value, str) else _inside(value, change)
        if new is not value:
            changed[name] = new
    return options.model_copy(update=changed) if changed else options


def _inside(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Options):
        return with_paths(value, change)
    if isinstance(value, tuple):
        entries = tuple(_inside(entry, change) for entry in value)
        return entries if any(new is not old for new, old in zip(entries, value, strict=True)) else value
    return value


def marks(annotation: Any) -> tuple[Any, ...]:
    """What is annotated in the members of a union: of `PathName | None`."""
    return tuple(mark for member in get_args(annotation) for mark in getattr(member, "__metadata__", ()))


def moved(name: str, there: Path, here: Path) -> str:
    """A path that counts from `there`, as it is seen from `here`; one that is absolute in every folder is unchanged."""
    path = paths.resolved(there, name)
    if path == paths.resolved(here, name):
        return name
    try:
        return Path(os.path.relpath(path.resolve(), here.resolve())).as_posix()
    except ValueError:  # another drive
        return str(path.resolve())
