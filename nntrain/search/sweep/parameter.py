"""Parameter: one option that a sweep varies, by a range or by choices, which can have ranges of their own."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nntrain.config.place import YamlNode
from nntrain.config.ranges import Range
from nntrain.config.scalars import inline
from nntrain.errors import Keys

Values = dict[str, Any]  # of one trial: what Optuna knows of it, by the names of its parameters
MOST_COMBINATIONS = 100_000


@dataclass(frozen=True)
class Choice:
    """One of the choices of a parameter, and the ranges within it."""

    label: Any  # a scalar, which Optuna stores
    node: YamlNode
    inner: tuple["Parameter", ...] = ()

    @property
    def shown(self) -> Any:
        """Its label; its options where the label only spells them."""
        tree = self.node.tree()
        return tree if isinstance(tree, (dict, list)) and self.label == inline(tree) else self.label


@dataclass(frozen=True)
class Parameter:
    """An option that is varied: by a range, or by choices."""

    name: str  # dotted, of the option
    keys: Keys  # of the option in the config, or of a range in its choice
    node: YamlNode  # in the sweep file
    range: Range | None = None
    choices: tuple[Choice, ...] = ()

    def suggest(self, trial: Any) -> Values:
        """The value for an Optuna trial, and those of the ranges within the choice."""
        if self.range is not None:
            return {self.name: self.range.suggest(trial, self.name)}
        label = trial.suggest_categorical(self.name, [choice.label for choice in self.choices])
        found = {self.name: label}
        for inner in self.chosen(label).inner:
            found |= inner.suggest(trial)
        return found

    def chosen(self, label: Any) -> Choice:
        return next(choice for choice in self.choices if same(choice.label, label))

    def resolved(self, values: Values) -> YamlNode:
        """The value in the config; a number has the place of its range."""
        value = values[self.name]
        if self.range is not None:
            place = end_place(self.node, self.range, value)
            return YamlNode(value, place.place, place.place)
        choice = self.chosen(value)
        node = choice.node
        for inner in choice.inner:
            node = substituted(node, inner.keys, inner.resolved(values))
        return node

    def probes(self) -> Iterator[Values]:
        """Values that show whether the config accepts all of them: each choice, both ends of each range and one in between."""
        if self.range is not None:
            low, high = self.range.ends
            middle = math.sqrt(low * high) if self.range.log else low + 0.381966 * (high - low)
            inside = [] if isinstance(low, int) or self.range.values() else [middle]
            yield from ({self.name: value} for value in (low, high, *inside))
        for choice in self.choices:
            first = {name: value for inner in choice.inner for name, value in next(inner.probes()).items()}
            yield {self.name: choice.label, **first}
            for inner in choice.inner:
                yield from ({self.name: choice.label, **first, **values} for values in inner.probes())

    def combinations(self) -> list[Values] | None:
        """Every value; None where they are too many to list."""
        if self.range is not None:
            values = self.range.values()
            return None if values is None else [{self.name: value} for value in values]
        found: list[Values] = []
        for choice in self.choices:
            inner = product(choice.inner)
            if inner is None:
                return None
            found += [{self.name: choice.label, **values} for values in inner]
        return found

    def all(self) -> Iterator["Parameter"]:
        """Itself and, after it, the ranges within its choices."""
        yield self
        for choice in self.choices:
            for inner in choice.inner:
                yield from inner.all()


def product(parameters: tuple[Parameter, ...]) -> list[Values] | None:
    lists = [parameter.combinations() for parameter in parameters]
    known = [values for values in lists if values is not None]
    if len(known) < len(lists) or math.prod(map(len, known)) > MOST_COMBINATIONS:
        return None
    return [
        {name: value for values in chosen for name, value in values.items()}
        for chosen in itertools.product(*known)
    ]


def same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


def substituted(node: YamlNode, path: Keys, new: YamlNode) -> YamlNode:
    """The node with another one at a path."""
    if not path:
        return replace(new, key=node.key)
    part, *rest = path
    if isinstance(node.value, list):
        entries = [
            substituted(entry, tuple(rest), new) if position == part else entry
            for position, entry in enumerate(node.value)
        ]
        return replace(node, value=entries)
    return replace(node, value={**node.value, part: substituted(node.value[part], tuple(rest), new)})


def end_place(node: YamlNode, found: Range, value: Any) -> YamlNode:
    """The node of the end of a range that a value is; of the range for a value in between."""
    bounds: YamlNode = node.value.get(found.yaml_name, node) if isinstance(node.value, dict) else node
    if isinstance(bounds.value, dict):
        bounds = bounds.value["bounds"]
    if isinstance(bounds.value, list) and len(bounds.value) == 2 and value in found.ends:
        return bounds.value[found.ends.index(value)]
    return node
