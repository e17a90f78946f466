"""Together: what one rank finds wrong ends all ranks, with one message and one exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

from nntrain.distributed.ranks import Ranks
from nntrain.errors import NntrainError


class Ended(NntrainError):
    """An error that all ranks have: the root reports it."""

    on_all_ranks = True

    def __init__(self, message: str, hint: str, place: str, exit_code: int):
        super().__init__(message, hint, place)
        self.exit_code = exit_code


@contextmanager
def together(ranks: Ranks) -> Iterator[None]:
    """An error that any rank meets inside is raised on all, after it: on the root its own, or else the first of the others."""
    own: NntrainError | None = None
    try:
        yield
    except NntrainError as error:
        if ranks.size == 1:
            raise
        own = error
    report = None if own is None else (own.exit_code, own.message, own.hint, own.place, ranks.host)
    for rank, found in enumerate(ranks.gathered(report)):
        if found is None:
            continue
        if own is not None and ranks.is_root:
            own.on_all_ranks = True
            raise own
        code, message, hint, place, host = found
        if rank:
            place = f"rank {rank} on {host}" + (f": {place}" if place else "")
        raise Ended(message, hint, place, code)
