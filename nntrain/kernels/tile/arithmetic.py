"""Arithmetic on tiles: the outer product, the operations of epilogues, comparisons."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels.tile import bfloat16
from nntrain.kernels.tile.kind import Memory, Tile, broadcast, map_vectors, value_type


@intrinsic
def outer(typing, t, a, a_offset, a_stride, b, b_offset):
    """t[i, j] += a[a_offset + i*a_stride] * b[b_offset + j], with one rounding where the processor has FMA."""

    def code(context, builder, signature, args):
        t, a, a_offset, a_stride, b, b_offset = args
        tile = signature.args[0]
        column = Memory(context, builder, signature.args[1], a, tile.dtype)
        row = Memory(context, builder, signature.args[4], b, tile.dtype)
        fused = _fused(builder, tile)
        bs = [row.read(row.at(b_offset), v) for v in range(tile.vectors)]
        # Each broadcast right before its products: with all of them first, LLVM's scheduler keeps all of them alive and
        # spills half of a 14x2 tile (136 instead of 224 GFLOP/s on a core with AVX-512).
        for i in range(tile.rows):
            a_i = broadcast(builder, tile.vector, builder.load(column.at(a_offset, a_stride, i)))
            for v in range(tile.vectors):
                place = i * tile.vectors + v
                t = builder.insert_value(
                    t, builder.call(fused, [a_i, bs[v], builder.extract_value(t, place)]), place
                )
        return t

    return t(t, a, types.intp, types.intp, b, types.intp), code


def _fused(builder, tile: Tile):
    """fmuladd, not fma: without the instruction it is a multiplication and an addition, not a call of a slow function."""
    name = f"llvm.fmuladd.v{tile.vector.count}f{tile.dtype.bitwidth}"
    return cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(tile.vector, [tile.vector] * 3), name
    )


@intrinsic
def multiply_add(typing, t, u, w):
    """t + u * w, value by value; all of one shape."""

    def code(context, builder, signature, args):
        t, u, w = args
        tile = signature.args[0]
        fused = _fused(builder, tile)

        def sum_of(i, v, value):
            place = i * tile.vectors + v
            return builder.call(
                fused, [builder.extract_value(u, place), builder.extract_value(w, place), value]
            )

        return map_vectors(builder, tile, t, sum_of)

    return t(t, u, w), code


@intrinsic
def add_pairs(typing, t, a, a_offset, a_stride, b, b_offset, b_stride):
    """t[i, v] + a[a_offset + i*a_stride ...] * b[b_offset + v*b_stride ...], vector by vector; fused as in `outer`."""

    def code(context, builder, signature, args):
        t, a, a_offset, a_stride, b, b_offset, b_stride = args
        tile = signature.args[0]
        left = Memory(context, builder, signature.args[1], a, tile.dtype)
        right = Memory(context, builder, signature.args[4], b, tile.dtype)
        fused = _fused(builder, tile)
        bs = [right.read(right.at(b_offset, b_stride, v)) for v in range(tile.vectors)]
        for i in range(tile.rows):
            a_i = left.read(left.at(a_offset, a_stride, i))
            for v in range(tile.vectors):
                place = i * tile.vectors + v
                t = builder.insert_value(
                    t, builder.call(fused, [a_i, bs[v], builder.extract_value(t, place)]), place
                )
        return t

    return t(t, a, types.intp, types.intp, b, types.intp, types.intp), code


@intrinsic
def add_multiple(typing, t, factor, u):
    """t + factor*u, where u is a tile of the same shape; fused as in `outer`."""

    def code(context, builder, signature, args):
        t, factor, u = args
        tile = signature.args[0]
        multiply_add, factors = _fused(builder, tile), _factors(builder, tile, factor)

        def add(i, v, value):
            return builder.call(
                multiply_add, [factors, builder.extract_value(u, i * tile.vectors + v), value]
            )

        return map_vectors(builder, tile, t, add)

    return t(t, types.float64, t), code


@intrinsic
def multiple(typing, factor, t):
    """factor*t"""

    def code(context, builder, signature, args):
        factors = _factors(builder, t, args[0])
        return map_vectors(builder, t, args[1], lambda i, v, value: builder.fmul(factors, value))

    return t(types.float64, t), code


def _factors(builder, tile: Tile, factor):
    """A vector of the tile's type with a float64 in every lane."""
    return broadcast(
        builder,
        tile.vector,
        builder.fptrunc(factor, tile.vector.element) if tile.dtype.bitwidth == 32 else factor,
    )


@intrinsic
def add_row(typing, t, row):
    """t[i, j] + row[0, j], where `row` is a tile of one row."""

    def code(context, builder, signature, args):
        t, row = args
        return map_vectors(
            builder,
            signature.args[0],
            t,
            lambda i, v, value: builder.fadd(value, builder.extract_value(row, v)),
        )

    return t(t, row), code


@intrinsic
def subtract(typing, t, u):
    """t - u, value by value; both of one shape."""

    def code(context, builder, signature, args):
        t, u = args
        tile = signature.args[0]
        return map_vectors(
            builder,
            tile,
            t,
            lambda i, v, value: builder.fsub(value, builder.extract_value(u, i * tile.vectors + v)),
        )

    return t(t, u), code


@intrinsic
def add_where(typing, t, u, marks, number):
    """t + u where marks == number, else t."""

    def code(context, builder, signature, args):
        t, u, marks, number = args
        tile = signature.args[0]
        numbers = broadcast(builder, tile.vector, number)

        def sum_of(i, v, value):
            place = i * tile.vectors + v
            here = builder.fcmp_ordered("==", builder.extract_value(marks, place), numbers)
            return builder.select(here, builder.fadd(value, builder.extract_value(u, place)), value)

        return map_vectors(builder, tile, t, sum_of)

    return t(t, u, marks, t.dtype), code


@intrinsic
def larger(typing, t, u):
    """The larger of t and u, value by value; NaN where either is NaN."""

    def code(context, builder, signature, args):
        t, u = args
        tile = signature.args[0]

        def choose(i, v, value):
            other = builder.extract_value(u, i * tile.vectors + v)
            return builder.select(_wins(builder, other, value), other, value)

        return map_vectors(builder, tile, t, choose)

    return t(t, u), code


@intrinsic
def total(typing, t):
    """The sum of the values of a tile of one row."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        number = tile.vector.element
        name = f"llvm.vector.reduce.fadd.v{tile.vector.count}f{tile.dtype.bitwidth}"
        reduce = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(number, [number, tile.vector]), name
        )
        sums = builder.extract_value(args[0], 0)
        for v in range(1, tile.vectors):
            sums = builder.fadd(sums, builder.extract_value(args[0], v))
        # Pairs of halves, not one value after the other.
        return builder.call(reduce, [ir.Constant(number, -0.0), sums], fastmath=("reassoc",))

    return t.dtype(t), code


@intrinsic
def largest(typing, t):
    """The largest value of a tile of one row; may miss a NaN."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        name = f"llvm.vector.reduce.fmax.v{tile.vector.count}f{tile.dtype.bitwidth}"
        reduce = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(tile.vector.element, [tile.vector]), name
        )
        most = builder.extract_value(args[0], 0)
        for v in range(1, tile.vectors):
            other = builder.extract_value(args[0], v)
            most = builder.select(builder.fcmp_ordered(">", other, most), other, most)
        return builder.call(reduce, [most], fastmath=("nnan", "nsz"))

    return t.dtype(t), code


@intrinsic
def mark_larger(typing, marks, number, t, u):
    """`number` where `larger(t, u)` is u, else the value of `marks`."""

    def code(context, builder, signature, args):
        marks, number, t, u = args
        tile = signature.args[0]
        numbers = broadcast(builder, tile.vector, number)

        def mark(i, v, value):
            theirs, ours = (builder.extract_value(values, i * tile.vectors + v) for values in (u, t))
            return builder.select(_wins(builder, theirs, ours), numbers, value)

        return map_vectors(builder, tile, marks, mark)

    return marks(marks, marks.dtype, t, u), code


def _wins(builder, u, t):
    """u > t, or u is NaN and t is not."""
    return builder.and_(builder.fcmp_unordered(">", u, t), builder.fcmp_ordered("ord", t, t))


@intrinsic
def relu(typing, t):
    """0 where t < 0, else t: NaN stays NaN."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        zero = ir.Constant(tile.vector, None)

        def cut(i, v, value):
            return builder.select(builder.fcmp_ordered("<", value, zero), zero, value)

        return map_vectors(builder, tile, args[0], cut)

    return t(t), code


@intrinsic
def leaky_relu(typing, t, slope):
    """slope*t where t < 0, else t."""

    def code(context, builder, signature, args):
        t, slope = args
        tile = signature.args[0]
        zero, slopes = ir.Constant(tile.vector, None), broadcast(builder, tile.vector, slope)

        def leak(i, v, value):
            return builder.select(builder.fcmp_ordered("<", value, zero), builder.fmul(slopes, value), value)

        return map_vectors(builder, tile, t, leak)

    return t(t, t.dtype), code


@intrinsic
def rounded(typing, t, x):
    """t, rounded to bfloat16 if x is an array of bfloat16."""

    def code(context, builder, signature, args):
        if value_type(x.dtype) == x.dtype:
            return args[0]
        return map_vectors(builder, t, args[0], lambda i, v, value: bfloat16.rounded(builder, value))

    return t(t, x), code


@intrinsic
def rectify(typing, t, v, slope):
    """t, but slope*t where v <= 0; with slope 0 an infinity gives 0."""

    def code(context, builder, signature, args):
        t, v, slope = args
        tile = signature.args[0]
        zero, slopes = ir.Constant(tile.vector, None), broadcast(builder, tile.vector, slope)
        cuts = builder.fcmp_ordered("==", slope, ir.Constant(slope.type, 0))

        def bend(i, k, value):
            below = builder.select(cuts, zero, builder.fmul(slopes, value))
            sign = builder.extract_value(v, i * tile.vectors + k)
            return builder.select(builder.fcmp_ordered("<=", sign, zero), below, value)

        return map_vectors(builder, tile, t, bend)

    return t(t, v, t.dtype), code
