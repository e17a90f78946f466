"""`nntrain bench`: the parts of a step, the machine's peak, and the comparison with an earlier measurement."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from nntrain.bench.comparison import compare
from nntrain.bench.peak import Peak
from nntrain.bench.result import Bench, LayerTime
from nntrain.report.terminal.bench import show_bench

CONFIG = """
data: {source: {random: {input: [8, 8, 16], classes: 4, samples: 40}}}
model: {layers: [{conv2d: {filters: 16, kernel_size: 3, padding: same}}, relu, flatten, {dense: 4}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 1, batch_size: 16}
"""
KEYS = {
    "step_us",
    "samples_per_s",
    "gflops",
    "peak_gflops",
    "compile_s",
    "peak_rss_mb",
    "batch_size",
    "threads",
    "other_us",
    "layers",
}


@pytest.fixture
def timed(shell, monkeypatch):
    """Calls bench for a moment; the JSON that it prints."""
    monkeypatch.setattr("nntrain.bench.measure.bench.__defaults__", (0.02, ""))
    monkeypatch.setattr("nntrain.bench.measure.BESIDE_S", 0.001)

    def run(*arguments, config=CONFIG):
        result = shell.run("bench", shell.write(config), "--threads", 1, "--json", *arguments)
        return json.loads(result.stdout)

    return run


def test_where_time_goes_besides_the_layers_is_named(timed):
    found = timed()
    assert found.keys() >= KEYS
    assert list(found["parts"]) == ["loss", "optimizer", "Python and calls"]
    assert sum(found["parts"].values()) == pytest.approx(found["other_us"])
    assert min(found["parts"]["loss"], found["parts"]["optimizer"], found["data_us"], found["metrics_us"]) > 0
    assert (found["config"], found["precision"], found["batch_size"]) == ("config.yaml", "float32", 16)
    assert found["cpu"]
    assert found["cores"] >= 1


def test_what_shapes_the_gradient_is_named(timed):
    options = ["train.regularize.l2=1e-3", "train.grad_clip.norm=1", "train.ema.decay=0.9"]
    found = timed(*(word for option in options for word in ("--set", option)))
    names = ["loss", "penalty, clipping", "optimizer", "parameter average", "Python and calls"]
    assert list(found["parts"]) == names


def test_the_peak_is_at_least_what_a_layer_reaches(timed, monkeypatch):
    monkeypatch.setattr(Peak, "measure", lambda self: None)
    found = timed()
    conv, dense = (layer for layer in found["layers"] if layer["gflops"])
    assert (
        conv["algorithm"] == "Winograd"
    )  # counted as the direct algorithm, so it says nothing about the peak
    assert dense["algorithm"] is None
    assert found["peak_gflops"] == dense["gflops"]


def test_a_slow_moment_does_not_lower_the_peak(monkeypatch):
    clock = iter([0, 1, 1, 5, 5, 7])  # three tries of 1, 4 and 2 seconds
    monkeypatch.setattr("nntrain.bench.peak.TRIES", 1)
    monkeypatch.setattr("nntrain.bench.peak.time.perf_counter", lambda: next(clock))
    peak = Peak(np.dtype("float32"), 1)
    peak.measure()
    first = peak.gflops
    peak.measure()
    peak.measure()
    assert peak.gflops == first > 0


def measured(**changes) -> Bench:
    layers = [
        LayerTime("dense_1", 10.0, 30.0, 50.0),
        LayerTime("relu_1", 0, 0, 0),
        LayerTime("dense_2", 5.0, 5.0, 8.0),
    ]
    parts = {"loss": 4.0, "optimizer": 6.0, "Python and calls": 2.0}
    result = Bench(
        62.0,
        5e5,
        40.0,
        100.0,
        0.5,
        200.0,
        32,
        2,
        12.0,
        layers,
        parts,
        3.0,
        1.0,
        1000,
        "a.yaml",
        "float32",
        "Xeon",
        2,
        16,
        "1.0",
    )
    return replace(result, **changes)


def test_each_line_is_compared_and_what_is_new_or_gone_is_said():
    before = measured(
        step_us=124.0,
        layers=[LayerTime("dense_1", 20.0, 100.0, 20.0), LayerTime("dense_9", 1.0, 1.0, 1.0)],
        parts={"loss": 2.0, "clipping": 3.0, "optimizer": 6.0},
    )
    found = compare(measured(), before, "old.json")
    assert found.step.ratio == 2
    assert [(line.name, line.ratio) for line in found.layers] == [
        ("dense_1", 3),
        ("dense_2", None),
        ("dense_9", None),
    ]
    assert [line.us for line in found.layers] == [40, 10, None]
    assert {line.name: line.ratio for line in found.parts} == {
        "loss": 0.5,
        "optimizer": 1,
        "Python and calls": None,
        "clipping": None,
        "data": 1,
        "metrics": 1,
    }
    assert found.warnings == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threads": 1}, "threads 1, now 2"),
        ({"batch_size": 64, "flops": 2000}, "batch size 64, now 32"),
        ({"config": "b.yaml"}, "config b.yaml, now a.yaml"),
        ({"flops": 2000}, "FLOP per step 2000, now 1000"),
        ({"precision": "float64"}, "precision float64, now float32"),
        ({"cpu": "EPYC"}, "machine 2 × EPYC, 16 lanes, now 2 × Xeon, 16 lanes"),
        ({"vector_lanes": 8}, "machine 2 × Xeon, 8 lanes, now 2 × Xeon, 16 lanes"),
        ({"cpu": "", "precision": "", "config": ""}, "machine unknown, now 2 × Xeon, 16 lanes"),
    ],
)
def test_other_conditions_are_a_warning(change, said):
    (warning,) = compare(measured(), measured(**change), "old.json").warnings
    assert warning.startswith("old.json: measured under other conditions")
    assert said in warning


def test_a_measurement_is_compared_with_a_file(timed, shell, wording):
    before = timed()
    del before["parts"], before["cpu"]  # as an earlier version wrote it
    path = shell.folder / "old.json"
    path.write_text(json.dumps(before))
    found = timed("--compare", path)["compared"]
    assert found["step"]["before_us"] == before["step_us"]
    assert [line["name"] for line in found["layers"]][:1] == ["conv2d_1"]
    assert [line["name"] for line in found["parts"]] == ["besides the layers"]
    assert found["warnings"]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1, 2]", '{"layers": [], "step_us": 3}', '{"layers": [{"name": 1}], "step_us": "a"}', "\0"],
)
def test_a_file_that_is_no_measurement_is_an_error(shell, wording, content):
    (shell.folder / "old.json").write_text(content)
    result = shell.run("bench", shell.write(CONFIG), "--compare", "old.json", code=2)
    assert result.stderr.startswith("error: old.json: not a measurement")
    assert "hint: `nntrain bench CONFIG --json > FILE`" in result.stderr
    wording(result.stderr)


def test_a_missing_file_and_another_network_are_errors(shell, timed, wording):
    wording(shell.run("bench", shell.write(CONFIG), "--compare", "none.json", code=2).stderr)
    other = timed(
        config=CONFIG.replace(
            "[{conv2d: {filters: 16, kernel_size: 3, padding: same}}, relu, flatten, ",
            "[{flatten: {name: flat}}, ",
        ).replace("{dense: 4}", "{dense: {units: 4, name: only}}")
    )
    (shell.folder / "old.json").write_text(json.dumps(other))
    result = shell.run("bench", shell.write(CONFIG), "--threads", 1, "--compare", "old.json", code=2)
    assert "no layer has the same name" in result.stderr
    wording(result.stderr)


def test_shards_are_not_compared(shell, wording):
    wording(shell.run("bench", shell.write(CONFIG), "--shards", 2, "--compare", "old.json", code=2).stderr)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_screen_fits_and_has_every_line(width, wording):
    result = measured(
        layers=[*measured().layers, LayerTime("conv2d_1_of_a_long_name", 1.0, 2.0, 150.0, "Winograd")]
    )
    before = measured(step_us=60.0, parts={"loss": 4.0})
    console = Console(width=width, file=io.StringIO(), color_system=None)
    show_bench(result, compare(result, before, "old.json"), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    for word in (
        "62.0 µs/step",
        "conv2d_1_of_a_long_name",
        "Python and calls",
        "0.97× as fast as in old.json",
        "new",
        "Winograd",
    ):
        assert word in text
    if width > 60:
        assert "150%*" in text
    wording(text)
