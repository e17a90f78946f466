"""Tables, pictures and texts as other tools write them: read to what was written."""

import csv
import io
import tempfile
import unicodedata
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.data import load, seen
from tests.support.scale import examples

MANY = settings(max_examples=examples(60, 600), deadline=None, suppress_health_check=list(HealthCheck))
NAMES = (
    "red",
    "dark blue",
    "it's",
    'a "quoted" one',
    "semi;colon",
    "comma, here",
    "01",
    "1.10",
    "naïve",
    "-x",
)


def written_table(rows: list[list[str]], choose: Random) -> bytes:
    """The rows as spreadsheets, databases and scripts write them."""
    stream = io.StringIO()
    csv.writer(
        stream,
        delimiter=choose.choice(",;\t|"),
        quoting=choose.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
        lineterminator=choose.choice(("\n", "\r\n")),
    ).writerows(rows)
    text = stream.getvalue()
    if choose.random() < 0.3:
        text = text.rstrip("\r\n")
    if choose.random() < 0.2:
        text += "\n\n"
    return text.encode("utf-8-sig" if choose.random() < 0.3 else "utf-8")


@MANY
@given(choose=st.randoms(use_true_random=False))
def test_a_table_is_read_to_the_numbers_and_names_that_were_written(choose: Random):
    columns, rows = choose.randint(1, 4), choose.randint(8, 20)
    classes = choose.sample(NAMES, 3)
    numbers = [
        [round(choose.uniform(-1e3, 1e3), choose.randint(0, 6)) for _ in range(columns)] for _ in range(rows)
    ]
    labels = [classes[row % 3] for row in range(rows)]
    header = [
        choose.choice(("width", "Height (cm)", "x y", "größe", "a\nb")) + str(i) for i in range(columns)
    ]
    lines = [[*map(repr, values), label] for values, label in zip(numbers, labels, strict=True)]
    data = written_table([[*header, "kind"], *lines], choose)
    note(repr(data))
    with tempfile.TemporaryDirectory() as place:
        Path(place, "t.csv").write_bytes(data)
        train = load(
            {"csv": {"path": "t.csv", "target": "kind", "task": "classification"}}, Path(place)
        ).train
    np.testing.assert_array_equal(train.x, numbers)
    assert [train.classes[number] for number in np.asarray(train.target)] == labels
    assert [" ".join(name.split()) for name in train.feature_names] == [
        " ".join(name.split()) for name in header
    ]


@MANY
@given(choose=st.randoms(use_true_random=False))
def test_a_table_that_numpy_saves_is_read_to_the_same_numbers(choose: Random):
    values = np.random.default_rng(choose.randrange(10**6)).normal(
        size=(choose.randint(4, 12), choose.randint(2, 4))
    )
    with tempfile.TemporaryDirectory() as place:
        options = {
            "delimiter": choose.choice((",", " ", "\t", ";")),
            "fmt": choose.choice(("%.18e", "%.17g")),
        }
        names = options["delimiter"].join(f"c{i}" for i in range(values.shape[1]))
        np.savetxt(Path(place, "t.csv"), values, header=names, comments=choose.choice(("", "# ")), **options)
        note(Path(place, "t.csv").read_text())
        train = load({"csv": {"path": "t.csv", "target": -1, "task": "regression"}}, Path(place)).train
    np.testing.assert_array_equal(np.hstack([train.x, train.target]), values)


MODES = {  # Pillow's mode: the formats that keep it without loss
    "1": ("png", "bmp", "tiff"),
    "L": ("png", "bmp", "tiff", "webp"),
    "LA": ("png", "tiff"),
    "P": ("png", "bmp", "gif", "tiff"),
    "RGB": ("png", "bmp", "tiff", "webp", "ppm"),
    "RGBA": ("png", "tiff", "webp"),
    "CMYK": ("tiff",),
}


@MANY
@given(choose=st.randoms(use_true_random=False))
def test_a_picture_is_read_as_pillow_shows_it_over_white(choose: Random):
    mode = choose.choice(sorted(MODES))
    kind = choose.choice(MODES[mode])
    height, width = choose.randint(1, 9), choose.randint(1, 9)
    noise = np.random.default_rng(choose.randrange(10**6)).integers(0, 256, (height, width, 4), np.uint8)
    image = (
        Image.fromarray(noise, "RGBA" if "A" in mode else None)
        if mode != "CMYK"
        else Image.fromarray(noise[..., :3])
    )
    image = image.convert("RGB").convert("P") if mode == "P" else image.convert(mode)
    note(f"{mode} {kind} {width}x{height}")
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNTRAIN_CACHE", str(Path(place, "cache")))
        for name in ("a", "b"):
            Path(place, "p", name).mkdir(parents=True)
            options = {"lossless": True} if kind == "webp" else {}
            image.save(Path(place, "p", name, f"1.{kind}"), **options)
        with Image.open(Path(place, "p/a", f"1.{kind}")) as opened:
            shown = opened.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        white.alpha_composite(shown)
        train = load({"image_folder": {"path": "p", "channels": 3}}, Path(place)).train
        pixels = np.array(train.x[0])
    close = 0 if mode not in ("LA", "RGBA") else 1  # rounding of the blend
    np.testing.assert_allclose(pixels.astype(int), np.array(white.convert("RGB")).astype(int), atol=close)


@MANY
@given(choose=st.randoms(use_true_random=False))
def test_a_text_is_read_to_its_characters(choose: Random):
    alphabet = "abc \n\t.,'éè\u0301ñ\u0303ßжあ中\U0001f600"
    text = "".join(choose.choice(alphabet) for _ in range(choose.randint(30, 200)))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "t.txt")
        path.write_bytes(text.encode("utf-8-sig" if choose.random() < 0.3 else "utf-8"))
        train = load({"text": {"path": "t.txt", "window": 5, "stride": 1}}, Path(place)).train
    tokens = np.asarray(train.x)
    read = "".join(train.classes[token] for token in [*tokens[:, 0], *tokens[-1, 1:]])
    expected = unicodedata.normalize("NFC", text)
    assert expected.startswith(read)
    assert len(expected) - len(read) == 1  # the last character is only predicted
    assert seen(train).shape == (len(train), 5)
