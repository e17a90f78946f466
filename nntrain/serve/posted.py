"""Posted: a request to predict as it came, before its body is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from nntrain.serve.problem import Problem
from nntrain.serve.reply import CSV

UTF_8 = ("", "utf-8", "utf8", "us-ascii", "ascii")


@dataclass(frozen=True)
class Posted:
    """`parameters` are those of the content type, `query` those of the address."""

    body: bytes
    media: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    accept: str = ""

    @classmethod
    def of(cls, body: bytes, content_type: str, query: Mapping[str, str], accept: str) -> "Posted":
        if content_type == "application/json":  # by far the most common, and fast
            return cls(body, content_type, {}, query, accept)
        media, *rest = content_type.split(";")
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
        return cls(body, media.strip().lower(), parameters, query, accept)

    def text(self) -> str:
        """The body as text. Raises Problem."""
        charset = self.parameters.get("charset", "").lower()
        if charset not in UTF_8:
            raise Problem(415, f"expected text in UTF-8. Received: {charset[:40]}.", "Send UTF-8.")
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            where = f"byte {error.start + 1:,} of the body"
            raise Problem(400, f"{where}: expected text in UTF-8", "Send UTF-8.") from None

    @property
    def wants_csv(self) -> bool:
        """Whether the answer is CSV: as `Accept` says; by default as the request."""
        wanted = [part.partition(";")[0].strip().lower() for part in self.accept.split(",")]
        for media in wanted:
            if media in ("text/csv", "application/json"):
                return media in CSV
        return self.media == "text/csv"
