"""Fit: trains the network of a config, and returns the run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from nntrain.api import all_data
from nntrain.api.data import Data
from nntrain.api.run import Run
from nntrain.api.setup import ConfigLike, computing_threads, document_of, load_setup, overrides_of
from nntrain.config import Document
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.distributed.together import together
from nntrain.errors import ConfigError, Problem
from nntrain.report.html import PAGE
from nntrain.report.observer import Observer
from nntrain.report.observers import RunDisplay
from nntrain.report.pictures import registry
from nntrain.report.tensorboard import require_writer
from nntrain.run import verification
from nntrain.run.opening import Existing, Place
from nntrain.run.repeat import start_of
from nntrain.run.same import require_same
from nntrain.run.session import Session
from nntrain.run.start import Start
from nntrain.run.verification import Verified
from nntrain.training.interruption import NeverInterrupted
from nntrain.training.loop import StopRequest
from nntrain.training.setup import Setup


def fit(
    config: ConfigLike,
    *,
    data: Data | None = None,
    set: Mapping[str, Any] | None = None,  # the command's --set
    runs_dir: str | Path | None = "runs",
    name: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    from_: str | Path | None = None,
    threads: int | None = None,
    progress: bool = False,
    on_all_data: bool = False,
) -> Run:
    """Trains the network that a config describes, as the command `nntrain fit` does, with the same bytes.

    config: a YAML file, its contents as a dictionary, or the folder of a run to repeat; `data` replaces its `data.source`.
    set: values that change the config, by dotted key, such as {"optimizer.sgd.lr": 0.05}.
    runs_dir, name: the run is kept in RUNS_DIR/NAME; without a name, in the first free folder of the config's name.
    runs_dir None: nothing is written.
    resume: continue the run of that name from its last checkpoint. overwrite: replace it.
    from_: a run folder (its best checkpoint) or a checkpoint, whose weights the new run starts from, layer by layer by name
    and shape.
    threads: how many threads compute; all by default. The results do not depend on it.
    progress: print progress, as the command does.
    on_all_data: afterwards train a second run, NAME-all-data, on the training and validation samples together, for as many epochs as
    were best in the first one, and return that run; its `epochs_from` is the first one.

    Raises UserError (ConfigError, DataError) for wrong input, Diverged where the loss becomes NaN or infinite.
    """
    if resume and overwrite:
        raise ValueError("resume continues a run, overwrite replaces it: choose one")
    place = None if runs_dir is None else Place(Path(runs_dir), name, policy(resume, overwrite))
    return train(
        config,
        overrides_of(set),
        place,
        NeverInterrupted(),
        threads,
        start=from_,
        terminal=progress,
        data=data,
        on_all_data=on_all_data,
    )


def policy(resume: bool, overwrite: bool) -> Existing:
    return Existing.RESUME if resume else Existing.OVERWRITE if overwrite else Existing.REFUSE


def train(
    config: ConfigLike,
    overrides: tuple[str, ...],
    place: Place | None,
    interruption: AbstractContextManager[StopRequest],
    threads: int | None = None,
    *,
    start: str | Path | None = None,
    terminal: bool = True,
    quiet: bool = False,
    data: Data | None = None,
    ranks: Ranks = ALONE,
    on_all_data: bool = False,
) -> Run:
    """What the function and the command `fit` share. ranks: the command alone trains on several."""
    with computing_threads(threads, ranks=ranks) as count:
        with together(ranks), ranks.in_turn():
            first = Start.of(Path(start)) if start is not None else recorded_start(config)
            source = document_of(config)

        def trained(
            overrides: tuple[str, ...],
            place: Place | None,
            facts: Mapping[str, Any],
            notes: Sequence[str] = (),
        ) -> tuple[Run, Session]:
            with together(ranks), ranks.in_turn():
                setup, document = load_setup(source, overrides, data)
                require_ready(setup, document, ranks, on_all_data=all_data.WANTED in facts)
            require_same(setup, ranks)
            with Session(setup, document, overrides, count, first, ranks, facts=facts) as session:
                session.open(place, [*registry.file_names(), PAGE])
                session.notes += notes
                if not session.complete:
                    shown = terminal, quiet, setup.config.train.tensorboard
                    session.train(RunDisplay(*shown) if ranks.is_root else Observer(), interruption)
                ranks.wait()  # for the pictures
                return Run.of(session), session

        run, session = trained(overrides, place, {all_data.WANTED: True} if on_all_data else {})
        with together(ranks):
            second = ranks.broadcast(
                all_data.second_of(session, place, on_all_data) if ranks.is_root else None
            )
        del session  # with its arrays
        if second is None:
            return run
        on_all, _ = trained((*overrides, *second.overrides), second.place, second.facts, second.notes)
        on_all.epochs_from = run
        return on_all


def require_ready(setup: Setup, document: Document, ranks: Ranks, on_all_data: bool) -> None:
    """Raises ConfigError for what would otherwise fail during training, or after it."""
    require_equal_shares(setup, document, ranks)
    try:
        if setup.config.train.tensorboard:
            require_writer()
        if on_all_data:
            all_data.check_can_follow(setup)
    except ConfigError as error:
        raise document.explain(error) from None


def require_equal_shares(setup: Setup, document: Document, ranks: Ranks) -> None:
    """Raises ConfigError where the ranks cannot have equally many shards."""
    shards = setup.config.train.shards
    if shards % ranks.size:
        fit = ranks.size * -(-shards // ranks.size)
        what = f"{shards} shard{'s' * (shards != 1)} of a batch cannot be divided equally among {ranks.size} ranks"
        raise document.explain(
            ConfigError([Problem(("train", "shards"), what, f"Set `train.shards` to {fit}.")])
        )


def recorded_start(config: ConfigLike) -> Start | None:
    """The start of a run that is repeated."""
    return None if isinstance(config, Mapping) else start_of(Path(config))


def verify_resume(
    config: ConfigLike,
    overrides: tuple[str, ...] = (),
    *,
    start: str | Path | None = None,
    data: Data | None = None,
) -> Verified:
    """Trains a few steps of a config straight and with a restart in the middle, and compares every bit; nothing is written.

    Raises ResumeDiffers, which names what differs, and what `fit` raises.
    """
    first = Start.of(Path(start)) if start is not None else recorded_start(config)
    setup, document = load_setup(config, overrides, data)
    return verification.verify_resume(setup, document.folder, Path(first.checkpoint) if first else None)
