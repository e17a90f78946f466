"""Training of an estimator: a whole run, or one more epoch, from initial parameters or from those of a snapshot."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.api.data import SOURCE, Data
from nntrain.api.setup import computing_threads, read_config
from nntrain.config.document import Document
from nntrain.config.schema import Config
from nntrain.data.dataset import Splits
from nntrain.errors import ConfigError
from nntrain.inference.trained import Trained
from nntrain.network.snapshot import STATISTICS, DoesNotFit, Snapshot, arrays_of
from nntrain.report.observers import RunDisplay
from nntrain.report.pictures import registry
from nntrain.run.memory import MemoryRecord
from nntrain.run.opening import Existing, Place
from nntrain.run.pretrained import initialize
from nntrain.run.session import Session
from nntrain.sklearn.errors import InvalidInput
from nntrain.training.interruption import NeverInterrupted
from nntrain.training.loop import Trainer
from nntrain.training.record import Silent
from nntrain.training.setup import Setup, prepare


@dataclass(frozen=True)
class Fitted:
    """What a training left behind."""

    best: Snapshot
    last: Snapshot
    history: dict[str, np.ndarray]  # the evaluations by column
    warnings: list[str]
    epochs: int


def whole_run(
    config: dict[str, Any],
    data: Data,
    weights: Snapshot | None,
    threads: int | None,
    verbose: bool,
    folder: Path | None,
) -> Fitted:
    """Trains to the end. weights: of the same network, to start from."""
    with computing_threads(threads) as count:
        setup, document = set_up(config, data, weights)
        with Session(setup, document, (SOURCE,), count, weights=weights) as session:
            place = None if folder is None else Place(folder, None, Existing.REFUSE)
            try:
                session.open(place, registry.file_names())
            except DoesNotFit as error:
                raise other_network(error) from None
            session.train(RunDisplay(terminal=verbose), NeverInterrupted())
            return Fitted(
                session.snapshot(),
                session.snapshot(best=False),
                dict(session.record.evaluation_columns()),
                session.all_warnings,
                session.trainer.state.epoch,
            )


def one_epoch(config: dict[str, Any], data: Data, before: Snapshot | None, threads: int | None) -> Fitted:
    """Trains one epoch, with the optimizer's state of the snapshot before."""
    done = 0 if before is None else before.facts["training"]["epoch"]
    config["train"] |= {"epochs": done + 1}
    with computing_threads(threads):
        setup, document = set_up(config, data, before)
        trainer, record = Trainer(setup), MemoryRecord()
        if before is None:
            initialize(setup.graph, trainer.network, document.folder)
        else:
            try:
                trainer.take(before)
            except DoesNotFit as error:
                raise other_network(error) from None
            trainer.state.batch, trainer.state.stopped_early = 0, False
        trainer.train(record, Silent(), False)
        assert record.last is not None
        return Fitted(record.last, record.last, record.evaluation_columns(), [], 1)


def other_network(error: DoesNotFit) -> InvalidInput:
    message = f"training continues with the parameters of the last one, but the network has changed: {error.message}"
    return InvalidInput(message, "Set `warm_start=False`, or fit a new estimator.", "warm_start")


def set_up(config: dict[str, Any], data: Data, before: Snapshot | None) -> tuple[Setup, Document]:
    """The setup; inputs are standardized as before, because the parameters expect it."""
    typed, document = read_config(config, (SOURCE,))
    try:
        splits, indices = data.load_for(typed.data, document.folder, typed.seed_of_splits)
        if before is not None:
            kept = before.statistics()
            splits = Splits(
                **{
                    name: replace(part, shift=kept["shift"], scale=kept["scale"])
                    for name, part in splits.parts().items()
                }
            )
        return prepare(typed, document.folder, loaded=(splits, indices)), document
    except ConfigError as error:
        raise document.explain(error) from None


def for_inference(snapshot: Snapshot, output: str, mean: np.ndarray, std: np.ndarray) -> Snapshot:
    """The network alone, averaged if the run averages it; its outputs times `std` plus `mean`, by the dense layer `output`.

    A standardized target is learned with outputs of unit scale. The last layer is linear, so the scale goes into its parameters.
    """
    trained = Trained(Config.model_validate(snapshot.facts["config"]), snapshot)
    arrays = {name: array.copy() for name, array in arrays_of(trained.network(1)).items()}
    if (std != 1).any() or (mean != 0).any():
        weight, bias = arrays[f"parameter.{output}.weight"], arrays[f"parameter.{output}.bias"]
        weight *= std
        bias[...] = bias * std + mean
    statistics = {f"{STATISTICS}{name}": array for name, array in snapshot.statistics().items()}
    return Snapshot(arrays | statistics, snapshot.facts)
