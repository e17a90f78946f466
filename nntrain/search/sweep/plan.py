"""Plan: a sweep file with the config that it varies, read and checked before the first trial."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from nntrain import paths
from nntrain.config import Document, checked, dump
from nntrain.config.extends import extended
from nntrain.config.overrides import overridden
from nntrain.config.place import PlacedError, YamlNode
from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.errors import ConfigError, Problem, UserError, text
from nntrain.run.repeat import config_of, run_of
from nntrain.search.members import members
from nntrain.search.sweep.methods import method_problems
from nntrain.search.sweep.misfits import misfits
from nntrain.search.sweep.objective import Objective, objective_of
from nntrain.search.sweep.parameter import Values
from nntrain.search.sweep.space import Space
from nntrain.training.setup import Setup, prepare

SAME_SAMPLES = (("standardize",), ("augment",))  # options of the data that leave the splits as they are


@dataclass(frozen=True)
class Plan:
    """A sweep whose file, config and data fit together."""

    options: Sweep
    document: Document  # of the sweep file
    base: Document  # the config that trials override
    setup: Setup  # of the config without overrides
    space: Space
    objective: Objective

    @classmethod
    def read(cls, document: Document, overrides: Iterable[str] = (), check: bool = True) -> "Plan":
        """Raises UserError with all errors of a phase at once: the file, the config, each value that trials can have.

        check: whether to try those values.
        """
        keys = document.root.value
        if isinstance(keys, dict) and "model" in keys and not {"config", "parameters"} & keys.keys():
            hint = "Name it as `config` in a file with `parameters`."
            raise UserError("a config, not a sweep file", hint, document.file)
        options, document = checked(document, overrides, Sweep)
        try:
            space = Space.of(options.parameters, document.root.value["parameters"])
        except ConfigError as error:
            raise document.explain(error) from None
        base = base_of(options, document)
        config, checked_base = checked(base)
        try:
            setup = prepare(config, base.folder)
        except ConfigError as error:
            raise checked_base.explain(error) from None
        problems = method_problems(options, space, setup) + fold_problems(options, base, config)
        try:
            objective = objective_of(options, setup, (parameter.name for parameter in space.all()))
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise document.explain(ConfigError(problems))
        plan = cls(options, document, base, setup, space, objective)
        if check and (found := misfits(space, merged(base), setup)):
            raise PlacedError(found)
        return plan

    @property
    def name(self) -> str:
        return self.options.name or self.document.name

    @property
    def warnings(self) -> list[str]:
        """What works, but not as intended."""
        found = list(self.setup.warnings)
        for parameter in self.space.parameters:
            if parameter.name == "seed":
                found.append(
                    "`seed` is varied: trials are compared on different splits, and the best one had luck. Set `seeds: 3` to "
                    "average over seeds instead"
                )
            elif parameter.keys[0] == "data" and parameter.keys[1:2] not in SAME_SAMPLES:
                found.append(
                    f"`{parameter.name}` is varied: trials are compared on different samples. Remove it from `parameters`"
                )
        if self.options.method == "grid" and (self.options.trials or 0) > len(self.combinations):
            found.append(f"the grid has {len(self.combinations):,} combinations: no more trials are run")
        if self.options.method == "grid" and self.total and self.total < len(self.combinations):
            found.append(
                f"the grid has {len(self.combinations):,} combinations, of which the first {self.total:,} are tried. "
                "Remove `trials` to try all"
            )
        return found

    @property
    def total(self) -> int | None:
        """The number of trials; None for as many as the time allows."""
        if self.options.method != "grid":
            return self.options.trials
        count = len(self.combinations)
        return min(count, self.options.trials or count)

    @cached_property
    def combinations(self) -> list[Values]:
        """Of a grid."""
        return self.space.combinations() or []

    def config_with(self, overrides: tuple[str, ...]) -> tuple[Config, Document]:
        """The config of a trial, as `fit --set` has it, and its document."""
        return checked(self.base, overrides)

    def prepared(self, config: Config) -> Setup:
        """The setup of a trial; data that no trial changes are loaded once."""
        return prepare(config, self.base.folder, loaded=loaded(config, self.setup))


def loaded(config: Config, setup: Setup) -> tuple | None:
    """The splits of the setup where a config has the same."""
    if config.data == setup.config.data and config.seed == setup.config.seed:
        return setup.splits, setup.indices
    return None


def merged(base: Document) -> Document:
    """The config with the base that it extends, and the overrides of the run that it may be."""
    return overridden(extended(base, Config), base.overrides, Config)


def base_of(options: Sweep, document: Document) -> Document:
    """The config of a sweep: a file, a run folder, or a part of the sweep file. Raises UserError."""
    node: YamlNode = document.root.value["config"]
    if isinstance(options.config, dict):
        home, raw = document.folder.resolve(), dump(node.tree()).encode()
        return Document(document.file, raw, node, document.piped, home=home)
    try:
        path = paths.resolved(document.folder, options.config)
        if (run := run_of(Path(path))) is not None:
            return config_of(run, Path(path))
        return Document.read(path)
    except PlacedError:
        raise
    except UserError as error:
        problem = Problem(("config",), text(error.place, error.message, ""), error.hint)
        raise PlacedError([(node.place, problem)]) from None


def fold_problems(options: Sweep, base: Document, config: Config) -> list[Problem]:
    """Why the data of a config cannot be cut into the folds."""
    if options.folds is None:
        return []
    if config.data.fold is not None:
        return [
            Problem(("folds",), "the config holds out a fold itself", "Remove `data.fold` of the config.")
        ]
    first = members(config.seed, options.folds, options.seeds, options.group)[0]
    with_fold, document = checked(base, first.overrides)
    try:
        prepare(with_fold, document.folder)
    except ConfigError as error:
        return [
            replace(problem, path=("group",) if problem.path[2:] == ("group",) else ("folds",))
            if problem.path[:2] == ("data", "fold")
            else replace(problem, path=("folds",), message=f"with folds: {problem}")
            for problem in error.problems
        ]
    return []
