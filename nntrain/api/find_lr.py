"""Find the learning rate: the range test of a config."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nntrain.api.data import Data
from nntrain.api.setup import ConfigLike, computing_threads, load_setup, overrides_of
from nntrain.config.document import Document
from nntrain.errors import ConfigError, dotted
from nntrain.options import IS_REQUIRED
from nntrain.range_test import HIGHEST, LOWEST, STEPS, RangeTest, range_test
from nntrain.report.pictures.drawing.canvas import Style
from nntrain.report.pictures.picture import Arrays, Drawn
from nntrain.report.pictures.training.learning_rate import LearningRate, arrays_of
from nntrain.run.pretrained import initialize
from nntrain.training.loop import Trainer
from nntrain.training.setup import Setup


def find_lr(
    config: ConfigLike,
    *,
    data: Data | None = None,
    set: Mapping[str, Any] | None = None,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    threads: int | None = None,
) -> RangeTest:
    """Suggests a learning rate, as the command `nntrain find-lr` does: `nntrain.find_lr("config.yaml").suggestion`.

    Trains from the initial parameters for at most `steps` steps with rates that grow from `lowest` to `highest`, and stops where
    training diverges. Nothing is written. The result has `suggestion`, `rates`, `losses` and `smoothed`; it is the same for
    any number of threads. The rate is the optimizer's `lr`, from which the config's schedule starts. The config need not set it.

    Raises UserError for wrong input, NntrainError where the loss does not fall at any rate.
    """
    with computing_threads(threads):
        loaded = with_any_rate(lambda overrides: load_setup(config, overrides, data), overrides_of(set))
        return suggested(loaded, steps, lowest, highest)


Load = Callable[[tuple[str, ...]], tuple[Setup, Document]]


@dataclass(frozen=True)
class Loaded:
    """A config with its data, and the keys of required rates that it does not set."""

    setup: Setup
    document: Document
    missing: tuple[str, ...]


def with_any_rate(load: Load, overrides: tuple[str, ...]) -> Loaded:
    """Loads a config, with any value where only its learning rate is missing. Raises UserError for every other error."""
    try:
        return Loaded(*load(overrides), ())
    except ConfigError as error:
        missing = tuple(dotted(one.path) for one in error.problems if one.message == IS_REQUIRED)
        if len(missing) < len(error.problems) or not all(key.endswith(("lr", "max_lr")) for key in missing):
            raise
    return Loaded(*load((*overrides, *(f"{key}=1" for key in missing))), missing)


def suggested(
    loaded: Loaded,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    done: Callable[[int], None] = lambda steps: None,
) -> RangeTest:
    """What the function and the command share; `done` is called after each step."""
    trainer = Trainer(loaded.setup)
    initialize(loaded.setup.graph, trainer.network, loaded.document.folder)
    result = range_test(trainer, steps, lowest, highest, done)
    return replace(result, lr=None) if result.key in loaded.missing else result


def draw(result: RangeTest, name: str, path: Path, style: Style = "light") -> None:
    """Draws the range test of a config into a file."""
    LearningRate().write(path, Drawn(name, Arrays(path, arrays_of(result))), style=style)
