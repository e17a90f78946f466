"""Style: whether an exported Python file passes ruff's checks and is formatted by it."""

import subprocess
import sys
from pathlib import Path

RUFF = [sys.executable, "-m", "ruff"]
OPTIONS = ["-q", "--isolated", "--line-length=110", "--target-version=py39"]


def assert_styled(file: Path) -> None:
    check = [*RUFF, "check", "--extend-select=E501", *OPTIONS, file]
    assert subprocess.run(check, capture_output=True, check=False).stdout == b""
    subprocess.run([*RUFF, "format", "--check", *OPTIONS, file], check=True)
