"""Imports point one way, between floors and without circles, and what starts a command stays light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nntrain

ROOT = Path(nntrain.__file__).parent

# From the top floor to the ground: a floor may import what lies below it, and nothing of its own floor.
FLOORS = [
    {"cli"},
    {"serve", "sklearn"},
    {"api"},
    {"report"},
    {"listing"},
    {"search", "importing", "doctor"},
    {"preflight", "starters"},
    {
        "run",
        "gradient_check",
        "bench",
        "kernel_cache",
        "scaling",
        "range_test",
        "templates",
        "export",
    },
    {"training"},
    {"inference"},
    {"manual"},
    {"config"},
    {"network"},
    {"metrics"},
    {"losses", "optimizers", "schedules", "data", "layers"},
    {"initializers"},
    {"component", "plugins", "distributed"},
    {"options", "randomness", "files", "limits", "paths", "machine", "heads"},
    {"target_transform"},
    {"errors", "other_tools", "locking"},
    {"kernels"},
]
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}

ONLY_IN = {
    "click": {"cli"},
    "rich": {"report", "cli"},
    "matplotlib": {"report"},
    "bokeh": {"report"},
    "tensorboardX": {"report"},
    "optuna": {"search"},
    "sqlalchemy": {"search"},
    "numba": {"kernels"},
    "llvmlite": {"kernels"},
    "mpi4py": {"distributed"},
    "onnx": {"export", "importing"},
    "onnxruntime": {"export"},
    "h5py": {"importing"},
    "openpyxl": {"data"},
    "pyarrow": {"data"},
    "starlette": {"serve"},
    "uvicorn": {"serve"},
    "sklearn": {"sklearn"},
}
EXCEPTIONS = {
    ("run/environment.py", "numba"),
    ("run/environment.py", "llvmlite"),
}  # their versions, for run.json


def imported(file: Path, types_too: bool = False) -> set[str]:
    """Full names of all modules that a file imports, at the top or inside functions."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        for_types = (
            isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
        if for_types and not types_too:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(file.read_text()))
    return found


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def rooms_imported(file: Path) -> set[str]:
    parts = (name.split(".") for name in imported(file))
    return {rest[0] for top, *rest in parts if top == "nntrain" and rest and rest[0] in FLOOR}


def wrong_arrows(root: Path) -> list[str]:
    """Imports of a room on the same floor or above, kernels excepted: they import nothing of ours."""
    wrong = []
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root)
        if room(path).startswith("__"):
            continue
        for other in sorted(rooms_imported(file) - {room(path)}):
            if FLOOR[other] <= FLOOR[room(path)] or room(path) == "kernels":
                wrong.append(f"{path} imports {other}")
    return wrong


def circles(root: Path) -> list[str]:
    """Circles between folders, types included: data/tables -> data/files -> data/tables. A folder may use its parent."""
    arrows: dict[str, set[str]] = {}
    for file in sorted(root.rglob("*.py")):
        here = ".".join(("nntrain", *file.relative_to(root).parts[:-1]))
        for name in imported(file, types_too=True):
            target = root.joinpath(*name.split(".")[1:])
            while target != root and not target.is_dir():
                target = target.parent
            there = ".".join(("nntrain", *target.relative_to(root).parts))
            nested = here.startswith(f"{there}.") or there.startswith(f"{here}.")
            if (
                name.startswith("nntrain.")
                and "nntrain" not in (here, there)
                and here != there
                and not nested
            ):
                arrows.setdefault(here, set()).add(there)
    found, done = [], set()

    def walk(folder: str, path: list[str]) -> None:
        if folder in path:
            found.append(" -> ".join([*path[path.index(folder) :], folder]))
            return
        if folder not in done:
            for other in sorted(arrows.get(folder, ())):
                walk(other, [*path, folder])
            done.add(folder)

    for folder in sorted(arrows):
        walk(folder, [])
    return found


def test_imports_point_down():
    assert wrong_arrows(ROOT) == []


def test_every_room_has_a_floor():
    rooms = {room(file.relative_to(ROOT)) for file in ROOT.rglob("*.py")}
    assert {name for name in rooms if not name.startswith("__")} - FLOOR.keys() <= {"configs"}


def test_no_folders_import_each_other_in_a_circle():
    assert circles(ROOT) == []


def test_a_wrong_arrow_and_a_circle_are_found(tmp_path):
    for name, text in {
        "layers/a.py": "from nntrain.network.b import c",
        "network/b.py": "from nntrain.layers.a import d",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert wrong_arrows(tmp_path) == ["layers/a.py imports network"]
    assert circles(tmp_path) == ["nntrain.layers -> nntrain.network -> nntrain.layers"]


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_libraries_are_imported_where_they_belong(file):
    path = file.relative_to(ROOT)
    for name in imported(file):
        top = name.split(".")[0]
        if top in ONLY_IN and (path.as_posix(), top) not in EXCEPTIONS:
            assert room(path) in ONLY_IN[top], f"{path} imports {name}"
        if top == "bokeh":
            assert path.parts[:3] == ("report", "html", "curves")
        if top == "matplotlib":
            assert path.parts[:2] == ("report", "pictures")
        if name in ("numba.njit", "numba.jit"):
            assert path.as_posix() == "kernels/jit.py"


@pytest.mark.parametrize("module", ["nntrain", "nntrain.cli.main", "nntrain.config.schema"])
def test_what_starts_a_command_loads_neither_numba_nor_matplotlib(module):
    code = f"import sys, {module}; print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numba_flags_are_in_one_file():
    for file in (ROOT / "kernels").rglob("*.py"):
        if file.name != "jit.py":
            assert "fastmath=True" not in file.read_text(), file


def test_a_file_is_replaced_atomically_in_one_place():
    replacing = re.compile(r"os\.replace|temporary\.replace")
    users = {
        file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*.py") if replacing.search(file.read_text())
    }
    assert users == {"files.py", "kernels/cache.py"}  # kernels import nothing of nntrain
