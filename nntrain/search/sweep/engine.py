"""Engine: Optuna, imported on first use, and kept from printing."""

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator

from nntrain.errors import UserError


def require_optuna() -> None:
    """Raises UserError where it is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise UserError(
            "the package optuna is not installed", "Install it with `pip install 'nntrain[sweep]'`."
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Around calls of Optuna: its notices about experimental arguments and the like are not for users of a sweep."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def forwarded(warn: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile what Optuna logs as a warning goes to `warn`, and nothing to its own handler."""
    import optuna

    logger, handler = logging.getLogger("optuna"), Forwarding(warn)
    handlers = logger.handlers[:]
    optuna.logging.disable_default_handler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if logger.handlers != handlers:
            optuna.logging.enable_default_handler()


class Forwarding(logging.Handler):
    def __init__(self, warn: Callable[[str], None]):
        super().__init__(logging.WARNING)
        self.warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self.warn(record.getMessage())
