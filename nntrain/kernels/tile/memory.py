"""Tiles to and from memory: loads, stores, prefetches and transpositions."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels.tile.kind import I32, I64, Memory, Tile, map_vectors, value_type


@intrinsic
def load(typing, t, c, offset, stride):
    """t[i, j] = c[offset + i*stride + j]; the argument t gives the shape only."""

    def code(context, builder, signature, args):
        t, c, offset, stride = args
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], c, tile.dtype)
        rows = [memory.at(offset, stride, i) for i in range(tile.rows)]
        return map_vectors(builder, tile, t, lambda i, v, value: memory.read(rows[i], v))

    return t(t, c, types.intp, types.intp), code


@intrinsic
def store(typing, t, c, offset, stride):
    """c[offset + i*stride + j] = t[i, j]"""

    def code(context, builder, signature, args):
        t, c, offset, stride = args
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], c, tile.dtype)
        rows = [memory.at(offset, stride, i) for i in range(tile.rows)]
        for i, v, place in tile.places:
            memory.write(builder.extract_value(t, place), rows[i], v)
        return context.get_dummy_value()

    return types.void(t, c, types.intp, types.intp), code


@intrinsic
def stream(typing, t, c, offset, stride):
    """As `store`, to whole cache lines at multiples of the vector's size, past the caches: their old values are not read."""

    def code(context, builder, signature, args):
        t, c, offset, stride = args
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], c, tile.dtype)
        rows = [memory.at(offset, stride, i) for i in range(tile.rows)]
        once = builder.module.add_metadata([ir.Constant(I32, 1)])
        for i, v, place in tile.places:
            write = memory.write(builder.extract_value(t, place), rows[i], v, aligned=True)
            write.set_metadata("nontemporal", once)
        return context.get_dummy_value()

    return types.void(t, c, types.intp, types.intp), code


@intrinsic
def load_part(typing, t, c, offset, stride, rows, columns):
    """As `load`, of the first `rows` rows and `columns` columns; the rest is not read, and 0 in the tile."""

    def code(context, builder, signature, args):
        t, c, offset, stride, rows, columns = args
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], c, tile.dtype)
        addresses, counts = [], []
        for i in range(tile.rows):
            addresses.append(memory.at(offset, stride, i))
            counts.append(
                builder.select(
                    builder.icmp_signed("<", ir.Constant(I64, i), rows), columns, ir.Constant(I64, 0)
                )
            )
        return map_vectors(builder, tile, t, lambda i, v, value: memory.read_part(addresses[i], counts[i], v))

    return t(t, c, *[types.intp] * 4), code


@intrinsic
def store_part(typing, t, c, offset, stride, rows, columns):
    """As `store`, of the first `rows` rows and `columns` columns; the rest is not written."""

    def code(context, builder, signature, args):
        t, c, offset, stride, rows, columns = args
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], c, tile.dtype)
        for i in range(tile.rows):
            with builder.if_then(builder.icmp_signed("<", ir.Constant(I64, i), rows)):
                row = memory.at(offset, stride, i)
                for v in range(tile.vectors):
                    memory.write_part(builder.extract_value(t, i * tile.vectors + v), row, columns, v)
        return context.get_dummy_value()

    return types.void(t, c, *[types.intp] * 4), code


@intrinsic
def prefetch(typing, t, c, offset, stride):
    """Prefetches what `load` would read into the L2 cache."""
    return types.void(t, c, types.intp, types.intp), _prefetch_into(2)


@intrinsic
def prefetch_near(typing, t, c, offset, stride):
    """Prefetches what `load` would read into the L1 cache."""
    return types.void(t, c, types.intp, types.intp), _prefetch_into(3)


def _prefetch_into(level: int):
    """level: LLVM's locality, from 3, the L1 cache, down to 1."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        memory = Memory(context, builder, signature.args[1], args[1], tile.dtype)
        kind = ir.FunctionType(ir.VoidType(), [memory.start.type, I32, I32, I32])
        hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for i in range(tile.rows):
            row = memory.at(args[2], args[3], i)
            for v in range(tile.vectors):
                place = builder.gep(row, [ir.Constant(I64, v * memory.vector.count)])
                builder.call(hint, [place, *(ir.Constant(I32, n) for n in (0, level, 1))])  # to read, data
        return context.get_dummy_value()

    return code


@intrinsic
def load_bytes(typing, t, c, offset):
    """t[0, j] = c[offset + j] of an array of uint8; the argument t, of one row, gives the shape only."""

    def code(context, builder, signature, args):
        tile, first = signature.args[0], _first_byte(context, builder, signature, args)
        return map_vectors(
            builder,
            tile,
            args[0],
            lambda i, v, value: builder.uitofp(
                builder.load(_bytes_at(builder, tile, first, v), align=1), tile.vector
            ),
        )

    return t(t, c, types.intp), code


@intrinsic
def store_bytes(typing, t, c, offset):
    """c[offset + j] = t[0, j], whole numbers from 0 to 255, in an array of uint8."""

    def code(context, builder, signature, args):
        tile, first = signature.args[0], _first_byte(context, builder, signature, args)
        for v in range(tile.vectors):
            place = _bytes_at(builder, tile, first, v)
            builder.store(
                builder.fptoui(builder.extract_value(args[0], v), place.type.pointee), place, align=1
            )
        return context.get_dummy_value()

    return types.void(t, c, types.intp), code


def _first_byte(context, builder, signature, args):
    return builder.gep(context.make_array(signature.args[1])(context, builder, args[1]).data, [args[2]])


def _bytes_at(builder, tile: Tile, first, vector: int):
    lanes = tile.vector.count
    place = builder.gep(first, [ir.Constant(I64, vector * lanes)])
    return builder.bitcast(place, ir.VectorType(ir.IntType(8), lanes).as_pointer())


@intrinsic
def transpose(typing, d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns):
    """d[d_offset + k*d_stride + i] = s[s_offset + min(first + i, rows - 1)*s_stride + k], i and k below lanes(s).

    Of s, `columns` columns are read, and the rest counts as 0. Vectors are written in order of k, so a later one may overwrite
    the end of an earlier one.
    """

    def code(context, builder, signature, args):
        d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns = args
        d_type, s_type = signature.args[0], signature.args[3]
        target, source = (
            Memory(context, builder, kind, array, value_type(d_type.dtype))
            for kind, array in ((d_type, d), (s_type, s))
        )
        last = builder.sub(rows, ir.Constant(I64, 1))
        vectors = []
        for i in range(source.vector.count):
            row = builder.add(first, ir.Constant(I64, i))
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
            vectors.append(
                source.read_part(source.at(builder.add(s_offset, builder.mul(row, s_stride))), columns)
            )
        for k, vector in enumerate(transposed(builder, vectors)):
            target.write(vector, target.at(d_offset, d_stride, k))
        return context.get_dummy_value()

    return types.void(d, types.intp, types.intp, s, *[types.intp] * 5), code


@intrinsic
def to_planes(typing, d, d_offset, d_stride, s, s_offset, s_stride, rows, columns):
    """d[d_offset + k*d_stride + i] = s[s_offset + i*s_stride + k] for i < rows, else 0; i below lanes(s), k < columns <= lanes(s) / 2."""

    def code(context, builder, signature, args):
        d, d_offset, d_stride, s, s_offset, s_stride, rows, columns = args
        d_type, s_type = signature.args[0], signature.args[3]
        target, source = (
            Memory(context, builder, kind, array, value_type(d_type.dtype))
            for kind, array in ((d_type, d), (s_type, s))
        )
        vectors = []
        for i in range(source.vector.count):
            exists = builder.icmp_signed("<", ir.Constant(I64, i), rows)
            count = builder.select(exists, columns, ir.Constant(I64, 0))
            vectors.append(source.read_part(source.at(s_offset, s_stride, i), count))
        half = source.vector.count // 2
        for k, vector in enumerate(transposed(builder, vectors, widest_first=True)[:half]):
            with builder.if_then(builder.icmp_signed("<", ir.Constant(I64, k), columns)):
                target.write(vector, target.at(d_offset, d_stride, k))
        return context.get_dummy_value()

    return types.void(d, types.intp, types.intp, s, *[types.intp] * 4), code


@intrinsic
def from_planes(typing, d, d_offset, d_stride, s, s_offset, s_stride, rows, columns):
    """d[d_offset + i*d_stride + k] = s[s_offset + k*s_stride + i] for i < rows and lanes(s), and k < columns <= lanes(s) / 2.

    As many planes as half of the lanes are read, whether they exist or not.
    """

    def code(context, builder, signature, args):
        d, d_offset, d_stride, s, s_offset, s_stride, rows, columns = args
        d_type, s_type = signature.args[0], signature.args[3]
        target, source = (
            Memory(context, builder, kind, array, value_type(d_type.dtype))
            for kind, array in ((d_type, d), (s_type, s))
        )
        half = source.vector.count // 2
        vectors = [source.read(source.at(s_offset, s_stride, k)) for k in range(half)]
        vectors += [ir.Constant(source.vector, ir.Undefined)] * half
        for i, vector in enumerate(transposed(builder, vectors)):
            exists = builder.icmp_signed("<", ir.Constant(I64, i), rows)
            count = builder.select(exists, columns, ir.Constant(I64, 0))
            target.write_part(vector, target.at(d_offset, d_stride, i), count)
        return context.get_dummy_value()

    return types.void(d, types.intp, types.intp, s, *[types.intp] * 4), code


def transposed(builder, rows: list, widest_first: bool = False) -> list:
    """The columns of a square of vectors: for each bit in turn, that bit of the row index and of the lane index are swapped.

    Where only the first columns are used, LLVM drops more of it `widest_first`; where the last rows are undefined, the other way.
    """
    n = len(rows)
    bits = [1 << number for number in range(n.bit_length() - 1)]
    for bit in reversed(bits) if widest_first else bits:
        evens = ir.Constant(
            ir.VectorType(I32, n), [n + lane - bit if lane & bit else lane for lane in range(n)]
        )
        odds = ir.Constant(
            ir.VectorType(I32, n), [n + lane if lane & bit else lane + bit for lane in range(n)]
        )
        swapped = list(rows)
        for i in range(n):
            if not i & bit:
                swapped[i] = builder.shuffle_vector(rows[i], rows[i + bit], evens)
                swapped[i + bit] = builder.shuffle_vector(rows[i], rows[i + bit], odds)
        rows = swapped
    return rows
