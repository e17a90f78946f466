"""The last and the best row of a table."""

import pytest

from nntrain.listing.evaluations import last_and_best, last_row

HEAD = "step,epoch,train_loss,best\n"


def table(folder, text):
    (folder / "metrics.csv").write_text(text)
    return folder / "metrics.csv"


def test_the_last_row_and_the_last_one_marked_as_best(tmp_path):
    path = table(tmp_path, HEAD + "1,1.0,0.5,1\n2,2.0,0.4,1\n3,3.0,,0\n4,4.0,nan,0\n5,5.0,0.")
    last, best = last_and_best(path)
    assert last["step"] == 4
    assert last["train_loss"] != last["train_loss"]
    assert best == {"step": 2, "epoch": 2, "train_loss": 0.4, "best": 1}
    assert last_and_best(table(tmp_path, HEAD + "1,1.0,0.5,1\n"))[1]["step"] == 1


@pytest.mark.parametrize("text", ["", HEAD, HEAD[:-1], HEAD + "1,1.0"])
def test_a_table_without_a_row_gives_none(tmp_path, text):
    assert last_and_best(table(tmp_path, text)) == ({}, {})
    assert last_and_best(tmp_path / "nothing.csv") == ({}, {})


def test_a_run_without_a_best_evaluation_has_none(tmp_path):
    assert last_and_best(table(tmp_path, HEAD + "1,1.0,nan,0\n2,2.0,nan,0\n"))[1] == {}


def test_a_matrix_and_columns_in_another_order(tmp_path):
    text = 'step,best,train_confusion_matrix\n1,1,"[[1, 2], [3, 4]]"\n2,0,"[[1, 2], [3, 4]]"\n'
    assert last_and_best(table(tmp_path, text)) == ({"step": 2, "best": 0}, {"step": 1, "best": 1})


@pytest.mark.parametrize("row", ["1,1.0,half,0", "1,1.0", "1,1.0,0.5,0,0"])
def test_a_corrupt_row_is_an_error(tmp_path, row):
    with pytest.raises(ValueError, match=r"zip\(\)|could not convert"):
        last_and_best(table(tmp_path, f"{HEAD}{row}\n"))


def test_the_last_row_of_a_long_table_is_read_from_its_end(tmp_path):
    rows = "".join(f"{i},{i / 2}\n" for i in range(5000))
    assert last_row(table(tmp_path, f"step,seconds\n{rows}5000,1")) == {"step": 4999, "seconds": 2499.5}
    assert last_row(table(tmp_path, "step,seconds\n1,0.5\n")) == {"step": 1, "seconds": 0.5}
    assert last_row(table(tmp_path, "step,seconds\n")) == {}
    assert last_row(table(tmp_path, "step,seconds\n1,x\n")) == {}
    assert last_row(tmp_path / "nothing.csv") == {}
