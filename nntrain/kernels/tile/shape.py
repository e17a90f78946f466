"""Tiles by their shape: sizes, blank tiles, rows."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from nntrain.kernels import host
from nntrain.kernels.tile.kind import I64, Memory, Tile, broadcast, lane_count, map_vectors, value_type

ROWS, SHORT_ROWS, VECTORS = host.TILE_ROWS, host.SHORT_ROWS, host.TILE_VECTORS


@intrinsic
def lanes(typing, x):
    """How many values of x's type a vector holds."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, lane_count(x.dtype))

    return types.intp(x), code


@intrinsic
def address(typing, x, offset):
    """The address of x[offset], for a loop that reads one array or another."""

    def code(context, builder, signature, args):
        return builder.ptrtoint(Memory(context, builder, x, args[0], value_type(x.dtype)).at(args[1]), I64)

    return types.intp(x, types.intp), code


@intrinsic
def height(typing, x):
    """ROWS as a variable: a literal would compile the caller for this one value."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, ROWS)

    return types.intp(x), code


@intrinsic
def short_height(typing, x):
    """SHORT_ROWS as a variable."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, SHORT_ROWS)

    return types.intp(x), code


@intrinsic
def width(typing, x):
    """How many columns of array x's type a tile of VECTORS vectors has."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, VECTORS * lane_count(x.dtype))

    return types.intp(x), code


@intrinsic
def rows(typing, t):
    """How many rows tile t has."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, t.rows)

    return types.intp(t), code


@intrinsic
def columns(typing, t):
    """How many columns tile t has."""

    def code(context, builder, signature, args):
        return ir.Constant(I64, t.vectors * t.vector.count)

    return types.intp(t), code


@intrinsic(prefer_literal=True)
def zeros(typing, like, rows, vectors):
    """A tile of zeros, of the float type of `like`, an array or a number; `rows` and `vectors` are constants."""
    if not isinstance(rows, types.IntegerLiteral):  # `tile.ROWS` is one
        raise TypingError("a tile's rows and vectors must be literals or global constants.")
    tile = Tile(value_type(getattr(like, "dtype", like)), rows.literal_value, vectors.literal_value)

    def code(context, builder, signature, args):
        return ir.Constant(context.get_value_type(tile), None)

    return tile(like, rows, vectors), code


@intrinsic
def cleared(typing, t):
    """A tile of zeros, of the shape of tile t."""

    def code(context, builder, signature, args):
        return ir.Constant(context.get_value_type(t), None)

    return t(t), code


@intrinsic
def split(typing, t):
    """The rows of a tile: a tuple of tiles of one row."""
    row = Tile(t.dtype, 1, t.vectors)

    def code(context, builder, signature, args):
        parts = []
        for i in range(t.rows):
            part = ir.Constant(context.get_value_type(row), ir.Undefined)
            for v in range(t.vectors):
                part = builder.insert_value(part, builder.extract_value(args[0], i * t.vectors + v), v)
            parts.append(part)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(row, t.rows)(t), code


@intrinsic
def join(typing, parts):
    """The tile of these rows, a tuple of tiles of one row."""
    row = parts.dtype
    tile = Tile(row.dtype, parts.count, row.vectors)

    def code(context, builder, signature, args):
        t = ir.Constant(context.get_value_type(tile), ir.Undefined)
        for i, part in enumerate(cgutils.unpack_tuple(builder, args[0])):
            for v in range(tile.vectors):
                t = builder.insert_value(t, builder.extract_value(part, v), i * tile.vectors + v)
        return t

    return tile(parts), code


@intrinsic
def fill(typing, t, number):
    """A tile of t's shape with one number everywhere."""

    def code(context, builder, signature, args):
        numbers = broadcast(builder, signature.args[0].vector, args[1])
        return map_vectors(builder, signature.args[0], args[0], lambda i, v, value: numbers)

    return t(t, t.dtype), code
