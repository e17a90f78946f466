"""Formats: what Pillow opens on every machine without calling another program, and the suffixes of such files."""

from functools import cache

# Ghostscript runs EPS, Windows alone draws metafiles, and of the others Pillow knows the name but not the pixels.
LEFT_OUT = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"}


@cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats, in the order in which it tries them."""
    from PIL import Image

    Image.init()
    return tuple(name for name in Image.ID if name not in LEFT_OUT)


@cache
def suffixes() -> frozenset[str]:
    """ ".png", ".jpg", ".tif" and all others, in lower case."""
    from PIL import Image

    known = formats()
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in known)
