"""The register tile as a Numba type, and what its intrinsics are built from."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from nntrain.kernels import host
from nntrain.kernels.tile import bfloat16

I32, I64 = ir.IntType(32), ir.IntType(64)


class Tile(types.Type):
    """`rows` x `vectors` vectors of float32 or float64."""

    def __init__(self, dtype, rows: int, vectors: int):
        self.dtype, self.rows, self.vectors = dtype, rows, vectors
        super().__init__(f"Tile({dtype}, {rows}, {vectors})")

    @property
    def vector(self) -> ir.VectorType:
        return vector_type(self.dtype)

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """(row, vector, index in the LLVM array), in the order of memory."""
        return [(i, v, i * self.vectors + v) for i in range(self.rows) for v in range(self.vectors)]


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager, tile):
        super().__init__(manager, tile, ir.ArrayType(tile.vector, tile.rows * tile.vectors))


def value_type(dtype):
    """The float type of an array's values: float32 for bfloat16, which is kept in arrays of uint32 (see tile.bfloat16)."""
    return types.float32 if dtype == types.uint32 else dtype


def lane_count(dtype) -> int:
    """How many values of a float type a vector holds."""
    return host.VECTOR_BYTES * 8 // dtype.bitwidth


def vector_type(dtype) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType(), lane_count(dtype))


class Memory:
    """An array (or address) argument of an intrinsic, accessed at offsets in elements."""

    def __init__(self, context, builder, kind, array, dtype):
        self.builder = builder
        self.vector = vector_type(dtype)
        self.bytes = dtype.bitwidth // 8
        self.rounds = False
        if isinstance(kind, types.Integer):
            self.start = builder.inttoptr(array, self.vector.element.as_pointer())
        elif kind.layout == "C" and value_type(kind.dtype) == dtype:
            self.rounds = kind.dtype != dtype
            start = context.make_array(kind)(context, builder, array).data
            self.start = builder.bitcast(start, self.vector.element.as_pointer())
        else:
            raise TypeError(f"a tile of {dtype} needs C-contiguous arrays of {dtype}. Received: {kind}.")

    def at(self, offset, plus=None, times: int = 0):
        """The address of element `offset + plus * times`."""
        if times:
            offset = self.builder.add(offset, self.builder.mul(plus, ir.Constant(I64, times)))
        return self.builder.gep(self.start, [offset])

    def read(self, address, vector: int = 0):
        return self.builder.load(self._vector_at(address, vector), align=self.bytes)

    def write(self, value, address, vector: int = 0, aligned: bool = False):
        align = self.bytes * self.vector.count if aligned else self.bytes
        return self.builder.store(self._stored(value), self._vector_at(address, vector), align=align)

    def read_part(self, address, count, vector: int = 0):
        """As `read`, of the first `count` values; the rest is not accessed, and its lanes are 0."""
        return self._masked("load", address, count, vector, ir.Constant(self.vector, None))

    def write_part(self, value, address, count, vector: int = 0):
        """As `write`, of the first `count` values; the rest is not accessed."""
        self._masked("store", address, count, vector, self._stored(value))

    def _stored(self, value):
        return bfloat16.rounded(self.builder, value) if self.rounds else value

    def _masked(self, verb, address, count, vector, value):
        lanes, index = self.vector.count, ir.IntType(self.bytes * 8)
        numbers = ir.Constant(ir.VectorType(index, lanes), [vector * lanes + lane for lane in range(lanes)])
        count = self.builder.trunc(count, index) if index.width < count.type.width else count
        mask = self.builder.icmp_signed("<", numbers, broadcast(self.builder, numbers.type, count))
        pointer, align = self._vector_at(address, vector), ir.Constant(I32, self.bytes)
        name = f"llvm.masked.{verb}.v{lanes}f{self.bytes * 8}.p0"
        if verb == "load":
            result, args = self.vector, [pointer, align, mask, value]
        else:
            result, args = ir.VoidType(), [value, pointer, align, mask]
        kind = ir.FunctionType(result, [arg.type for arg in args])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), args)

    def _vector_at(self, address, vector):
        place = self.builder.gep(address, [ir.Constant(I64, vector * self.vector.count)])
        return self.builder.bitcast(place, self.vector.as_pointer())


def broadcast(builder, vector: ir.VectorType, scalar):
    """A vector with `scalar` in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(I32, vector.count), [0] * vector.count)
    )


def map_vectors(builder, tile: Tile, t, function):
    """The tile of function(row, vector, value)."""
    for i, v, place in tile.places:
        t = builder.insert_value(t, function(i, v, builder.extract_value(t, place)), place)
    return t
