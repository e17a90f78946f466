"""Images of every mode of Pillow: transparency, more than 8 bits, palettes, orientation, frames."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nntrain.data.images import image_files
from tests.support.data import refused
from tests.support.images import of, picture, put


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))


def in_both_classes(folder, image, name="x.png", **options):
    for kind in ("a", "b"):
        put(folder / "pets" / kind / name, image, **options)
    return folder / "pets"


# --- transparency ----------------------------------------------------------------------------------------------------


def drawing(mode: str) -> Image.Image:
    """A black square on a transparent background, whose hidden colour is black too."""
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((2, 2, 4, 4), fill=(0, 0, 0, 255))
    if mode == "P":  # palette entry 1 is the drawing, entry 0 is transparent
        shape = Image.fromarray((np.asarray(image)[..., 3] > 0).astype(np.uint8), "L")
        palette = Image.new("P", (8, 8))
        palette.putpalette([0, 0, 0] * 2)
        palette.paste(1, mask=shape.point(lambda value: value * 255))
        return palette
    return image if mode == "RGBA" else image.convert(mode)


INK = np.zeros((8, 8), bool)
INK[2:5, 2:5] = True


@pytest.mark.parametrize(
    ("mode", "name", "options"),
    [
        ("RGBA", "x.png", {}),
        ("RGBA", "x.webp", {"lossless": True}),
        ("RGBA", "x.tif", {}),
        ("LA", "x.png", {}),
        ("LA", "x.tif", {}),
        ("P", "x.png", {"transparency": 0}),
        ("P", "x.png", {"transparency": b"\x00\xff"}),
        ("P", "x.gif", {"transparency": 0}),
    ],
)
def test_transparency_shows_the_background_in_every_mode(tmp_path, mode, name, options):
    folder = in_both_classes(tmp_path, drawing(mode), name, **options)
    assert np.array_equal(of(folder, channels=1).train.x[0, :, :, 0], np.where(INK, 0, 255))
    assert not of(folder, channels=1, background="black").train.x.any()
    colour = of(folder, channels=3, background=[16, 32, 48]).train.x[0]
    assert np.array_equal(colour, np.where(INK[..., None], 0, [16, 32, 48]))


@pytest.mark.parametrize(
    ("image", "transparent"),
    [
        (np.arange(30, dtype=np.uint8).reshape(6, 5), 7),
        (picture(0), tuple(map(int, picture(0)[1, 2]))),
    ],
)
def test_one_colour_declared_transparent_is_the_background(tmp_path, image, transparent):
    folder = in_both_classes(tmp_path, image, transparency=transparent)
    x = of(folder).train.x[0]
    expected = image.reshape(x.shape).copy()
    expected[1, 2] = 255
    assert np.array_equal(x, expected)


def test_grey_that_is_multiplied_by_its_opacity_is_read(tmp_path):
    values = np.zeros((6, 5, 2), np.uint8)
    values[1, 2] = 60, 120  # half of white is 120 of 255
    folder = in_both_classes(tmp_path, Image.fromarray(values, "LA"), "x.tif")
    for path in folder.rglob("*.tif"):
        extra = b"\x52\x01\x03\x00\x01\x00\x00\x00"  # the tag ExtraSamples, a short: 1 is associated alpha
        content = path.read_bytes()
        assert content.count(extra + b"\2") == 1
        path.write_bytes(content.replace(extra + b"\2", extra + b"\1"))
        with Image.open(path) as image:
            assert image.mode == "La"
    x = of(folder, channels=1, background=[100, 100, 100]).train.x[0, :, :, 0]
    assert abs(int(x[1, 2]) - (60 + 100 * 135 / 255)) <= 1
    assert (x.ravel() == 100).sum() == 29


def test_half_transparent_pixels_are_mixed_before_resizing(tmp_path):
    image = np.zeros((4, 4, 4), np.uint8)
    image[..., 3] = 128
    folder = in_both_classes(tmp_path, image)
    assert set(of(folder, size=2).train.x.ravel().tolist()) == {127}


@pytest.mark.parametrize(
    "option", ["background: pink", "background: [1, 2]", "background: [1, 2, 256]", "range: [1]"]
)
def test_a_background_that_is_no_colour_and_half_a_range_are_errors(shell, option, wording):
    config = (
        f"data: {{source: {{image_folder: {{path: pets, {option}}}}}}}\nmodel: {{layers: [{{dense: 2}}]}}\n"
    )
    told = shell.run("summary", shell.write(config + "loss: mse\noptimizer: {sgd: 0.1}\n"), code=2).stderr
    assert f"data.source.image_folder.{option.split(':')[0]}" in told
    wording(told)


# --- more than 8 bits ------------------------------------------------------------------------------------------------

RAMP = np.arange(30).reshape(6, 5)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (RAMP.astype(np.uint16), "x.png"),  # 5 bits of 16
        ((RAMP * 100).astype(np.uint16), "x.png"),  # 12 bits
        ((RAMP + 30_000).astype(np.uint16), "x.tif"),  # far from 0
        ((RAMP * 2259).astype(np.uint16), "x.pgm"),
        ((RAMP * 70_000_000).astype(np.int32), "x.tif"),
        ((RAMP / 29).astype(np.float32), "x.tif"),
        ((RAMP - 12.5).astype(np.float32), "x.tiff"),
    ],
)
def test_the_range_of_values_becomes_0_to_255(tmp_path, values, name):
    folder = in_both_classes(tmp_path, values, name)
    splits = of(folder)
    expected = np.round(RAMP / 29 * 255)
    assert np.abs(splits.train.x[0, :, :, 0] - expected).max() <= 1
    assert splits.train.image_form.range == pytest.approx((values.min(), values.max()))


def test_the_range_is_that_of_all_images_so_that_they_stay_comparable(tmp_path, wording):
    put(tmp_path / "pets/a/dark.png", (RAMP * 10).astype(np.uint16))
    put(tmp_path / "pets/b/light.png", (RAMP * 10 + 290).astype(np.uint16))
    put(tmp_path / "pets/b/of_bytes.png", RAMP.astype(np.uint8))
    splits = of(tmp_path / "pets")
    assert splits.train.x[0].max() == 128
    assert splits.train.x[1].min() == 128
    assert np.array_equal(splits.train.x[2, :, :, 0], RAMP)
    wording("\n".join(splits.notes))


def test_a_given_range_cuts_off_what_is_outside(tmp_path):
    folder = in_both_classes(tmp_path, (RAMP * 100).astype(np.uint16))
    inverted = of(folder, range=[1010, 500]).train.x[0, :, :, 0]
    assert np.array_equal(inverted, 255 - np.clip((RAMP * 100 - 500) / 2, 0, 255))
    x = of(folder, range=[500, 1010]).train.x[0, :, :, 0]
    assert np.array_equal(x, np.clip((RAMP * 100 - 500) / 2, 0, 255))


def test_a_transparent_value_of_16_bits_is_the_background(tmp_path):
    folder = in_both_classes(tmp_path, (RAMP * 100).astype(np.uint16), transparency=700)
    x = of(folder).train.x[0, :, :, 0]
    assert x[1, 2] == 255
    assert x[1, 1] < x[1, 3] < 80


def test_values_that_are_not_finite_are_an_error(tmp_path):
    values = RAMP.astype(np.float32)
    values[0, 0] = np.nan
    put(tmp_path / "pets/a/x.tif", values)
    put(tmp_path / "pets/b/x.tif", RAMP.astype(np.float32))
    told = refused(of, tmp_path / "pets")
    assert told.startswith(f"{tmp_path}/pets/a/x.tif: the image has values that are not finite")


def png_of_16_bits(values: np.ndarray, kind: int, extra: bytes = b"") -> bytes:
    """An image (height, width, channels) of 16 bits per channel, which Pillow does not write; `kind` of the PNG standard."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    content = header + extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiff_of_16_bits(values: np.ndarray, order: str, compressed: bool) -> bytes:
    """An RGB image, in the order of bytes `<` or `>`, with the orientation 6: to be turned clockwise."""
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if compressed else data
    short, long, count = "HHIHH", "HHII", 10
    bits = 8 + 2 + count * 12 + 4  # where the bits of each channel are listed; the pixels follow
    entries = [
        (short, 256, 3, 1, width, 0),
        (short, 257, 3, 1, height, 0),
        (long, 258, 3, channels, bits),
        (short, 259, 3, 1, 8 if compressed else 1, 0),
        (short, 262, 3, 1, 2, 0),
        (long, 273, 4, 1, bits + 2 * channels),
        (short, 274, 3, 1, 6, 0),
        (short, 277, 3, 1, channels, 0),
        (short, 278, 3, 1, height, 0),
        (long, 279, 4, 1, len(data)),
    ]
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, count)
    table = b"".join(struct.pack(order + form, *values) for form, *values in entries)
    return head + table + struct.pack(f"{order}I{channels}H", 0, *[16] * channels) + data


FEW = np.random.default_rng(0).integers(100, 4196, (6, 5, 3))  # 12 bits of 16
FEW[0, 0, 0], FEW[0, 0, 1] = 100, 4195


def test_colours_of_16_bits_that_use_few_of_them_keep_their_content(tmp_path):
    folder = in_both_classes(tmp_path, picture(0))
    (folder / "a/x.png").write_bytes(png_of_16_bits(FEW, 2))
    splits = of(folder)
    assert splits.train.image_form.range == (100, 4195)
    assert np.array_equal(splits.train.x[0], np.floor((FEW - 100) / 4095 * 255 + 0.5))
    assert np.array_equal(splits.train.x[1], picture(0))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_16_bits_keeps_its_content_in_either_order_of_bytes(tmp_path, order, compressed):
    folder = in_both_classes(tmp_path, np.rot90(picture(0), -1), "x.tif")
    (folder / "a/x.tif").write_bytes(tiff_of_16_bits(FEW, order, compressed))
    expected = np.rot90(np.floor((FEW - 100) / 4095 * 255 + 0.5), -1)
    assert np.array_equal(of(folder).train.x[0], expected)


def test_transparency_of_16_bits_shows_the_background(tmp_path):
    folder = in_both_classes(tmp_path, picture(0))
    alpha = np.full((6, 5, 1), 65535)
    alpha[1, 2] = 0
    expected = np.floor((FEW - 100) / 4095 * 255 + 0.5)
    expected[1, 2] = 255
    (folder / "a/x.png").write_bytes(png_of_16_bits(np.concatenate([FEW, alpha], axis=2), 6))
    assert np.array_equal(of(folder).train.x[0], expected)
    transparent = png_chunk(b"tRNS", struct.pack(">HHH", *FEW[1, 2]))
    (folder / "a/x.png").write_bytes(png_of_16_bits(FEW, 2, transparent))
    assert np.array_equal(of(folder).train.x[0], expected)


def test_where_only_the_upper_half_of_16_bits_is_read_it_is_noted(tmp_path):
    folder = in_both_classes(tmp_path, picture(0, channels=1))
    values = picture(0, channels=1)[..., None].astype(np.uint16) * 257
    for kind in ("a", "b"):
        with_alpha = np.concatenate([values, np.full((6, 5, 1), 65535)], axis=2)
        (folder / kind / "x.png").write_bytes(png_of_16_bits(with_alpha, 4))
    splits = of(folder, channels=1)
    assert np.array_equal(splits.train.x[0, :, :, 0], picture(0, channels=1))
    assert "2 images of 16 bits: the upper 8 are used" in splits.notes


# --- other modes, orientation, frames --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("CMYK", "x.jpg"),
        ("CMYK", "x.tif"),
        ("YCbCr", "x.tif"),
        ("LAB", "x.tif"),
        ("RGB", "x.ppm"),
    ],
)
def test_every_kind_of_colour_becomes_rgb(tmp_path, mode, name):
    image = (
        Image.new("LAB", (5, 6), (160, 128, 128))
        if mode == "LAB"
        else Image.new("RGB", (5, 6), (200, 40, 90))
    )
    options = {"quality": 100} if name == "x.jpg" else {}
    x = of(in_both_classes(tmp_path, image.convert(mode), name, **options)).train.x
    assert x.shape == (2, 6, 5, 3)
    expected = 151 if mode == "LAB" else [200, 40, 90]
    assert np.abs(x[0, 0, 0].astype(int) - expected).max() <= 3


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (picture(0), "x.png"),
        (picture(0), "x.jpg"),
        (picture(0), "x.tif"),
        (picture(0), "x.webp"),
        (np.dstack([picture(0), np.full((6, 5), 255, np.uint8)]), "x.png"),
        (picture(0, channels=1), "x.png"),
        ((RAMP * 2000).astype(np.uint16), "x.png"),
        ((RAMP * 2000).astype(np.uint16), "x.tif"),
        ((RAMP * 70_000).astype(np.int32), "x.tif"),
        (RAMP.astype(np.float32), "x.tif"),
    ],
)
def test_images_on_their_side_are_set_upright_in_every_mode(tmp_path, image, name):
    exif = Image.Exif()
    exif[image_files.ORIENTATION] = 6  # to be turned clockwise
    straight = of(in_both_classes(tmp_path / "straight", image, name)).train.x[0]
    turned = of(in_both_classes(tmp_path / "turned", image, name, exif=exif)).train.x[0]
    assert turned.shape[:2] == (5, 6)
    if name != "x.jpg":  # the blocks of JPEG are others
        assert np.array_equal(turned, np.rot90(straight, -1))


@pytest.mark.parametrize("name", ["x.gif", "x.png", "x.webp", "x.tif"])
def test_of_several_frames_the_first_is_read(tmp_path, name):
    frames = [Image.new("L", (5, 6), value) for value in (200, 10)]
    options = {"lossless": True} if name == "x.webp" else {}
    folder = in_both_classes(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], **options)
    assert set(of(folder, channels=1).train.x.ravel().tolist()) == {200}


# --- images that show nothing ----------------------------------------------------------------------------------------


def test_a_class_of_a_single_colour_is_warned_of(tmp_path, wording):
    for number in range(3):
        put(tmp_path / "pets/a" / f"{number}.png", picture(number))
        put(tmp_path / "pets/b" / f"{number}.png", np.zeros((6, 5, 3), np.uint8))
    (warning,) = of(tmp_path / "pets").warnings
    wording(warning)


def test_a_set_of_a_single_colour_is_warned_of(tmp_path, wording):
    white = Image.new("RGBA", (5, 6), (255, 255, 255, 0))
    ImageDraw.Draw(white).rectangle((1, 1, 2, 2), fill=(255, 255, 255, 255))
    folder = in_both_classes(tmp_path, white)
    (warning,) = of(folder).warnings
    wording(warning)
    assert of(folder, background="black").warnings == []


def test_one_blank_image_among_others_is_not_warned_of(tmp_path):
    folder = in_both_classes(tmp_path, picture(0))
    put(folder / "a/blank.png", np.zeros((6, 5, 3), np.uint8))
    assert of(folder).warnings == []
