"""A run whose folder can no longer be written: which file, why, what is saved, and what to do."""

import errno
from pathlib import Path

from nntrain.errors import NntrainError
from nntrain.run.folder import RunFolder

REMEDIES = {
    errno.ENOSPC: "Free some space",
    errno.EDQUOT: "Free some space, or have the quota raised",
    errno.EFBIG: "Allow larger files (see `ulimit -f`)",
    errno.EROFS: "Make the folder writable",
    errno.EACCES: "Make the folder writable",
    errno.EPERM: "Make the folder writable",
}


class CannotSave(NntrainError):
    """The run stopped because its folder cannot be written.

    `remedy` is what to do before `folder` is resumed; empty where the folder is gone.
    """

    def __init__(self, message: str, remedy: str, place: Path, folder: RunFolder):
        hint = f"{remedy}, then resume the run." if remedy else "Train the run again, in a folder that stays."
        super().__init__(message, hint, str(place))
        self.remedy, self.folder = remedy, folder


def cannot_save(folder: RunFolder, error: OSError, step: int) -> CannotSave | None:
    """The error at `step` of training as a message; None if it is not about a file of the run."""
    if error.filename is None or not Path(error.filename).is_relative_to(folder.path):
        return None
    for gone, loss in ((folder.path, "nothing of the run"), (folder.checkpoints.folder, "no checkpoint")):
        if not gone.is_dir():
            message = (
                f"the folder was removed while the run was trained; stopped at step {step:,}, {loss} is left"
            )
            return CannotSave(message, "", gone, folder)
    saved = folder.saved_step
    kept = "nothing of the run is saved yet" if saved is None else f"the run is saved up to step {saved:,}"
    message = f"cannot be written: {error.strerror}; stopped at step {step:,}, {kept}"
    return CannotSave(message, REMEDIES.get(error.errno or 0, "Check the disk"), Path(error.filename), folder)
