"""`train.tensorboard`: what TensorBoard's own reader finds in the files of a run."""

import importlib.util
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.report import tensorboard
from tests.conftest import MOONS, interrupt_at
from tests.training.test_recorder import tensors_and_tables

ON = ("--set", "train.tensorboard=true")
pytest.importorskip("tensorboardX", reason="needs the extra `tensorboard`")


def read(run: Path) -> Any:
    """The events of a run, without those that a resumed run has written again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorBoard itself
        module = pytest.importorskip(
            "tensorboard.backend.event_processing.event_accumulator",
            reason="needs the package tensorboard, which reads the files",
        )
        found = module.EventAccumulator(
            str(run / "tensorboard"), size_guidance={"scalars": 0, "histograms": 0}
        )
        found.Reload()
    return found


def scalars(events: Any, tag: str) -> dict[int, float]:
    return {event.step: event.value for event in events.Scalars(tag)}


def test_scalars_are_those_of_the_tables(shell):
    run = shell.fit(MOONS, *ON)
    events, kept = read(run), nntrain.open_run(run)
    assert set(events.Tags()["scalars"]) == {
        "loss/mini-batches",
        "lr",
        *(f"{score}/{split}" for score in ("loss", "accuracy") for split in ("train", "validation")),
    }
    by_step = scalars(events, "loss/mini-batches")
    assert list(by_step) == list(range(1, 21))
    assert list(by_step.values()) == pytest.approx(kept.steps["loss"])
    assert list(scalars(events, "lr").values()) == pytest.approx(kept.steps["lr"])
    found = scalars(events, "loss/validation")
    assert list(found) == kept.history["step"].tolist()
    assert list(found.values()) == pytest.approx(kept.history["validation_loss"])
    assert b"two_moons" in events.Tensors("config/text_summary")[0].tensor_proto.string_val[0]


def test_a_long_run_has_a_thousand_points_and_fifty_histograms(shell):
    run = shell.fit(MOONS, *ON, "--set", "train.epochs=500")
    events = read(run)
    points = scalars(events, "loss/mini-batches")
    assert list(points)[:3] == [3, 6, 9]
    assert points[3] == pytest.approx(nntrain.open_run(run).steps["loss"][:3].mean())
    assert len(events.Histograms("weights/dense_1.weight")) == 50


def test_gradients_have_histograms_where_they_are_recorded(shell):
    plain, recorded = (
        shell.fit(MOONS, *ON, name="a"),
        shell.fit(MOONS, *ON, "--set", "train.record=true", name="b"),
    )
    weights = {f"weights/dense_{n}.{name}" for n in (1, 2) for name in ("weight", "bias")}
    assert set(read(plain).Tags()["histograms"]) == weights
    assert set(read(recorded).Tags()["histograms"]) == weights | {
        tag.replace("weights", "gradients", 1) for tag in weights
    }
    last = read(plain).Histograms("weights/dense_1.weight")[-1]
    values = nntrain.open_run(plain).last.parameters["dense_1.weight"]
    assert (last.step, last.histogram_value.num) == (20, values.size)
    assert (last.histogram_value.min, last.histogram_value.max) == pytest.approx((values.min(), values.max()))


def test_the_pictures_of_the_run_are_written_at_its_end(shell, pictures):
    images = set(read(shell.fit(MOONS, *ON)).Tags()["images"])
    assert {"pictures/loss", "pictures/regions"} <= images


def test_it_changes_no_number(shell):
    assert tensors_and_tables(shell.fit(MOONS, *ON, name="a")) == tensors_and_tables(
        shell.fit(MOONS, name="b")
    )


def test_a_resumed_run_has_each_step_once(shell, monkeypatch):
    straight = read(shell.fit(MOONS, *ON, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 12)
        run = shell.fit(MOONS, *ON, name="broken", code=130)
    # As after a crash, events of steps that are lost are in the file.
    import tensorboardX

    with tensorboardX.SummaryWriter(str(run / "tensorboard"), filename_suffix=".00000001") as writer:
        for step in range(13, 30):
            writer.add_scalar("loss/mini-batches", 99.0, step)
    shell.fit(MOONS, *ON, "--resume", name="broken")
    resumed = read(run)
    for tag in straight.Tags()["scalars"]:
        assert scalars(resumed, tag) == scalars(straight, tag)
        assert len(resumed.Scalars(tag)) == len(straight.Scalars(tag))


def test_overwriting_removes_the_events_of_the_earlier_run(shell):
    run = shell.fit(MOONS, *ON)
    (run / "tensorboard/mine.txt").write_text("")
    shell.fit(MOONS, *ON, "--overwrite")
    assert len(list((run / "tensorboard").iterdir())) == 2
    shell.fit(MOONS, "--overwrite")
    assert [path.name for path in (run / "tensorboard").iterdir()] == ["mine.txt"]


def test_values_that_are_not_finite_are_written_without_a_warning(shell):
    run = shell.fit(MOONS.replace("{adam: {lr: 0.02}}", "{sgd: 1e38}"), *ON, code=1)
    assert json.loads((run / "run.json").read_text())["warnings"] == []
    assert read(run).Tags()["scalars"]


def test_the_folder_is_named_at_the_end(shell):
    shown = shell.run("fit", shell.write(MOONS), *ON, "--name", "run").stdout
    assert "tensorboard runs/run/tensorboard" in shown


def test_a_missing_package_is_an_error_before_training(shell, wording, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        tensorboard.importlib.util, "find_spec", lambda name: None if name == "tensorboardX" else find(name)
    )
    text = MOONS.replace("epochs: 4", "epochs: 4, tensorboard: true")
    wording(shell.run("fit", shell.write(text), code=2).stderr)
    assert not (shell.folder / "runs").exists()


def test_without_it_the_writer_is_not_imported(shell):
    code = (
        "import sys, nntrain; nntrain.fit('config.yaml', set={'train.epochs': 1}, runs_dir=None, progress=True); "
        "sys.exit('tensorboardX' in sys.modules)"
    )
    shell.write(MOONS)
    assert subprocess.run([sys.executable, "-c", code], cwd=shell.folder, capture_output=True).returncode == 0
