"""Errors of estimators: nntrain's errors of input are ValueErrors too, as scikit-learn expects."""

import contextlib
from collections.abc import Iterator

from nntrain.errors import UserError


class InvalidInput(UserError, ValueError):
    """Options or data that an estimator cannot use."""


@contextlib.contextmanager
def as_value_errors() -> Iterator[None]:
    """Meanwhile errors of the user's input are raised as InvalidInput."""
    try:
        yield
    except InvalidInput:
        raise
    except UserError as error:
        raise InvalidInput(error.message, error.hint, error.place) from None
