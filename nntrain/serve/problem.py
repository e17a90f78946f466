"""Problem: why a request is refused, as a status and JSON with `error` and `hint`."""

from collections.abc import Mapping

from nntrain.errors import NntrainError
from nntrain.serve.reply import Reply


class Problem(Exception):
    """A request that gets an error as its answer."""

    def __init__(self, status: int, error: str, hint: str = "", headers: Mapping[str, str] | None = None):
        super().__init__(error)
        self.status, self.error, self.hint = status, error, hint
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: NntrainError) -> "Problem":
        """Samples that the network cannot take."""
        place = f"{error.place}: " if error.place else ""
        return cls(422, f"{place}{error.message}", error.hint)

    def reply(self) -> Reply:
        text = {"error": self.error, "hint": self.hint} if self.hint else {"error": self.error}
        return Reply.json(text, self.status, self.headers)


def busy(reason: str, after_s: int = 1) -> Problem:
    """The server cannot answer now."""
    hint = f"Try again in {after_s} {'second' if after_s == 1 else 'seconds'}."
    return Problem(503, reason, hint, {"retry-after": str(after_s)})


def too_large(limit: int) -> Problem:
    hint = "Send fewer rows per request, or start the server with a higher limit."
    message = f"expected a request of at most {limit:,} bytes. Received: a larger one."
    return Problem(413, message, hint, {"connection": "close"})


def too_slow(seconds: float) -> Problem:
    message = f"the request did not arrive within {seconds:g} s"
    return Problem(408, message, "Send it faster, or in smaller parts.", {"connection": "close"})
