"""TensorBoard: writes a run for TensorBoard, into `tensorboard/` of its folder, where `train.tensorboard` asks for it."""

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import ConfigError, Problem
from nntrain.report.formats import split_and_score
from nntrain.report.observer import Observer
from nntrain.report.pictures import registry
from nntrain.run.folder import TENSORBOARD

if TYPE_CHECKING:
    from nntrain.network.arena import Arena
    from nntrain.run.session import Session
    from nntrain.training.state import TrainingState

POINTS = 1000  # of the curves by step: TensorBoard shows no more of one
HISTOGRAMS = 50  # of each array, so that the files of a long run stay small
BINS = 64


def require_writer() -> None:
    """Raises ConfigError where the package that writes is not installed."""
    if importlib.util.find_spec("tensorboardX") is None:
        message = "the package tensorboardX is not installed"
        hint = "Install it with `pip install 'nntrain[tensorboard]'`, or remove this option."
        raise ConfigError([Problem(("train", "tensorboard"), message, hint)])


class TensorBoardObserver(Observer):
    """Scalars by step and by evaluation, histograms of weights and gradients, the config as text, and in the end the pictures."""

    name = "writer for TensorBoard"

    def __init__(self) -> None:
        self._writer: Any = None  # a tensorboardX.SummaryWriter
        self._arena: Arena | None = None
        self._records_gradients = False
        self._stride = self._histogram_stride = 1  # steps
        self._next_histogram = 0
        self._loss_sum, self._steps = 0.0, 0  # since the last point

    def started(self, session: "Session") -> None:
        if session.folder is None:
            return
        from tensorboardX import SummaryWriter

        state, config = session.trainer.state, session.setup.config
        total = config.train.epochs * len(session.trainer.batches)
        self._stride, self._histogram_stride = math.ceil(total / POINTS), math.ceil(total / HISTOGRAMS)
        self._arena = session.trainer.network.arena
        self._records_gradients = bool(config.train.record and config.train.record.gradients)
        # What was written after the step from which the run is resumed is hidden: it is written again.
        purge = state.step + 1 if state.step else None
        # Files are read in the order of their names, which begin with the second.
        self._writer = SummaryWriter(
            str(session.folder.path / TENSORBOARD), purge_step=purge, filename_suffix=f".{state.step:08d}"
        )
        if not state.step:
            text = session.folder.config.read_text(encoding="utf-8", errors="replace")
            self._writer.add_text("config", f"```\n{text}\n```", 0)

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        self._loss_sum += loss
        self._steps += 1
        if self._steps >= self._stride and self._writer is not None:
            self._writer.add_scalar("loss/mini-batches", self._loss_sum / self._steps, state.step)
            self._writer.add_scalar("lr", lr, state.step)
            self._loss_sum, self._steps = 0.0, 0

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        if self._writer is None:
            return
        for column, value in row.items():
            split, score = split_and_score(column)
            if split and value is not None and not isinstance(value, list):
                self._writer.add_scalar(f"{score}/{split}", value, row["step"])
        if row["step"] >= self._next_histogram and self._arena is not None:
            self._next_histogram = row["step"] + self._histogram_stride
            self._add_histograms("weights", self._arena.parameters, row["step"])
            if self._records_gradients:
                self._add_histograms("gradients", self._arena.gradients, row["step"])
        self._writer.flush()

    def ended(self, session: "Session") -> None:
        if self._writer is None or session.folder is None:
            return
        step = session.trainer.state.step
        for name, path in registry.drawn_in(session.folder.path).items():
            self._writer.add_image(f"pictures/{name}", pixels(path), step, dataformats="HWC")

    def closed(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _add_histograms(self, kind: str, arrays: dict[str, np.ndarray], step: int) -> None:
        for name, array in arrays.items():
            values = array[np.isfinite(array)]
            if values.size:
                self._writer.add_histogram(f"{kind}/{name}", values, step, bins=BINS)


def pixels(path: Path) -> np.ndarray:
    """The pixels (rows, columns, 3) of an image file."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
