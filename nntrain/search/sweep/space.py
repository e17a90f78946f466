"""Space: the options that a sweep varies, from its file to the values of one trial and its overrides of the config."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from nntrain.config import Document, kinds
from nntrain.config.overrides import Override, is_name, keys_of, put
from nntrain.config.place import YamlNode
from nntrain.config.ranges import Range, Suggests
from nntrain.config.scalars import inline
from nntrain.config.schema import Config
from nntrain.errors import ConfigError, Keys, Problem, dotted
from nntrain.search.sweep.parameter import Choice, Parameter, Values, product


@dataclass(frozen=True)
class Space:
    """All parameters of a sweep, in the order of its file."""

    parameters: tuple[Parameter, ...]

    @classmethod
    def of(cls, parameters: Mapping[str, list[Any] | Range], node: YamlNode) -> "Space":
        """The space of the typed `parameters` of a sweep and their node. Raises ConfigError with all errors."""
        found, wrong = [], []
        for name, domain in parameters.items():
            try:
                found.append(parameter_of(name, domain, node.value[name]))
            except ConfigError as error:
                wrong += error.below("parameters", name).problems
        wrong += repeated(found)
        if wrong:
            raise ConfigError(wrong)
        return cls(tuple(found))

    def suggest(self, trial: Suggests) -> Values:
        return {
            name: value for parameter in self.parameters for name, value in parameter.suggest(trial).items()
        }

    def overrides(self, values: Values) -> tuple[str, ...]:
        """`K=V` for each option, in the order of the file."""
        return tuple(
            f"{parameter.name}={inline(parameter.resolved(values).tree())}" for parameter in self.parameters
        )

    def applied(self, document: Document, values: Values) -> tuple[Document, list[tuple[Parameter, Problem]]]:
        """The config of a trial, where each value keeps its place in the sweep file, and the parameters that it does not have."""
        wrong = []
        for parameter in self.parameters:
            node = replace(parameter.resolved(values), key=parameter.node.key)
            try:
                document = put(document, Override(parameter.keys, inline(node.tree()), node), Config)
            except ConfigError as error:
                wrong += [(parameter, problem) for problem in error.problems]
        return document, wrong

    def shown(self, values: Values) -> Values:
        """The same for people: of a choice without a name of its own, such as a whole layer, its options."""
        return {
            parameter.name: parameter.chosen(values[parameter.name]).shown
            if parameter.choices
            else values[parameter.name]
            for parameter in self.all()
            if parameter.name in values
        }

    def written(self) -> dict[str, str]:
        """Each parameter as YAML on one line."""
        return {parameter.name: inline(parameter.node.tree()) for parameter in self.parameters}

    @property
    def log_scale(self) -> frozenset[str]:
        """The names of the parameters that are sampled on a logarithmic scale."""
        return frozenset(each.name for each in self.all() if each.range is not None and each.range.log)

    def combinations(self) -> list[Values] | None:
        """Every combination of values, the last parameter fastest; None where they are too many to list."""
        return product(self.parameters)

    def all(self) -> list[Parameter]:
        """Every parameter, those within choices included."""
        return [each for parameter in self.parameters for each in parameter.all()]


def parameter_of(name: str, domain: list[Any] | Range, node: YamlNode) -> Parameter:
    """A parameter of the sweep file. Raises ConfigError with keys that count from it."""
    path = keys_of(name)
    if not is_name(name):
        raise ConfigError(
            [
                Problem(
                    (),
                    "expected the name of an option, such as optimizer.adam.lr or model.layers[2].dense.units",
                )
            ]
        )
    if isinstance(domain, Range):
        return Parameter(name, path, node, range=domain)
    kind: Any = Config
    for part in path:
        kind = kinds.child(kind, part)
    entries = node.value if isinstance(node.value, list) else []
    inner, wrong = [], []
    for position, entry in enumerate(entries):
        try:
            inner.append(tuple(ranges_in(entry, kind, name, ())))
        except ConfigError as error:
            wrong += error.below(position).problems
    if wrong:
        raise ConfigError(wrong)
    labels = labels_of(entries, by_name=kinds.family(kind) is not None)
    choices = tuple(map(Choice, labels, entries, inner))
    return Parameter(name, path, node, choices=choices)


def ranges_in(node: YamlNode, kind: Any, name: str, at: Keys) -> Iterator[Parameter]:
    """The ranges within a choice: mappings such as {log_uniform: [1e-4, 0.1]}. Raises ConfigError."""
    if is_range(node, kind):
        yield Parameter(dotted((name, *at)), at, node, range=parsed(node, at))
        return
    entries = (
        node.value.items()
        if isinstance(node.value, dict)
        else enumerate(node.value)
        if isinstance(node.value, list)
        else ()
    )
    for part, entry in entries:
        yield from ranges_in(entry, kinds.child(kind, part), name, (*at, part))


def is_range(node: YamlNode, kind: Any) -> bool:
    """Whether a mapping is a range, and not a component of the same name, such as the initializer `uniform`."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        return False
    (name,) = node.value
    family = kinds.family(kind)
    return name in Range.members() and not (family and name in family.members())


def parsed(node: YamlNode, at: Keys) -> Range:
    try:
        return Range.parse(node.tree())
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ConfigError(
            [Problem((*at, *one["loc"]), one["msg"], one.get("ctx", {}).get("hint", "")) for one in found]
        ) from None
    except PydanticCustomError as error:
        raise ConfigError([Problem(at, error.message())]) from None


def labels_of(nodes: list[YamlNode], by_name: bool) -> list[Any]:
    """What Optuna stores: scalars as they are; components by their names where those differ, anything else as YAML."""
    trees = [node.tree() for node in nodes]
    names = [next(iter(tree)) if isinstance(tree, dict) and len(tree) == 1 else tree for tree in trees]
    if by_name and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return names
    return [inline(tree) if isinstance(tree, (dict, list)) else tree for tree in trees]


def repeated(parameters: list[Parameter]) -> list[Problem]:
    """An option that is varied twice; two choices of one parameter may share a range."""
    known: dict[str, tuple[Parameter, Parameter]] = {}
    found = []
    for top in parameters:
        for parameter in top.all():
            where, other = known.setdefault(parameter.name, (top, parameter))
            if other is not parameter and not (where is top and parameter.range == other.range):
                hint = "Set it once, or the same range in both choices."
                found.append(Problem(("parameters", top.name), f"`{parameter.name}` is varied twice", hint))
    return found
