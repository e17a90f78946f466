"""The registry of pictures, the process that draws them, and pictures with little of their own to test."""

import itertools
import subprocess
import sys
import uuid

import numpy as np
import pytest

from nntrain.errors import DataError
from nntrain.report.pictures import __main__ as drawing
from nntrain.report.pictures import picture as picture_module
from nntrain.report.pictures import process as drawing_process
from nntrain.report.pictures.__main__ import main
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.grid import grid_over
from nntrain.report.pictures.picture import Picture, option
from nntrain.report.pictures.process import DrawingProcess, last_line, reasons
from nntrain.report.pictures.registry import GROUPS, file_names, pictures
from tests.support.pictures import drawn_from, faults, figure_of, words
from tests.support.run_tables import write_run


def test_every_picture_is_registered():
    names = list(pictures())
    assert names[0] == "loss"
    assert set(names) >= {"augmented", "filters", "fit", "forecast", "regions"}
    assert {
        "loss.png",
        "loss.svg",
        "plots/fit.png",
        "plots/fit.svg",
        "plots/fit.npz",
        "plots/augmented.npz",
    } <= set(file_names())
    for name, picture in pictures().items():
        assert picture.name == name
        assert picture.moment in ("during", "start", "end", "asked")
        assert set(picture.takes) <= {"config", "run", "names", "crossval", "sweep"}
        assert picture.group in GROUPS
        assert picture.title.endswith(".")


def test_a_new_picture_registers_itself_and_a_duplicate_is_refused(monkeypatch):
    monkeypatch.setattr(picture_module, "registered", dict(picture_module.registered))

    class Histogram(Picture, name="histogram"):
        title = "A histogram."

        def applies(self, subject):
            return True

        bins: int = option(10, "how many bars")

        def figure(self, drawn):
            raise AssertionError

    assert picture_module.registered["histogram"] is Histogram
    assert (Histogram.files, Histogram.moment) == (("plots/histogram.png",), "asked")
    assert (Histogram().stored, Histogram().bins, Histogram(bins=3).bins) == ("plots/histogram.npz", 10, 3)
    with pytest.raises(TypeError, match="histogram"):
        type("Again", (Picture,), {}, name="histogram")


def test_the_registry_loads_nothing_heavy():
    code = (
        "import sys; from nntrain.report.pictures.registry import file_names; file_names(); "
        "print([name for name in ('numba', 'pydantic', 'rich', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("damage", ["missing", "truncated", "incomplete"])
def test_a_picture_without_its_arrays_is_a_data_error(tmp_path, wording, damage):
    path = tmp_path / "plots/fit.npz"
    path.parent.mkdir()
    np.savez(path, x=np.zeros(3))
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError) as caught:
        pictures()["fit"].draw_stored(tmp_path)
    assert caught.value.place == str(path)
    wording(str(caught.value))


def test_an_unknown_picture_is_a_usage_error(tmp_path, capsys, wording):
    assert main([str(tmp_path), "nothing"]) == 2
    assert main([str(tmp_path)]) == 2
    assert main([]) == 2
    first, *others = capsys.readouterr().err.splitlines()
    assert others == [first] * 2
    wording(first)


def test_a_process_reports_why_it_failed(tmp_path):
    process = DrawingProcess(tmp_path, ["loss", "fit"])
    process.start()
    process.finish()
    assert process.errors["loss"].startswith(f"{tmp_path}: ")
    assert process.errors["fit"].startswith(f"{tmp_path / 'plots/fit.npz'}: ")
    assert "hint" not in process.errors["loss"]
    assert reasons("a warning\nloss: no space: left\nother: text\n", ["loss"]) == {"loss": "no space: left"}
    assert last_line("Traceback:\n  line\nZeroDivisionError: division by zero\n").startswith("ZeroDivision")
    assert last_line("") == ""


def test_a_prepared_process_draws_what_it_is_asked_for_in_the_end(tmp_path):
    folder = write_run(tmp_path / "run")
    drawing_process.prepare()
    (prepared,) = drawing_process._prepared
    process = DrawingProcess(folder, ["loss"])
    assert not process.running
    process.start()
    assert process._process is prepared
    process.finish()
    assert process.errors == {}
    assert (folder / "loss.png").exists()
    assert drawing_process._prepared == []


def test_two_processes_draw_each_picture_once(tmp_path, monkeypatch):
    def draw(folder, names):
        for name in names:
            (folder / f"{name}-{uuid.uuid4()}").touch()
        return 0

    monkeypatch.setattr(drawing, "draw", draw)
    monkeypatch.setattr(drawing, "processors", lambda: 2)
    assert drawing.draw_side_by_side(tmp_path, ["loss", "filters", "roc", "fit"]) == 0
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == ["filters", "fit", "loss", "roc"]


def test_a_prepared_process_that_has_died_is_replaced(tmp_path):
    folder = write_run(tmp_path / "run")
    drawing_process.prepare()
    (prepared,) = drawing_process._prepared
    prepared.kill()
    prepared.wait()
    process = DrawingProcess(folder, ["loss"])
    process.start()
    process.finish()
    assert process.errors == {}
    assert (folder / "loss.png").exists()


def test_a_prepared_process_ends_with_the_one_that_prepared_it(tmp_path):
    for end in ("killed", "stopped"):
        drawing_process.prepare()
        (prepared,) = drawing_process._prepared
        if end == "stopped":
            drawing_process.discard()
            assert prepared.poll() is not None
        else:  # the system closes the pipes of a process that was killed
            drawing_process._prepared.clear()
            assert prepared.communicate(timeout=60)[1] == ""
            assert prepared.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_process_draws_once_and_loads_nothing_heavy(tmp_path):
    folder = write_run(tmp_path / "run")
    code = (
        f"import sys; from nntrain.report.pictures.__main__ import main; assert main([{str(folder)!r}, 'loss']) == 0; "
        "print([name for name in ('numba', 'pydantic', 'rich', 'matplotlib.pyplot') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert (folder / "loss.svg").exists()
    command = [sys.executable, "-m", "nntrain.report.pictures", str(tmp_path), "loss"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("loss: ")


def test_a_fit_is_drawn():
    x = np.linspace(-1, 1, 20)
    grid = grid_over(x[:, None], 100)[0]
    assert grid[0] < -1
    assert grid[-1] > 1
    for tested in (x, np.empty(0)):
        arrays = {
            "x": x,
            "target": x**2,
            "test_x": tested,
            "test_target": tested,
            "grid": grid,
            "prediction": grid**2,
            "labels": np.array(["$t$", "[y]"]),
        }
        figure = figure_of(pictures()["fit"], drawn_from(arrays))
        assert [len(line.get_xdata()) for line in figure.axes[0].lines if line.get_label() == "network"] == [
            100
        ]
        assert ("test data" in words(figure)) == bool(len(tested))
        assert faults(figure) == []


@pytest.mark.parametrize("classes", [1, 2, 11])
def test_regions_are_drawn(classes):
    draw = np.random.default_rng(0)
    x, target = draw.normal(size=(50, 2)), draw.integers(0, classes, 50)
    across, up = grid_over(x, 40)
    arrays = {
        "x": x,
        "target": target,
        "grid_x": across,
        "grid_y": up,
        "probabilities": draw.random((40, 40, classes)),
        "classes": np.array(["$a"] * classes),
        "labels": np.array(["x1", "x2"]),
    }
    for style in ("light", "dark"):
        figure = figure_of(pictures()["regions"], drawn_from(arrays), style=style)
        assert faults(figure) == []
        assert len(figure.legends[0].get_texts()) == classes


@pytest.mark.parametrize(
    "line",
    [
        ["adding_problem: 0.0003895", "adding_problem_irnn: 0.001572", "adding_problem_tanh: 0.1653"],
        [
            "best: epoch 71",
            "train (running mean) loss 0.009477, accuracy 1.000",
            "validation loss 0.008131, accuracy 1.000",
            "test loss 0.01318, accuracy 1.000",
        ],
        [
            "best: epoch 25",
            "train loss 0.02186, accuracy 0.9961",
            "validation loss 0.03029, accuracy 0.9931",
            "test loss 0.05225, accuracy 0.9833",
        ],
        ["WWWWWWWWWWWW", "WWWW", "iiii"],
    ],
)
def test_the_columns_of_a_title_keep_apart_and_on_the_page(line):
    with canvas.styled():
        figure = canvas.new_figure()
        canvas.title(figure, "run", [["best"], line])
        boxes = [text.get_window_extent() for text in figure.texts[2:]]
    assert len(boxes) == len(line)
    assert all(a.x1 + 5 < b.x0 for a, b in itertools.pairwise(boxes))
    assert boxes[-1].x1 < figure.get_size_inches()[0] * figure.dpi - 5


GAPS = """
data: {{csv: {{path: gaps.csv, target: y, impute: mean}}}}
model: {{layers: [{{dense: {{units: 4, activation: relu}}}}, {{dense: {outputs}}}]}}
loss: {loss}
optimizer: {{adam: 0.01}}
train: {{epochs: 1}}
"""


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("name", "table", "config"),
    [
        ("fit", "u,y\n0.5,1.5\n,2.5\n0.7,1.25\n", GAPS.format(outputs=1, loss="mse")),
        ("regions", "u,v,y\n1,2,a\n,3,b\n2,,b\n4,1,a\n", GAPS.format(outputs=2, loss="cross_entropy")),
    ],
)
def test_pictures_are_drawn_from_data_without_gaps(shell, name, table, config):
    (shell.folder / "gaps.csv").write_text(table)
    result = shell.run("fit", shell.write(config), "--quiet")
    run = shell.folder / "runs/config"
    assert "cannot draw" not in result.stderr
    assert (run / f"plots/{name}.png").is_file()
    with np.load(run / f"plots/{name}.npz") as arrays:
        assert all(np.isfinite(arrays[key]).all() for key in arrays if arrays[key].dtype.kind == "f")
