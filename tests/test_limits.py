"""Limits: memory and processors that the system leaves to a process, and what is refused because of them."""

import json
import math
import os
import resource
import subprocess
import sys
import warnings

import numpy as np
import pytest

from nntrain import kernels, limits
from nntrain.api.setup import computing_threads, load_setup
from nntrain.cli.main import explained, own_warnings
from nntrain.errors import UserError
from nntrain.limits import Room, memory_bytes, memory_room, processors, require_memory, size
from nntrain.network.network import Network
from nntrain.network.size import network_size
from tests.conftest import MOONS
from tests.support import ROOT

GIB = 2**30


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Writes files of control groups, and the membership of this process."""
    monkeypatch.setattr(limits, "GROUPS", tmp_path)
    monkeypatch.setattr(limits, "MEMBERSHIP", tmp_path / "membership")

    def write(membership: str, **files: str) -> None:
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    return write


def test_control_groups_of_version_2_limit_memory_and_processors(group):
    group(
        "0::/a/b\n",
        a__b__memory_DOT_max="max",
        a__memory_DOT_max=str(GIB // 2),
        a__b__cpu_DOT_max="50000 100000",
    )
    assert memory_bytes() == GIB // 2
    assert "control group" in memory_room().source
    assert processors() == 1


def test_control_groups_of_version_1_limit_memory_and_processors(group):
    group(
        "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n",  # the host's path, of which a container sees the top only
        memory__memory_DOT_limit_in_bytes=str(GIB // 4),
        cpu__cpu_DOT_cfs_quota_us="100000",
    )
    assert (memory_bytes(), processors()) == (GIB // 4, 1)


def test_groups_without_limits_and_other_systems_leave_the_machine(group):
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    group("0::/\n", memory_DOT_max="max", cpu_DOT_max="max 100000")
    assert (memory_bytes(), processors()) == (whole, len(os.sched_getaffinity(0)))
    group(
        "4:memory:/\n5:cpu:/\n",
        memory__memory_DOT_limit_in_bytes=str(2**63 - 4096),
        cpu__cpu_DOT_cfs_quota_us="-1",
    )
    assert (memory_bytes(), processors()) == (whole, len(os.sched_getaffinity(0)))


@pytest.mark.skipif(kernels.jit.thread_limit() < 2, reason="needs two processors")
def test_threads_follow_the_quota_unless_their_number_is_given(monkeypatch):
    monkeypatch.setattr("nntrain.api.setup.processors", lambda: 1)
    with computing_threads(None) as count:
        assert count == 1
    with computing_threads(2) as count:
        assert count == 2


def test_the_scarcest_memory_counts(monkeypatch):
    monkeypatch.setattr(limits, "_physical", lambda: [Room(8 * GIB, "the machine", GIB)])
    monkeypatch.setattr(limits, "_ulimits", lambda: [Room(4 * GIB, "ulimit -v", GIB)])
    require_memory(3 * GIB, "the samples take", "Use fewer.")
    with pytest.raises(
        UserError,
        match=r"the samples take about 3\.5 GiB, but memory has 3\.0 GiB left of 4\.0 GiB \(ulimit -v\)",
    ):
        require_memory(3.5 * GIB, "the samples take", "Use fewer.")


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(100, "0 KiB"), (189 * 2**20, "189 MiB"), (2.94 * GIB, "2.9 GiB"), (3.5e3 * 2**40, "3,500 TiB")],
)
def test_size(n_bytes, text):
    assert size(n_bytes) == text


@pytest.mark.parametrize("backward", [True, False])
def test_the_size_of_a_network_is_that_of_its_arrays(shell, backward):
    setup, _ = load_setup(shell.write(MOONS))
    planned = network_size(setup.graph, 50, "float32", backward=backward)
    network = Network(setup.graph, 50, backward=backward)
    arrays = {id(array.base): array.base.nbytes for array in network.buffers if array.base is not None}
    assert planned.parameters == network.arena.values.size
    assert planned.learning == network.theta.size
    assert sum(arrays.values()) == planned.buffers + 64 * len(arrays)  # of each, for its alignment


def test_training_that_does_not_fit_is_refused_with_what_it_takes(shell, monkeypatch, wording):
    monkeypatch.setattr("nntrain.training.memory.memory_room", lambda: Room(3 * GIB, "ulimit -v", GIB))
    path = shell.write(MOONS.replace("units: 8", "units: 1000000000000"))
    wording(shell.run("fit", path, code=2).stderr, FOLDER=shell.folder)
    assert not (shell.folder / "runs").exists()
    path = shell.write(MOONS.replace("adam: {lr: 0.02}", "adam: 0.1"))
    monkeypatch.setattr("nntrain.training.memory.memory_room", lambda: Room(10**6, "the machine"))
    assert "state of the optimizer" in shell.run("summary", path, code=2).stderr


@pytest.mark.parametrize("rows", [10**9, 10**12])
def test_benchmarks_of_absurd_batches_are_refused(shell, rows):
    assert (
        "training takes about" in shell.run("bench", shell.write(MOONS), "--batch-size", rows, code=2).stderr
    )


def test_a_lack_of_memory_is_one_message_and_the_run_has_failed(shell, monkeypatch):
    def fails(*_):
        np.empty(2**60, np.uint8)

    monkeypatch.setattr("nntrain.training.loop.Trainer.warm_up", fails)
    path = shell.write(MOONS)
    error = shell.run("fit", path, "--name", "run", code=1).stderr.splitlines()[-2:]
    assert error[0].startswith("error: not enough memory: unable to allocate 1.00 EiB")
    assert "; memory has " in error[0]
    assert error[1].startswith("hint: Use a smaller batch size")
    assert json.loads((shell.folder / "runs/run/run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("libx.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
)
def test_every_form_of_a_lack_of_memory_is_explained(error):
    found = explained(error)
    assert found is not None
    assert found.exit_code == 1
    assert found.hint


def test_eval_predict_and_resume_draw_no_initial_values(shell, monkeypatch):
    run = shell.fit(MOONS)
    (shell.folder / "x.csv").write_text("0.1,0.2\n")

    def draws(*_):
        raise AssertionError("initial values were drawn")

    monkeypatch.setattr("nntrain.network.arena.Arena.initialize", draws)
    shell.run("eval", run)
    shell.run("predict", run, "x.csv")
    shell.fit(MOONS.replace("epochs: 4", "epochs: 5"), "--resume")


def test_own_warnings_of_python_are_shown_as_the_commands_own(capsys, monkeypatch):
    monkeypatch.setattr("nntrain.kernels.cache._warned", False)
    monkeypatch.setattr(
        "warnings.warn", lambda text, category, stacklevel: warnings.showwarning(text, category, "f.py", 1)
    )
    with own_warnings():
        kernels.cache._warn("/cache", "Read-only file system")
        kernels.cache._warn("/cache", "Read-only file system")
    error = capsys.readouterr().err
    assert error.startswith("warning: /cache: compiled kernels cannot be kept (Read-only file system)")
    assert error.count("warning") == 1
    assert "\nhint: Set NNTRAIN_CACHE" in error


def limited(*arguments: object, megabytes: int) -> subprocess.CompletedProcess:
    """The command with so much address space."""
    return subprocess.run(
        [sys.executable, "-m", "nntrain", *map(str, arguments)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20)),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ulimit -v")
def test_ulimit_is_respected_by_fit_and_by_what_opens_a_checkpoint(shell):
    big = MOONS.replace("units: 8", "units: 5000000")
    done = limited("fit", shell.write(big), "--threads", 1, megabytes=900)
    assert done.returncode == 2
    assert "training takes about" in done.stderr
    assert "(ulimit -v)" in done.stderr
    header = json.dumps({"x": {"dtype": "U8", "shape": [2**31], "data_offsets": [0, 2**31]}}).encode()
    with (shell.folder / "big.safetensors").open("wb") as file:  # sparse: it takes no space
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2**31)
    done = limited("eval", "big.safetensors", "--threads", 1, megabytes=900)
    assert done.returncode == 2
    assert "the checkpoint takes about 4.0 GiB" in done.stderr
    assert "Traceback" not in done.stderr
    assert math.isfinite(memory_bytes())
