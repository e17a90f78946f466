"""Serving: requests per second and latency of `nntrain serve` for iris rows, from one client process on the loopback.

`python -m tests.benchmarks.serving [--seconds 10] [--connections 8] [--rows 1]` trains the iris config, starts the server, and
keeps one request in flight on each connection. Server and client share the machine.
"""

import argparse
import json
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nntrain
from tests.support import ROOT

ROW = [5.1, 3.5, 1.4, 0.2]
WARM_UP_S = 1.0


def served(run: Path) -> tuple[subprocess.Popen[str], int]:
    """A server of the run, and its port."""
    command = [sys.executable, "-m", "nntrain", "serve", str(run), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r":(\d+)$", line.strip())
    assert found, line
    return process, int(found[1])


def request(rows: int) -> bytes:
    body = json.dumps({"rows": [ROW] * rows}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def latencies(port: int, connections: int, seconds: float, message: bytes) -> list[float]:
    """The seconds that each request took; one is in flight on each connection."""
    selector = selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        begun[connection] = time.perf_counter()
        connection.sendall(message)
    found = []
    pending = dict.fromkeys(begun, b"")
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        for key, _ in selector.select(1):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            pending[connection] += connection.recv(1 << 20)
            if not is_whole(pending[connection]):
                continue
            assert pending[connection].startswith(b"HTTP/1.1 200"), pending[connection]
            pending[connection] = b""
            now = time.perf_counter()
            found.append(now - begun[connection])
            begun[connection] = now
            connection.sendall(message)
    for connection in begun:
        connection.close()
    return found


def is_whole(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    return len(body) == int(length[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--run", type=Path, help="a run of iris, in place of a new one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = chosen.run or nntrain.fit(ROOT / "configs" / "iris.yaml", runs_dir=folder).path
        process, port = served(run)
        try:
            message = request(chosen.rows)
            for connections in chosen.connections:
                latencies(port, connections, WARM_UP_S, message)
                found = sorted(latencies(port, connections, chosen.seconds, message))
                rate = len(found) / chosen.seconds
                p99 = found[int(0.99 * len(found))]
                print(
                    f"{connections:3} in flight: {rate:,.0f} requests/s, median {1e3 * statistics.median(found):.2f} ms, "
                    f"p99 {1e3 * p99:.2f} ms, largest {1e3 * found[-1]:.1f} ms"
                )
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
