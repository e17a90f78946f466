"""The kernel cache: what a compiled function is kept under, and folders and files that cannot be used."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import pytest

from nntrain.kernels import cache


def test_the_folder_depends_on_every_source_file(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "SOURCES", tmp_path)
    for source in (tmp_path / "jit.py", tmp_path / "conv" / "pixels.py"):
        source.parent.mkdir(exist_ok=True)
        source.write_text("one")
        before = cache.cache_folder()
        source.write_text("two")
        assert cache.cache_folder() != before


def test_the_folder_depends_on_numbas_settings_but_not_on_threads(monkeypatch):
    before = cache.cache_folder()
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 77)
    assert cache.cache_folder() == before
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", 1)
    assert cache.cache_folder() != before


def test_the_folder_is_absolute_and_without_home_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNTRAIN_CACHE", "here")
    assert cache.cache_folder().parent == tmp_path / "here" / "kernels"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRAIN_CACHE", "~/there")
    assert cache.cache_folder().parent == tmp_path / "home" / "there" / "kernels"
    for name in ("NNTRAIN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as without HOME and without an account
    assert cache.cache_folder() is None


FRAMES = """
import numpy as np
from nntrain import kernels
x, none, lengths = np.ones((4, 3), np.float32), np.empty(0, np.float32), np.empty(0, np.int32)
loss, step, frame = kernels.losses.squared_error, kernels.optimizers.sgd, kernels.recurrent
loss.serial(x.copy(), x, x, none, 4.0)
step.serial(x.ravel(), x.ravel(), (0.1, 0.0, 1.0, False, 0.0), 0)
states, empty = np.zeros((4, 1, 3), np.float32), none.reshape(0, 0)
run = frame.Forward(states, states, states, x, frame.IN_ORDER, empty, empty, lengths, False)
frame.forward(frame.simple_rnn.Cell(0), run, np.eye(3, dtype=np.float32))
for kernel in (loss, step, frame.frame._forward):
    print(sum(kernel.serial.stats.cache_misses.values()))
"""

TWICE = """
from nntrain.kernels.jit import kernel, prange
from factor import FACTOR
@kernel
def twice(y, x):
    for i in prange(x.size):
        y[i] = FACTOR * x[i]
"""

CALL = """
import numpy as np
import mine
x = np.ones(3, np.float32)
mine.twice.serial(x, x)
print(x[0], sum(mine.twice.serial.stats.cache_misses.values()))
"""


def python(code: str, **variables: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )


FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"


def test_kernels_that_share_a_frame_are_loaded_from_the_cache(tmp_path):
    misses = [python(FRAMES, NNTRAIN_CACHE=tmp_path).stdout.split() for _ in range(2)]
    assert misses == [["1"] * 3, ["0"] * 3]


@pytest.fixture
def plugin(tmp_path):
    """Calls a kernel of a file outside nntrain, whose constant comes from another file; returns (result, compiled)."""
    (tmp_path / "mine.py").write_text(TWICE)
    (tmp_path / "factor.py").write_text("FACTOR = 2")

    def call(cache: Path = tmp_path / "cache", before: str = "") -> tuple[float, int, str]:
        path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
        done = python(before + CALL, NNTRAIN_CACHE=cache, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE=1)
        result, compiled = done.stdout.split()
        return float(result), int(compiled), done.stderr

    return call


def test_a_plugins_kernel_is_keyed_by_its_file_and_by_the_constants_that_it_imports(plugin, tmp_path):
    assert [plugin()[:2], plugin()[:2]] == [(2.0, 1), (2.0, 0)]
    (tmp_path / "factor.py").write_text("FACTOR = 3")
    assert plugin()[:2] == (3.0, 1)
    (tmp_path / "mine.py").write_text(TWICE.replace("* x[i]", "* x[i] + 1"))
    assert [plugin()[:2], plugin()[:2]] == [(4.0, 1), (4.0, 0)]


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1000], lambda data: b"", lambda data: data[:-1] + bytes([data[-1] ^ 1])],
    ids=["truncated", "empty", "a wrong bit"],
)
def test_a_damaged_file_is_compiled_again_and_replaced(plugin, tmp_path, damage):
    plugin()
    (file,) = tmp_path.rglob("*.nbc")
    file.write_bytes(damage(file.read_bytes()))
    assert plugin() == (2.0, 1, "")
    assert plugin() == (2.0, 0, "")
    assert list(tmp_path.rglob("cache/**/*.nbc")) == [file]
    assert not list(tmp_path.rglob("cache/**/.*"))


def test_a_folder_that_cannot_be_written_is_one_warning_and_leaves_nothing(plugin, tmp_path):
    (tmp_path / "file").write_text("")
    result, compiled, stderr = plugin(tmp_path / "file" / "cache")
    assert (result, compiled) == (2.0, 1)
    assert stderr.count("Warning") == 1
    assert f"{tmp_path}/file/cache/kernels/" in stderr
    assert "compiles its kernels again" in stderr
    assert "Not a directory" in stderr
    assert "Set NNTRAIN_CACHE" in stderr


def test_a_full_disk_is_one_warning_and_leaves_nothing(plugin, tmp_path):
    result, compiled, stderr = plugin(before=FULL_DISK)
    assert (result, compiled, stderr.count("Warning")) == (2.0, 1, 1)
    assert "File too large" in stderr
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_processes_compile_the_same_kernel_at_the_same_time(plugin):
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: plugin(), range(3)))
    assert {(result, stderr) for result, _, stderr in found} == {(2.0, "")}
    assert plugin() == (2.0, 0, "")


def test_a_warm_cache_that_is_read_only_is_read(plugin, tmp_path):
    plugin()
    (file,) = tmp_path.rglob("*.nbc")
    file.parent.chmod(0o555)
    try:
        assert plugin() == (2.0, 0, "")
    finally:
        file.parent.chmod(0o755)


ROUNDED = """
import hashlib
import numpy as np
from nntrain import kernels
for form in (kernels.optimizers.rmsprop.serial, kernels.optimizers.rmsprop.parallel):
    theta, grad, square, mean, velocity = np.random.default_rng(0).random((5, 3000), np.float32)
    for step in range(5):
        form(theta, grad, square, mean, velocity, (0.01, 0.9, 0.1, 0.9, 1e-8), 0.001, 1500)
    print(hashlib.sha256(theta.tobytes()).hexdigest())
"""


def test_what_was_just_compiled_and_what_is_loaded_have_the_same_bits_with_and_without_threads(tmp_path):
    compiled = python(ROUNDED, NNTRAIN_CACHE=tmp_path).stdout.split()
    loaded = python(ROUNDED, NNTRAIN_CACHE=tmp_path).stdout.split()
    assert len(compiled) == 2
    assert len({*compiled, *loaded}) == 1


LOADED = """
import sys
import numpy as np
from nntrain import kernels
x = np.ones((64, 3), np.float32)
y = np.zeros_like(x)
kernels.gather.rows.serial(y, x, np.arange(64), np.zeros(3), np.ones(3))
kernels.gather.rows.threaded(y, x, np.arange(64), np.zeros(3), np.ones(3))
print(y.sum(), "numba.np.linalg" in sys.modules)
"""


def test_a_process_that_finds_its_kernels_loads_nothing_that_compiling_needs(tmp_path):
    compiled, loaded = (python(LOADED, NNTRAIN_CACHE=tmp_path).stdout.split() for _ in range(2))
    assert compiled == ["192.0", "True"]
    assert loaded == ["192.0", "False"]
