"""`nntrain doctor`: facts without names, a self-test that notices what is wrong, and exit codes."""

import json
import os
import sys
from importlib import metadata

import pytest
from rich.console import Console

import nntrain
from nntrain import kernels
from nntrain.doctor import computer, examine, installation, privacy, self_test
from nntrain.doctor.diagnosis import SelfTest
from nntrain.layers.dense import Dense
from nntrain.report.terminal.doctor import screen


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(self_test, "SECONDS", 0.01)
    monkeypatch.setattr(self_test, "EXPECTED", 0.0)  # other tests use the processors, too
    monkeypatch.setattr(self_test, "SPEED_UP", 0.0)


@pytest.fixture
def untested(monkeypatch):
    """The facts alone."""
    monkeypatch.setattr(examine, "run_tests", lambda found, tests: None)
    monkeypatch.setattr(computer, "threads_by", lambda: "OpenMP")


def diagnosed(shell, code: int = 0) -> dict:
    return json.loads(shell.run("doctor", "--json", code=code).stdout)


def errors(found: dict) -> list[str]:
    return [problem["text"] for problem in found["problems"] if problem["severity"] == "error"]


def test_a_sound_machine_has_facts_and_passes_its_tests(shell):
    found = diagnosed(shell)
    assert found["healthy"]
    assert found["versions"]["nntrain"].startswith(nntrain.__version__)
    assert found["versions"]["numba"] == metadata.version("numba")
    assert found["processor"]["float32_lanes"] == kernels.host.FLOAT32_LANES
    assert found["processor"]["vector_bits"] == 8 * kernels.host.VECTOR_BYTES
    assert 1 <= found["processor"]["threads"] <= found["processor"]["usable"] <= os.cpu_count()
    assert found["memory"]["bytes"] > 2**20
    assert found["caches"]["kernels"]["kernels"] > 0
    tests = {test["name"]: test for test in found["tests"]}
    assert all(test["passed"] for test in tests.values())
    assert tests["gradient"]["numbers"]["compared"] == 22  # all parameters of 2-4-2
    assert tests["speed"]["numbers"]["gflops"] > 0
    assert found["processor"]["threads_by"] == (
        "another library than OpenMP" if kernels.jit.shares_threads() else "OpenMP"
    )


def test_the_api_finds_the_same_facts(shell, untested):
    by_command, by_api = diagnosed(shell), json.loads(json.dumps(nntrain.diagnose().to_dict()))
    for name in ("versions", "extras", "system", "processor", "variables", "problems"):
        assert by_api[name] == by_command[name]


def test_the_text_is_plain_in_a_pipe_and_fits_every_terminal(shell, untested):
    found = nntrain.diagnose()
    found.tests = [
        SelfTest("gradient", True, "fine " * 30, {}),
        SelfTest("speed", False, "slow " * 30, {"gflops": 1}),
    ]
    for width in (60, 80, 120):
        console = Console(width=width, record=True, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
        console.print(screen(found))
        console.file.close()
        lines = console.export_text().splitlines()
        assert max(map(len, lines)) <= width
        assert any(line.startswith("vectors") for line in lines)
    piped = shell.run("doctor").stdout
    assert "\x1b" not in piped
    assert all(
        line.strip() == "" or "  " in line or line == "no problems found" for line in piped.splitlines()
    )


def test_names_and_home_folders_stay_out_of_it(shell, untested, monkeypatch):
    home = shell.folder / "home" / "alice"
    (home / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "alice")
    monkeypatch.setenv("NNTRAIN_CACHE", str(home / "kernels"))
    monkeypatch.setenv("NNTRAIN_DATA", f"{home}/data")
    monkeypatch.setenv("NUMBA_SOMETHING", "/scratch/alice/x:/home/bob/y")
    monkeypatch.setenv("NNTRAIN_STORAGE", "postgresql://carol:pass@host/base")
    monkeypatch.setenv("NNTRAIN_TOKEN", "abc")
    for text in (shell.run("doctor").stdout, shell.run("doctor", "--json").stdout):
        assert "~/kernels" in text
        assert "~/data" in text
        for name in ("alice", "bob", "carol", "pass@", "abc"):
            assert name not in text
    assert diagnosed(shell)["variables"]["NUMBA_SOMETHING"] == "/scratch/…/x:/home/…/y"


def test_a_path_that_only_begins_like_the_home_folder_is_another(monkeypatch):
    monkeypatch.setenv("HOME", "/data/al")
    monkeypatch.setenv("LOGNAME", "al")
    assert privacy.without_names("/data/al/x") == "~/x"
    assert privacy.without_names("/data/alpha/x") == "/data/alpha/x"


def test_a_wrong_gradient_is_an_error(shell, monkeypatch):
    right = Dense.backward_parameters

    def wrong(layer, ctx):
        right(layer, ctx)
        ctx.dweight *= 1.001

    monkeypatch.setattr(Dense, "backward_parameters", wrong)
    found = diagnosed(shell, code=1)
    assert not found["healthy"]
    (text,) = errors(found)
    assert text.startswith("gradients are wrong on this machine")
    assert "FAILED" in shell.run("doctor", code=1).stdout


@pytest.mark.skipif(kernels.jit.thread_limit() < 2, reason="one processor")
def test_results_that_depend_on_the_number_of_threads_are_an_error(shell, monkeypatch):
    right = Dense.forward

    def wrong(layer, ctx):
        right(layer, ctx)
        ctx.y *= 1 + 1e-3 * kernels.jit.threads_in_use()

    monkeypatch.setattr(Dense, "forward", wrong)
    monkeypatch.setattr(self_test, "gradient", lambda: SelfTest("gradient", True, "", {}))
    (text,) = errors(diagnosed(shell, code=1))
    assert "number of threads" in text


def test_a_test_that_fails_with_an_exception_is_an_error(shell, monkeypatch):
    def broken():
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(self_test, "gradient", broken)
    found = diagnosed(shell, code=1)
    assert "ZeroDivisionError: by zero" in errors(found)[0]
    assert [test["passed"] for test in found["tests"]] == [False, True, True]


def test_a_slow_product_is_a_warning(shell, monkeypatch):
    monkeypatch.setattr(self_test, "EXPECTED", 0.6)
    monkeypatch.setattr(self_test, "product_gflops", lambda peak: peak.measure() or 0.1 * peak.gflops)
    result = shell.run("doctor")
    assert "slow" in result.stdout
    assert "10% of the processor's peak" in result.stdout
    assert result.stdout.endswith("1 warning\n")


def test_what_is_wrong_with_the_environment_is_named(shell, untested, monkeypatch):
    (shell.folder / "file").touch()
    monkeypatch.setenv("NNTRAIN_CACHE", str(shell.folder / "file" / "cache"))
    monkeypatch.setenv("NNTRAIN_DATA", "/no/such/folder")
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.setenv("NNTRAIN_VECTOR_LANES", "4")
    monkeypatch.setattr(kernels.host, "FLOAT32_LANES", 2)  # fewer than any processor has
    monkeypatch.setattr(kernels.jit, "thread_limit", lambda: 0)
    monkeypatch.setattr(computer, "available_memory", lambda: 100 * 2**20)
    texts = [problem["text"] for problem in diagnosed(shell, code=1)["problems"]]
    variables = ("NNTRAIN_DATA", "NUMBA_DISABLE_JIT", "NNTRAIN_VECTOR_LANES", "NUMBA_NUM_THREADS")
    for part in ("compiled kernels cannot be kept", "only 100 MiB of memory", *variables):
        assert any(part in text for text in texts), part
    assert len(texts) == 6


def test_missing_and_old_libraries_are_named(shell, untested, monkeypatch):
    versions = {"numba": "0.5.1", "rich": None}
    plain = installation.version_of
    monkeypatch.setattr(installation, "version_of", lambda name: versions.get(name, plain(name)))
    found = diagnosed(shell, code=1)
    old, missing = errors(found)
    assert old.startswith("numba 0.5.1 is too old: nntrain requires 0.")
    assert missing == "rich is not installed"
    assert "rich not installed" in shell.run("doctor", code=1).stdout


def test_an_old_library_of_an_extra_is_a_warning_and_a_missing_one_is_none(shell, untested, monkeypatch):
    class Package(metadata.Distribution):
        version = nntrain.__version__
        requires = (
            "numpy>=1.26",
            "onnx>=1.17 ; extra == 'onnx'",
            'uvicorn>=0.30; extra == "serve"',
            "pytest; extra == 'test'",
        )

        def read_text(self, filename):
            return None

        def locate_file(self, path):
            return path

    versions = {"numpy": "2.1", "llvmlite": "0.45", "onnx": "1.2", "uvicorn": None}
    monkeypatch.setattr(installation.metadata, "distribution", lambda name: Package())
    monkeypatch.setattr(installation, "version_of", versions.get)
    found = diagnosed(shell)
    assert found["extras"] == {"onnx": {"onnx": "1.2"}, "serve": {"uvicorn": None}}
    (problem,) = found["problems"]
    assert problem["severity"] == "warning"
    assert "onnx 1.2 is too old: nntrain requires 1.17" in problem["text"]
    assert "onnx: onnx 1.2; not installed: serve" in shell.run("doctor").stdout


@pytest.mark.parametrize(
    ("version", "least", "enough"),
    [
        ("2.4.6", "1.26", True),
        ("1.9", "1.26", False),
        ("3", "3.0", True),
        ("2.0rc1", "2.0", True),
        ("0.62.0", "0.62", True),
    ],
)
def test_versions_are_compared_as_numbers(version, least, enough):
    assert (installation.numbers(version) >= installation.numbers(least)) == enough


def test_a_library_that_cannot_be_loaded_is_reported_with_what_is_known(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "nntrain.doctor.computer", None)
    monkeypatch.delattr("nntrain.doctor.computer")
    found = diagnosed(shell, code=1)
    assert "the kernels cannot be loaded" in errors(found)[0]
    assert found["versions"]["numpy"]
    assert "numpy" in shell.run("doctor", code=1).stdout
