"""Limits: what one request may ask of a server, so that none can exhaust the machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is more than this is refused, with the number in the message."""

    body: int = 10_000_000  # bytes of a request
    rows: int = 10_000  # of a request; of a text, the characters of the prompt and the tokens to generate
    seconds: float = 30.0  # from the head of a request to its answer
    waiting: int = 256  # requests that are read or wait for their answer at the same time
    connections: int = 512  # open at the same time
    pixels: int = 40_000_000  # of an image, before it is resized
    numbers: int = 1_000_000  # in an answer

    @property
    def held(self) -> int:
        """Bytes of all requests that wait."""
        return max(64_000_000, 4 * self.body)


HEAD_S = 10.0  # for the head of a request
SLOWEST = 1024  # bytes per second at which an answer is read; slower clients lose their connection
IDLE_S = 30  # between two requests of one connection
EXIT_S = 10  # for requests in flight when the server ends
