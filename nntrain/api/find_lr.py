"""Find the learning rate: the range test of a config."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nntrain.api.data import Data
from nntrain.api.setup import ConfigLike, computing_threads, load_setup, overrides_of
from nntrain.config.document import Document
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
    any number of threads. The rate is the optimizer's `lr`, from which the config's schedule starts.

    Raises UserError for wrong input, NntrainError where the loss does not fall at any rate.
    """
    with computing_threads(threads):
        return suggested(*load_setup(config, overrides_of(set), data), steps, lowest, highest)


def suggested(
    setup: Setup,
    document: Document,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    done: Callable[[int], None] = lambda steps: None,
) -> RangeTest:
    """What the function and the command share; `done` is called after each step."""
    trainer = Trainer(setup)
    initialize(setup.graph, trainer.network, document.folder)
    return range_test(trainer, steps, lowest, highest, done)


def draw(result: RangeTest, name: str, path: Path, style: Style = "light") -> None:
    """Draws the range test of a config into a file."""
    LearningRate().write(path, Drawn(name, Arrays(path, arrays_of(result))), style=style)
