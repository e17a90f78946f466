"""Reply: what the server answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON, CSV = "application/json", "text/csv; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    body: bytes
    media: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Reply":
        return cls(json.dumps(value).encode() + b"\n", JSON, status, headers or {})
