"""The tables of a run, read as arrays."""

import numpy as np
import pytest

from nntrain.errors import UserError
from nntrain.run.history import read_history
from tests.support.run_tables import write_run


def test_an_incomplete_last_line_is_ignored(tmp_path):
    folder = write_run(tmp_path / "run")
    for table in ("steps.csv", "metrics.csv"):
        with (folder / table).open("a") as file:
            file.write("41,5,0.0")
    history = read_history(folder)
    assert len(history.steps) == 40
    assert len(history) == 4


def test_an_empty_cell_differs_from_a_nan(tmp_path):
    history = read_history(write_run(tmp_path / "run", rows=["1.0,,0.5", "1.0,nan,0.5", "1.0,0.7,0.5"]))
    epoch, loss = history.curve("validation_loss")
    assert epoch.tolist() == [2.0, 3.0]
    assert np.isnan(loss[0])
    assert loss[1] == 0.7
    assert history.value("validation_loss", 0) is None
    assert history.curve("test_loss")[0].size == 0


def test_columns_are_arrays_by_name(tmp_path):
    history = read_history(write_run(tmp_path / "run", rows=["1.0,,0.5", "0.5,0.7,0.5"]))
    assert history.columns == (
        "step",
        "epoch",
        "lr",
        "train_loss",
        "validation_loss",
        "validation_accuracy",
        "best",
    )
    assert "validation_loss" in history
    np.testing.assert_array_equal(history["validation_loss"], [np.nan, 0.7])
    assert type(history["train_loss"]) is np.ndarray
    with pytest.raises(KeyError, match="validation_accuracy"):
        history["no_such_column"]


def test_a_confusion_matrix_in_the_table_does_no_harm(tmp_path):
    folder = write_run(
        tmp_path / "run",
        rows=['1.0,0.9,"[[1.0, 2.0], [3.0, 4.0]]"'],
        columns=("train_loss", "validation_loss", "validation_confusion_matrix"),
    )
    assert read_history(folder).value("validation_loss", 0) == 0.9


@pytest.mark.parametrize(
    ("table", "text", "place"),
    [
        ("metrics.csv", "step,epoch,lr,best\n1,1.0,oops,0\n", "metrics.csv:2"),
        ("metrics.csv", "step,epoch,lr,best\n1,1.0,0.1\n", "metrics.csv"),
        ("steps.csv", "step,epoch,loss,lr\n1,1,2.0,0.1\n2,1,\n", "steps.csv:3"),
    ],
)
def test_a_corrupt_table_is_an_error_at_its_line(tmp_path, wording, table, text, place):
    folder = write_run(tmp_path / "run")
    (folder / table).write_text(text)
    with pytest.raises(UserError) as caught:
        read_history(folder)
    assert caught.value.place == str(folder / place)
    wording(str(caught.value))


def test_a_folder_that_is_no_run_is_a_user_error(tmp_path, wording):
    (tmp_path / "empty").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "steps.csv").write_text("step,epoch,loss,lr\n")
    for folder in ("missing", "empty", "new"):
        with pytest.raises(UserError) as caught:
            read_history(tmp_path / folder)
        assert caught.value.place == str(tmp_path / folder)
        wording(str(caught.value))


def test_steps_are_placed_by_epochs_done(tmp_path):
    folder = write_run(tmp_path / "run")
    assert read_history(folder).steps.epoch[[9, 19, 24]].tolist() == [1.0, 2.0, 2.5]
    (folder / "metrics.csv").unlink()
    assert read_history(folder).steps.epoch[[9, 19, 24]].tolist() == [1.0, 2.0, 2.5]
    first = read_history(write_run(tmp_path / "first", epochs=1, rows=[]))
    assert first.steps.counts_steps
    assert first.steps.epoch[-1] == 10
