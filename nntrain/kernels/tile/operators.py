"""The operators of tiles: t + u, t - u, t * u, t / u of one shape, and -t, value by value."""

import operator

from llvmlite import ir
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from nntrain.kernels.tile.kind import Tile, map_vectors

INSTRUCTIONS = {
    operator.add: ir.IRBuilder.fadd,
    operator.sub: ir.IRBuilder.fsub,
    operator.mul: ir.IRBuilder.fmul,
    operator.truediv: ir.IRBuilder.fdiv,
    operator.neg: ir.IRBuilder.fneg,
}


def _define(symbol, instruction) -> None:
    count = 1 if symbol is operator.neg else 2

    @infer_global(symbol)
    class OfTiles(AbstractTemplate):
        def generic(self, args, kws):
            if len(args) == count and isinstance(args[0], Tile) and len(set(args)) == 1:
                return signature(args[0], *args)
            return None

    @lower_builtin(symbol, *[Tile] * count)
    def code(context, builder, signature, args):
        tile = signature.return_type

        def value_of(i, v, value):
            place = i * tile.vectors + v
            return instruction(builder, *[builder.extract_value(t, place) for t in args])

        return map_vectors(builder, tile, args[0], value_of)


for _symbol, _instruction in INSTRUCTIONS.items():
    _define(_symbol, _instruction)
