"""gelu and its slope for float32 and float64, written so that LLVM vectorizes loops over float32.

With F the standard normal distribution function: one polynomial and one power of two give F(-|x|), where erf takes three and a
selection. In float32, errors are below 2e-7, or below one unit in the last place of larger values.
"""

import math

from numba import types
from numba.extending import overload

from nntrain.kernels.scalar import constant, multiply_add, nearest, polynomial, power_of_two, where_less
from nntrain.kernels.vector_math import exactly


def gelu(x):
    """x F(x) with the standard normal distribution function F."""
    raise NotImplementedError("gelu is for compiled code")


def gelu_slope(x):
    """Its derivative, F(x) + x F'(x)."""
    raise NotImplementedError("gelu_slope is for compiled code")


@overload(gelu)
def _gelu(x):
    return (lambda x: _gelu_float32(x)) if x is types.float32 else (lambda x: _gelu_float64(x))


@overload(gelu_slope)
def _gelu_slope(x):
    return (lambda x: _gelu_slope_float32(x)) if x is types.float32 else (lambda x: _gelu_slope_float64(x))


@exactly
def _gelu_float64(x):
    return 0.5 * x * (1.0 + math.erf(x * math.sqrt(0.5)))


@exactly
def _gelu_slope_float64(x):
    density = math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return 0.5 * (1.0 + math.erf(x * math.sqrt(0.5))) + x * density


@exactly
def _gelu_float32(x):
    """max(x, 0) - a F(-a) with a = |x|: one polynomial and one power of two, where erf takes three and a selection."""
    a, tail = _normal_tail(x)
    return multiply_add(-a, tail, where_less(x, constant(x, "0"), constant(x, "0"), x))


@exactly
def _gelu_slope_float32(x):
    """F(-a) - a F'(a) below 0, and 1 minus that above."""
    a, tail = _normal_tail(x)
    below = tail * polynomial(a, "gelu_slope")
    return where_less(x, constant(x, "0"), below, constant(x, "1") - below)


@exactly
def _normal_tail(x):
    """a = |x| up to 6, and F(-a), which is 0 beyond."""
    end, a = constant(x, "normal_end"), abs(x)
    beyond = where_less(end, a, constant(x, "0"), constant(x, "1"))
    a = where_less(end, a, end, a)
    power = polynomial(a, "normal_tail")
    n = nearest(power)
    return a, polynomial(n - power, "exp2") * power_of_two(-n) * beyond
