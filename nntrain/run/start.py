"""Start: the checkpoint whose weights a new run starts from (`fit --from`)."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nntrain.errors import UserError
from nntrain.run.stored import find_checkpoint


@dataclass(frozen=True)
class Start:
    """A checkpoint by its file and its contents."""

    checkpoint: str  # the file, as an absolute path
    sha256: str  # of the file

    @classmethod
    def of(cls, path: Path) -> "Start":
        """Of a checkpoint, or of a run folder's best one. Raises UserError."""
        file = find_checkpoint(path).resolve()
        try:
            return cls(str(file), hashlib.sha256(file.read_bytes()).hexdigest())
        except OSError as error:
            raise UserError(f"cannot read the checkpoint: {error.strerror}", place=str(file)) from None

    @classmethod
    def recorded(cls, info: dict[str, Any]) -> "Start | None":
        """As a run.json records it, if the run has such a start."""
        return cls(**info["from"]) if info.get("from") else None

    def to_info(self) -> dict[str, Any]:
        """What run.json records."""
        return {"from": asdict(self)}

    def check_unchanged(self) -> None:
        """Raises UserError if the file is gone or has changed."""
        if Start.of(Path(self.checkpoint)) != self:
            raise UserError(
                "the checkpoint that the run starts from has changed", "Start another run.", self.checkpoint
            )
