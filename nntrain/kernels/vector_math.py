"""Exponentials, logarithms and related functions for float32 and float64, written so that LLVM vectorizes loops over them.

No branches, no tables, no calls: one formula covers the whole range, with constants and polynomials in the precision of the
argument. Results are within 2 units in the last place of the true value; NaN gives NaN. exp, sigmoid and tanh take tiles too.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from nntrain.kernels.jit import inline
from nntrain.kernels.scalar import (
    constant,
    copy_sign,
    magnitude,
    mantissa,
    multiply_add,
    nearest,
    polynomial,
    power_of_two,
    where_less,
)

__all__ = ["erf", "exp", "expm1", "log", "log1p", "sigmoid", "softplus", "tanh"]

# No fastmath: reassociation would undo the splitting of ln 2 into two parts, and contraction is explicit.
exactly = inline(fastmath=())


@exactly
def _two_to_the(x):
    """(n, p) with e**x = 2**n * (1 + p), n whole and p between -0.3 and 0.42."""
    n = nearest(x * constant(x, "1/ln2"))
    # Cody & Waite (1980): n * ln2_high is exact, so that nothing is lost where x is close to it.
    r = multiply_add(n, -constant(x, "ln2_low"), multiply_add(n, -constant(x, "ln2_high"), x))
    return n, multiply_add(r * r, polynomial(r, "exp"), r)


@exactly
def _scaled(x, n):
    """x * 2**n in two steps, since 2**n itself may be out of range where the product is not."""
    half = nearest(n * constant(n, "half"))
    return x * power_of_two(half) * power_of_two(n - half)


@exactly
def _within(x, low, high):
    """x clipped to [low, high]; NaN stays."""
    return where_less(high, x, high, where_less(x, low, low, x))


@exactly
def exp(x):
    """e**x: infinite above 88.72 (float64: 709.78), denormal below -87.34 (-708.40), 0 below -103.98 (-745.14)."""
    n, p = _two_to_the(_within(x, constant(x, "exp_low"), constant(x, "exp_high")))
    return _scaled(constant(x, "1") + p, n)


@exactly
def expm1(x):
    """e**x - 1, precise near 0 too."""
    n, p = _two_to_the(_within(x, constant(x, "expm1_low"), constant(x, "exp_high")))
    # 2**n * (1 + p) - 1 as 2**n * (p + (1 - 2**-n)): exactly p for n = 0.
    limit = constant(x, "exponent_high")
    rest = constant(x, "1") - power_of_two(-(limit if n > limit else n))
    return _scaled(p + rest, n)


@exactly
def sigmoid(x):
    """1 / (1 + e**-x): exactly 0 far below 0, exactly 1 far above."""
    one, down, low = constant(x, "1"), -magnitude(x), constant(x, "exp_low")
    n, p = _two_to_the(where_less(down, low, low, down))
    e = (one + p) * power_of_two(n + constant(x, "lift")) * constant(x, "2**-lift")
    sum = one + e
    q = where_less(x, constant(x, "0"), e, one) / sum
    lost = e - (sum - one)  # by the rounding of the sum
    return multiply_add(-q, lost, q)


@exactly
def tanh(x):
    """The hyperbolic tangent, 1 - 2 / (e**2a + 1) for a = |x|, near 0 by a polynomial: exactly -1 and 1 far from 0."""
    one, a, high = constant(x, "1"), magnitude(x), constant(x, "tanh_high")
    a = where_less(high, a, high, a)
    n = nearest(a * constant(x, "2/ln2"))
    # The larger n, the less the rounding of ln2/2 matters.
    r = multiply_add(n, -constant(x, "ln2/2"), a)
    far = one - constant(x, "2") / multiply_add(power_of_two(n), polynomial(r, "exp_twice"), one)
    near = multiply_add(a * (a * a), polynomial(a * a, "tanh"), a)
    return copy_sign(where_less(a, constant(x, "tanh_border"), near, far), x)


@exactly
def _log(n, f, lost):
    """log(2**n * (1 + f)) + lost, for 1 + f between sqrt(1/2) and sqrt(2): fdlibm's e_log.c (Sun Microsystems 1993)."""
    s = f / (constant(f, "2") + f)
    z = s * s
    square = constant(f, "half") * f * f
    tail = multiply_add(
        s, multiply_add(z, polynomial(z, "log"), square), multiply_add(n, constant(f, "ln2_low"), lost)
    )
    return multiply_add(n, constant(f, "ln2_high"), f - (square - tail))


@exactly
def _log_at_the_ends(x, value):
    """The `value` of log x, corrected where x is not a positive finite number."""
    infinity = constant(x, "inf")
    value = infinity if x == infinity else value
    value = -infinity if x == constant(x, "0") else value
    return value if x >= constant(x, "0") else constant(x, "nan")


@exactly
def log(x):
    """The natural logarithm: -inf at 0, NaN below."""
    denormal = x < constant(x, "smallest_normal")
    n, m = mantissa(x * constant(x, "2**54") if denormal else x)
    n = n - constant(x, "54") if denormal else n
    return _log_at_the_ends(x, _log(n, m - constant(x, "1"), constant(x, "0")))


@exactly
def log1p(x):
    """log(1 + x), precise near 0 too: -inf at -1, NaN below."""
    zero, one = constant(x, "0"), constant(x, "1")
    u = one + x
    n, m = mantissa(u)
    lost = (one - (u - x) if x > one else x - (u - one)) / u  # by the rounding of u; fdlibm's s_log1p.c
    near = n == zero  # then f is x itself
    return _log_at_the_ends(u, _log(n, x if near else m - one, zero if near else lost))


@exactly
def softplus(x):
    """log(1 + e**x) = max(x, 0) + log1p(e**-|x|)"""
    zero = constant(x, "0")
    return (zero if x < zero else x) + log1p(exp(-abs(x)))


def erf(x):
    """The error function. For kernels only."""
    raise NotImplementedError("erf is for compiled code")


@overload(erf)
def _erf(x):
    return (lambda x: _erf_float32(x)) if x is types.float32 else (lambda x: math.erf(x))


@exactly
def _erf_float32(x):
    """Two polynomials by N. Juffa (2017), the outer one in an exponent."""
    a = abs(x)
    near = multiply_add(polynomial(x * x, "erf_near"), x, x)
    # e**-40 is lost in 1 - e**-40, so the power of two needs no second step, as in `exp`.
    exponent, low = multiply_add(polynomial(a, "erf_far"), a, -a), constant(x, "expm1_low")
    n, p = _two_to_the(where_less(exponent, low, low, exponent))
    far = constant(x, "1") - (constant(x, "1") + p) * power_of_two(n)
    return near if a <= constant(x, "erf_border") else np.copysign(far, x)
