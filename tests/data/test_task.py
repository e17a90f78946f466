"""Class or number: the guess is made once for all splits, shown, and named by the errors that follow from it."""

import numpy as np
import pytest

from nntrain.data.in_memory import Data
from tests.support.data import load

CONFIG = """
data: {source: {csv: {path: t.csv, target: y}}}
model: {layers: [{dense: OUTPUTS}]}
loss: LOSS
optimizer: {adam: 0.01}
train: {epochs: 1}
"""


def write(shell, targets, outputs=1, loss="mse"):
    (shell.folder / "t.csv").write_text("x,y\n" + "".join(f"{y}.5,{y}\n" for y in targets))
    shell.write(CONFIG.replace("OUTPUTS", str(outputs)).replace("LOSS", loss))


def test_numbers_taken_for_classes_are_named_where_the_output_does_not_fit(shell, wording):
    write(shell, [3, 4, 5] * 5)
    error = shell.run("fit", "config.yaml", code=2).stderr
    assert "`task: regression`" in error
    wording(error)
    shell.run("fit", "config.yaml", "--set", "data.source.csv.task=regression")


def test_numbers_that_are_trained_as_one_hot_vectors_are_warned_of(shell, wording):
    write(shell, [3, 4, 5] * 5, outputs=3)
    wording(shell.run("summary", "config.yaml").stderr)
    chosen = shell.run("summary", "config.yaml", "--set", "data.source.csv.task=classification").stderr
    assert "one-hot" not in chosen


def test_classes_taken_for_numbers_are_named_where_the_loss_needs_classes(shell, wording):
    write(shell, list(range(30)) * 2, outputs=30, loss="cross_entropy")
    error = shell.run("fit", "config.yaml", code=2).stderr
    assert "`task: classification`" in error
    wording(error)
    shell.run("fit", "config.yaml", "--set", "data.source.csv.task=classification")


def test_a_class_too_many_from_a_truncated_line_is_explained(shell):
    write(shell, ["no", "yes"] * 5, outputs=2, loss="cross_entropy")
    with open(shell.folder / "t.csv", "w") as file:
        file.write("x,y\n1,no\n2,yes\n3,no\n4,ye")
    assert "truncated" in shell.run("fit", "config.yaml", code=2).stderr


@pytest.mark.parametrize(("trained", "other"), [([3, 4, 5] * 5, [3, 4]), (list(range(40)), [1, 2, 1])])
def test_another_file_is_read_as_the_training_file(shell, trained, other):
    write(shell, trained)
    (shell.folder / "v.csv").write_text("x,y\n" + "".join(f"{y}.5,{y}\n" for y in other))
    classes = len(trained) < 20
    shell.write(
        CONFIG.replace("OUTPUTS", "3" if classes else "1")
        .replace("LOSS", "cross_entropy" if classes else "mse")
        .replace("}}}\n", "}}, validation: {csv: {path: v.csv, target: y}}}\n", 1)
    )
    assert f"{len(other)} for validation" in shell.run("summary", "config.yaml").stdout


def test_arrays_are_guessed_once_for_all_splits():
    x = np.arange(6.0)[:, None]
    splits, _ = Data(x, [0, 1, 2] * 2, validation=(x, [0.0, 1, 1, 0, 2, 2])).load()
    assert splits.validation.classes == ("0", "1", "2")
    assert "y: 3 classes; `task: regression` makes them numbers" in splits.notes
    splits, _ = Data(x, x[:, 0], validation=(x, [0, 1, 1, 0, 2, 2])).load()
    assert splits.validation.target.shape == (6, 1)


def test_whole_numbers_of_an_array_that_hardly_repeat_are_warned_of(tmp_path, wording):
    np.savez(tmp_path / "d.npz", x=np.zeros((30, 2)), y=np.arange(30))
    (warning,) = load({"npz": "d.npz"}, tmp_path).train.warnings
    wording(warning)
    assert not load({"npz": {"path": "d.npz", "task": "classification"}}, tmp_path).train.warnings
