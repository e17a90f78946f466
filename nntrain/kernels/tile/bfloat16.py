"""bfloat16: float32 with 8 significant bits, the operands of products that sum in float32.

Kernels keep such values in arrays of uint32, each as the float32 that it equals: what is stored is rounded, what is loaded
needs no conversion, and the loops of a product are those of float32.
"""

from llvmlite import ir

I16, I32 = ir.IntType(16), ir.IntType(32)


class _BFloat(ir.Type):
    """The type that llvmlite does not name."""

    def _to_string(self):
        return "bfloat"

    def __eq__(self, other):
        return isinstance(other, type(self))

    def __hash__(self):
        return hash(type(self))


BFLOAT = _BFloat()


def halves(builder, values):
    """The bits of a vector of float32 rounded to bfloat16, as integers of 16 bits."""
    count = values.type.count
    return builder.bitcast(builder.fptrunc(values, ir.VectorType(BFLOAT, count)), ir.VectorType(I16, count))


def rounded(builder, values):
    """A vector of float32 rounded to bfloat16: to the nearest, ties to even. NaN and infinities stay; denormals may become 0."""
    # By integers: as a float extension, LLVM may drop both conversions.
    words = ir.VectorType(I32, values.type.count)
    bits = builder.shl(builder.zext(halves(builder, values), words), ir.Constant(words, [16] * words.count))
    return builder.bitcast(bits, values.type)
