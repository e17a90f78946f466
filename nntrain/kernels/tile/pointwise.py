"""Value by value: products, quotients and roots of tiles."""

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels.tile.kind import broadcast, map_vectors


def _pointwise(emit):
    """An intrinsic's code for two tiles of one shape: emit(builder, t's vector, u's vector)."""

    def code(context, builder, signature, args):
        t, u = args
        tile = signature.args[0]

        def combine(i, v, value):
            return emit(builder, value, builder.extract_value(u, i * tile.vectors + v))

        return map_vectors(builder, tile, t, combine)

    return code


@intrinsic
def add(typing, t, u):
    """t + u"""
    return t(t, u), _pointwise(lambda builder, a, b: builder.fadd(a, b))


@intrinsic
def multiply(typing, t, u):
    """t * u"""
    return t(t, u), _pointwise(lambda builder, a, b: builder.fmul(a, b))


@intrinsic
def divide(typing, t, u):
    """t / u, correctly rounded"""
    return t(t, u), _pointwise(lambda builder, a, b: builder.fdiv(a, b))


@intrinsic
def root(typing, t):
    """The square root of t, correctly rounded"""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        name = f"llvm.sqrt.v{tile.vector.count}f{tile.dtype.bitwidth}"
        kind = ir.FunctionType(tile.vector, [tile.vector])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return map_vectors(builder, tile, args[0], lambda i, v, value: builder.call(function, [value]))

    return t(t), code


@intrinsic
def flushed(typing, t, least):
    """t, but 0 where its magnitude is smaller than `least`; NaN stays."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        zero, bound = ir.Constant(tile.vector, None), broadcast(builder, tile.vector, args[1])
        name = f"llvm.fabs.v{tile.vector.count}f{tile.dtype.bitwidth}"
        magnitude = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(tile.vector, [tile.vector]), name
        )

        def flush(i, v, value):
            small = builder.fcmp_ordered("<", builder.call(magnitude, [value]), bound)
            return builder.select(small, zero, value)

        return map_vectors(builder, tile, args[0], flush)

    return t(t, t.dtype), code
