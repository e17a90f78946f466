"""NumPy's files of arrays: .npy, and .npz, a zip archive of them. Never unpickled, and mapped instead of read where possible."""

import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nntrain.data.files.opening import resolved, told
from nntrain.errors import UserError
from nntrain.options import did_you_mean

MAGIC = b"\x93NUMPY"
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What NumPy raises for a header that is no dictionary of the right kind: it reads it as a literal of Python.
UNREADABLE = (ValueError, KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError)
LOCAL_HEADER = 30  # bytes of a zip member's header before its name (PKWARE's APPNOTE.TXT, 4.3.7)


@dataclass(frozen=True)
class Header:
    """What a .npy file says of itself; the values begin at `start`."""

    shape: tuple[int, ...]
    order: str  # "C" or "F"
    dtype: np.dtype
    start: int


def read_npy(folder: Path, name: str) -> np.ndarray:
    """The array of a .npy file, mapped. Raises UserError for what is not one, Python objects, and a wrong size."""
    path = resolved(folder, name)
    with told(name, path), open(path, "rb") as file:
        header = _header(file, name, os.fstat(file.fileno()).st_size)
        return _mapped(path, header, 0) if _can_map(header, 0) else _array(file, header)


def read_npz(folder: Path, name: str, members: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays of a .npz file by their names; those that are stored as they are, and aligned, are mapped. Raises UserError."""
    path = resolved(folder, name)
    try:
        with told(name, path), zipfile.ZipFile(path) as archive:
            return [_member(archive, path, name, member) for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"{name}: not an npz file, or it is damaged: {str(error).rstrip('.')}.") from None


def _member(archive: zipfile.ZipFile, path: Path, name: str, member: str) -> np.ndarray:
    known = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }
    if member not in known:
        raise UserError(f"{name}: there is no array named {member!r}.{did_you_mean(member, known)}")
    info = known[member]
    with archive.open(info) as file:
        header = _header(file, f"{name}: {member}", info.file_size)
        if info.compress_type == zipfile.ZIP_STORED:
            with open(path, "rb") as raw:
                raw.seek(info.header_offset)
                lengths = struct.unpack(
                    "<HH", raw.read(LOCAL_HEADER)[-4:]
                )  # of the name and of what else follows
            offset = info.header_offset + LOCAL_HEADER + sum(lengths)
            if _can_map(header, offset):
                return _mapped(path, header, offset)
        return _array(file, header)


def _header(file: BinaryIO, name: str, size: int) -> Header:
    """Checks that the promised values are there: `size` is that of the whole file."""
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise UserError(
            f"{name}: not an npy file: expected it to start with {MAGIC.hex(' ')}. "
            f"Received: {magic.hex(' ') or 'an empty file'}."
        )
    version = tuple(file.read(2))
    if version not in HEADERS and len(version) == 2:
        raise UserError(
            f"{name}: expected version 1.0 or 2.0 of the npy format. Received: {'.'.join(map(str, version))}."
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # files of Python 2 are as good
            shape, fortran, dtype = HEADERS[version](file)
    except UNREADABLE as error:
        raise UserError(
            f"{name}: the header of this npy file is damaged ({str(error).splitlines()[0]})."
        ) from None
    if dtype.hasobject:
        raise UserError(
            f"{name}: expected an array of numbers. Received: Python objects, which could run code when they are "
            "opened. Save the array with a type of number."
        )
    if 0 in shape or min(shape, default=1) < 0 or dtype.itemsize == 0:
        raise UserError(f"{name}: the array holds no values: its shape is {shape}.")
    expected, came = math.prod(shape) * dtype.itemsize, size - file.tell()
    if came != expected:
        raise UserError(
            f"{name}: expected {expected:,} bytes for the shape {shape} of {dtype.name}. Received: {came:,}."
        )
    return Header(shape, "F" if fortran else "C", dtype, file.tell())


def _can_map(header: Header, offset: int) -> bool:
    """Kernels take arrays in C order, aligned, and in the machine's own byte order; others are read and become so."""
    return (
        header.order == "C"
        and header.dtype.isnative
        and (offset + header.start) % header.dtype.alignment == 0
    )


def _mapped(path: Path, header: Header, offset: int) -> np.ndarray:
    return np.memmap(path, header.dtype, "r", offset + header.start, header.shape)


def _array(file: BinaryIO, header: Header) -> np.ndarray:
    return np.frombuffer(file.read(), header.dtype).reshape(header.shape, order=header.order)
