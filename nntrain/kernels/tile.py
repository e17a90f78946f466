"""The register tile: a block of an output that stays in vector registers while products are added to it.

A `Tile` is a Numba type, in LLVM an array of vectors: `rows` x `vectors`, each vector as wide as the processor's. The
functions here are intrinsics, so that the loops around them stay plain Python. They address an array by the offset of an
element from its start, whatever the array's shape, and trust that it reaches far enough. In place of an array, `outer`
also takes what `address` gave.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, register_model

from nntrain.kernels import host

__all__ = [
    "ROWS",
    "SHORT_ROWS",
    "VECTORS",
    "add_multiple",
    "add_row",
    "add_where",
    "address",
    "cleared",
    "columns",
    "fill",
    "height",
    "lanes",
    "larger",
    "leaky_relu",
    "load",
    "load_bytes",
    "load_part",
    "mark_larger",
    "multiple",
    "multiply_add",
    "outer",
    "prefetch",
    "rectify",
    "relu",
    "rows",
    "short_height",
    "split",
    "store",
    "store_bytes",
    "store_part",
    "subtract",
    "transpose",
    "width",
    "zeros",
]

ROWS, SHORT_ROWS, VECTORS = host.TILE_ROWS, host.SHORT_ROWS, host.TILE_VECTORS

_i32, _i64 = ir.IntType(32), ir.IntType(64)


class Tile(types.Type):
    """`rows` x `vectors` vectors of float32 or float64."""

    def __init__(self, dtype, rows: int, vectors: int):
        self.dtype, self.rows, self.vectors = dtype, rows, vectors
        super().__init__(f"Tile({dtype}, {rows}, {vectors})")

    @property
    def vector(self) -> ir.VectorType:
        return _vector(self.dtype)

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """(row, vector, index in the LLVM array), in the order of memory."""
        return [(i, v, i * self.vectors + v) for i in range(self.rows) for v in range(self.vectors)]


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager, tile):
        super().__init__(manager, tile, ir.ArrayType(tile.vector, tile.rows * tile.vectors))


def lane_count(dtype) -> int:
    """How many values of a Numba float type a vector holds."""
    return host.VECTOR_BYTES * 8 // dtype.bitwidth


def _vector(dtype) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType(), lane_count(dtype))


class _Memory:
    """An array (or address) argument of an intrinsic, read and written at offsets counted in elements."""

    def __init__(self, context, builder, kind, array, dtype):
        self.builder = builder
        self.vector = _vector(dtype)
        self.bytes = dtype.bitwidth // 8
        if isinstance(kind, types.Integer):
            self.start = builder.inttoptr(array, self.vector.element.as_pointer())
        elif kind.layout == "C" and kind.dtype == dtype:
            self.start = context.make_array(kind)(context, builder, array).data
        else:
            raise TypeError(f"a tile of {dtype} wants C-contiguous arrays of {dtype}. Received: {kind}.")

    def at(self, offset, plus=None, times: int = 0):
        """The address of element `offset + plus * times`."""
        if times:
            offset = self.builder.add(offset, self.builder.mul(plus, ir.Constant(_i64, times)))
        return self.builder.gep(self.start, [offset])

    def read(self, address, vector: int = 0):
        return self.builder.load(self._vector_at(address, vector), align=self.bytes)

    def write(self, value, address, vector: int = 0):
        self.builder.store(value, self._vector_at(address, vector), align=self.bytes)

    def read_part(self, address, count, vector: int = 0):
        """As `read`, of the first `count` values; nothing beyond them is touched, and their lanes are 0."""
        return self._masked("load", address, count, vector, ir.Constant(self.vector, None))

    def write_part(self, value, address, count, vector: int = 0):
        """As `write`, of the first `count` values; nothing beyond them is touched."""
        self._masked("store", address, count, vector, value)

    def _masked(self, verb, address, count, vector, value):
        lanes, index = self.vector.count, ir.IntType(self.bytes * 8)
        numbers = ir.Constant(ir.VectorType(index, lanes), [vector * lanes + lane for lane in range(lanes)])
        count = self.builder.trunc(count, index) if index.width < count.type.width else count
        mask = self.builder.icmp_signed("<", numbers, _broadcast(self.builder, numbers.type, count))
        pointer, align = self._vector_at(address, vector), ir.Constant(_i32, self.bytes)
        name = f"llvm.masked.{verb}.v{lanes}f{self.bytes * 8}.p0"
        if verb == "load":
            result, args = self.vector, [pointer, align, mask, value]
        else:
            result, args = ir.VoidType(), [value, pointer, align, mask]
        kind = ir.FunctionType(result, [arg.type for arg in args])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), args)

    def _vector_at(self, address, vector):
        place = self.builder.gep(address, [ir.Constant(_i64, vector * self.vector.count)])
        return self.builder.bitcast(place, self.vector.as_pointer())


def _broadcast(builder, vector: ir.VectorType, scalar):
    """A vector with `scalar` in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_i32, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_i32, vector.count), [0] * vector.count)
    )


def _map(builder, tile: Tile, t, function):
    """The tile of function(row, vector, value)."""
    for i, v, place in tile.places:
        t = builder.insert_value(t, function(i, v, builder.extract_value(t, place)), place)
    return t


@intrinsic
def lanes(typing, x):
    """How many values of array x's type one vector holds."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, lane_count(x.dtype))

    return types.intp(x), code


@intrinsic
def address(typing, x, offset):
    """Where x[offset] lies, as a number; for a loop that reads now one array, now another."""

    def code(context, builder, signature, args):
        return builder.ptrtoint(_Memory(context, builder, x, args[0], x.dtype).at(args[1]), _i64)

    return types.intp(x, types.intp), code


@intrinsic
def height(typing, x):
    """ROWS, for a caller that must not be compiled for this number alone."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, ROWS)

    return types.intp(x), code


@intrinsic
def short_height(typing, x):
    """SHORT_ROWS, likewise."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, SHORT_ROWS)

    return types.intp(x), code


@intrinsic
def width(typing, x):
    """How many columns of array x's type a tile of VECTORS vectors has."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, VECTORS * lane_count(x.dtype))

    return types.intp(x), code


@intrinsic
def rows(typing, t):
    """How many rows tile t has."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, t.rows)

    return types.intp(t), code


@intrinsic
def columns(typing, t):
    """How many columns tile t has."""

    def code(context, builder, signature, args):
        return ir.Constant(_i64, t.vectors * t.vector.count)

    return types.intp(t), code


@intrinsic(prefer_literal=True)
def zeros(typing, like, rows, vectors):
    """A tile of zeros, of the float type of `like`, an array or a number; `rows` and `vectors` are constants."""
    if not isinstance(rows, types.IntegerLiteral):  # so it is when written `tile.ROWS`
        raise TypingError("a tile's rows and vectors are numbers, or globals of the module that makes it.")
    tile = Tile(getattr(like, "dtype", like), rows.literal_value, vectors.literal_value)

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
def load(typing, t, c, offset, stride):
    """t[i, j] = c[offset + i*stride + j]; the t given tells the shape only."""

    def code(context, builder, signature, args):
        t, c, offset, stride = args
        tile = signature.args[0]
        memory = _Memory(context, builder, signature.args[1], c, tile.dtype)
        rows = [memory.at(offset, stride, i) for i in range(tile.rows)]
        return _map(builder, tile, t, lambda i, v, value: memory.read(rows[i], v))

    return t(t, c, types.intp, types.intp), code


@intrinsic
def store(typing, t, c, offset, stride):
    """c[offset + i*stride + j] = t[i, j]"""

    def code(context, builder, signature, args):
        t, c, offset, stride = args
        tile = signature.args[0]
        memory = _Memory(context, builder, signature.args[1], c, tile.dtype)
        rows = [memory.at(offset, stride, i) for i in range(tile.rows)]
        for i, v, place in tile.places:
            memory.write(builder.extract_value(t, place), rows[i], v)
        return context.get_dummy_value()

    return types.void(t, c, types.intp, types.intp), code


@intrinsic
def prefetch(typing, t, c, offset, stride):
    """Has the processor fetch what `load` would read into its second-level cache, while it goes on."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        memory = _Memory(context, builder, signature.args[1], args[1], tile.dtype)
        kind = ir.FunctionType(ir.VoidType(), [memory.start.type, _i32, _i32, _i32])
        hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for i in range(tile.rows):
            row = memory.at(args[2], args[3], i)
            for v in range(tile.vectors):
                place = builder.gep(row, [ir.Constant(_i64, v * memory.vector.count)])
                builder.call(
                    hint, [place, *(ir.Constant(_i32, n) for n in (0, 2, 1))]
                )  # to read, the second level, data
        return context.get_dummy_value()

    return types.void(t, c, types.intp, types.intp), code


@intrinsic
def load_part(typing, t, c, offset, stride, rows, columns):
    """As `load`, of the first `rows` rows and `columns` columns; nothing beyond them is read, and they are 0 in the tile."""

    def code(context, builder, signature, args):
        t, c, offset, stride, rows, columns = args
        tile = signature.args[0]
        memory = _Memory(context, builder, signature.args[1], c, tile.dtype)
        addresses, counts = [], []
        for i in range(tile.rows):
            addresses.append(memory.at(offset, stride, i))
            counts.append(
                builder.select(
                    builder.icmp_signed("<", ir.Constant(_i64, i), rows), columns, ir.Constant(_i64, 0)
                )
            )
        return _map(builder, tile, t, lambda i, v, value: memory.read_part(addresses[i], counts[i], v))

    return t(t, c, *[types.intp] * 4), code


@intrinsic
def store_part(typing, t, c, offset, stride, rows, columns):
    """As `store`, of the first `rows` rows and `columns` columns; nothing beyond them is written."""

    def code(context, builder, signature, args):
        t, c, offset, stride, rows, columns = args
        tile = signature.args[0]
        memory = _Memory(context, builder, signature.args[1], c, tile.dtype)
        for i in range(tile.rows):
            with builder.if_then(builder.icmp_signed("<", ir.Constant(_i64, i), rows)):
                row = memory.at(offset, stride, i)
                for v in range(tile.vectors):
                    memory.write_part(builder.extract_value(t, i * tile.vectors + v), row, columns, v)
        return context.get_dummy_value()

    return types.void(t, c, *[types.intp] * 4), code


@intrinsic
def outer(typing, t, a, a_offset, a_stride, b, b_offset):
    """t[i, j] += a[a_offset + i*a_stride] * b[b_offset + j], fused where the processor can: one rounding."""

    def code(context, builder, signature, args):
        t, a, a_offset, a_stride, b, b_offset = args
        tile = signature.args[0]
        column = _Memory(context, builder, signature.args[1], a, tile.dtype)
        row = _Memory(context, builder, signature.args[4], b, tile.dtype)
        fused = _multiply_add(builder, tile)
        bs = [row.read(row.at(b_offset), v) for v in range(tile.vectors)]
        # Each broadcast right before its products: with all of them first, LLVM's scheduler keeps them alive together and
        # spills half of a 14x2 tile (136 instead of 224 GFLOP/s on a core with AVX-512).
        for i in range(tile.rows):
            a_i = _broadcast(builder, tile.vector, builder.load(column.at(a_offset, a_stride, i)))
            for v in range(tile.vectors):
                place = i * tile.vectors + v
                t = builder.insert_value(
                    t, builder.call(fused, [a_i, bs[v], builder.extract_value(t, place)]), place
                )
        return t

    return t(t, a, types.intp, types.intp, b, types.intp), code


def _multiply_add(builder, tile: Tile):
    """fmuladd, not fma: a processor without the instruction multiplies and adds instead of calling a slow function."""
    name = f"llvm.fmuladd.v{tile.vector.count}f{tile.dtype.bitwidth}"
    return cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(tile.vector, [tile.vector] * 3), name
    )


@intrinsic
def add_multiple(typing, t, factor, u):
    """t + factor*u, where u is a tile of the same shape; fused as in `outer`."""

    def code(context, builder, signature, args):
        t, factor, u = args
        tile = signature.args[0]
        multiply_add, factors = _multiply_add(builder, tile), _factors(builder, tile, factor)

        def add(i, v, value):
            return builder.call(
                multiply_add, [factors, builder.extract_value(u, i * tile.vectors + v), value]
            )

        return _map(builder, tile, t, add)

    return t(t, types.float64, t), code


@intrinsic
def multiple(typing, factor, t):
    """factor*t"""

    def code(context, builder, signature, args):
        factors = _factors(builder, t, args[0])
        return _map(builder, t, args[1], lambda i, v, value: builder.fmul(factors, value))

    return t(types.float64, t), code


def _factors(builder, tile: Tile, factor):
    """A vector of the tile's type with a float64 in every lane."""
    return _broadcast(
        builder,
        tile.vector,
        builder.fptrunc(factor, tile.vector.element) if tile.dtype.bitwidth == 32 else factor,
    )


@intrinsic
def add_row(typing, t, row):
    """t[i, j] + row[0, j], where `row` is a tile of one row."""

    def code(context, builder, signature, args):
        t, row = args
        return _map(
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
        return _map(
            builder,
            tile,
            t,
            lambda i, v, value: builder.fsub(value, builder.extract_value(u, i * tile.vectors + v)),
        )

    return t(t, u), code


@intrinsic
def multiply_add(typing, t, u, w):
    """t + u * w, value by value; all of one shape."""

    def code(context, builder, signature, args):
        t, u, w = args
        tile = signature.args[0]
        fused = _multiply_add(builder, tile)

        def sum_of(i, v, value):
            place = i * tile.vectors + v
            return builder.call(
                fused, [builder.extract_value(u, place), builder.extract_value(w, place), value]
            )

        return _map(builder, tile, t, sum_of)

    return t(t, u, w), code


@intrinsic
def fill(typing, t, number):
    """A tile of t's shape with one number everywhere."""

    def code(context, builder, signature, args):
        numbers = _broadcast(builder, signature.args[0].vector, args[1])
        return _map(builder, signature.args[0], args[0], lambda i, v, value: numbers)

    return t(t, t.dtype), code


@intrinsic
def larger(typing, t, u):
    """The larger of t and u, value by value; NaN where u is NaN or t is."""

    def code(context, builder, signature, args):
        t, u = args
        tile = signature.args[0]

        def choose(i, v, value):
            other = builder.extract_value(u, i * tile.vectors + v)
            return builder.select(_wins(builder, other, value), other, value)

        return _map(builder, tile, t, choose)

    return t(t, u), code


@intrinsic
def mark_larger(typing, marks, number, t, u):
    """`number` where `larger(t, u)` takes u, else what `marks` says."""

    def code(context, builder, signature, args):
        marks, number, t, u = args
        tile = signature.args[0]
        numbers = _broadcast(builder, tile.vector, number)

        def mark(i, v, value):
            theirs, ours = (builder.extract_value(values, i * tile.vectors + v) for values in (u, t))
            return builder.select(_wins(builder, theirs, ours), numbers, value)

        return _map(builder, tile, marks, mark)

    return marks(marks, marks.dtype, t, u), code


def _wins(builder, u, t):
    """u > t, or u is NaN and t is not."""
    return builder.and_(builder.fcmp_unordered(">", u, t), builder.fcmp_ordered("ord", t, t))


@intrinsic
def add_where(typing, t, u, marks, number):
    """t + u where marks == number, else t."""

    def code(context, builder, signature, args):
        t, u, marks, number = args
        tile = signature.args[0]
        numbers = _broadcast(builder, tile.vector, number)

        def sum_of(i, v, value):
            place = i * tile.vectors + v
            here = builder.fcmp_ordered("==", builder.extract_value(marks, place), numbers)
            return builder.select(here, builder.fadd(value, builder.extract_value(u, place)), value)

        return _map(builder, tile, t, sum_of)

    return t(t, u, marks, t.dtype), code


@intrinsic
def load_bytes(typing, t, c, offset):
    """t[0, j] = c[offset + j] of an array of uint8; the t given, of one row, tells the shape only."""

    def code(context, builder, signature, args):
        tile, first = signature.args[0], _first_byte(context, builder, signature, args)
        return _map(
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
    place = builder.gep(first, [ir.Constant(_i64, vector * lanes)])
    return builder.bitcast(place, ir.VectorType(ir.IntType(8), lanes).as_pointer())


@intrinsic
def rectify(typing, t, v, slope):
    """t, but slope*t where v <= 0; a slope of 0 makes an infinity 0 too."""

    def code(context, builder, signature, args):
        t, v, slope = args
        tile = signature.args[0]
        zero, slopes = ir.Constant(tile.vector, None), _broadcast(builder, tile.vector, slope)
        cuts = builder.fcmp_ordered("==", slope, ir.Constant(slope.type, 0))

        def bend(i, k, value):
            below = builder.select(cuts, zero, builder.fmul(slopes, value))
            sign = builder.extract_value(v, i * tile.vectors + k)
            return builder.select(builder.fcmp_ordered("<=", sign, zero), below, value)

        return _map(builder, tile, t, bend)

    return t(t, v, t.dtype), code


@intrinsic
def relu(typing, t):
    """0 where t < 0, else t: NaN stays NaN."""

    def code(context, builder, signature, args):
        tile = signature.args[0]
        zero = ir.Constant(tile.vector, None)

        def cut(i, v, value):
            return builder.select(builder.fcmp_ordered("<", value, zero), zero, value)

        return _map(builder, tile, args[0], cut)

    return t(t), code


@intrinsic
def leaky_relu(typing, t, slope):
    """slope*t where t < 0, else t."""

    def code(context, builder, signature, args):
        t, slope = args
        tile = signature.args[0]
        zero, slopes = ir.Constant(tile.vector, None), _broadcast(builder, tile.vector, slope)

        def leak(i, v, value):
            return builder.select(builder.fcmp_ordered("<", value, zero), builder.fmul(slopes, value), value)

        return _map(builder, tile, t, leak)

    return t(t, t.dtype), code


@intrinsic
def transpose(typing, d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns):
    """d[d_offset + k*d_stride + i] = s[s_offset + min(first + i, rows - 1)*s_stride + k], i and k below lanes(s).

    Of s, `columns` columns are read, and beyond them counts as 0. Vectors are written in order of k, so that a later one
    may overlap the end of an earlier one.
    """

    def code(context, builder, signature, args):
        d, d_offset, d_stride, s, s_offset, s_stride, first, rows, columns = args
        d_type, s_type = signature.args[0], signature.args[3]
        target, source = (
            _Memory(context, builder, kind, array, d_type.dtype) for kind, array in ((d_type, d), (s_type, s))
        )
        last = builder.sub(rows, ir.Constant(_i64, 1))
        vectors = []
        for i in range(source.vector.count):
            row = builder.add(first, ir.Constant(_i64, i))
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
            vectors.append(
                source.read_part(source.at(builder.add(s_offset, builder.mul(row, s_stride))), columns)
            )
        for k, vector in enumerate(_transposed(builder, vectors)):
            target.write(vector, target.at(d_offset, d_stride, k))
        return context.get_dummy_value()

    return types.void(d, types.intp, types.intp, s, *[types.intp] * 5), code


def _transposed(builder, rows: list) -> list:
    """The columns of a square of vectors: for each bit in turn, that bit of the row's and of the lane's number change places."""
    n = len(rows)
    bit = 1
    while bit < n:
        evens = ir.Constant(
            ir.VectorType(_i32, n), [n + lane - bit if lane & bit else lane for lane in range(n)]
        )
        odds = ir.Constant(
            ir.VectorType(_i32, n), [n + lane if lane & bit else lane + bit for lane in range(n)]
        )
        swapped = list(rows)
        for i in range(n):
            if not i & bit:
                swapped[i] = builder.shuffle_vector(rows[i], rows[i + bit], evens)
                swapped[i + bit] = builder.shuffle_vector(rows[i], rows[i + bit], odds)
        rows, bit = swapped, 2 * bit
    return rows
