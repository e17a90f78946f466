"""How LLVM modules become machine code: each compiled kernel holds its own copy of all that it calls.

Numba links the functions that a kernel calls into its module as weak symbols. Where LLVM does not inline one, the dynamic linker
takes the first copy that the process has loaded, whichever kernel that belongs to. The copies are optimized in different modules
and round differently, so that the bits depended on what had been compiled or loaded before. Here they are internal symbols.
"""

import copy
import functools
import gc
from typing import Any

from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler


class KernelLibrary(JITCodeLibrary):
    """The module of one function, with those that it calls."""

    def _optimize_final_module(self) -> None:
        called = {name for library in self._linking_libraries for name in _defined(library)}
        for function in self._final_module.functions:
            if not function.is_declaration and function.name in called:
                function.linkage = "internal"
        super()._optimize_final_module()


def _defined(library: JITCodeLibrary) -> list[str]:
    return [f.name for f in library._get_module_for_linking().functions if not f.is_declaration]


@functools.cache
def _own(codegen: JITCPUCodegen) -> tuple[JITCPUCodegen, dict]:
    """A code generator that differs from Numba's in its libraries alone, and the helper functions that it compiled."""
    own = copy.copy(codegen)
    own._library_class = KernelLibrary
    return own, {}


class KernelCompiler(Compiler):
    """Numba's compiler with libraries of ours; other users of Numba in the process keep theirs."""

    def __init__(self, typing_context: Any, target_context: Any, *rest: Any):
        super().__init__(typing_context, target_context, *rest)
        codegen, helpers = _own(target_context.codegen())
        self.state.targetctx = self.state.targetctx.subtarget(_internal_codegen=codegen)
        self.state.targetctx.cached_internal_func = helpers

    def compile_extra(self, function: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()  # Numba allocates millions of objects that live: looking for garbage took 12% of the time
        try:
            return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()
