"""Paths as configs and the environment write them: with `~`, `nntrain:` and `$NAME`, relative to a folder."""

import os
import re
import tempfile
from pathlib import Path

from nntrain.errors import DataError

PACKAGED = "nntrain:"  # what a path into the packaged data begins with
PACKAGED_FOLDER = Path(__file__).parent / "data" / "packaged"
VARIABLE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def resolved(folder: Path, name: str) -> Path:
    """The path of `name` in a config: `~` is the home folder, `$NAME` and `${NAME}` are variables, `$$` is a dollar sign.

    `nntrain:` begins a path in the folder of the packaged data. Relative paths count from `folder`. A file whose name has a
    dollar sign needs no `$$`. Raises DataError for a variable that is not set.
    """
    if "$" in name and os.path.lexists(folder / name):
        return folder / name
    return folder / expanded(name)


def expanded(name: str) -> str:
    """`~`, `nntrain:`, `$NAME` and `${NAME}` replaced. Raises DataError for a variable that is not set."""

    def value(found: re.Match[str]) -> str:
        variable = found[1] or found[2]
        if variable is None:
            return "$"
        if variable not in os.environ:
            hint = "Set it, or write $$ for a dollar sign."
            raise DataError(f"the environment variable {variable} is not set", hint, name)
        return os.environ[variable]

    return with_places(VARIABLE.sub(value, name))


def with_places(name: str) -> str:
    """`~` replaced by the home folder, if there is one, and `nntrain:` by the folder of the packaged data."""
    if name.startswith(PACKAGED):
        return str(PACKAGED_FOLDER / name.removeprefix(PACKAGED))
    own = home()
    if own is not None and (name == "~" or name.startswith("~/")):
        return str(own / name[2:])
    return os.path.expanduser(name)


def as_written(path: Path, folder: Path) -> str:
    """How a config in `folder` names `path`: packaged data with `nntrain:`, others relative to the folder."""
    if path.is_relative_to(PACKAGED_FOLDER):
        return f"{PACKAGED}{path.relative_to(PACKAGED_FOLDER)}"
    return os.path.relpath(path, folder)


def home() -> Path | None:
    """The home folder: $HOME, or that of the account where $HOME is not an absolute path; None for an account without one."""
    found = os.path.expanduser("~")
    if os.path.isabs(found):
        return Path(found)
    try:
        import pwd  # not on Windows, where a home folder is absolute

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):
        return None


def named_by(variable: str) -> Path | None:
    """The absolute path of the folder that an environment variable names; None where it is not set."""
    named = os.environ.get(variable)
    return Path(with_places(named)).absolute() if named else None


def cache_folder() -> Path:
    """$NNTRAIN_CACHE, or ~/.cache/nntrain; without a home folder, one for temporary files."""
    own = home()
    return named_by("NNTRAIN_CACHE") or (own / ".cache" if own else Path(tempfile.gettempdir())) / "nntrain"
