"""Start: the checkpoint whose weights a new run starts from (`fit --from`)."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nntrain.errors import UserError
from nntrain.run.folder import RunFolder
from nntrain.run.opening import CannotResume
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


def resumed_start(folder: RunFolder, given: Start | None, *, has_begun: bool) -> Start | None:
    """A run that is resumed has the start that it began with. Raises CannotResume if another one is given."""
    recorded = Start.recorded(folder.read_info())
    if has_begun and given is not None and given != recorded:
        start = f"was started from {recorded.checkpoint}" if recorded else "started from initial weights"
        raise CannotResume(f"the run {start}", str(folder.path), "Undo the change")
    return recorded or given


def start_from(folder: RunFolder) -> str:
    """A hint how to use what a diverged run has saved; empty if it has saved nothing."""
    if not folder.last.exists():
        return ""
    path = folder.path.resolve()
    return f" To keep what it has learned, start another run with `model.initializer.pretrained: {path}`."
