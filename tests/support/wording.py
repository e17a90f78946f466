"""Wording: the exact texts of messages stand in one snapshot file, so that rewording one changes no test.

A test checks what a message means (its place, its key, the exit code) and hands the text to `wording`, which compares it
with the snapshot. `python -m pytest --renew-wording` records the texts anew; read the diff before you commit it.
"""

import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

SNAPSHOT = ROOT / "tests" / "wording.txt"
HEAD = "=== "


def parsed(text: str) -> dict[str, str]:
    """{test and number: message} of a snapshot's text."""
    blocks = re.split(rf"^{HEAD}(.*)\n", text, flags=re.MULTILINE)[1:]
    return {key: block.removesuffix("\n") for key, block in zip(blocks[::2], blocks[1::2], strict=True)}


def written(messages: dict[str, str]) -> str:
    return "".join(f"{HEAD}{key}\n{messages[key]}\n" for key in sorted(messages))


class Wording:
    """`wording(text)` holds a text to the snapshot. What differs from machine to machine is passed as `name=text`."""

    def __init__(self, test: str, known: dict[str, str], folder: Path, renew: bool):
        self.test, self.known, self.folder, self.renew = test, known, folder, renew
        self.seen: dict[str, str] = {}

    def __call__(self, text: str, **varying: object) -> None:
        varying = {"TMP": self.folder, "ROOT": ROOT, **varying}
        for name, value in varying.items():
            text = text.replace(str(value), f"<{name}>")
        text = "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))
        key = f"{self.test} {len(self.seen) + 1}"
        self.seen[key] = text
        if not self.renew:
            assert key in self.known, (
                f"no wording recorded for {key}; run pytest --renew-wording. Text:\n{text}"
            )
            assert text == self.known[key]


def save(test: str, seen: dict[str, str]) -> None:
    """Replaces what the snapshot holds of a test; several workers may save at the same time."""
    SNAPSHOT.touch()
    with SNAPSHOT.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        messages = {key: text for key, text in parsed(file.read()).items() if key.rpartition(" ")[0] != test}
        file.seek(0)
        file.write(written({**messages, **seen}))
        file.truncate()


@pytest.fixture(scope="session")
def _known_wording() -> dict[str, str]:
    return parsed(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}


@pytest.fixture
def wording(request, _known_wording, tmp_path) -> Iterator[Wording]:
    """Compares messages with tests/wording.txt."""
    test = request.node.nodeid.removeprefix("tests/").encode("unicode_escape").decode()
    renew = request.config.getoption("--renew-wording")
    comparing = Wording(test, _known_wording, tmp_path, renew)
    yield comparing
    if renew:
        save(test, comparing.seen)
