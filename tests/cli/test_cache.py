"""`nntrain cache`: what is compiled, for which version and processor; built ahead of time, and cleared."""

import json

import pytest

from nntrain.kernels import cache
from tests.conftest import MOONS
from tests.kernels.test_cache import python


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """A kernel cache with three kernels that are current, two of another vector width, one of an earlier nntrain."""
    root = tmp_path / "kernels"
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "FOLDER", root / "current")
    of_now = cache.about()
    for name, count, about in (
        ("current", 3, of_now),
        ("narrow", 2, of_now | {"lanes": 1}),
        ("old", 1, {}),
    ):
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"matmul.product-{number}.nbc").write_bytes(bytes(1000))
        if about:
            (root / name / cache.ABOUT).write_text(json.dumps(about))
    return root


def states(shell):
    return {
        entry["folder"].rsplit("/", 1)[1]: entry["state"]
        for entry in json.loads(shell.run("cache", "--json").stdout)["caches"]
    }


def test_the_cache_says_what_is_current_and_what_is_stale(shell, kernels):
    found = json.loads(shell.run("cache", "--json").stdout)
    assert found["folder"] == str(kernels)
    assert [entry["kernels"] for entry in found["caches"]] == [3, 2, 1]
    assert found["caches"][0]["bytes"] > 3000
    assert found["caches"][0]["about"]["processor"]
    assert states(shell) == {"current": "current", "narrow": "other settings", "old": "stale"}
    shown = shell.run("cache").stdout
    assert "6 kernels" in shown
    assert "stale" in shown


def test_clear_removes_all_or_only_what_is_stale(shell, kernels):
    assert "1 kernel," in shell.run("cache", "clear", "--stale").stdout
    assert states(shell) == {"current": "current", "narrow": "other settings"}
    assert "no stale kernels" in shell.run("cache", "clear", "--stale").stdout
    assert "5 kernels" in shell.run("cache", "clear").stdout
    assert states(shell) == {}
    assert "empty" in shell.run("cache").stdout
    assert "empty" in shell.run("cache", "clear").stdout


def test_json_is_of_the_overview_alone(shell, wording):
    wording(shell.run("cache", "--json", "clear", code=2).stderr)


def test_build_needs_a_config(shell, wording):
    wording(shell.run("cache", "build", code=2).stderr)
    wording(shell.run("cache", "build", "--for", "missing.yaml", code=2).stderr)


@pytest.mark.slow
def test_after_build_a_run_compiles_nothing(shell, tmp_path):
    config = shell.write(MOONS)

    def nntrain(*arguments):
        code = f"import sys; sys.argv = {['nntrain', *map(str, arguments)]!r}; from nntrain.cli.main import main; main()"
        return python(code, NNTRAIN_CACHE=tmp_path / "cache").stdout

    assert "compiled " in nntrain("cache", "build", "--for", config)
    assert "compiled already" in nntrain("cache", "build", "--for", config)
    nntrain("fit", config, "--runs-dir", tmp_path / "runs", "--quiet")
    before = set((tmp_path / "cache").rglob("*.nbc"))
    assert before
    nntrain("fit", config, "--runs-dir", tmp_path / "runs", "--quiet", "--overwrite")
    assert set((tmp_path / "cache").rglob("*.nbc")) == before
