"""Files are whole or as they were, have the permissions of the umask, and leave nothing behind."""

import errno
import os
import time
from pathlib import Path

import pytest

from nntrain import locking
from nntrain.files import ABANDONED_S, append, replacing, write_atomic
from tests.support.machine import files_of_at_most


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_has_the_permissions_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_write_that_fails_names_the_file_and_leaves_the_old_one(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with files_of_at_most(100), pytest.raises(OSError, match="large") as caught:
        write_atomic(file, bytes(1000))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(file))
    assert (listed(tmp_path), file.read_bytes()) == (["file"], b"old")


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "file"):
        (tmp_path / "missing").read_bytes()
    assert caught.value.filename == str(tmp_path / "missing")
    assert listed(tmp_path) == []


def test_text_is_added_whole_or_not_at_all(tmp_path):
    file = tmp_path / "file"
    append(file, "one\n")
    with files_of_at_most(10), pytest.raises(OSError, match="large") as caught:
        append(file, "the second line\n")
    assert caught.value.filename == str(file)
    assert file.read_text() == "one\n"
    append(file, "two\n")
    assert file.read_text() == "one\ntwo\n"


def test_temporary_files_of_dead_processes_are_removed_by_the_next_write(tmp_path):
    dead, living, young = (tmp_path / f".file.0000000{number}.tmp" for number in range(3))
    others = [tmp_path / ".file.bak", tmp_path / ".file2.00000000.tmp"]
    for path in (dead, living, young, *others):
        path.write_bytes(b"")
        if path != young:
            os.utime(path, (0, time.time() - ABANDONED_S - 1))
    with living.open("rb+") as file:
        assert locking.lock(file.fileno())
        write_atomic(tmp_path / "file", b"new")
    assert listed(tmp_path) == sorted([*(path.name for path in (living, young, *others)), "file"])
