"""Damaged inputs of every format end in one message, or are read: never in another exception."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from PIL import Image

from nntrain import load
from nntrain.api.fit import policy, train
from nntrain.api.setup import load_setup, read_config
from nntrain.cli.main import main
from nntrain.errors import NntrainError
from nntrain.run.session import Place
from nntrain.training.interruption import NeverInterrupted
from tests.properties.mutations import mutated
from tests.support import ROOT
from tests.support.no_pictures import no_pictures
from tests.support.scale import examples

MODEL = "model: {layers: [flatten, {dense: 2}]}\nloss: cross_entropy\noptimizer: {sgd: 0.1}\n"
TEXT_MODEL = MODEL.replace(
    "flatten, {dense: 2}", "{embedding: 2}, {gru: {units: 2, return_sequences: true}}, {dense: 29}"
)
SERIES_MODEL = MODEL.replace("cross_entropy", "mse").replace("dense: 2", "dense: 1")
WORDS = b"the quick brown fox\njumps over the lazy dog \xc3\xa9\n" * 5


def table() -> bytes:
    rows = [f'{i % 7}.5,{-i}e-2,{"red" if i % 3 else "blue"},"{"yes" if i % 2 else "no"}"' for i in range(30)]
    return ("a,b,colour,y\n" + "\n".join(rows) + "\n").encode()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


X, Y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
IMAGES, LABELS = np.arange(20 * 6).reshape(20, 3, 2) % 256, np.arange(20) % 2
FILES: dict[str, tuple[str, bytes, str]] = {
    # the kind of file: its name, its bytes when whole, and the source that reads it
    "csv": ("t.csv", table(), "{csv: t.csv}"),
    "npz": ("t.npz", npz(x=X, y=Y), "{npz: t.npz}"),
    "npy": ("x.npy", npy(X), "{npy: {x: x.npy, target: y.npy}}"),
    "idx": ("x.idx", idx(IMAGES), "{idx: {images: x.idx, labels: y.idx}}"),
    "png": ("pets/a/1.png", picture("png"), "{image_folder: pets}"),
    "jpeg": ("pets/a/1.jpg", picture("jpeg"), "{image_folder: pets}"),
    "gif": ("pets/a/1.gif", picture("gif"), "{image_folder: pets}"),
    "text": ("t.txt", WORDS, "{text: {path: t.txt, window: 4}}"),
    "sequences": (
        "t.csv",
        table(),
        "{sequences: {path: t.csv, predict: next, window: 3, target: a, features: [a, b]}}",
    ),
}


def written(folder: Path, kind: str, data: bytes) -> Path:
    """A config and the files that it reads, of which one holds `data`."""
    name, _, source = FILES[kind]
    surroundings(folder)
    (folder / name).write_bytes(data)
    model = {"text": TEXT_MODEL, "sequences": SERIES_MODEL}.get(kind, MODEL)
    config = folder / "c.yaml"
    config.write_text(f"data: {{source: {source}, validation: 0.3}}\n{model}")
    return config


def surroundings(folder: Path) -> None:
    """The other files that the sources above read."""
    (folder / "y.npy").write_bytes(npy(Y))
    (folder / "y.idx").write_bytes(idx(LABELS))
    for name in ("pets/a", "pets/b"):
        (folder / name).mkdir(parents=True)
    (folder / "pets/b/1.png").write_bytes(picture("png"))


def outcome(use: Callable[[], object]) -> str:
    """The message that a user would see; empty if there is no error. Any other exception fails the test."""
    try:
        use()
    except NntrainError as error:
        return str(error)
    return ""


def require_one_message(use: Callable[[], object]) -> None:
    message = outcome(use)
    assert message.strip() == message
    assert "Traceback" not in message


MANY = settings(max_examples=examples(80, 800), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", FILES)
@MANY
@given(choose=st.randoms(use_true_random=False))
def test_a_damaged_data_file_is_one_message(kind: str, choose: Random):
    data = mutated(FILES[kind][1], choose)
    note(repr(data[:2000]))
    with tempfile.TemporaryDirectory() as place, mock.patch.dict(os.environ, NNTRAIN_CACHE=f"{place}/cache"):
        config = written(Path(place), kind, data)
        require_one_message(lambda: load_setup(config))


@pytest.mark.parametrize("kind", FILES)
def test_the_whole_file_is_read(kind: str, tmp_path, monkeypatch):
    """Or else the test above would see errors only."""
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    assert outcome(lambda: load_setup(written(tmp_path, kind, FILES[kind][1]))) == ""


@pytest.mark.parametrize("name", ["digits", "spirals", "series_forecast", "cifar_resnet20"])
@settings(MANY, max_examples=examples(40, 400))
@given(choose=st.randoms(use_true_random=False))
def test_a_damaged_config_is_one_message(name: str, choose: Random):
    data = mutated((ROOT / "configs" / f"{name}.yaml").read_bytes(), choose)
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "c.yaml"
        config.write_bytes(data)
        require_one_message(lambda: read_config(config))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run on a table, with its files."""
    folder = tmp_path_factory.mktemp("run")
    config = written(folder, "csv", FILES["csv"][1])
    with no_pictures():
        train(config, ("train.epochs=2",), Place(folder / "runs", "r"), NeverInterrupted(), terminal=False)
    return folder / "runs/r"


@settings(MANY, max_examples=examples(80, 800))
@given(choose=st.randoms(use_true_random=False))
def test_a_damaged_checkpoint_is_one_message(run: Path, choose: Random):
    data = mutated((run / "checkpoints/best.safetensors").read_bytes(), choose)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "c.safetensors"
        file.write_bytes(data)
        require_one_message(lambda: load(file).predict([[1.0, 2.0, "red"]]))


@pytest.mark.parametrize(
    "name", ["checkpoints/last.safetensors", "metrics.csv", "steps.csv", "run.json", "split.npz"]
)
@settings(MANY, max_examples=examples(10, 100))
@given(choose=st.randoms(use_true_random=False))
def test_a_run_with_a_damaged_file_is_resumed_or_refused_in_one_message(run: Path, name: str, choose: Random):
    with tempfile.TemporaryDirectory() as place, no_pictures():
        folder = Path(place)
        shutil.copytree(run.parents[1], folder, dirs_exist_ok=True)
        damaged = folder / "runs/r" / name
        damaged.write_bytes(mutated(damaged.read_bytes(), choose))
        place_of_run = Place(folder / "runs", "r", policy(resume=True, overwrite=False))
        more = ("train.epochs=3",)
        require_one_message(
            lambda: train(folder / "c.yaml", more, place_of_run, NeverInterrupted(), terminal=False)
        )


@settings(MANY, max_examples=examples(50, 500))
@given(choose=st.randoms(use_true_random=False))
def test_a_damaged_table_to_predict_is_one_message(run: Path, choose: Random):
    rows = b"\n".join(b",".join(line.split(b",")[:3]) for line in table().splitlines()) + b"\n"
    result = CliRunner().invoke(main, ["predict", str(run), "-"], mutated(rows, choose))
    assert result.exit_code in (0, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 0 or result.stderr.startswith("error: ")
