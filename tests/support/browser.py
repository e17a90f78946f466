"""A headless Chromium, driven through its DevTools pipe, which takes nothing but the standard library."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
# Chromium reads from 3 and writes to 4.
WIRED = "import os, sys; [os.dup2(int(sys.argv[i + 1]), 3 + i) for i in (0, 1)]; os.execvp(sys.argv[3], sys.argv[3:])"
PATIENCE_S = 60.0


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """`with Browser() as browser: browser.open(file)`. `requests` and `complaints` are what the page asked for and printed."""

    def __init__(self, width: int = 1200, height: int = 900):
        self.requests: list[str] = []  # addresses, without that of the page itself and without data:
        self.complaints: list[str] = []  # errors and warnings on the console, and exceptions
        self._size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._session: str | None = None
        self._count, self._pending = 0, b""
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> "Browser":
        command = find_browser()
        assert command is not None
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs, self._to = os.pipe()
        self._from, answers = os.pipe()
        options = [*OPTIONS, f"--user-data-dir={self._profile.name}", "about:blank"]
        passed = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs, answers)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", WIRED, *map(str, passed), command, *options],
            pass_fds=passed,
            stderr=subprocess.DEVNULL,
        )
        for end in (theirs, answers, *passed):
            os.close(end)
        pages = [
            target for target in self.send("Target.getTargets")["targetInfos"] if target["type"] == "page"
        ]
        attached = self.send("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", **self._size)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the DevTools protocol and returns its result."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._from], [], [], PATIENCE_S)
            assert ready, "the browser does not answer"
            data = os.read(self._from, 1 << 20)
            assert data, "the browser has ended"
            self._pending += data
        text, _, self._pending = self._pending.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            address = facts["request"]["url"]
            if facts.get("type") != "Document" and not address.startswith("data:"):
                self.requests.append(address)
        elif event == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            self.complaints.append(facts["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and facts["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([argument.get("value") for argument in facts["args"]]))
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(facts["exceptionDetails"]))

    def open(self, file: Path) -> None:
        """Opens a page and waits until it is loaded."""
        self.visit(file.resolve().as_uri())

    def visit(self, address: str) -> None:
        self.send("Page.navigate", url=address)
        self.wait_for(f"location.href.startsWith({address!r}) && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"it never became true: {expression}"
            time.sleep(0.02)

    def move(self, x: float, y: float) -> None:
        """Moves the pointer to a place in the window."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags from one place of the window to another."""
        steps = [("mousePressed", start), ("mouseMoved", start), ("mouseMoved", end), ("mouseReleased", end)]
        for kind, (x, y) in steps:
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def without_scripts(self) -> None:
        self.send("Emulation.setScriptExecutionDisabled", value=True)

    def in_style(self, scheme: str = "light", medium: str = "") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=medium, features=features)

    def screenshot(self, file: Path) -> None:
        """The whole page."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))
