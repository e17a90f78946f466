"""Check: what can be known of a training before it starts: its cost, and mistakes in data, network and options."""

from collections.abc import Mapping
from typing import Any

from nntrain.api.data import Data
from nntrain.api.setup import ConfigLike, computing_threads, load_setup, overrides_of
from nntrain.preflight.report import Report, checked


def check(
    config: ConfigLike,
    *,
    data: Data | None = None,
    set: Mapping[str, Any] | None = None,  # the command's --set
    threads: int | None = None,
) -> Report:
    """Checks a config and its data before training, as the command `nntrain check` does. Takes seconds, writes nothing.

    config, data, set, threads: as for `fit`. The report has `passed`, `findings`, `cost`, `layers` and `to_dict()`.

    Raises UserError (ConfigError, DataError) for wrong input.
    """
    with computing_threads(threads):
        setup, document = load_setup(config, overrides_of(set), data)
        return checked(setup, document.folder, setup.config.name or document.name)
