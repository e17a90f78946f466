"""Weights: the arrays of an exported network, in the file itself as base64, or beside it as .npz."""

import base64
import io
import textwrap
from collections.abc import Mapping

import numpy as np

from nntrain.export.python.wording import INDENT, quoted

COLUMNS = 100  # of base64 in a line

UNPACK = '''
def unpack(shapes, text):
    """The arrays of these shapes by name, {type}, one after the other in base64."""
    numbers = np.frombuffer(base64.b64decode(text), {quoted_type})
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
    parts = np.split(numbers, ends[:-1])
    return {{name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts)}}
'''
LOAD = """
with np.load(Path(__file__).with_name({file})) as file:
    parameters = dict(file)
"""


def inside(arrays: Mapping[str, np.ndarray], dtype: np.dtype) -> tuple[str, str]:
    """The function `unpack`, and the assignment of `parameters` that calls it."""
    text = base64.b64encode(
        b"".join(array.astype(dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    )
    shapes = "\n".join(f"{INDENT * 2}{quoted(name)}: {array.shape}," for name, array in arrays.items())
    lines = "\n".join(textwrap.wrap(text.decode(), COLUMNS))
    function = UNPACK.format(type=dtype.name, quoted_type=quoted(dtype.newbyteorder("<").str))
    return (
        function,
        f'parameters = unpack(\n{INDENT}{{\n{shapes}\n{INDENT}}},\n{INDENT}"""\n{lines}\n{INDENT}""",\n)\n',
    )


def beside(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The .npz file."""
    data = io.BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]  # names come from a dict
    return data.getvalue()
