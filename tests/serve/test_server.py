"""`nntrain serve` as a process: its start and its end, and clients that send too much, too slowly, or no HTTP."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from nntrain.serve.limits import HEAD_S
from tests.support.serving import FLOWER, Server, answer, request

ONE = json.dumps({"rows": [FLOWER]}).encode()
MANY = 100_000_000  # bytes


@pytest.fixture(scope="module")
def server(iris_run):
    with Server(iris_run) as started:
        yield started
        code, errors = started.end()
        assert "Traceback" not in errors
        assert code == 0


def alive(server):
    status, found = server.post({"rows": [FLOWER]})
    return status == 200 and found == {"predictions": [{"class": "setosa"}]}


def test_it_prints_its_address_once_it_answers(server):
    assert server.line == f"flowers is served at http://127.0.0.1:{server.port}"
    assert alive(server)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_requests_in_flight(iris_run, number):
    with Server(iris_run) as server:
        rows = json.dumps({"rows": [FLOWER] * 9000}).encode()
        with server.connect() as idle, server.connect() as busy:
            message = request(rows)
            busy.sendall(message[:-10])  # the server waits for the rest
            idle.sendall(b"GET /hea")
            time.sleep(0.3)
            server.process.send_signal(number)
            time.sleep(0.3)
            busy.sendall(message[-10:])
            status, body = answer(busy)
            assert status == 200
            assert len(json.loads(body)["predictions"]) == 9000
        code, errors = server.end(None)
        assert (code, errors.strip()) == (0, "ended")


def test_a_port_in_use_is_one_line(server, iris_run):
    done = started(iris_run, "--port", str(server.port))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: 127.0.0.1:{server.port}: the port is in use",
        "hint: Choose another port; port 0 takes a free one.",
    ]


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_of_another_machine_is_an_error(iris_run, host):
    done = started(iris_run, "--host", host, "--port", "0")
    assert done.returncode == 2
    assert re.match(rf"error: {host}", done.stderr)
    assert "Traceback" not in done.stderr


def started(run, *options):
    command = [sys.executable, "-m", "nntrain", "serve", str(run), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_an_address_that_others_reach_is_a_warning(iris_run):
    with Server(iris_run, "--host", "0.0.0.0") as server:
        status, _ = server.exchange(request(ONE, host="any.example"))
        assert status == 200
        _, errors = server.end()
    assert "no authentication" in errors
    assert "Traceback" not in errors


def test_without_the_packages_one_line_names_the_extra(shell, iris_run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    errors = shell.run("serve", iris_run, code=2).stderr
    assert "pip install 'nntrain[serve]'" in errors


def test_answers_name_no_path_of_the_machine(server, iris_run):
    for message in (b"GET /metadata", b"GET /openapi.json", b"GET /", b"GET /nothing", b"POST /health"):
        status, body = server.exchange(message + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        assert status > 0
        for part in (iris_run, iris_run.parent, sys.prefix, os.getcwd()):
            assert str(part).encode() not in body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_100_mb_is_refused_and_not_kept(server, chunked):
    before = server.mib
    part = b"[" * 1_000_000
    with server.connect() as connection:
        head = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % MANY
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            + head
            + b"\r\n\r\n"
        )
        try:
            for _ in range(MANY // len(part)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        status, body = answer(connection)
    assert status == 413
    assert "10,000,000 bytes" in json.loads(body)["error"]
    assert server.mib - before < 60
    assert alive(server)


def test_a_client_that_asks_first_sends_nothing(server):
    with server.connect() as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
            % MANY
        )
        begun = time.monotonic()
        assert answer(connection)[0] == 413
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    "message",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_http_is_refused(server, message):
    status, body = server.exchange(message)
    assert status in (0, 400, 403)
    assert status == 0 or "error" in json.loads(body)
    assert alive(server)


def test_a_post_without_a_body_is_refused(server):
    status, body = server.exchange(b"POST /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    assert status == 411
    assert "body" in json.loads(body)["error"]


@pytest.mark.parametrize(
    "path",
    [
        b"/../../../../etc/passwd",
        b"/..%2f..%2fetc%2fpasswd",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"http://localhost/../etc/passwd",
    ],
)
def test_no_path_leads_to_a_file(server, path):
    status, body = server.exchange(
        b"GET " + path + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    assert status == 404
    assert b"root:" not in body


def test_requests_on_one_connection_are_answered_in_their_order(server):
    with server.connect() as connection:
        kept = request(ONE).replace(b"connection: close\r\n", b"")
        wrong = request(b"{").replace(b"connection: close\r\n", b"")
        connection.sendall(kept + wrong + request(ONE))
        received = b""
        while data := connection.recv(1 << 16):
            received += data
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"400", b"200"]


def test_a_client_that_leaves_disturbs_nobody(server):
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(request(ONE))
        with server.connect() as connection:
            connection.sendall(request(ONE)[:60])
    assert alive(server)


@pytest.mark.slow
def test_slow_clients_lose_their_connection_and_delay_nobody(server):
    """Heads that never begin or never end, and an answer that nobody reads."""
    silent, dripping = [server.connect() for _ in range(5)], [server.connect() for _ in range(5)]
    unread = socket.socket()
    unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    unread.settimeout(60)
    unread.connect(("127.0.0.1", server.port))
    many = request(json.dumps({"rows": [FLOWER] * 9000, "probabilities": True}).encode())
    for _ in range(8):  # more than the buffers of the system hold
        unread.sendall(many.replace(b"connection: close\r\n", b""))
    ended = threading.Event()

    def drip():
        while not ended.wait(0.5):
            for connection in dripping:
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")

    for connection in dripping:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: ")
    thread = threading.Thread(target=drip)
    thread.start()
    begun = time.monotonic()
    try:
        assert alive(server)
        for connection in [*silent, *dripping]:
            status, body = answer(connection)
            assert status in (0, 408)
            assert not body or "error" in json.loads(body)
        assert time.monotonic() - begun < HEAD_S + 10
        time.sleep(HEAD_S)
        status, body = answer(unread)
        assert body.count(b"HTTP/1.1 200") < 7  # of those after the first
    finally:
        ended.set()
        thread.join()
        for connection in [*silent, *dripping, unread]:
            connection.close()
    assert alive(server)


@pytest.mark.slow
def test_the_memory_of_the_process_is_bounded(iris_run):
    """Thousands of wrong, large and abandoned requests; the second half of them takes no more memory than the first."""
    many = json.dumps({"rows": [FLOWER] * 5000, "probabilities": True}).encode()
    messages = [
        request(ONE),
        request(many),
        request(b"[" * 1_000_000),
        request(b'{"rows": [' + b"[]," * 1_000_000 + b"[]]}"),
        request(b"1,2,3,4\n" * 9000, content_type="text/csv"),
        request(b"x" * 100_000, content_type="image/png"),
        request(b"", content_length="50000000"),
        b"nonsense\r\n\r\n",
    ]
    with Server(iris_run) as server:
        used = []
        for _ in range(4):
            for number in range(80):
                status, _ = server.exchange(messages[number % len(messages)])
                assert status in (0, 200, 400, 413, 415, 422), status
            used.append(server.mib)
        assert used[3] - used[1] < 30, used
        assert used[3] < 700
        code, errors = server.end()
        assert code == 0
        assert "Traceback" not in errors
