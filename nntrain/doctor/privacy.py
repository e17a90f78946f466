"""Privacy: paths and variables without the user's name, home folder and passwords, because a diagnosis is pasted into reports."""

import getpass
import os
import re
from pathlib import Path

from nntrain.paths import home

HOMES = re.compile(r"/(home|Users)/[^/:\s]+")  # of other users
PASSWORD = re.compile(r"://[^/@\s]+@")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
HIDDEN = "(hidden)"


def without_names(text: str | Path) -> str:
    """The home folder as `~`, the names of users and what precedes an @ in a URL left out."""
    text = str(text)
    own = home()
    if own is not None and own != Path(own.anchor):
        text = re.sub(rf"{re.escape(str(own))}(?=[/\\:]|$)", "~", text)
    text = PASSWORD.sub("://…@", HOMES.sub(r"/\1/…", text))
    if (name := user_name()) and len(name) > 1:
        text = re.sub(rf"(?<=[/\\]){re.escape(name)}(?=[/\\:]|$)", "…", text)
    return text


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without an account
        return ""


def variables() -> dict[str, str]:
    """The variables of the environment that nntrain, Numba and OpenMP read."""
    found = {
        name: os.environ[name]
        for name in sorted(os.environ)
        if name.startswith(("NNTRAIN_", "NUMBA_", "OMP_"))
    }
    return {name: HIDDEN if SECRET.search(name) else without_names(value) for name, value in found.items()}
