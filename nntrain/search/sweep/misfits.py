"""Misfits: the values of a sweep that its config does not accept, each with its place in the sweep file."""

from collections.abc import Iterator
from dataclasses import replace

from nntrain.config import Document
from nntrain.config.place import Place, YamlNode
from nntrain.config.schema import Config
from nntrain.config.validate import spelled, typed
from nntrain.errors import ConfigError, Problem, UserError, dotted, text
from nntrain.options import NO_SUCH_OPTION
from nntrain.search.sweep.parameter import Parameter, Values
from nntrain.search.sweep.space import Space
from nntrain.training.setup import Setup, prepare

Found = tuple[Place, Problem]


def misfits(space: Space, base: Document, setup: Setup) -> list[Found]:
    """What a config rejects of the values of its parameters: every choice, the ends of every range, one at a time.

    `base`: the config, `setup`: its data and network. Networks are built up to their shapes; data are loaded again only for
    values that change them.
    """
    first = {
        name: value for parameter in space.parameters for name, value in next(parameter.probes()).items()
    }
    found: dict[tuple[str, str], Found] = {}
    for parameter in space.parameters:
        for probe in parameter.probes():
            for place, problem in Case(space, parameter, first | probe, base, setup).misfits():
                found.setdefault((str(place), problem.message.partition(WITH)[0]), (place, problem))
    return list(found.values())


WITH = " with "  # before the choice with which an option does not exist


class Case:
    """The config of one trial, in which `varied` may have another value than in the first one."""

    def __init__(self, space: Space, varied: Parameter, values: Values, base: Document, setup: Setup):
        self.space, self.varied, self.values, self.setup = space, varied, values, setup
        config, self.absent = space.applied(base, values)
        self.config = spelled(config, Config)

    def misfits(self) -> Iterator[Found]:
        for parameter, problem in self.absent:
            yield parameter.node.key, self._absent(parameter, problem)
        try:
            options = typed(self.config, Config)
            same_data = options.data == self.setup.config.data
            loaded = (self.setup.splits, self.setup.indices) if same_data else None
            prepare(options, self.config.folder, loaded=loaded)
        except ConfigError as error:
            for problem in error.problems:
                yield self._placed(problem)
        except UserError as error:  # data that a choice names
            reason = text(error.place, error.message, "")
            yield self._at_value(replace(self._problem(), message=reason, hint=error.hint))

    def _absent(self, parameter: Parameter, problem: Problem) -> Problem:
        """An option that the config does not have, or not with the choice of another parameter."""
        path = ("parameters", parameter.name)
        for other in self.space.parameters:
            if other.choices and other is not parameter and parameter.keys[: len(other.keys)] == other.keys:
                choice = f"`{other.name}: {self.values[other.name]}`"
                hint = f"Write the values into the choices of `{other.name}` that have this option."
                return Problem(path, f"{NO_SUCH_OPTION}{WITH}{choice}", hint)
        return Problem(path, f"{dotted(problem.path)} {problem.message}", problem.hint)

    def _placed(self, problem: Problem) -> Found:
        """A problem at the value that the sweep sets, or at the value that was varied where the place is in the config."""
        place = self.config.place(problem)
        if any(place in places(parameter.node) for parameter in self.space.parameters):
            return place, problem
        reason = text(dotted(problem.path), problem.message, "")
        return self._at_value(
            replace(self._problem(), message=f"does not fit the config: {reason}", hint=problem.hint)
        )

    def _problem(self) -> Problem:
        return Problem(("parameters", self.varied.name), "")

    def _at_value(self, problem: Problem) -> Found:
        return self.varied.resolved(self.values).place, problem


def places(node: YamlNode) -> set[Place]:
    """Where a value and its parts are written."""
    value = node.value
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {node.place, node.key}.union(*map(places, entries))
