"""docs/python.md: every example runs, in the order of the page."""

import re
import shutil

import nntrain
from nntrain.report.observers import PictureObserver
from tests.support import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text()


def test_every_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for moment in ("ready", "ended", "_refresh"):
        monkeypatch.setattr(PictureObserver, moment, lambda *_: None)
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    names: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert "cross_entropy" in capsys.readouterr().out


def test_every_public_name_is_on_the_page():
    assert [name for name in nntrain.__all__ if name not in PAGE] == []
