"""The cache of an image folder: read once, mapped, renewed when a file changes, and done without where it cannot be written."""

import os
import shutil

import numpy as np
import pytest

from nntrain.data.dataset import Reader
from nntrain.data.files import manifest
from nntrain.data.images import cache as image_cache
from nntrain.data.images import image_files, reading
from nntrain.data.system_memory import is_mapped
from tests.support.data import refused
from tests.support.images import make_pets, of, picture, put


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/images"


@pytest.fixture
def pets(tmp_path):
    return make_pets(tmp_path)


def forbid_reading(monkeypatch):
    monkeypatch.setattr(image_files, "read", lambda *_: 1 / 0)


def test_images_are_read_once_and_mapped(pets, cache, monkeypatch, capsys):
    first = of(pets).train
    assert is_mapped(first.x)
    (file,) = cache.glob("pets-*.npy")
    assert capsys.readouterr().err == f"Reading 5 images (0.0 MB) into the cache {file}\n"
    forbid_reading(monkeypatch)
    again = of(pets).train
    assert np.array_equal(again.x, first.x)
    assert again.image_form == first.image_form
    assert capsys.readouterr().err == ""


def test_each_choice_of_options_has_a_cache_and_a_changed_file_replaces_it(pets, cache):
    of(pets)
    of(pets, channels=1)
    of(pets, size=4)
    assert len(list(cache.glob("*.npy"))) == 3
    put(pets / "dogs/b.png", picture(11))
    os.utime(pets / "dogs/b.png", ns=(1, 1))
    assert np.array_equal(of(pets).train.x[4], picture(11))
    (pets / "cats/1.png").unlink()
    assert np.array_equal(of(pets).train.x[0], picture(1))
    assert len(list(cache.glob("*.npy"))) == 3
    names = {file.name for file in cache.iterdir()}
    of(pets)
    assert {file.name for file in cache.iterdir()} == names


def swap(a, b):
    """Exchanges two files by renaming; each keeps its time."""
    between = a.with_name("between")
    a.rename(between)
    b.rename(a)
    between.rename(b)


def overwrite_in_place(a, b):
    """Exchanges the contents of two files, and sets their times back."""
    times, contents = (a.stat().st_mtime_ns, b.stat().st_mtime_ns), (a.read_bytes(), b.read_bytes())
    for file, time, content in zip((a, b), times, reversed(contents), strict=True):
        file.write_bytes(content)
        os.utime(file, ns=(time, time))


@pytest.mark.parametrize("exchange", [swap, overwrite_in_place])
def test_swapped_images_of_the_same_size_and_time_are_noticed(tmp_path, exchange):
    files = tmp_path / "pets/cats/1.bmp", tmp_path / "pets/dogs/1.bmp"
    for seed, file in enumerate(files):
        put(file, picture(seed))
        os.utime(file, ns=(10**18, 10**18))
    assert np.array_equal(of(tmp_path / "pets").train.x, [picture(0), picture(1)])
    exchange(*files)
    assert files[0].stat().st_size == files[1].stat().st_size
    assert {file.stat().st_mtime_ns for file in files} == {10**18}
    assert np.array_equal(of(tmp_path / "pets").train.x, [picture(1), picture(0)])


def test_files_that_were_copied_or_touched_are_not_read_again(pets, tmp_path, monkeypatch):
    of(pets)
    shutil.copytree(pets, tmp_path / "copy")
    shutil.rmtree(pets)
    (tmp_path / "copy").rename(pets)
    os.utime(pets / "dogs/b.png")
    forbid_reading(monkeypatch)
    assert np.array_equal(of(pets).train.x, [picture(seed) for seed in range(5)])
    monkeypatch.setattr(image_cache, "_digest", lambda _: 1 / 0)  # what was compared is known from now on
    of(pets)


@pytest.mark.parametrize("kind", ["npy", "json"])
@pytest.mark.parametrize(
    "damage", [lambda data: data[:100], lambda data: data[:-1], lambda data: b"", lambda data: b"PK" + data]
)
def test_a_corrupt_cache_is_renewed(pets, cache, damage, kind):
    of(pets)
    for file in cache.glob(f"*.{kind}"):
        file.write_bytes(damage(file.read_bytes()))
    assert np.array_equal(of(pets).train.x, [picture(seed) for seed in range(5)])
    assert len(list(cache.glob("*.npy"))) == 1


def test_who_knows_the_form_of_the_images_reads_the_same_cache(pets, cache, tmp_path, monkeypatch):
    train = of(pets).train
    forbid_reading(monkeypatch)
    assert np.array_equal(of(pets, size=[6, 5], channels=3).train.x, train.x)
    again = Reader.parse({"image_folder": {"path": "pets"}}).load_like(tmp_path, train).train
    assert np.array_equal(again.x, train.x)
    assert len(list(cache.glob("*.npy"))) == 1


def test_a_failed_read_leaves_no_cache(pets, cache):
    (pets / "dogs/c.png").write_bytes((pets / "dogs/b.png").read_bytes()[:100])
    refused(of, pets)
    assert not cache.exists() or list(cache.iterdir()) == []


def test_without_a_cache_the_images_stay_in_memory_with_one_warning(pets, cache, wording):
    cache.parent.write_text("a file")
    splits = of(pets)
    assert np.array_equal(splits.train.x, [picture(seed) for seed in range(5)])
    (warning,) = splits.warnings
    wording(warning)


def test_a_full_disk_is_noticed_before_anything_is_written(pets, cache, monkeypatch, wording):
    monkeypatch.setattr(image_cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    (warning,) = of(pets).warnings
    wording(warning)
    assert list(cache.iterdir()) == []


def test_a_disk_that_fills_up_while_the_cache_is_written_leaves_nothing_there(pets, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(manifest, "write_atomic", full)
    splits = of(pets)
    assert np.array_equal(splits.train.x, [picture(seed) for seed in range(5)])
    assert "No space left on device" in splits.warnings[0]
    assert list(cache.iterdir()) == []


def test_a_file_that_vanishes_while_others_are_read_is_a_broken_one(pets, monkeypatch):
    original = image_files.read

    def removing(path, content, form):
        (pets / "dogs/b.png").unlink(missing_ok=True)
        return original(path, content, form)

    monkeypatch.setattr(image_files, "read", removing)
    monkeypatch.setattr(reading, "THREADS", 1)
    assert refused(of, pets).startswith(f"{pets}/dogs/b.png: cannot be read: No such file or directory")


def test_images_that_fit_neither_the_disk_nor_the_memory_are_an_error(pets, cache, monkeypatch, wording):
    cache.parent.write_text("a file")
    monkeypatch.setattr(image_cache, "memory_bytes", lambda: 100)
    wording(refused(of, pets))
