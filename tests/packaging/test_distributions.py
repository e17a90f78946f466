"""Wheel and sdist: built in another folder from what git knows, and installed in an environment of their own."""

import json
import os
import shutil
import subprocess
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import nntrain

ROOT = Path(__file__).parents[2]
VERSION = nntrain.__version__
WHEEL = f"nntrain-{VERSION}-py3-none-any.whl"
LARGEST = 2_500_000  # bytes of the wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("packaging"),  # one worker builds and installs for all of them
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout"),
]


def run(folder: Path, *command: object) -> str:
    """Runs a command without the checkout on Python's path; its stdout."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def environment(folder: Path) -> Path:
    """A fresh environment; the folder of its commands."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin")


def known_to_git() -> list[str]:
    """Tracked files, and those that would be."""
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard")
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist, the wheel of the checkout, and in `again/` the wheel that pip builds of the sdist."""
    folder = tmp_path_factory.mktemp("built")
    for name in known_to_git():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "source" / name)
    tools = environment(folder / "tools")
    run(folder, tools / "python", "-m", "pip", "install", "-q", "hatchling>=1.27")
    for target in ("sdist", "wheel"):
        run(folder / "source", tools / "python", "-m", "hatchling", "build", "-t", target, "-d", folder)
    sdist = folder / f"nntrain-{VERSION}.tar.gz"
    run(folder, tools / "python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "again", sdist)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The folder of the commands of an environment with the wheel and what it requires, without extras."""
    commands = environment(tmp_path_factory.mktemp("installed") / "env")
    run(built, commands / "python", "-m", "pip", "install", "-q", built / WHEEL)
    return commands


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_its_data_and_the_configs_and_nothing_else(built):
    found = {name for name in contents(built / WHEEL) if ".dist-info/" not in name}
    package = {name for name in known_to_git() if name.startswith("nntrain/")}
    configs = {f"nntrain/{name}" for name in known_to_git() if name.startswith("configs/")}
    assert found == package | configs
    data = {
        f"nntrain/data/packaged/{name}"
        for name in ("digits.csv.gz", "penguins.csv", "shapes/test/star/00.png")
    }
    assert {"nntrain/py.typed", "nntrain/configs/iris.yaml", *data} <= found
    assert (built / WHEEL).stat().st_size < LARGEST


def test_the_wheel_says_what_it_is_and_carries_its_licence(built):
    files = contents(built / WHEEL)
    about = files[f"nntrain-{VERSION}.dist-info/METADATA"].decode()
    for line in (
        "Requires-Python: >=3.11",
        "License-Expression: MIT",
        "Classifier: Typing :: Typed",
        "Provides-Extra: onnx",
    ):
        assert f"\n{line}\n" in about
    assert files[f"nntrain-{VERSION}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_holds_what_git_knows(built):
    with tarfile.open(built / f"nntrain-{VERSION}.tar.gz") as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert found == {*known_to_git(), "PKG-INFO"}
    assert {"LICENSE", "tests/conftest.py", "docs/python.md", "configs/digits.yaml", "CHANGELOG.md"} <= found


def test_the_sdist_builds_a_wheel_of_the_same_content(built):
    assert contents(built / "again" / WHEEL) == contents(built / WHEEL)


def test_the_installed_program_trains_predicts_examines_itself_and_names_a_missing_extra(installed, tmp_path):
    place = run(tmp_path, installed / "python", "-c", "import nntrain; print(nntrain.__file__)").strip()
    assert Path(place).is_relative_to(installed.parent)
    assert (
        run(tmp_path, installed / "python", "-m", "nntrain", "--version") == f"nntrain, version {VERSION}\n"
    )
    assert "wrote iris.yaml" in run(tmp_path, installed / "nntrain", "new", "iris")
    run(tmp_path, installed / "nntrain", "fit", "iris.yaml", "--set", "train.epochs=2", "--quiet")
    assert (tmp_path / "runs" / "iris" / "loss.png").exists()
    predicted = run(tmp_path, installed / "nntrain", "predict", "runs/iris", "iris", "--explain").splitlines()
    assert predicted[0].startswith("class,explain(sepal_length)")
    assert len(predicted) == 1 + 150
    found = json.loads(run(tmp_path, installed / "nntrain", "doctor", "--json"))
    assert found["versions"]["nntrain"] == VERSION
    assert set(found["extras"]) == {
        "keras",
        "mpi",
        "onnx",
        "report",
        "serve",
        "sklearn",
        "sweep",
        "tables",
        "tensorboard",
    }
    assert not [problem for problem in found["problems"] if problem["severity"] == "error"]

    done = subprocess.run(
        [installed / "nntrain", "serve", "runs/iris"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "nntrain[serve]" in done.stderr  # the extra that is missing
    assert "Traceback" not in done.stderr
