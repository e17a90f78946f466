"""docs/sklearn.md: every example runs, in the order of the page, and every parameter is in its table."""

import re

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pandas")

from nntrain.sklearn import NNClassifier, NNRegressor
from tests.support import ROOT

PAGE = (ROOT / "docs" / "sklearn.md").read_text()


@pytest.mark.slow
def test_every_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "docs/sklearn.md", "exec"), names)
    assert capsys.readouterr().out.startswith("0.98")


def test_every_parameter_is_on_the_page():
    table = re.findall(r"^\| (.*?) \|", PAGE, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", " ".join(table)))
    assert named >= {*NNClassifier().get_params(), *NNRegressor().get_params()}


@pytest.mark.parametrize("kind", [NNClassifier, NNRegressor])
def test_every_parameter_is_described_in_the_docstring(kind):
    described = kind.__doc__.partition("Parameters\n")[2].partition("Attributes")[0]
    heads = re.findall(r"^    (\w[\w, ]*) : ", described, re.MULTILINE)
    assert {name.strip() for head in heads for name in head.split(",")} == {*kind().get_params()}
