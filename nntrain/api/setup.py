"""What `fit`, `gradcheck` and the commands begin with: a config from a file or a dictionary, checked and set up."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nntrain.api.data import SOURCE, Data
from nntrain.config import Document, dump
from nntrain.config.schema import Config
from nntrain.config.validate import checked
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.errors import ConfigError, UserError
from nntrain.limits import processors
from nntrain.run.repeat import config_of, run_of
from nntrain.search.crossval import config_in
from nntrain.training.setup import Setup, prepare

ConfigLike = str | Path | Mapping[str, Any]


def overrides_of(values: Mapping[str, Any] | None) -> tuple[str, ...]:
    """{"optimizer.sgd.lr": 0.05} -> ("optimizer.sgd.lr=0.05",)."""
    return tuple(f"{key}={json.dumps(value)}" for key, value in (values or {}).items())


def read_config(config: ConfigLike, overrides: tuple[str, ...] = ()) -> tuple[Config, Document]:
    """The typed config, and the document that names the place of every value. Raises UserError.

    A run folder, or a config in it, is the config of the run with its overrides; so is the config of a cross-validation.
    """
    return checked(document_of(config), overrides)


def document_of(config: ConfigLike) -> Document:
    """The text of a config, with the place of every value. Raises UserError."""
    if isinstance(config, Mapping):
        return Document.parse(dump(dict(config)), file="config")
    run = run_of(Path(config))
    if run is not None:
        return config_of(run, Path(config))
    return config_in(Path(config)) or Document.read(config)


def load_setup(
    config: ConfigLike | Document, overrides: tuple[str, ...] = (), data: Data | None = None
) -> tuple[Setup, Document]:
    """The config with its data, or with `data`, and its graph. Raises UserError; errors in the config name their place."""
    read = config if isinstance(config, Document) else document_of(config)
    typed, document = checked(read, overrides if data is None else (*overrides, SOURCE))
    try:
        loaded = None if data is None else data.load_for(typed.data, document.folder, typed.seed_of_splits)
        return prepare(typed, document.folder, loaded=loaded), document
    except ConfigError as error:
        raise document.explain(error) from None


@contextlib.contextmanager
def computing_threads(count: int | None, name: str = "threads", ranks: Ranks = ALONE) -> Iterator[int]:
    """Meanwhile this thread computes with `count` threads; None leaves the number as it is, by default all processors that this
    process may use, divided among the ranks on this machine.

    `name` is what errors call the number. Raises UserError for an impossible one.
    """
    from nntrain import kernels

    available, before = kernels.jit.thread_limit(), kernels.jit.threads_in_use()
    if count is not None and not 1 <= count <= available:
        raise UserError(f"expected a number from 1 to {available}. Received: {count}", place=name)
    try:
        # Numba knows to which processors the process is bound, but not the quota of its control group.
        default = min(before, ranks.threads(processors())) if before == available else before
        yield kernels.jit.use_threads(default if count is None else count)
    finally:
        kernels.jit.use_threads(before)
