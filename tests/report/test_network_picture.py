"""The diagram of a network: every layer once, the skips as skips, the parameters as in the summary."""

import json

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyArrowPatch

from nntrain.api.plot import subject_of
from nntrain.report.pictures.computing.parts import from_dict, parts_of
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.elements.network import MOST, Network
from tests.support import ROOT
from tests.support.pictures import drawn_from, faults, figure_of, words

HEAD = """
data: {{source: {{random: {{input: {input}, classes: 5, samples: 40}}}}}}
loss: cross_entropy
optimizer: {{sgd: 0.1}}
train: {{batch_size: 8}}
model:
  layers:
"""
VECTOR, IMAGE = HEAD.format(input="[12]"), HEAD.format(input="[8, 8, 3]")
SKIPS = (
    VECTOR
    + """
    - dense: {units: 16, activation: relu, name: trunk}
    - dense: {units: 8, activation: tanh, name: wide, inputs: [input]}
    - dense: {units: 8, name: gate, activation: sigmoid}
    - multiply: {inputs: [wide, gate]}
    - concat: {inputs: [trunk, previous, input]}
    - maxout: {units: 8, freeze: true, name: top}
    - residual: {inputs: [trunk], body: [{dense: 8}, relu, {dense: 4}], shortcut: [{dense: 4}]}
    - concat: {inputs: [previous, top]}
    - dense: 5
"""
)
RESNET = (
    IMAGE
    + """
    - conv2d: {filters: 4, kernel_size: 3, padding: same}
    - repeat:
        times: 3
        layers:
          - residual: {body: [{conv2d: {filters: 4, kernel_size: 3, padding: same}}, batch_norm, relu]}
          - relu
    - repeat: {times: 2, layers: [flatten, {dense: 6}]}
    - dense: 5
"""
)
LONG_NAME = "a_layer_with_a_name_of_more_than_forty_letters_层层层"
LAYERS = "".join(f"    - dense: {10 + i}\n" for i in range(150))


def drawn(path, style="light"):
    subject = subject_of(path)
    found = Network().collect(subject)
    return subject, found, figure_of(Network(), drawn_from(found, subject.name), style=style)


def counted(parts):
    """The parameters of all parts, with their repetitions."""
    return sum(
        part.parameters + part.times * sum(counted(branch) for branch in part.branches) for part in parts
    )


def skips(figure):
    orange = to_rgba(canvas.COLOURS["light"][canvas.ORANGE])
    return [patch for patch in figure.findobj(FancyArrowPatch) if patch.get_edgecolor() == orange]


@pytest.mark.parametrize(
    "name", ["xor", "digits", "deep_sigmoid", "char_transformer", "adding_problem", "char_gru"]
)
def test_networks_of_the_gallery_are_drawn(name):
    subject, found, figure = drawn(ROOT / f"configs/{name}.yaml")
    assert faults(figure) == []
    parts = [from_dict(values) for values in json.loads(str(found["parts"]))]
    total = subject.network.theta.size
    assert counted(parts) == total == int(found["parameters"])
    assert f"{total:,} parameters" in " ".join(words(figure).split())
    assert [parts[0].kind, parts[-1].kind] == ["data", "loss"]


def test_equal_repetitions_are_drawn_once(shell):
    subject, _, figure = drawn(shell.write(RESNET))
    parts = parts_of(subject.setup.graph)
    assert [(part.lines[0], part.times) for part in parts] == [
        ("conv2d 4 3×3", 1),
        ("repeat_1", 3),
        ("repeat_2", 1),  # the two dense layers have other inputs
        ("repeat_2", 1),
        ("dense 5", 1),
    ]
    assert "repeat_1 ×3" in words(figure)
    assert counted(parts) == subject.network.arena.values.size
    assert len(skips(figure)) == 1
    assert faults(figure) == []


def test_layers_are_counted_with_their_repetitions():
    _, found, _ = drawn(ROOT / "configs/deep_sigmoid.yaml")
    assert int(found["layers"]) == 7


@pytest.mark.parametrize("style", ["light", "dark"])
def test_inputs_by_name_are_skips(shell, style):
    subject, _, figure = drawn(shell.write(SKIPS), style)
    parts = {part.name: part for part in parts_of(subject.setup.graph)}
    assert {name: part.sources for name, part in parts.items() if part.sources} == {
        "wide.tanh": ["input"],
        "multiply_1": ["wide.tanh"],
        "concat_1": ["trunk.relu", "input"],
        "residual_1.add": ["trunk.relu"],
        "concat_2": ["top"],
    }
    assert [name for name, part in parts.items() if not part.follows] == ["wide.tanh", "residual_1.add"]
    assert faults(figure) == []
    if style == "light":
        assert len(skips(figure)) == 6
    assert "36×16 + 16 = 592 frozen" in words(figure)


def test_bars_are_shares_of_the_parameters(shell):
    subject, _, figure = drawn(shell.write(SKIPS))
    bars = [patch for patch in figure.findobj() if patch.get_gid() == "share"]
    sizes = [
        part.parameters for part in parts_of(subject.setup.graph) for part in part.walk() if part.parameters
    ]
    full = 2.25 - 0.16
    expected = np.array(sizes) / subject.network.arena.values.size * full
    np.testing.assert_allclose([bar.get_width() for bar in bars], np.maximum(expected, 0.01))


@pytest.mark.parametrize(
    ("layers", "shown"),
    [
        (LAYERS + "    - dense: 5\n", f"{153 - MOST} more layers"),
        ("".join(["    - dense: 12\n"] * 300) + "    - dense: 5\n", "equal layers ×300"),
        (f"    - dense: {{units: 123456, name: {LONG_NAME}}}\n    - dense: 5\n", "a_layer_with"),
        ("    - dense: 5\n", "dense 5"),
    ],
)
def test_long_networks_and_names_stay_readable(shell, layers, shown):
    _, _, figure = drawn(shell.write(VECTOR + layers))
    assert shown in words(figure)
    assert faults(figure) == []


def test_a_bidirectional_layer_has_two_branches():
    text = "configs/adding_problem.yaml"
    subject = subject_of(ROOT / text, ("model.layers=[{bidirectional: {layer: {lstm: 4}}}, {dense: 1}]",))
    first, *_ = parts_of(subject.setup.graph)
    assert (first.merge, [len(branch) for branch in first.branches]) == ("concat", [1, 1])
    assert [branch[0].lines[0] for branch in first.branches] == ["lstm 4", "lstm 4 reversed"]
    figure = figure_of(Network(), drawn_from(Network().collect(subject)))
    assert faults(figure) == []
    assert "skip" not in words(figure)
