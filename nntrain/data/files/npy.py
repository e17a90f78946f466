"""NumPy files: .npy, and .npz, a zip archive of them. Never unpickled; memory-mapped where possible."""

import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from nntrain.data.files.opening import file_errors
from nntrain.errors import DataError
from nntrain.limits import require_memory
from nntrain.options import did_you_mean
from nntrain.paths import resolved

MAGIC = b"\x93NUMPY"
HEADERS: dict[tuple[int, ...], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What NumPy raises for a header that is not a Python literal of the right form.
UNREADABLE = (ValueError, KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError)
PIECE = 1 << 20  # bytes read at once
LOCAL_HEADER = 30  # bytes of a zip member's header before its name (PKWARE's APPNOTE.TXT, 4.3.7)


@dataclass(frozen=True)
class Header:
    """The header of a .npy file; the values begin at byte `start`."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype
    start: int


def read_npy(folder: Path, name: str) -> np.ndarray:
    """The array of a .npy file, memory-mapped. Raises DataError for other formats, Python objects and a wrong size."""
    path = resolved(folder, name)
    with file_errors(name, path), open(path, "rb") as file:
        header = _header(file, name, os.fstat(file.fileno()).st_size)
        return _mapped(path, header, 0) if _can_map(header, 0) else _array(file, header, name)


def read_npz(folder: Path, name: str, members: tuple[str, ...]) -> list[np.ndarray]:
    """Arrays of a .npz file by name, memory-mapped where they are uncompressed and aligned. Raises DataError."""
    path = resolved(folder, name)
    try:
        with file_errors(name, path), zipfile.ZipFile(path) as archive:
            return [_member(archive, path, name, member) for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"not an npz file, or corrupt: {str(error).rstrip('.')}", place=name) from None


def _member(archive: zipfile.ZipFile, path: Path, name: str, member: str) -> np.ndarray:
    known = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }
    if member not in known:
        raise DataError(f"no array is named {member!r}.{did_you_mean(member, known)}", place=name)
    info = known[member]
    with archive.open(info) as file:
        header = _header(file, f"{name}: {member}", info.file_size)
        if info.compress_type == zipfile.ZIP_STORED:
            with open(path, "rb") as raw:
                raw.seek(info.header_offset)
                lengths = struct.unpack("<HH", raw.read(LOCAL_HEADER)[-4:])  # of the name and the extra field
            offset = info.header_offset + LOCAL_HEADER + sum(lengths)
            if _can_map(header, offset):
                return _mapped(path, header, offset)
        return _array(file, header, f"{name}: {member}")


def _header(file: IO[bytes], name: str, size: int) -> Header:
    """The header, checked against `size`, that of the whole file."""
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise DataError(
            f"not an npy file: expected it to start with {MAGIC.hex(' ')}. Received: "
            f"{magic.hex(' ') or 'an empty file'}.",
            place=name,
        )
    version = tuple(file.read(2))
    if version not in HEADERS and len(version) == 2:
        raise DataError(
            f"expected version 1.0 or 2.0 of the npy format. Received: {'.'.join(map(str, version))}.",
            place=name,
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # NumPy warns about files written by Python 2
            shape, fortran, dtype = HEADERS[version](file)
    except UNREADABLE as error:
        raise DataError(f"the npy header is corrupt ({str(error).splitlines()[0]})", place=name) from None
    if dtype.hasobject:
        raise DataError(
            "expected an array of numbers. Received: Python objects, which are not unpickled because that can run code.",
            "Save the array with a numeric type, or its text with a type such as `str`.",
            name,
        )
    if 0 in shape or min(shape, default=1) < 0 or dtype.itemsize == 0:
        raise DataError(f"the array has no values: its shape is {shape}", place=name)
    expected, received = math.prod(shape) * dtype.itemsize, size - file.tell()
    if received != expected:
        raise DataError(
            f"expected {expected:,} bytes for the shape {shape} of {dtype.name}. Received: {received:,}.",
            place=name,
        )
    return Header(shape, "F" if fortran else "C", dtype, file.tell())


def _can_map(header: Header, offset: int) -> bool:
    """Kernels need aligned arrays in C order and native byte order; others are read and converted."""
    return (
        header.order == "C"
        and header.dtype.isnative
        and (offset + header.start) % header.dtype.alignment == 0
    )


def _mapped(path: Path, header: Header, offset: int) -> np.ndarray:
    return np.memmap(path, header.dtype, "r", offset + header.start, header.shape)


def _array(file: IO[bytes], header: Header, name: str) -> np.ndarray:
    needed = math.prod(header.shape) * header.dtype.itemsize
    require_memory(
        needed, "its values take", "Save it uncompressed, or as .npy: it need not be in memory.", name
    )
    values = np.empty(math.prod(header.shape), header.dtype)
    whole = values.view(np.uint8).data
    for start in range(0, len(whole), PIECE):
        piece = whole[start : start + PIECE]
        if file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
            raise EOFError("the file ends within its values")
    return values.reshape(header.shape, order=header.order)
