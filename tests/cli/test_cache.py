"""`nntrain cache`: what is compiled, for which version and processor, and which tables and images are kept; built, and cleared."""

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from nntrain.data.sources.csv import Csv
from nntrain.data.sources.image_folder import ImageFolder
from nntrain.data.tables import cache as tables
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
    assert "nothing is stale" in shell.run("cache", "clear", "--stale").stdout
    assert "5 kernels" in shell.run("cache", "clear").stdout
    assert states(shell) == {}
    assert "empty" in shell.run("cache").stdout
    assert "empty" in shell.run("cache", "clear", "--kernels").stdout
    assert "empty" in shell.run("cache", "clear").stdout


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two tables and a folder of images in their caches, and files beside them that are not ours."""
    home = tmp_path / "cache"
    monkeypatch.setenv("NNTRAIN_CACHE", str(home))
    monkeypatch.setattr(tables, "LARGE", 0)
    (tmp_path / "kept.csv").write_text("a,y\n1,u\n2,v\n")
    (tmp_path / "other.csv").write_text("a,y\n1,u\n2,v\n")
    for name in ("kept.csv", "other.csv"):
        Csv(path=name, target="y").load(tmp_path)
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "pictures" / label / "1.png")
    ImageFolder(path="pictures").load(tmp_path)
    for folder in ("tables", "images"):
        for name in ("mine.npy", "mine.json", "kept-notes.txt"):
            (home / folder / name).write_text("{}")
    return tmp_path


def kept(shell, kind):
    found = json.loads(shell.run("cache", "--json").stdout)[kind]
    return {Path(one["source"]).name if one["source"] else "": one["why_stale"] for one in found["caches"]}


def not_ours(data):
    return len(list((data / "cache").glob("*/mine.*"))) + len(list((data / "cache").glob("*/kept-notes.txt")))


def test_tables_and_images_are_listed_with_their_source(shell, data):
    assert kept(shell, "tables") == {"kept.csv": "", "other.csv": ""}
    assert kept(shell, "images") == {"pictures": ""}
    shown = shell.run("cache").stdout
    assert "kept.csv" in shown
    assert "pictures" in shown
    found = json.loads(shell.run("doctor", "--json").stdout)["caches"]
    assert found["tables"]["caches"] == 2
    assert found["images"]["caches"] == 1
    assert found["tables"]["stale_bytes"] == 0


def test_clear_stale_removes_the_tables_and_images_of_changed_and_lost_files(shell, data):
    os.utime(data / "kept.csv", (1, 1))  # of another time, but the same
    assert "nothing is stale" in shell.run("cache", "clear", "--stale", "--tables").stdout
    (data / "other.csv").unlink()
    shutil.rmtree(data / "pictures")
    assert kept(shell, "tables") == {"kept.csv": "", "other.csv": "source is gone"}
    assert "removed 1 table," in shell.run("cache", "clear", "--stale").stdout
    assert kept(shell, "tables") == {"kept.csv": ""}
    assert kept(shell, "images") == {}
    (data / "kept.csv").write_text("a,y\n3,u\n4,v\n")
    assert kept(shell, "tables") == {"kept.csv": "source has changed"}
    assert not_ours(data) == 6


def test_clear_removes_the_named_kinds_and_only_what_nntrain_has_written(shell, data):
    assert shell.run("cache", "clear", "--images").stdout.startswith("removed 1 image folder,")
    assert kept(shell, "tables").keys() == {"kept.csv", "other.csv"}
    assert "removed 2 tables," in shell.run("cache", "clear", "--tables").stdout
    assert {path.name for path in (data / "cache").glob("[ti]*/*")} == {
        "mine.npy",
        "mine.json",
        "kept-notes.txt",
    }
    assert Csv(path="kept.csv", target="y").load(data).train.input_shape == (1,)


def test_what_a_stopped_process_left_is_stale_once_it_is_old(shell, data):
    manifest = next((data / "cache" / "tables").glob("other-*.json"))
    manifest.unlink()
    assert kept(shell, "tables") == {"kept.csv": ""}  # it may be at work
    for file in (data / "cache" / "tables").glob("other-*"):
        os.utime(file, (1, 1))
    assert kept(shell, "tables") == {"kept.csv": "", "": "left over"}
    shell.run("cache", "clear", "--stale", "--tables")
    assert not list((data / "cache" / "tables").glob("other-*"))
    assert not_ours(data) == 6


def test_clear_leaves_files_that_are_no_kernels(shell, kernels):
    (kernels / "mine").mkdir()
    for file in (kernels / "mine" / "a.txt", kernels / "old" / "a.txt"):
        file.write_text("")
    shell.run("cache", "clear")
    assert {str(path.relative_to(kernels)) for path in kernels.rglob("*.*")} == {"mine/a.txt", "old/a.txt"}


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
