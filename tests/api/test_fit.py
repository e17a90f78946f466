"""`nntrain.fit`: the same bytes as the command, arrays instead of files, threads, and a host program left as it was."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import nntrain
from tests.conftest import MOONS, contents
from tests.support import ROOT

NETWORK = {
    "model": {"layers": [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": 2}]},
    "loss": "cross_entropy",
    "metrics": ["accuracy"],
    "optimizer": {"adam": {"lr": 0.05}},
    "train": {"epochs": 5, "batch_size": 16},
}


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    """Two classes that a line separates."""
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    return x, np.where(x[:, 0] > x[:, 1], "above", "below")


def test_a_fit_leaves_the_bytes_of_the_command(shell):
    by_command = shell.fit(MOONS, "--set", "optimizer.adam.lr=0.03", name="command")
    run = nntrain.fit("config.yaml", set={"optimizer.adam.lr": 0.03}, name="function")
    assert run.path is not None
    assert contents(run.path) == contents(by_command)
    assert (run.path / "config.yaml").read_bytes() == (by_command / "config.yaml").read_bytes()
    assert {path.name for path in run.path.iterdir()} == {path.name for path in by_command.iterdir()}


def test_a_run_in_memory_writes_nothing_and_equals_one_on_disk(shell):
    shell.write(MOONS)
    in_memory, on_disk = nntrain.fit("config.yaml", runs_dir=None), nntrain.fit("config.yaml", name="run")
    assert in_memory.path is None
    assert sorted(path.name for path in shell.folder.iterdir()) == ["config.yaml", "runs"]
    assert in_memory.status == on_disk.status == "finished"
    assert in_memory.scores == on_disk.scores
    assert list(in_memory.history) == list(on_disk.history)
    for column, values in in_memory.history.items():
        np.testing.assert_array_equal(values, on_disk.history[column])
    for column, values in in_memory.steps.items():
        np.testing.assert_array_equal(values, on_disk.steps[column])
    for name, parameter in in_memory.model.parameters.items():
        np.testing.assert_array_equal(parameter, on_disk.model.parameters[name])


def test_nothing_is_printed_unless_asked(shell, capfd):
    shell.write(MOONS)
    nntrain.fit("config.yaml", runs_dir=None)
    assert capfd.readouterr() == ("", "")
    nntrain.fit("config.yaml", runs_dir=None, progress=True)
    printed = capfd.readouterr()
    assert "finished" in printed.out
    assert "epoch 4/4" in printed.err


def test_arrays_train_like_a_file_of_them(shell, points):
    x, y = points
    np.savez(shell.folder / "points.npz", x=x, y=y)
    of_file = {**NETWORK, "data": {"source": {"npz": "points.npz"}, "validation": 0.2}}
    of_arrays = nntrain.fit(NETWORK, data=nntrain.Data(x, y, validation=0.2), runs_dir=None)
    expected = nntrain.fit(of_file, runs_dir=None)
    assert of_arrays.scores == expected.scores
    assert of_arrays.scores["validation"]["accuracy"] > 0.9


def test_the_rest_of_the_data_section_applies_to_arrays(points):
    x, y = points
    config = {**NETWORK, "data": {"source": "digits", "validation": 0.2, "standardize": True}}
    run = nntrain.fit(config, data=nntrain.Data(x + 100, y), runs_dir=None)
    assert set(run.scores) == {"train", "validation"}
    assert run.scores["validation"]["accuracy"] > 0.9


def test_a_run_on_arrays_can_be_loaded_and_resumed(shell, points):
    x, y = points
    data = nntrain.Data(x, y)
    straight = nntrain.fit({**NETWORK, "train": {"epochs": 3}}, data=data, name="straight")
    nntrain.fit({**NETWORK, "train": {"epochs": 2}}, data=data, name="run")
    run = nntrain.fit({**NETWORK, "train": {"epochs": 3}}, data=data, name="run", resume=True)
    for name, parameter in straight.last.parameters.items():
        np.testing.assert_array_equal(parameter, run.last.parameters[name])
    np.testing.assert_array_equal(nntrain.load(shell.folder / "runs/run").predict(x), run.model.predict(x))
    assert "error: the data are arrays" in shell.run("eval", "runs/run", code=2).stderr


def test_a_finished_run_that_is_resumed_is_returned(shell):
    shell.write(MOONS)
    first = nntrain.fit("config.yaml", name="run")
    again = nntrain.fit("config.yaml", name="run", resume=True)
    assert (again.status, again.scores) == ("finished", first.scores)


@pytest.mark.parametrize(
    ("arguments", "error", "place"),
    [
        ({"config": "none.yaml"}, nntrain.UserError, "none.yaml"),
        ({"config": {**NETWORK, "loss": "crossentropy"}}, nntrain.ConfigError, ""),
        ({"config": NETWORK}, nntrain.ConfigError, "data"),
        ({"config": "config.yaml", "threads": 0}, nntrain.UserError, "threads"),
        (
            {"config": "config.yaml", "set": {"optimizer.adam.lr": "fast"}},
            nntrain.ConfigError,
            "optimizer.adam.lr",
        ),
        ({"config": "config.yaml", "name": "gone", "resume": True}, nntrain.UserError, "runs/gone"),
    ],
)
def test_errors_have_a_message_a_hint_and_a_place(shell, arguments, error, place):
    shell.write(MOONS)
    with pytest.raises(error) as raised:
        nntrain.fit(**arguments)
    assert raised.value.message
    assert isinstance(raised.value.hint, str)
    assert place in raised.value.place or place in str(raised.value)
    assert not (shell.folder / "runs").exists()


def test_a_diverging_run_raises(shell):
    shell.write(MOONS.replace("adam: {lr: 0.02}", "sgd: {lr: 1e30}").replace("tanh", "relu"))
    with pytest.raises(nntrain.Diverged):
        nntrain.fit("config.yaml", runs_dir=None)


def test_a_fit_off_the_main_thread_gives_the_same(shell):
    shell.write(MOONS)
    runs = []
    thread = threading.Thread(target=lambda: runs.append(nntrain.fit("config.yaml", runs_dir=None)))
    thread.start()
    expected = nntrain.fit("config.yaml", runs_dir=None)
    thread.join()
    assert runs[0].scores == expected.scores


WIDE = {
    "data": {"random": {"input": [300], "classes": 10, "samples": 600}},
    "model": {"layers": [{"dense": {"units": 260, "activation": "relu"}}, {"dense": 10}]},
    "loss": "cross_entropy",
    "optimizer": {"adam": {"lr": 1e-3}},
    "train": {"epochs": 1, "batch_size": 200},
}


def test_two_models_predict_from_two_threads_at_once():
    models = [nntrain.fit({**WIDE, "seed": seed}, runs_dir=None).model for seed in (0, 1)]
    x = np.random.default_rng(0).normal(size=(500, 300)).astype(np.float32)
    expected = [model.predict_proba(x) for model in models]
    wrong = []

    def predict(number: int) -> None:
        for _ in range(20):
            if not np.array_equal(models[number].predict_proba(x), expected[number]):
                wrong.append(number)

    threads = [threading.Thread(target=predict, args=(number,)) for number in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


HOST = """
import os, pathlib, signal, sys
import numba

before = (numba.config.CACHE_DIR, numba.config.THREADING_LAYER, numba.get_num_threads(), signal.getsignal(signal.SIGINT))

import nntrain
config = {"data": {"source": {"synthetic": {"kind": "two_moons", "samples": 40}}},
          "model": {"layers": [{"dense": 2}]}, "loss": "cross_entropy", "optimizer": {"sgd": {"lr": 0.1}}, "train": {"epochs": 1}}
nntrain.fit(config, runs_dir=None, threads=1)
after = (numba.config.CACHE_DIR, numba.config.THREADING_LAYER, numba.get_num_threads(), signal.getsignal(signal.SIGINT))
assert before == after, (before, after)

@numba.njit(cache=True)
def double(x):
    return 2 * x

double(1)
print(double.stats.cache_path)
"""


def test_a_program_that_uses_numba_finds_its_settings_and_its_cache_where_they_were(tmp_path):
    (tmp_path / "host.py").write_text(HOST)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "host.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "__pycache__")


def test_importing_nntrain_is_light():
    code = "import sys, nntrain; print(sorted(name for name in sys.modules if name in ('numba', 'matplotlib', 'numpy', 'pydantic')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_public_names_exist():
    assert all(getattr(nntrain, name) is not None for name in nntrain.__all__)
    with pytest.raises(AttributeError):
        nntrain.nothing  # noqa: B018
