"""Downloads from a local server that answers well or badly."""

import gzip
import hashlib
import http.server
import io
import threading
import time

import pytest
from rich.console import Console

from nntrain.data.files import download as downloads
from nntrain.data.files.download import Remote, download, report_progress
from nntrain.data.files.known import KnownFiles
from nntrain.data.sources.cifar import Cifar10, Cifar100
from nntrain.data.sources.fashion_mnist import FashionMnist
from nntrain.data.sources.mnist import Mnist
from nntrain.report.terminal import downloads as bars
from tests.support.data import idx, images, load, refused

CONTENT = bytes(range(256)) * 1000
FILE = Remote("data.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Mirror(http.server.ThreadingHTTPServer):
    """Answers each request with the next of `answers`, the last one again and again; they are called with the request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.answers = [sends(CONTENT)]
        self.asked: list[str] = []


class Request(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *arguments):
        pass


def sends(content: bytes, promised: int | None = None):
    """The content, and a promise of its length or another."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) if promised is None else promised))
        request.end_headers()
        request.wfile.write(content)
        request.close_connection = True

    return answer


def fails(code: int):
    return lambda request: request.send_error(code)


@pytest.fixture
def mirror():
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """How long was waited, without waiting."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- a file ----------------------------------------------------------------------------------------------------------


def test_a_good_file_is_there_whole_and_readable(mirror, folder):
    download(FILE, [mirror.url], folder)
    assert names(folder) == ["data.gz"]
    assert (folder / "data.gz").read_bytes() == CONTENT
    assert (folder / "data.gz").stat().st_mode & 0o777 == 0o644
    assert mirror.asked == ["/data.gz"]


def test_progress_counts_the_bytes_up_to_all(mirror, folder):
    said, counts = [], []

    def begin(text):
        said.append(text)
        return lambda done, total: counts.append((done, total))

    with report_progress(begin):
        download(FILE, [mirror.url], folder)
    assert said == [f"Downloading {mirror.url}data.gz (0.3 MB) to {folder}"]
    assert counts[0] == (0, FILE.size)
    assert counts[-1] == (FILE.size, FILE.size)
    assert counts == sorted(set(counts))


def test_by_default_a_line_on_stderr_reports_a_download(mirror, folder, capsys):
    download(FILE, [mirror.url], folder)
    assert capsys.readouterr() == ("", f"Downloading {mirror.url}data.gz (0.3 MB) to {folder}\n")


@pytest.mark.parametrize(
    "bad",
    [
        sends(CONTENT[:1000], len(CONTENT)),
        fails(503),
        fails(429),
        lambda request: request.wfile.write(b"what?\r\n\r\n"),
        lambda request: None,
        sends(CONTENT[:1000]),
    ],
    ids=["cut", "503", "429", "not HTTP", "no answer", "short"],
)
def test_what_may_pass_is_tried_again_after_a_pause(mirror, folder, pauses, bad):
    mirror.answers = [bad, bad, sends(CONTENT)]
    download(FILE, [mirror.url], folder)
    assert (folder / "data.gz").read_bytes() == CONTENT
    assert pauses == [1, 2]


@pytest.mark.parametrize(
    "bad",
    [fails(404), fails(403), sends(CONTENT[::-1]), sends(CONTENT + b"!")],
    ids=["404", "403", "wrong contents", "too long"],
)
def test_what_will_not_pass_is_asked_of_the_next_mirror_at_once(mirror, folder, pauses, bad):
    mirror.answers = [bad, sends(CONTENT)]
    download(FILE, [mirror.url + "first/", mirror.url + "second/"], folder)
    assert names(folder) == ["data.gz"]
    assert mirror.asked == ["/first/data.gz", "/second/data.gz"]
    assert pauses == []


@pytest.mark.parametrize(
    ("bad", "times"),
    [
        (fails(404), 1),
        (fails(500), 3),
        (sends(CONTENT[::-1]), 1),
        (sends(CONTENT + b"!"), 1),
        (sends(CONTENT[:999], len(CONTENT)), 3),
        (sends(b""), 3),
        (lambda request: None, 3),
    ],
    ids=["404", "500", "wrong contents", "too long", "cut", "empty", "no answer"],
)
def test_a_failed_download_reports_each_mirrors_answer_and_leaves_nothing(
    mirror, folder, bad, times, wording
):
    mirror.answers = [bad]
    wording(refused(download, FILE, [mirror.url], folder), MIRROR=mirror.url)
    assert names(folder) == []
    assert len(mirror.asked) == times


def test_a_mirror_that_falls_silent_is_given_up(mirror, folder, monkeypatch, wording):
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.05)
    done = threading.Event()
    mirror.answers = [lambda request: done.wait(10)]
    told = refused(download, FILE, [mirror.url], folder)
    done.set()
    wording(told, MIRROR=mirror.url)


def test_without_a_connection_every_mirror_is_named(folder):
    nobody = Mirror()
    nobody.server_close()
    told = refused(download, FILE, [nobody.url, nobody.url + "second/"], folder)
    for path in ("", "second/"):
        assert f"{nobody.url}{path}data.gz: " in told


def test_a_folder_that_cannot_be_written_is_reported(mirror, folder, wording):
    wording(refused(download, FILE, [mirror.url], folder / "none"))
    assert mirror.asked == []


def test_a_good_file_replaces_nothing_until_it_is_whole(mirror, folder):
    (folder / "data.gz").write_bytes(b"old")
    mirror.answers = [sends(CONTENT[:-1], len(CONTENT))]
    refused(download, FILE, [mirror.url], folder)
    assert (folder / "data.gz").read_bytes() == b"old"


# --- a data set ------------------------------------------------------------------------------------------------------

PARTS = {
    "train-images-idx3-ubyte.gz": images(3),
    "train-labels-idx1-ubyte.gz": idx([7, 0, 9]),
    "t10k-images-idx3-ubyte.gz": images(2),
    "t10k-labels-idx1-ubyte.gz": idx([1, 9]),
}
MNIST = """
data: {source: mnist}
model: {layers: [flatten, {dense: 10}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
"""
PACKED = {name: gzip.compress(content) for name, content in PARTS.items()}


@pytest.fixture
def small(mirror, monkeypatch, tmp_path):
    """MNIST and Fashion-MNIST are small ones at the mirror, and the user's folders are empty."""
    mirror.answers = [lambda request: sends(PACKED[request.path.rsplit("/", 1)[-1]])(request)]
    files = [
        Remote(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in PACKED.items()
    ]
    for reader in (Mnist, FashionMnist):
        monkeypatch.setattr(reader, "known", KnownFiles(reader.yaml_name, [mirror.url], files))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("NNTRAIN_OFFLINE", raising=False)
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.mark.parametrize("source", ["mnist", "fashion_mnist"])
def test_a_data_set_that_is_nowhere_is_downloaded_once(small, mirror, source):
    first = load(source)
    assert first.test.target.tolist() == [1, 9]
    assert names(small / "data" / source) == sorted(PACKED)
    assert len(mirror.asked) == 4
    load(source)
    assert len(mirror.asked) == 4


def test_fashion_mnist_has_its_classes_by_name(small):
    assert load("fashion_mnist").train.classes[7] == "Sneaker"
    assert load("mnist").train.classes == tuple("0123456789")


def test_only_missing_files_are_downloaded(small, mirror):
    (small / "data/mnist").mkdir()
    (small / "data/mnist/t10k-images-idx3-ubyte").write_bytes(PARTS["t10k-images-idx3-ubyte.gz"])
    load("mnist")
    assert mirror.asked == [
        "/train-images-idx3-ubyte.gz",
        "/train-labels-idx1-ubyte.gz",
        "/t10k-labels-idx1-ubyte.gz",
    ]


@pytest.mark.parametrize("named", ["missing", "", "data/file"])
def test_without_a_folder_for_data_the_cache_takes_the_files(small, monkeypatch, named):
    (small / "data/file").write_bytes(b"")
    monkeypatch.setenv("NNTRAIN_DATA", str(small / named) if named else "")
    load("mnist")
    assert names(small / "home/.cache/nntrain/data/mnist") == sorted(PACKED)
    assert not (small / "missing").exists()


@pytest.mark.parametrize(("offline", "asked"), [("1", 0), ("yes", 0), ("0", 4), ("", 4)])
def test_nntrain_offline_forbids_downloads(small, mirror, monkeypatch, offline, asked, wording):
    monkeypatch.setenv("NNTRAIN_OFFLINE", offline)
    if asked:
        load("mnist")
    else:
        wording(refused(load, "mnist"), MIRROR=mirror.url)
    assert len(mirror.asked) == asked


def test_the_option_forbids_downloads_for_its_command_only(small, mirror, shell):
    config = shell.write(f"{MNIST}")
    error = shell.run("summary", config, "--offline", code=2).stderr
    assert "offline forbids downloading" in error
    assert mirror.asked == []
    assert not (small / "data/mnist").exists()
    assert (
        f"Downloading {mirror.url}train-images-idx3-ubyte.gz (0.0 MB) to"
        in shell.run("summary", config).stderr
    )


def test_a_failed_download_leaves_no_empty_folder(small, mirror, monkeypatch):
    mirror.answers = [fails(404)]
    monkeypatch.setenv("NNTRAIN_DATA", "")
    refused(load, "mnist")
    assert not (small / "home").exists()
    monkeypatch.setenv("NNTRAIN_DATA", str(small / "data"))
    refused(load, "mnist")
    assert names(small / "data") == []


@pytest.mark.parametrize("reader", [Mnist, FashionMnist, Cifar10, Cifar100])
def test_known_files_come_by_https(reader):
    assert all(mirror.startswith("https://") for mirror in reader.known.mirrors)


def test_a_redirection_to_http_is_not_followed(mirror, folder, monkeypatch):
    def redirects(request):
        request.send_response(302)
        request.send_header("Location", "http://127.0.0.1:1/data.gz")
        request.end_headers()

    mirror.answers = [redirects]
    monkeypatch.setattr(downloads, "SECURE", "http://127.0.0.1:" + mirror.url.split(":")[-1])
    assert "is not encrypted" in refused(download, FILE, [mirror.url], folder)
    assert names(folder) == []


def test_an_explicit_root_is_never_filled(small, mirror, wording):
    told = refused(load, {"mnist": {"root": "mine"}}, small)
    wording(told)
    assert mirror.asked == []


def test_a_failed_download_names_the_missing_files_and_their_folder(small, mirror, wording):
    mirror.answers = [lambda request: sends(PACKED["train-images-idx3-ubyte.gz"])(request), fails(404)]
    wording(refused(load, "mnist"), MIRROR=mirror.url)
    assert names(small / "data/mnist") == ["train-images-idx3-ubyte.gz"]


def test_a_data_folder_that_cannot_be_created_is_reported(small, monkeypatch, wording):
    monkeypatch.setenv("NNTRAIN_DATA", "")
    (small / "home").write_bytes(b"")
    wording(refused(load, "mnist"))


@pytest.mark.parametrize("reader", [Mnist, FashionMnist])
def test_known_files_are_described_in_full(reader):
    assert [file.name for file in reader.known.files] == list(PARTS)
    for file in reader.known.files:
        assert len(bytes.fromhex(file.sha256)) == 32
    assert all(mirror.endswith("/") for mirror in reader.known.mirrors)
    assert len(reader.names) == 10


def test_a_download_on_a_terminal_has_a_bar(mirror, folder, monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80, highlight=False, markup=False)
    monkeypatch.setattr(bars, "output", lambda stderr=False: terminal)
    with bars.shown_downloads():
        download(FILE, [mirror.url], folder)
    shown = terminal.file.getvalue()
    assert f"Downloading {mirror.url}data.gz" in shown
    assert "256.0/256.0 kB" in shown
