"""Serving: small trained models behind an application, and `nntrain serve` as a process that tests talk to through sockets."""

import asyncio
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

import nntrain
from nntrain.report.observers import PictureObserver
from tests.support.people import PEOPLE, write_people

IRIS = {
    "data": {"source": "iris", "test": 0.2, "standardize": True},
    "model": {"layers": [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": 3}]},
    "loss": "cross_entropy",
    "optimizer": {"adam": {"lr": 0.05}},
    "train": {"epochs": 10, "batch_size": 16},
}
FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
READY_S = 120


def iris() -> nntrain.Model:
    return nntrain.fit(IRIS, runs_dir=None).model


def digits(**source: str) -> nntrain.Model:
    """Handwritten digits as vectors of numbers from 0 to 1, or as images."""
    layers = [*(["flatten"] if source else []), {"dense": {"units": 32, "activation": "relu"}}, {"dense": 10}]
    config = {**IRIS, "data": {"source": {"digits": source}}, "model": {"layers": layers}}
    return nntrain.fit({**config, "train": {"epochs": 4, "batch_size": 32}}, runs_dir=None).model


def pictures(channels: int = 1) -> nntrain.Model:
    """Bytes of 6 x 5 pixels: class `bright` where the mean is over the middle."""
    draw = np.random.default_rng(0)
    x = draw.integers(0, 128, (80, 6, 5, channels), dtype=np.uint8)
    x[::2] += 127
    config = {**IRIS, "model": {"layers": ["flatten", {"dense": 2}]}}
    del config["data"]
    y = np.where(np.arange(80) % 2, "dark", "bright")
    return nntrain.fit(config, data=nntrain.Data(x, y), runs_dir=None).model


def people(folder: Path) -> nntrain.Model:
    """A table with a column of text, and with gaps."""
    write_people(folder)
    (folder / "people.yaml").write_text(PEOPLE)
    run = nntrain.fit(folder / "people.yaml", runs_dir=folder / "runs", name="people")
    return run.model


def days(folder: Path) -> nntrain.Model:
    """A table with a date, a date with a time, a month and a time."""
    start = datetime.datetime(2023, 1, 1)
    moments = [start + datetime.timedelta(hours=31 * row) for row in range(60)]
    rows = [f"{at:%Y-%m-%d},{at:%Y-%m-%dT%H:%M},{at:%Y-%m},{at:%H:%M},{at.hour / 24}" for at in moments]
    (folder / "days.csv").write_text("\n".join(["day,at,month,clock,y", *rows, ""]))
    source = {"csv": {"path": str(folder / "days.csv"), "target": "y"}}
    config = {**IRIS, "data": {"source": source}, "model": {"layers": [{"dense": 1}]}, "loss": "mse"}
    return nntrain.fit(config, runs_dir=None).model


def shop(folder: Path) -> nntrain.Model:
    """Two targets of different kinds: a price and a kind."""
    random = np.random.default_rng(0)
    rows = [
        f"{a},{b},{c},{50 + 20 * a},{'small' if b < 0 else 'large'}"
        for a, b, c in random.normal(size=(60, 3))
    ]
    (folder / "shop.csv").write_text("\n".join(["a,b,c,price,kind", *rows, ""]))
    config = {
        **IRIS,
        "data": {"source": {"csv": str(folder / "shop.csv")}},
        "model": {"layers": [{"dense": 3}]},
    }
    del config["loss"]
    price = {"column": "price", "loss": "mse", "transform": "standard"}
    config["targets"] = [price, {"column": "kind", "loss": "cross_entropy"}]
    return nntrain.fit(config, runs_dir=None).model


def text(folder: Path) -> nntrain.Model:
    (folder / "book.txt").write_text("the cat sat on the mat. " * 60)
    config = {
        "data": {"source": {"text": {"path": str(folder / "book.txt"), "window": 16}}},
        "model": {
            "layers": [{"embedding": 8}, {"gru": {"units": 16, "return_sequences": True}}, {"dense": 11}]
        },
        "loss": "cross_entropy",
        "optimizer": {"adam": {"lr": 0.02}},
        "train": {"epochs": 1, "batch_size": 8},
    }
    return nntrain.fit(config, runs_dir=None).model


def regression() -> nntrain.Model:
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    config = {**IRIS, "model": {"layers": [{"dense": 2}]}, "loss": "mse"}
    del config["data"]
    return nntrain.fit(config, data=nntrain.Data(x, x[:, :2] * 2), runs_dir=None).model


class Client:
    """Calls an application without a network."""

    def __init__(self, app: Any):
        self.app = app

    def post(self, path: str, **rest: Any) -> httpx.Response:
        return self.request("POST", path, **rest)

    def get(self, path: str, **rest: Any) -> httpx.Response:
        return self.request("GET", path, **rest)

    def request(self, method: str, path: str, **rest: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **rest)

        return asyncio.run(call())


class Server:
    """`with Server(run) as server: server.post({"rows": [...]})`."""

    def __init__(self, run: Path, *options: str):
        command = [sys.executable, "-m", "nntrain", "serve", str(run), "--port", "0", *options]
        environment = {**os.environ, "PYTHONPATH": str(Path(nntrain.__file__).parents[1])}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()
        found = re.search(r"http://\S+:(\d+)$", self.line)
        assert found, f"{self.line}{self.process.stderr.read() if self.process.stderr else ''}"
        self.url, self.port = found[0], int(found[1])

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.end()

    def end(self, number: int | None = signal.SIGTERM) -> tuple[int, str]:
        """The exit code, and what it wrote to stderr; after a signal, unless it is None."""
        if self.process.poll() is None and number is not None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def exchange(self, message: bytes) -> tuple[int, bytes]:
        """Sends bytes on a connection of their own; the status and the body of the answer, 0 where there is none."""
        with self.connect() as connection:
            try:
                connection.sendall(message)
                connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answers before everything is sent
            return answer(connection)

    def post(self, value: Any) -> tuple[int, Any]:
        status, body = self.exchange(request(json.dumps(value).encode()))
        return status, json.loads(body)

    @property
    def mib(self) -> float:
        """The memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def request(body: bytes, path: str = "/predict", **headers: str) -> bytes:
    """POST, with Content-Type application/json unless another one is given: request(body, content_type="text/csv")."""
    given = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"POST {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in given.items()),
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the body of what comes until the other side closes."""
    received = b""
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end and (data := connection.recv(1 << 16)):
            received += data
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body) if head else (0, b"")


def without_pictures(patch: Any) -> None:
    for moment in ("ready", "ended", "_refresh"):
        patch.setattr(PictureObserver, moment, lambda *_: None)
