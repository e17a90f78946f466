"""What reading finds reaches people: notes beside the data line, warnings before training."""

from dataclasses import replace

from nntrain.data.dataset import Splits
from nntrain.data.sources.iris import Iris

CONFIG = """
data: {source: iris, validation: 0.2}
model: {layers: [{dense: 3}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
train: {epochs: 1}
"""
REMARKS = {"notes": ("classes: three",), "warnings": ("a column is suspicious",)}


def test_notes_and_warnings_of_a_source_are_shown_once(shell, monkeypatch):
    load = Iris.load

    def remarking(self, folder):
        return Splits(replace(load(self, folder).train, **REMARKS))

    monkeypatch.setattr(Iris, "load", remarking)
    shell.write(CONFIG)
    summary = shell.run("summary", "config.yaml")
    run = shell.run("fit", "config.yaml")
    for output in (summary.stdout, run.stderr):
        assert output.count("classes: three") == 1
    for output in (summary.stderr, run.stderr):
        assert output.count("a column is suspicious") == 1
    assert "data: 120 for train, 30 for validation" in summary.stdout
