"""Environment: what a run is made with, for its run.json."""

import os
import platform
import subprocess
import sys
from typing import Any

import numpy as np

from nntrain import __version__, plugins
from nntrain.machine import cpu_name


def environment(threads: int) -> dict[str, Any]:
    """The command, versions, processor, threads, git commit and plugins."""
    import llvmlite
    import numba

    return {
        "command": sys.argv,
        "versions": {
            "nntrain": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "llvmlite": llvmlite.__version__,
        },
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "git": _git_commit(),
        "plugins": [plugin.to_dict() for plugin in plugins.loaded.values()],
    }


def _git_commit() -> str | None:
    """The commit of the current folder, if it is a git checkout."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
