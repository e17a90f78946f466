"""Building blocks of vector_math: constants and polynomials in the precision of the argument, and the bits of a float.

All take numbers, in loops that LLVM vectorizes, or tiles, value by value.
"""

import math
from dataclasses import dataclass, replace

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nntrain.kernels.tile.kind import Tile

__all__ = [
    "constant",
    "copy_sign",
    "magnitude",
    "mantissa",
    "multiply_add",
    "nearest",
    "polynomial",
    "power_of_two",
    "where_less",
]


@dataclass(frozen=True)
class Format:
    """How a float type, or each value of a vector, is laid out in memory (IEEE 754)."""

    value: ir.Type
    word: ir.IntType
    digits: int  # bits of the fraction
    bias: int  # the stored exponent of 1.0

    def whole(self, bits: int) -> ir.Constant:
        return self._everywhere(self.word, bits)

    def number(self, value: float) -> ir.Constant:
        return self._everywhere(self.value, value)

    def _everywhere(self, kind: ir.Type, value: float) -> ir.Constant:
        return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)

    def vector(self, lanes: int) -> "Format":
        return replace(self, value=ir.VectorType(self.value, lanes), word=ir.VectorType(self.word, lanes))


FORMATS = {
    types.float32: Format(ir.FloatType(), ir.IntType(32), 23, 127),
    types.float64: Format(ir.DoubleType(), ir.IntType(64), 52, 1023),
}

# Name: (float32, float64), or one for both. ln2_high ends in enough zero bits that its product with any exponent is
# exact; ln2_low is the rest. Beyond exp_low and exp_high the result is 0 and inf, below expm1_low it is -1.
CONSTANTS = {
    **{name: float(name) for name in ("0", "1", "2", "54", "inf", "nan")},
    "half": 0.5,
    "2**54": 2.0**54,
    "1/ln2": 1 / math.log(2),
    "2/ln2": 2 / math.log(2),
    "ln2/2": math.log(2) / 2,
    "ln2_high": (float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.62e42feep-1")),
    "ln2_low": (float.fromhex("0x1.7f7d1cf79abcap-20"), float.fromhex("0x1.a39ef35793c76p-33")),
    "exp_low": (-105.0, -746.0),
    "exp_high": (89.0, 710.0),
    "expm1_low": -40.0,
    "exponent_high": (126.0, 1022.0),
    # A power of two that scales the smallest denormal to a normal number, and its inverse.
    "lift": (64.0, 512.0),
    "2**-lift": (2.0**-64, 2.0**-512),
    "tanh_border": 0.625,
    "tanh_high": (10.0, 20.0),
    "smallest_normal": (2.0**-126, 2.0**-1022),
    "erf_border": 475 / 512,
    "normal_end": 6.0,
}

# Name: coefficients from the constant term up, for float32 and float64.
POLYNOMIALS = {
    # (e**r - 1 - r) / r**2 by Taylor: up to ln(2)/2 the first term left out is below 6e-9 and 5e-18 of the result.
    "exp": ([1 / math.factorial(k) for k in range(2, 8)], [1 / math.factorial(k) for k in range(2, 14)]),
    # (log(1 + f) - f + f**2/2) / s - f**2/2 as a polynomial of z = s**2, over z: musl's logf.c, fdlibm's e_log.c.
    "log": (
        [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841],
        [
            6.666666666666735130e-01,
            3.999999999940941908e-01,
            2.857142874366239149e-01,
            2.222219843214978396e-01,
            1.818357216161805012e-01,
            1.531383769920937332e-01,
            1.479819860511658591e-01,
        ],
    ),
    # e**2r for |r| <= ln(2)/4, and (tanh x - x) / x**3 as a polynomial of x**2 for |x| <= 0.625, both by Remez' algorithm: errors
    # of 1.9e-9 and 4.4e-9, in float64 4.1e-20 and 3.8e-19, of e**2r and of tanh x.
    "exp_twice": (
        [
            1.0,
            2.0000000726892795,
            1.999999683004039,
            1.3333136057956112,
            0.6666916190155654,
            0.2679943689812099,
            0.08855574876670967,
        ],
        [
            1.0,
            2.0,
            2.0,
            1.3333333333333361,
            0.666666666666655,
            0.26666666666592215,
            0.08888888889050911,
            0.025396825482488526,
            0.006349206250331519,
            0.001410929961323116,
            0.0002821895598688026,
            5.143472853235616e-05,
            8.532791686161197e-06,
        ],
    ),
    "tanh": (
        [
            -0.3333328194201277,
            0.13331442198175808,
            -0.05373971508582496,
            0.02063908724472917,
            -0.005704986993455203,
        ],
        [
            -0.33333333333333315,
            0.13333333333329742,
            -0.0539682539660589,
            0.021869488468715125,
            -0.008863234312572573,
            0.0035921139998080537,
            -0.0014557259476144103,
            0.0005894517970577491,
            -0.000237011725099238,
            9.155840329971466e-05,
            -3.018721237864615e-05,
            6.0424649187413505e-06,
        ],
    ),
    # N. Juffa (2017), https://stackoverflow.com/a/35148199, float32 only; float64 calls the C library.
    "erf_near": (
        [1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2, 4.99119423e-3, -5.96761703e-4],
        [],
    ),
    "erf_far": (
        [
            -1.28717512e-1,
            -6.34846687e-1,
            -1.06777877e-1,
            2.42546219e-2,
            -3.88396438e-3,
            3.83197126e-4,
            -1.72853470e-5,
        ],
        [],
    ),
    # Of the standard normal distribution function F, for a from 0 to 6: -log2 F(-a), and 1 - a F'(a) / F(-a). 2**r for |r| <= 1/2. Best
    # in the maximum of the error, weighted by F(-a).
    "normal_tail": (
        [
            0.999999896,
            1.15111006,
            0.459167623,
            0.052624563,
            -0.00725864387,
            0.000293984648,
            0.000118091803,
            -2.44261424e-05,
            1.53701111e-06,
        ],
        [],
    ),
    "gelu_slope": (
        [
            1.00000004,
            -0.797887871,
            -0.636577951,
            -0.109202921,
            0.0195724913,
            -0.000354822845,
            -0.000918597314,
            0.000267232568,
            -3.45671317e-05,
            1.77442443e-06,
        ],
        [],
    ),
    "exp2": (
        [1.0, 0.693147206, 0.240226469, 0.0555032878, 0.00961848896, 0.00133999314, 0.00015345812],
        [],
    ),
}


def _choose(pair, kind):
    return pair[_number_type(kind) is types.float64] if isinstance(pair, tuple) else pair


def _number_type(kind):
    return kind.dtype if isinstance(kind, Tile) else kind


def _of_values(builder, kind, args, function):
    """function(form, *args) of numbers, or the tile of it for each vector of tiles."""
    form = FORMATS[_number_type(kind)]
    if not isinstance(kind, Tile):
        return function(form, *args)
    form, t = form.vector(kind.vector.count), args[0]
    for _, _, place in kind.places:
        values = [builder.extract_value(arg, place) for arg in args]
        t = builder.insert_value(t, function(form, *values), place)
    return t


def _call(builder, name: str, *args):
    """An LLVM intrinsic of one type, such as llvm.fmuladd."""
    kind = args[0].type
    function = ir.FunctionType(kind, [kind] * len(args))
    lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    full = f"llvm.{name}.{lanes}{(kind.element if lanes else kind).intrinsic_name}"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, full), args)


@intrinsic(prefer_literal=True)
def constant(typing, like, name):
    """The constant called `name` in the type of `like`."""
    value = _choose(CONSTANTS[name.literal_value], like)

    def code(context, builder, signature, args):
        return _of_values(builder, like, args[:1], lambda form, _: form.number(value))

    return like(like, name), code


@intrinsic(prefer_literal=True)
def polynomial(typing, x, name):
    """The polynomial called `name` at x, by Horner's rule."""
    coefficients = _choose(POLYNOMIALS[name.literal_value], x)

    def code(context, builder, signature, args):
        def horner(form, x):
            *lower, value = [form.number(c) for c in coefficients]
            for c in reversed(lower):
                value = _call(builder, "fmuladd", value, x, c)
            return value

        return _of_values(builder, x, args[:1], horner)

    return x(x, name), code


@intrinsic
def multiply_add(typing, a, b, c):
    """a * b + c, rounded once where the processor can."""

    def code(context, builder, signature, args):
        return _of_values(builder, a, args, lambda form, *values: _call(builder, "fmuladd", *values))

    return a(a, a, a), code


@intrinsic
def magnitude(typing, x):
    """|x|"""

    def code(context, builder, signature, args):
        return _of_values(builder, x, args, lambda form, value: _call(builder, "fabs", value))

    return x(x), code


@intrinsic
def copy_sign(typing, x, y):
    """|x| with the sign of y."""

    def code(context, builder, signature, args):
        return _of_values(builder, x, args, lambda form, *values: _call(builder, "copysign", *values))

    return x(x, x), code


@intrinsic
def where_less(typing, a, b, x, y):
    """x where a < b, else y."""

    def code(context, builder, signature, args):
        def choose(form, a, b, x, y):
            return builder.select(builder.fcmp_ordered("<", a, b), x, y)

        return _of_values(builder, a, args, choose)

    return a(a, a, a, a), code


@intrinsic
def nearest(typing, x):
    """x rounded to a whole number, for |x| below 2**22 (float64: 2**51)."""

    def code(context, builder, signature, args):
        def round_to_whole(form, value):
            # Next to 1.5 * 2**digits the distance of neighbouring numbers is 1.
            shift = form.number(1.5 * 2.0**form.digits)
            return builder.fsub(builder.fadd(value, shift), shift)

        return _of_values(builder, x, args, round_to_whole)

    return x(x), code


@intrinsic
def power_of_two(typing, n):
    """2**n for a whole number n in the range of normal exponents."""

    def code(context, builder, signature, args):
        def shifted_into_place(form, value):
            # As in `nearest`, the low bits of the shifted number are the number, here the exponent as it is stored.
            shifted = builder.fadd(value, form.number(1.5 * 2.0**form.digits + form.bias))
            return builder.bitcast(
                builder.shl(builder.bitcast(shifted, form.word), form.whole(form.digits)), form.value
            )

        return _of_values(builder, n, args, shifted_into_place)

    return n(n), code


@intrinsic
def mantissa(typing, x):
    """(n, m) with x = 2**n * m, n whole and m from sqrt(1/2) to sqrt(2), for a positive normal number x."""

    def code(context, builder, signature, args):
        form = FORMATS[x]
        one = form.bias << form.digits
        root = (
            int(math.sqrt(0.5) * 2 ** (form.digits + 1))
            - (1 << form.digits)
            + ((form.bias - 1) << form.digits)
        )
        word = builder.bitcast(args[0], form.word)
        exponent = builder.lshr(builder.add(word, form.whole(one - root)), form.whole(form.digits))
        m = builder.sub(
            word, builder.shl(builder.sub(exponent, form.whole(form.bias)), form.whole(form.digits))
        )
        # 2**digits with the exponent as its low bits is the number 2**digits + exponent.
        large = form.bias + form.digits << form.digits
        n = builder.fsub(
            builder.bitcast(builder.or_(exponent, form.whole(large)), form.value),
            form.number(2.0**form.digits + form.bias),
        )
        return context.make_tuple(builder, signature.return_type, [n, builder.bitcast(m, form.value)])

    return types.UniTuple(x, 2)(x), code
