"""CIFAR-10 and CIFAR-100: records, and the search for files and archives."""

import io
import os
import tarfile

import numpy as np
import pytest

from nntrain.data.sources import cifar
from nntrain.data.sources.cifar import COARSE, FINE, Cifar10
from tests.support.data import load, refused

BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)]


def record(*labels: int, seed: int = 0) -> tuple[bytes, np.ndarray]:
    """A record, and the image (32, 32, 3) that it holds."""
    image = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return bytes(labels) + b"".join(image[:, :, channel].tobytes() for channel in range(3)), image


def packed(members: dict[str, bytes]) -> bytes:
    """A .tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def files10() -> dict[str, bytes]:
    """Seven images in the six files."""
    names = [*BATCHES, "test_batch.bin"]
    files = {name: record(number, seed=number)[0] for number, name in enumerate(names)}
    files["data_batch_1.bin"] += record(9, seed=9)[0]
    return files


def archive10() -> bytes:
    return packed(
        {f"cifar-10-batches-bin/{name}": data for name, data in files10().items()}
        | {"cifar-10-batches-bin/readme.html": b"see", "cifar-10-batches-bin/batches.meta.txt": b"cat"}
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NNTRAIN_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cifar10").mkdir()
    return tmp_path / "cifar10"


def unpack(folder, files=None):
    for name, data in (files or files10()).items():
        (folder / name).write_bytes(data)


def test_planes_become_channels_and_files_follow_each_other(folder, tmp_path):
    unpack(folder)
    splits = load({"cifar10": {"root": "cifar10"}}, tmp_path)
    assert splits.train.x.shape == (6, 32, 32, 3)
    assert splits.train.x.dtype == np.uint8
    assert splits.train.target.tolist() == [0, 9, 1, 2, 3, 4]
    assert splits.test.target.tolist() == [5]
    assert splits.train.classes[3] == "cat"
    for place, seed in enumerate([0, 9, 1, 2, 3, 4]):
        assert np.array_equal(splits.train.x[place], record(0, seed=seed)[1])


def test_cifar100_has_fine_and_coarse_labels(tmp_path):
    (tmp_path / "train.bin").write_bytes(record(4, 99)[0] + record(19, 0)[0])
    (tmp_path / "test.bin").write_bytes(record(0, 51)[0])
    fine = load({"cifar100": {"root": "."}}, tmp_path)
    coarse = load({"cifar100": {"root": ".", "labels": "coarse"}}, tmp_path)
    assert [fine.train.classes[label] for label in fine.train.target] == ["worm", "apple"]
    assert [coarse.train.classes[label] for label in coarse.train.target] == [
        "fruit_and_vegetables",
        "vehicles_2",
    ]
    assert fine.test.classes[fine.test.target[0]] == "mushroom"
    assert np.array_equal(fine.train.x, coarse.train.x)
    assert np.array_equal(fine.train.x[0], record(0)[1])


def test_the_names_are_as_many_as_the_labels():
    assert (len(set(FINE)), len(set(COARSE))) == (100, 20)
    assert list(FINE) == sorted(FINE)


def test_files_are_found_in_root_or_nntrain_data_or_the_home_folder(folder, tmp_path, monkeypatch, home):
    inside = folder / "cifar-10-batches-bin"
    inside.mkdir()
    unpack(inside)
    assert len(load({"cifar10": {"root": "cifar10"}}, tmp_path).train) == 6
    assert len(load({"cifar10": {"root": "cifar10/cifar-10-batches-bin"}}, tmp_path).train) == 6
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    assert len(load("cifar10").train) == 6
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path / "nothing"))
    (home / ".cache/nntrain/data").mkdir(parents=True)
    folder.rename(home / ".cache/nntrain/data/cifar10")
    assert len(load("cifar10").train) == 6


def test_an_archive_is_unpacked_once_beside_itself(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    (folder / "cifar-10-binary.tar.gz").write_bytes(archive10())
    first = load("cifar10")
    assert sorted(os.listdir(folder / "cifar-10-batches-bin")) == sorted(files10())
    (folder / "cifar-10-binary.tar.gz").unlink()
    assert np.array_equal(load("cifar10").train.x, first.train.x)


def test_what_else_an_archive_holds_stays_in_it(folder, tmp_path):
    files = {f"cifar-10-batches-bin/{name}": data for name, data in files10().items()}
    evil = {
        "../evil": b"!",
        "/tmp/evil-of-cifar": b"!",
        "cifar-10-batches-bin/../../evil": b"!",
        "cifar-10-batches-bin/x.bin": b"!",
        "elsewhere/data_batch_1.bin": b"!",
    }
    (folder / "cifar-10-binary.tar.gz").write_bytes(packed(evil | files))
    load({"cifar10": {"root": "cifar10"}}, tmp_path)
    found = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(found) == sorted([*files10(), "cifar-10-binary.tar.gz"])
    assert not os.path.exists("/tmp/evil-of-cifar")


def test_links_in_an_archive_are_no_files(folder, tmp_path, wording):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    (folder / "cifar-10-binary.tar.gz").write_bytes(out.getvalue())
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


def test_a_bomb_is_not_unpacked(folder, tmp_path, monkeypatch, wording):
    monkeypatch.setitem(Cifar10.known.members, "test_batch.bin", 5000)
    files = {
        f"cifar-10-batches-bin/{name}": data
        for name, data in (files10() | {"test_batch.bin": b"\0" * 6146}).items()
    }
    (folder / "cifar-10-binary.tar.gz").write_bytes(packed(files))
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"nothing of this kind" * 100,
        lambda data: data[:500] + bytes(len(data) - 500),
        lambda data: b"",
    ],
)
def test_a_corrupt_archive_is_reported(folder, tmp_path, damage, wording):
    (folder / "cifar-10-binary.tar.gz").write_bytes(damage(archive10()))
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


def test_missing_files_are_reported_with_folders_and_a_hint(tmp_path, monkeypatch, home, wording):
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    wording(refused(load, "cifar10"))


@pytest.mark.parametrize("inside", [".", "cifar-10-batches-bin"])
def test_a_missing_file_is_named(folder, tmp_path, inside, wording):
    place = folder / inside
    place.mkdir(exist_ok=True)
    unpack(place)
    (place / "data_batch_4.bin").unlink()
    (place / "test_batch.bin").rename(place / "test_batch.bin.part")
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


@pytest.mark.parametrize("size", [0, 1, 3072, 3074, 3073 * 2 - 1])
def test_a_file_of_broken_records_is_refused(folder, tmp_path, size, wording):
    unpack(folder, files10() | {"data_batch_3.bin": bytes(size)})
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


def test_labels_beyond_the_classes_are_an_error(folder, tmp_path, wording):
    unpack(folder, files10() | {"data_batch_2.bin": record(3)[0] + record(10)[0]})
    told = refused(load, {"cifar10": {"root": "cifar10"}}, tmp_path)
    wording(told)


@pytest.mark.parametrize(
    "files",
    [
        {"train.bin": record(0, 0)[0] * 3 + b"x" * 100, "test.bin": record(0, 0)[0]},
        {"train.bin": record(0, 0)[0], "test.bin": b""},
        {"train.bin": record(0, 0)[0]},
        {"cifar-100-binary.tar.gz": archive10()[:1000]},
    ],
    ids=["truncated", "empty", "missing", "truncated archive"],
)
def test_a_broken_file_ends_fit_with_exit_2(shell, files, wording):
    unpack(shell.folder, files)
    text = (
        "data: {source: {cifar100: {root: .}}}\nmodel: {layers: [flatten, {dense: 100}]}\nloss: cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\n"
    )
    done = shell.run("fit", shell.write(text), code=2)
    wording(done.stderr)
    assert done.stdout == ""
    assert not (shell.folder / "runs").exists()


def test_a_download_is_unpacked(tmp_path, monkeypatch, home):
    monkeypatch.delenv("NNTRAIN_OFFLINE")
    asked = []

    def put(file, mirrors, place):
        asked.append((file.name, tuple(mirrors)))
        (place / file.name).write_bytes(archive10())

    monkeypatch.setattr("nntrain.data.files.known.download", put)
    assert len(load("cifar10").train) == 6
    assert len(load("cifar10").train) == 6
    assert asked == [("cifar-10-binary.tar.gz", cifar.MIRRORS)]
