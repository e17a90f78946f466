"""Reply: what the server answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

JSON, CSV = "application/json", "text/csv; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    body: bytes
    media: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
