"""Two runs side by side on a terminal."""

import pytest
from rich.cells import cell_len

from nntrain.listing.comparison import compare_runs
from nntrain.report.terminal.run_comparison import names, show_comparison, value_text
from tests.report.test_progress import plain_console, terminal
from tests.support.run_folders import write_folder

FACTS = {
    "samples": {"train": 1293, "validation": 144, "test": 360},
    "data_sha256": {"train": "a", "validation": "b", "test": "c"},
    "versions": {"nntrain": "0.1.0", "numba": "0.68.1"},
    "threads": 2,
    "started": "2020-01-01T12:00:00+00:00",
}
OTHER = {
    "model.layers": [{"dense": {"units": 8}}, {"dropout": 0.2}, {"dense": {"units": 10}}],
    "optimizer": {"adam": {"lr": 0.003, "betas": [0.85, 0.95], "weight_decay": 0.01}},
}


def text_of(a, b, width=1000):
    console = plain_console(width) if width == 1000 else terminal(width)
    show_comparison(compare_runs(a, b), console)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_differs_fits_the_terminal(tmp_path, width, wording):
    better = {"validation": {"loss": 0.4, "accuracy": 0.9}, "test": {"loss": 0.6, "accuracy": float("nan")}}
    a = write_folder(tmp_path / "digits", **FACTS, overrides=["train.epochs=4"])
    b = write_folder(tmp_path / "wider", OTHER, **FACTS, scores=better, overrides=["optimizer=adam"])
    text = text_of(a, b, width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    for word in (
        "model.layers[0].dense.units",
        "dropout: 0.2",
        "betas: [0.85, 0.95]",
        "wider",
        "NaN",
        "1,293",
    ):
        assert word in " ".join(text.split())
    wording(text)


def test_a_run_of_which_little_is_known(tmp_path, wording):
    a = write_folder(tmp_path / "a", **FACTS)
    b = write_folder(
        tmp_path / "b",
        status="failed",
        started=FACTS["started"],
        error="the loss is not finite",
        scores=None,
        epochs=0,
    )
    (b / "config.resolved.yaml").write_text("")
    text = text_of(a, b)
    for line in (
        "config: unknown of b",
        "data: unknown of b",
        "versions: unknown of b",
        "b: the loss is not finite",
    ):
        assert line in text.splitlines()
    wording(text)


def test_other_data_and_versions_are_named(tmp_path):
    changed = {**FACTS, "samples": {"train": 10}, "data_sha256": {"train": "x"}, "threads": 4}
    text = text_of(write_folder(tmp_path / "a", **FACTS), write_folder(tmp_path / "b", **changed))
    assert "other samples" in text
    assert any(line.split() == ["threads", "2", "4"] for line in text.splitlines())


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path):
    found = compare_runs(write_folder(tmp_path / "x" / "run"), write_folder(tmp_path / "y" / "run"))
    first, second = names(found.a, found.b)
    assert first != second
    assert max(len(first), len(second)) <= 24


def test_values_are_written_as_in_yaml():
    assert value_text({"sgd": {"lr": 1e-5}}) == "sgd: {lr: 1e-5}"
    assert value_text({"a": 1, "b": 2}) == "{a: 1, b: 2}"
    assert value_text(None) == "none"
    assert value_text(True) == "true"
    assert value_text("mean\x1b") == "mean\\x1b"
    assert value_text([1, 2]) == "[1, 2]"
