"""Data of kinds that users have reported, from the file to the scores: what was read wrong is learned now."""

import random
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.support.images import picture, put

TABLE = """
data: {{source: {{csv: {{path: t.csv, target: y{options}}}}}, standardize: true}}
model: {{layers: [{{dense: {{units: 16, activation: relu}}}}, {{dense: 2}}]}}
loss: cross_entropy
metrics: [accuracy]
optimizer: {{adam: 0.02}}
train: {{epochs: 20, batch_size: 20}}
"""
IMAGES = """
data: {source: {image_folder: p}, standardize: true}
model: {layers: [flatten, {dense: {units: 16, activation: relu}}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: 0.003}
train: {epochs: 15, batch_size: 20}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))


def accuracy(shell, config: str) -> float:
    return shell.scores(shell.fit(config, "--overwrite"))["accuracy"]


def test_product_codes_are_text(shell):
    draw = random.Random(0)
    codes = draw.choices(["01", "1", "1.10", "1.1"], k=200)
    rows = "".join(f"{code},{draw.random():.2f},{'ab'[code in ('01', '1.10')]}\n" for code in codes)
    (shell.folder / "t.csv").write_text("code,x,y\n" + rows)
    assert accuracy(shell, TABLE.format(options=", categorical: [code]")) == 1


def test_a_decimal_comma_is_learned_as_a_point_is(shell):
    draw = random.Random(0)
    rows = []
    for _ in range(200):
        height, weight = draw.uniform(1.5, 2), draw.uniform(50, 90)
        rows.append(f"{height:.2f};{weight:.1f};{'ab'[weight > 70]}\n")
    (shell.folder / "t.csv").write_text("height;weight;y\n" + "".join(rows))
    with_points = accuracy(shell, TABLE.format(options=""))
    (shell.folder / "t.csv").write_text("height;weight;y\n" + "".join(rows).replace(".", ","))
    assert accuracy(shell, TABLE.format(options=', decimal: ","')) == with_points > 0.95


def test_na_can_be_the_name_of_a_pool(shell):
    pools = random.Random(0).choices(["Gd", "Ex", "NA"], [3, 2, 95], k=400)
    (shell.folder / "t.csv").write_text(
        "pool,x,y\n" + "".join(f"{pool},{n % 7},{'ab'[pool != 'NA']}\n" for n, pool in enumerate(pools))
    )
    assert accuracy(shell, TABLE.format(options=", missing: []")) == 1


def test_drawings_on_a_transparent_background_are_told_apart(shell):
    draw = random.Random(0)
    for kind in ("circle", "cross"):
        for number in range(40):
            image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
            paint, x, y = ImageDraw.Draw(image), draw.randrange(2), draw.randrange(2)
            if kind == "circle":
                paint.ellipse((x + 2, y + 2, x + 11, y + 11), outline=(0, 0, 0, 255), width=2)
            else:
                paint.line((x + 2, y + 2, x + 11, y + 11), fill=(0, 0, 0, 255), width=2)
                paint.line((x + 2, y + 11, x + 11, y + 2), fill=(0, 0, 0, 255), width=2)
            put(shell.folder / "p" / kind / f"{number}.png", image)
    assert accuracy(shell, IMAGES) > 0.95


def test_pictures_count_whatever_their_format_and_links_but_not_thumbnails(shell):
    for kind, light in (("cat", 0), ("dog", 100)):
        for number in range(10):
            image = (picture(number, 8, 8) // 2 + light).astype(np.uint8)
            suffix = "png" if kind == "cat" or number < 2 else "tif"
            put(shell.folder / "p" / kind / f"{number}.{suffix}", image)
    for hidden in (".thumbnails", "@eaDir", ".ipynb_checkpoints", "__MACOSX"):
        shutil.copytree(shell.folder / "p/dog", shell.folder / "p/cat" / hidden)
    shutil.copytree(
        shell.folder / "p/cat", shell.folder / "else", ignore=shutil.ignore_patterns(".*", "@*", "__*")
    )
    (shell.folder / "p/cat/more").symlink_to(shell.folder / "else")
    told = shell.run("summary", shell.write(IMAGES)).output
    assert "data: 30 for train" in told
    assert "files passed over: 40 in hidden folders" in told
    assert accuracy(shell, IMAGES) > 0.95
