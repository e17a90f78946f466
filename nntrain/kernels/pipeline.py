"""The passes of Numba that a kernel goes through: without those that would find nothing, and templates are read once in a process.

Of the time that Numba compiles, LLVM takes a third; the rest is Python that walks over the code in some thirty passes.
"""

import copy
from typing import Any

from numba.core import ir
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler import DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.inline_closurecall import InlineWorker
from numba.core.typed_passes import AnnotateTypes, DumpParforDiagnostics, NoPythonSupportedFeatureValidation
from numba.core.untyped_passes import (
    FindLiterallyCalls,
    InlineClosureLikes,
    InlineInlinables,
    LiteralPropagationSubPipelinePass,
    LiteralUnroll,
    MakeFunctionToJitFunction,
    RewriteDynamicRaises,
    WithLifting,
)

OURS = "nntrain.kernels."
FOR_PEOPLE = {AnnotateTypes, DumpParforDiagnostics}  # what `inspect_types` shows
# What they look for: `with`, closures, stencils, literals, errors with arguments.
UNUSED = {
    WithLifting,
    InlineClosureLikes,
    RewriteDynamicRaises,
    MakeFunctionToJitFunction,
    FindLiterallyCalls,
    LiteralUnroll,
    LiteralPropagationSubPipelinePass,
    NoPythonSupportedFeatureValidation,
}


def passes_of(state: Any) -> PassManager:
    """Those of a function; one of a plugin may contain anything that Numba understands."""
    own = state.func_id.modname.startswith(OURS)
    return _without(DefaultPassBuilder.define_nopython_pipeline(state), own)


def _without(plain: PassManager, own: bool) -> PassManager:
    unused = FOR_PEOPLE | UNUSED if own else FOR_PEOPLE
    passes = PassManager(plain.pipeline_name)
    for each, description in plain.passes:
        if each not in unused:
            passes.add_pass(InlineTemplates if each is InlineInlinables else each, description)
    passes.finalize()
    return passes


@register_pass(mutates_CFG=True, analysis_only=False)
class InlineTemplates(InlineInlinables):
    """As Numba's, with a worker of ours."""

    _name = "inline_templates"

    def _do_work(self, state: Any, work_list: Any, block: Any, i: int, expr: Any, worker: Any) -> Any:
        worker.__class__ = _Worker
        return super()._do_work(state, work_list, block, i, expr, worker)


_read: dict[Any, Any] = {}  # the code of each template, as it is before types are known


class _Worker(InlineWorker):
    """Inlines templates. Numba's reads them anew for each call, and copies each block with all variables of the function, twice."""

    def inline_function(self, caller_ir: Any, block: Any, i: int, function: Any, arg_typs: Any = None) -> Any:
        if function not in _read:
            own = function.__module__.startswith(OURS)
            self._compiler_pipeline = lambda state: _without(
                DefaultPassBuilder.define_untyped_pipeline(state), own
            )
            _read[function] = self.run_untyped_passes(function)
        callee = _read[function].copy()
        callee.func_id = FunctionIdentity.from_function(function)  # its name becomes a part of the variables'
        callee.blocks = copy.deepcopy(callee.blocks)
        for inlined in callee.blocks.values():
            inlined.__class__ = _Ours
        result = self.inline_ir(caller_ir, block, i, callee, function.__code__.co_freevars, arg_typs)
        for _, inlined in result[-1]:
            inlined.__class__ = ir.Block
        return result


class _Ours(ir.Block):
    """A block that nobody else uses."""

    def __deepcopy__(self, memo: Any) -> "_Ours":
        return self
