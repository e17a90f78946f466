"""Imports point one way: cli -> training, report, gradcheck -> network, data, ... -> layers -> kernels."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nntrain

ROOT = Path(nntrain.__file__).parent

# Who may import whom; what everybody but `kernels` may import is listed once.
EVERYBODY = {"errors", "options", "component", "config", "randomness", "kernels"}
LEAVES = {"losses", "optimizers", "schedules", "metrics", "data", "initializers", "layers"}
ALLOWED = {
    "kernels": set(),
    "errors": set(),
    "options": set(),
    "randomness": set(),
    "component": {"options"},
    "config": EVERYBODY | LEAVES,
    "initializers": EVERYBODY,
    "layers": EVERYBODY | {"initializers"},
    "losses": EVERYBODY,
    "metrics": EVERYBODY | {"losses"},
    "optimizers": EVERYBODY,
    "schedules": EVERYBODY,
    "data": EVERYBODY,
    "network": EVERYBODY | {"layers", "initializers"},
    "plugins": {"errors"},
    "manual": EVERYBODY | LEAVES,
    "templates": EVERYBODY,
    "starter": EVERYBODY | LEAVES,
    "training": EVERYBODY | LEAVES | {"network", "plugins"},
    "gradcheck": EVERYBODY | LEAVES | {"network", "training"},
    "bench": EVERYBODY | LEAVES | {"network", "training"},
    "report": EVERYBODY | LEAVES | {"network", "training", "gradcheck", "bench", "manual", "templates"},
    "cli": EVERYBODY
    | LEAVES
    | {"network", "training", "gradcheck", "bench", "report", "plugins", "manual", "templates", "starter"},
}
ONLY_IN = {
    "click": {"cli"},
    "rich": {"report", "cli"},
    "matplotlib": {"report"},
    "numba": {"kernels"},
    "llvmlite": {"kernels"},
}
# What a run was made with is written into its run.json.
EXCEPTIONS = {("training/run_folder.py", "numba"), ("training/run_folder.py", "llvmlite")}


def imported(file: Path) -> set[str]:
    """Full names of all modules that a file imports, at the top or inside functions; not those for types alone."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(file.read_text()))
    return found


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file):
    place = file.relative_to(ROOT)
    family = place.parts[0].removesuffix(".py")
    if family.startswith("__"):
        return
    for name in imported(file):
        top, *rest = name.split(".")
        if top == "nntrain" and rest:
            assert (
                rest[0] == family or rest[0] in ALLOWED[family] or rest == ["__version__"] or rest == ["cli"]
            ), name
        if top in ONLY_IN and (place.as_posix(), top) not in EXCEPTIONS:
            assert family in ONLY_IN[top], f"{place} imports {name}"


def test_matplotlib_is_imported_by_the_plots_alone():
    users = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.rglob("*.py")
        if any(name.startswith("matplotlib") for name in imported(file))
    }
    assert all(user.startswith("report/plots") for user in users)


@pytest.mark.parametrize("module", ["nntrain.cli.main", "nntrain.config.schema"])
def test_what_reads_configs_loads_neither_numba_nor_matplotlib(module):
    code = f"import sys, {module}; print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numba_flags_stand_in_one_file():
    for file in (ROOT / "kernels").rglob("*.py"):
        if file.name != "jit.py":
            assert not any(name in ("numba.njit", "numba.jit") for name in imported(file)), file
            assert "fastmath=True" not in file.read_text(), file
