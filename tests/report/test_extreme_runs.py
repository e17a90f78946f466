"""Extreme runs: every picture that fits them is legible, without texts that overlap or are cut off, light and dark."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nntrain.api.plot import collected, subject_of
from nntrain.errors import NntrainError
from nntrain.report.observers import PictureObserver
from nntrain.report.pictures.registry import pictures
from tests.conftest import Shell
from tests.support.pictures import faults, figure_of

LONG = "a_name_of_forty_letters_or_even_more_{:03}"
TRAIN = """\
metrics: [METRICS]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 2, batch_size: 32, watch_test: true, record: true}
"""
CONFIGS = {
    "many": """\
data: {source: {csv: {path: many.csv, target: label}}, test: 0.2, standardize: true}
model: {layers: [{dense: {units: 8, activation: relu}}, {dense: 100}]}
loss: cross_entropy
""",
    "one_sided": """\
data: {source: {csv: {path: few.csv, target: label}}, test: {csv: {path: few_test.csv, target: label}}}
model: {layers: [{dense: {units: 2, activation: tanh}}, {dense: 2}]}
loss: cross_entropy
""",
    "flat": """\
data: {source: {image_folder: flat}, test: 0.2}
model: {layers: [{conv2d: {filters: 2, kernel_size: 3, activation: relu}}, flatten, {dense: 2}]}
loss: cross_entropy
""",
    "scales": """\
data: {source: {csv: {path: scales.csv, target: [tiny, a_target_name_of_forty_letters_or_even_more, ratio]}}, test: 0.2}
model: {layers: [{dense: {units: 4, activation: tanh}}, {dense: 3}]}
loss: mse
""",
    "deep_and_with_a_name_of_more_than_sixty_letters_and_nothing_to_say": """\
data: {source: iris, test: 0.2}
model: {layers: [{repeat: {times: 30, layers: [{dense: {units: 4, activation: sigmoid}}]}}, {dense: 3}]}
loss: cross_entropy
""",
}


def write_data(folder: Path) -> None:
    """100 classes and 300 columns; a test split of one class; images of 5×40 pixels; targets from 1e-5 to 1e7."""
    random = np.random.default_rng(0)
    names = [LONG.format(number) for number in range(100)]
    names[3], names[4], names[5] = "名前の長いクラス名前の長いクラス名前の長いクラス", "$x^2$", "$\\alpha_{"
    columns = [LONG.format(number) for number in range(300)]
    columns[0], columns[1] = "温度", "$x^2$"
    rows = [",".join([*columns, "label"])]
    rows += [
        ",".join([*(f"{value:.2f}" for value in random.normal(size=300)), names[row % 100]])
        for row in range(600)
    ]
    (folder / "many.csv").write_text("\n".join(rows))
    for file, labels in (("few", ["yes"] * 3 + ["no"] * 97), ("few_test", ["no"] * 30)):
        lines = [",".join([*(f"{value:.2f}" for value in random.normal(size=3)), label]) for label in labels]
        (folder / f"{file}.csv").write_text("\n".join(["a,b,c,label", *lines]))
    for name in ("one", LONG.format(2)):
        (folder / "flat" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 256, (5, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "flat" / name / f"{number}.png")
    lines = ["a,b,tiny,a_target_name_of_forty_letters_or_even_more,ratio"]
    lines += [
        f"{a:.3f},{b:.3f},{a * 1e-5:.8f},{b * 3e6 + 1e7:.0f},{a * b:.3f}"
        for a, b in random.normal(size=(100, 2))
    ]
    (folder / "scales.csv").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("extreme")
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        for moment in ("ready", "ended", "_refresh"):
            patch.setattr(PictureObserver, moment, lambda *_: None)
        for name, config in CONFIGS.items():
            metrics = "r2, mae" if name == "scales" else "accuracy, auc"
            Shell(folder).fit(config + TRAIN.replace("METRICS", metrics), name=name)
    return folder / "runs"


@pytest.mark.slow  # trains five networks and draws about two hundred pictures
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("style", ["light", "dark"])
def test_every_picture_of_an_extreme_run_is_legible(runs, name, style):
    subject = subject_of(runs / name)
    found, failed = {}, []
    for picture in pictures().values():
        if "names" in picture.takes or not picture.applies(subject):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                drawn = collected(picture, subject)
            except NntrainError:
                failed.append(picture.name)
            else:
                found[picture.name] = faults(figure_of(picture, drawn, style=style))
    assert {picture: texts for picture, texts in found.items() if texts} == {}
    assert set(failed) <= {"learning_rate"}  # of a loss that falls at no learning rate
