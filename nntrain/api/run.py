"""Run: what a training left behind, in its folder or in memory."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.api import all_data
from nntrain.api.html import run_html
from nntrain.api.model import Model
from nntrain.config.schema import Config
from nntrain.errors import UserError
from nntrain.inference.trained import Trained
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import read
from nntrain.run.folder import RunFolder
from nntrain.run.memory import MemoryRecord
from nntrain.run.session import Session
from nntrain.run.status import status_of
from nntrain.run.stored import find_checkpoint
from nntrain.training.extension import needed_to_continue


def open_run(path: str | Path) -> "Run":
    """A run from its folder. Raises UserError."""
    folder = RunFolder(Path(path))
    find_checkpoint(folder.path)
    info = folder.read_info()
    reports = (info.get(name, empty) for name, empty in (("scores", {}), ("baseline", {}), ("warnings", [])))
    return Run(folder, status_of(folder.path, info), *reports)


class Run:
    """A finished or unfinished training.

    status: "finished", "stopped early", "imported", "interrupted" or "failed"; of a folder also "running", or "killed" if its process is gone.
    path: the run folder; None if the run was kept in memory.
    scores: {"test": {"loss": 0.11, "accuracy": 0.975}, ...} of the best checkpoint on every split.
    baseline: the same of the best constant prediction, which a network has to beat.
    warnings: what trained but not as intended, and what the end of the run shows.
    """

    def __init__(
        self,
        record: RunFolder | MemoryRecord,
        status: str,
        scores: dict[str, dict[str, Any]],
        baseline: dict[str, dict[str, Any]],
        warnings: list[str],
    ):
        self._record = record
        self.was_complete = False  # whether there was nothing left to train when `fit` resumed it
        self.to_continue = ""  # what to change, in that case, so that it trains on
        self.status = status
        self.scores = scores
        self.baseline = baseline
        self.warnings = warnings

    @classmethod
    def of(cls, session: Session) -> "Run":
        if session.complete and session.folder is not None:
            run = open_run(session.folder.path)
            if not session.trained:
                trainer = session.trainer
                run.was_complete = True
                run.to_continue = needed_to_continue(trainer.state, trainer.config.train)
            return run
        return cls(session.record, session.status, session.scores, session.baseline, session.all_warnings)

    @cached_property
    def epochs_from(self) -> "Run | None":
        """Of a run on all data (`fit --on-all-data`): the run that found the number of epochs, if it is still beside it."""
        of = self._record.read_info().get(all_data.OF) if isinstance(self._record, RunFolder) else None
        first = self.path.parent / of["run"] if self.path is not None and of else None
        return open_run(first) if first is not None and first.is_dir() else None

    @property
    def path(self) -> Path | None:
        return self._record.path if isinstance(self._record, RunFolder) else None

    @cached_property
    def history(self) -> Mapping[str, np.ndarray]:
        """The evaluations by column, each (evaluations,): "step", "epoch", "lr", "train_loss", "validation_loss", ..."""
        return self._record.evaluation_columns()

    @cached_property
    def steps(self) -> Mapping[str, np.ndarray]:
        """The training steps by column, each (steps,): "step", "epoch", "loss", "lr"."""
        return self._record.step_columns()

    @cached_property
    def layers(self) -> Mapping[str, np.ndarray]:
        """What `train.record` recorded, by column, each (rows,): "step", "epoch", "kind", "name", "norm", "mean", ...; empty without.

        kind: "weights", "gradients" or "activations". name: of a parameter, such as "dense_1.weight", or of a layer.
        """
        return self._record.layer_columns()

    @cached_property
    def model(self) -> Model:
        """The network of the best checkpoint."""
        return Model(self._trained(best=True))

    @cached_property
    def last(self) -> Model:
        """The network of the last checkpoint."""
        return Model(self._trained(best=False))

    @property
    def config(self) -> dict[str, Any]:
        """The config of the run, with every default."""
        return self.last.config

    def _trained(self, best: bool) -> Trained:
        snapshot = self._snapshot(best)
        return Trained(Config.model_validate(snapshot.facts["config"]), snapshot)

    def _snapshot(self, best: bool) -> Snapshot:
        record = self._record
        if isinstance(record, RunFolder):
            return read(find_checkpoint(record.path) if best else record.last)
        found = (best and record.best) or record.last
        if found is None:
            raise UserError("the run has saved no checkpoint yet")
        return found

    def __repr__(self) -> str:
        where = self.path if self.path is not None else "in memory"
        return f"<nntrain.Run {where}: {self.status}>"

    def _repr_html_(self) -> str:
        return run_html(self)
