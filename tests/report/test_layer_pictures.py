"""The pictures of what `train.record` recorded: gradients, weights and outputs of each layer over training."""

from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.errors import UserError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.training.layer_figure import MOST_BANDS, colours
from nntrain.report.pictures.training.layer_records import LayerRecords, records_of
from tests.conftest import MOONS, Shell
from tests.support.pictures import drawn_from, faults, figure_of, words

KINDS = ("gradients", "weights", "layer_outputs")
RECORD = ("--set", "train.record=true")


def deep(layers: int, activation: str = "sigmoid") -> str:
    chain = f"{{repeat: {{times: {layers}, layers: [{{dense: {{units: 8, activation: {activation}}}}}]}}}}, {{dense: 2}}"
    return MOONS.replace("{dense: {units: 8, activation: tanh}}, {dropout: 0.2}, {dense: 2}", chain)


def recorded(shell: Shell, layers: int = 3, activation: str = "sigmoid", *options: str) -> Path:
    return shell.fit(deep(layers, activation), *RECORD, *options, name=f"{activation}_{layers}")


def figure(kind: str, *runs: Path, style: canvas.Style = "light"):
    return figure_of(pictures()[kind], *(drawn_from({}, run.name, run) for run in runs), style=style)


def lines_of(axes) -> list:
    """The lines of layers, without the guide."""
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def test_gradients_have_a_line_for_each_layer_on_a_logarithmic_axis(shell):
    run = recorded(shell)
    layers, lines = nntrain.open_run(run).layers, lines_of(figure("gradients", run).axes[0])
    assert len(lines) == 4
    assert figure("gradients", run).axes[0].get_yscale() == "log"

    def norms(name):
        return layers["norm"][(layers["kind"] == "gradients") & (layers["name"] == name)]

    for line, name in zip(
        lines, ["repeat_1.1.dense_1", "repeat_1.2.dense_1", "repeat_1.3.dense_1", "dense_1"], strict=True
    ):
        both = np.hypot(norms(f"{name}.weight"), norms(f"{name}.bias"))
        assert line.get_ydata() == pytest.approx(both)
        assert line.get_xdata() == pytest.approx(np.arange(1, 21) / 5)


def test_vanishing_gradients_show_beside_a_network_without(shell):
    sigmoid, relu = recorded(shell, 5), recorded(shell, 5, "relu")
    drawn = figure("gradients", sigmoid, relu)
    left, right = drawn.axes[:2]
    assert left.get_ylim() == right.get_ylim()
    first, last = (lines_of(left)[i].get_ydata() for i in (0, -1))
    factor = float(f"{np.median(last) / np.median(first):.1g}")
    assert factor > 50
    assert "× smaller than the last" in words(drawn)
    assert "sigmoid_5, relu_5" in words(drawn)
    assert faults(drawn) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("layers", [1, 12])
def test_texts_have_room(shell, kind, style, layers):
    assert faults(figure(kind, recorded(shell, layers), style=style)) == []


def test_of_many_layers_all_have_lines_and_some_distributions(shell):
    drawn = figure("weights", recorded(shell, 20))
    assert [len(lines_of(axes)) for axes in drawn.axes[:2]] == [21, 21]
    titles = [axes.get_title("left") for axes in drawn.axes[2:]]
    assert len(titles) == MOST_BANDS
    assert (titles[0], titles[-1]) == ("repeat_1.1.dense_1", "dense_1")


def test_bands_hold_the_quantiles_of_the_weights(shell):
    run = recorded(shell, 1)
    drawn, records = figure("weights", run), records_of(run, "weights")
    outer, inner = drawn.axes[2].collections[:2]
    for band, (low, high) in ((outer, ("q05", "q95")), (inner, ("q25", "q75"))):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == pytest.approx(records[low][:, 0].min())
        assert heights.max() == pytest.approx(records[high][:, 0].max())


def test_an_update_is_compared_with_the_norm_of_the_weights(shell):
    run = recorded(shell, 1)
    axes, records = figure("weights", run).axes[1], records_of(run, "weights")
    assert lines_of(axes)[-1].get_ydata() == pytest.approx((records["update"] / records["norm"])[:, -1])
    assert [line.get_ydata()[0] for line in axes.lines if line not in lines_of(axes)] == [1e-3]


@pytest.mark.parametrize(
    ("activation", "labels"),
    [("relu", ["standard deviation", "share of zeros"]), ("sigmoid", ["standard deviation"])],
)
def test_shares_are_shown_where_there_are_some(shell, activation, labels):
    drawn = figure("layer_outputs", recorded(shell, 2, activation))
    assert [axes.get_ylabel() for axes in drawn.axes if axes.get_ylabel()] == [*labels, "output"]


def test_saturated_layers_are_shown(shell):
    drawn = figure(
        "layer_outputs", recorded(shell, 2, "tanh", "--set", "model.initializer={normal: {std: 9}}")
    )
    assert "saturated" in words(drawn)


def test_a_gradient_of_zero_is_drawn_on_the_bottom(shell):
    run = recorded(shell)
    table = (run / "layers.csv").read_text().splitlines()
    zero = [
        ",".join([*line.split(",")[:4], "0", *line.split(",")[5:]])
        if ",gradients,repeat_1.1." in line
        else line
        for line in table
    ]
    (run / "layers.csv").write_text("\n".join(zero) + "\n")
    drawn = figure("gradients", run)
    axes = drawn.axes[0]
    assert set(lines_of(axes)[0].get_ydata()) == {axes.get_ylim()[0]}
    assert "no gradient reaches the first layer" in words(drawn)


def test_a_single_record_is_a_point(shell):
    run = recorded(shell, 1, "relu", "--set", "train.epochs=1", "--set", "train.batch_size=full")
    for kind in KINDS:
        drawn = figure(kind, run)
        assert drawn.axes[0].lines[0].get_marker() == "o"
        assert faults(drawn) == []


def test_values_that_are_not_finite_leave_gaps(shell):
    run = recorded(shell)
    text = (run / "layers.csv").read_text().splitlines()
    bad = [
        f"{','.join(line.split(',')[:4])}{',nan' * 9},,,nan" if line.startswith("7,") else line
        for line in text
    ]
    (run / "layers.csv").write_text("\n".join(bad) + "\n")
    for kind in KINDS:
        figure(kind, run)
    assert np.isnan(records_of(run, "gradients")["norm"]).sum() == 4


def test_layers_have_colours_from_dark_to_light_that_differ_on_both_papers():
    for style in ("light", "dark"):
        with canvas.styled(style):
            brightness = [sum(colour[:3]) for colour in colours(8)]
            paper = canvas.rgb(canvas.PAPER).sum()
        steps = np.diff(brightness)
        assert (steps > 0).all() or (steps < 0).all()
        assert min(abs(np.array(brightness) - paper)) > 0.4
    assert len(colours(1)) == 1


def test_a_run_without_records_says_how_to_record(shell, wording):
    run = shell.fit()
    for kind in KINDS:
        wording(shell.run("plot", kind, run, code=2).stderr)
    with pytest.raises(UserError, match="did not record its gradients"):
        records_of(run, "gradients")


def test_activations_of_a_run_are_its_layers_outputs(shell):
    one, two = recorded(shell, 1), recorded(shell, 1, "relu")
    assert shell.run("plot", "activations", one).stdout.strip().endswith("plots/layer_outputs.png")
    assert shell.run("plot", "activations", one, two, "--output", "both.png").stdout.strip() == "both.png"
    assert shell.run("plot", "activations", "relu").stdout.strip() == "activations.png"


def test_only_what_was_recorded_is_drawn(shell):
    run = shell.fit(MOONS, "--set", "train.record={activations: false}")
    drawn = {Path(line).name for line in shell.run("plot", run).stdout.splitlines()}
    assert {"gradients.png", "weights.png"} <= drawn
    assert "layer_outputs.png" not in drawn


def test_fit_draws_what_it_records(shell, pictures):
    run = shell.fit(MOONS, *RECORD)
    assert {f"{kind}.png" for kind in KINDS} <= {path.name for path in (run / "plots").iterdir()}


def test_too_many_runs_are_refused(shell):
    run = recorded(shell, 1)
    with pytest.raises(UserError, match="at most 4 runs"):
        figure("gradients", *[run] * 5)


def test_records_of_a_layer_are_its_weight_and_the_norm_of_all_its_parameters(shell):
    records: LayerRecords = records_of(recorded(shell, 1), "weights")
    assert records.names == ["repeat_1.1.dense_1", "dense_1"]
    assert records["norm"].shape == (20, 2)
    assert (records["q05"] < records["q95"]).all()
