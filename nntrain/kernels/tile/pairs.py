"""Pairs of bfloat16: values 2k and 2k + 1 of a sum in one word, which VDPBF16PS multiplies and adds at once.

An array of uint32 holds a pair as its bits, the first value in the lower half. Its subnormal numbers count as 0.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels.tile.bfloat16 import BFLOAT, halves
from nntrain.kernels.tile.kind import I32, I64, Memory, broadcast
from nntrain.kernels.tile.memory import transposed


@intrinsic
def outer_pairs(typing, t, a, a_offset, b, b_offset):
    """t[i, j] += both products of the pairs a[a_offset + i] and b[b_offset + j]; a and b are addresses."""

    def code(context, builder, signature, args):
        t, a, a_offset, b, b_offset = args
        tile = signature.args[0]
        column = Memory(context, builder, signature.args[1], a, tile.dtype)
        row = Memory(context, builder, signature.args[3], b, tile.dtype)
        pairs = ir.VectorType(BFLOAT, 2 * tile.vector.count)
        kind = ir.FunctionType(tile.vector, [tile.vector, pairs, pairs])
        name = f"llvm.x86.avx512bf16.dpbf16ps.{32 * tile.vector.count}"
        dot = cgutils.get_or_insert_function(builder.module, kind, name)
        bs = [builder.bitcast(row.read(row.at(b_offset), v), pairs) for v in range(tile.vectors)]
        for i in range(tile.rows):
            word = builder.load(builder.gep(column.at(a_offset), [ir.Constant(I64, i)]))
            a_i = builder.bitcast(broadcast(builder, tile.vector, word), pairs)
            for v in range(tile.vectors):
                place = i * tile.vectors + v
                t = builder.insert_value(
                    t, builder.call(dot, [builder.extract_value(t, place), a_i, bs[v]]), place
                )
        return t

    return t(t, types.intp, types.intp, types.intp, types.intp), code


@intrinsic
def store_pairs(typing, t, u, d, offset):
    """d[offset + j] = the pair of t[0, j] and u[0, j], for tiles of one row."""

    def code(context, builder, signature, args):
        t, u, d, offset = args
        tile = signature.args[0]
        target = _words(context, builder, signature.args[2], d)
        words = ir.VectorType(I32, tile.vector.count)
        for v in range(tile.vectors):
            low, high = (builder.zext(halves(builder, builder.extract_value(x, v)), words) for x in (t, u))
            high = builder.shl(high, ir.Constant(words, [16] * words.count))
            target.write(builder.bitcast(builder.or_(low, high), tile.vector), target.at(offset), v)
        return context.get_dummy_value()

    return types.void(t, t, d, types.intp), code


@intrinsic
def transpose_pairs(typing, d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns):
    """d[d_offset + k*d_stride + i] = the pair of s[s_offset + row*s_stride + 2k] and the value after it, i and k below lanes(s).

    row: min(first + i, rows - 1). Of s, `columns` columns are read, and the rest counts as 0. Vectors are written in order of k.
    """

    def code(context, builder, signature, args):
        d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns = args
        source = Memory(context, builder, signature.args[3], s, types.float32)
        target, lanes = _words(context, builder, signature.args[0], d), source.vector.count
        last = builder.sub(rows, ir.Constant(I64, 1))
        vectors = []
        for i in range(lanes):
            row = builder.add(first, ir.Constant(I64, i))
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
            here = source.at(builder.add(s_offset, builder.mul(row, s_stride)))
            both = [halves(builder, source.read_part(here, columns, v)) for v in range(2)]
            order = ir.Constant(ir.VectorType(I32, 2 * lanes), list(range(2 * lanes)))
            vectors.append(builder.bitcast(builder.shuffle_vector(*both, order), source.vector))
        for k, vector in enumerate(transposed(builder, vectors)):
            target.write(vector, target.at(d_offset, d_stride, k))
        return context.get_dummy_value()

    return types.void(d, types.intp, types.intp, s, *[types.intp] * 5), code


def _words(context, builder, kind, array):
    """Memory whose words are stored as they are."""
    memory = Memory(context, builder, kind, array, types.float32)
    memory.rounds = False
    return memory
