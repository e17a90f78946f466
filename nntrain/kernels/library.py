"""How LLVM modules become machine code: each compiled kernel holds its own copy of all that it calls.

Numba links the functions that a kernel calls into its module as weak symbols. Where LLVM does not inline one, the dynamic linker
takes the first copy that the process has loaded, whichever kernel that belongs to. The copies are optimized in different modules
and round differently, so that the bits depended on what had been compiled or loaded before. Here they are internal symbols.

Numba also generates code for every function that kernels call, and for every library that the body of a parallel loop passes
through. Only the code of kernels runs, so here only that is generated.
"""

import copy
import functools
import gc
from typing import Any

from llvmlite import binding as llvm
from numba.core import config
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager

from nntrain.kernels import host
from nntrain.kernels.pipeline import passes_of

# How the names of the libraries begin that Numba makes for a parallel loop: its body, and the two wrappers around it.
BODY, *WRAPPERS = "__numba_parfor_gufunc", "<numba.np.ufunc.wrappers", "parallelgufuncwrapper"

_waiting: dict[str, Any] = {}  # environments by name, of functions that have no code yet


class KernelCodegen(JITCPUCodegen):
    """Numba's code generator with libraries of ours."""

    def set_env(self, env_name: str, env: Any) -> None:
        """Gives code its environment; that of a function without code waits for the kernel which it becomes a part of."""
        if self._engine.get_global_value_address(env_name):
            super().set_env(env_name, env)
        else:
            _waiting[env_name] = env


class KernelLibrary(JITCodeLibrary):
    """The module of one function, with those that it calls."""

    has_code = False

    def _optimize_final_module(self) -> None:
        if self.name.startswith(tuple(WRAPPERS)):  # they are, in the module of their kernel
            return
        called = {name for library in self._linking_libraries for name in _defined(library)}
        for function in self._final_module.functions:
            if not function.is_declaration and function.name in called:
                function.linkage = "internal"
        super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        if self.name.startswith((BODY, *WRAPPERS)):
            self._finalize_dynamic_globals()
            self._finalized = True
        else:
            self.generate()

    def generate(self) -> None:
        """Generates the code."""
        super()._finalize_final_module()
        self.has_code = True
        for env_name in [name for name in _waiting if self._codegen._engine.is_symbol_defined(name)]:
            self._codegen.set_env(env_name, _waiting.pop(env_name))

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return super().get_pointer_to_function(name) if self.has_code else 0


class InlineLibrary(KernelLibrary):
    """The module of a function that kernels call."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def generate(self) -> None:
        if not self._object_caching_enabled:  # it is where the code was loaded
            self.enable_object_caching()
        super().generate()

    @property
    def is_new(self) -> bool:
        """Whether its code was generated, and not loaded."""
        return self.has_code and self._compiled_object is not None

    def serialize_using_object_code(self) -> tuple:
        return super().serialize_using_object_code() if self.is_new else self.serialize_using_bitcode()


def _defined(library: JITCodeLibrary) -> list[str]:
    return [f.name for f in library._get_module_for_linking().functions if not f.is_declaration]


@functools.cache
def _own(codegen: JITCPUCodegen, library_class: type[KernelLibrary]) -> tuple[JITCPUCodegen, dict]:
    """A code generator that differs from Numba's in its libraries alone, and the helper functions that it compiled."""
    own = copy.copy(codegen)
    own.__class__ = KernelCodegen
    own._library_class = library_class
    if host.FLOAT32_LANES == 16:
        own._tm = _with_wide_vectors(codegen)
    return own, {}


@functools.cache
def _with_wide_vectors(codegen: JITCPUCodegen) -> Any:
    """What LLVM optimizes for: it vectorizes loops for AVX-512 by 256 bits on Intel's processors unless told otherwise.

    A loop over exponentials of 393,216 values took 447 us on one core of a Xeon (Sapphire Rapids), now 278.
    """
    wide = copy.copy(codegen)
    wide._tm_features += ",-prefer-256-bit"
    options = {"opt": config.OPT}
    wide._customize_tm_options(options)
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(**options)


def own_context(target_context: Any, library_class: type[KernelLibrary]) -> Any:
    """Numba's context of the processor, with libraries of ours; other users of Numba in the process keep theirs."""
    codegen, helpers = _own(target_context.codegen(), library_class)
    own = target_context.subtarget(_internal_codegen=codegen)
    own.cached_internal_func = helpers
    return own


class KernelCompiler(Compiler):
    """Of kernels."""

    library_class = KernelLibrary

    def __init__(self, typing_context: Any, target_context: Any, *rest: Any):
        super().__init__(typing_context, target_context, *rest)
        self.state.targetctx = own_context(self.state.targetctx, self.library_class)

    def define_pipelines(self) -> list[PassManager]:
        return [passes_of(self.state)]

    def compile_extra(self, function: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()  # Numba allocates millions of objects that live: looking for garbage took 12% of the time
        try:
            return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()


class InlineCompiler(KernelCompiler):
    """Of functions that kernels call. Where Python calls one, its code is generated then."""

    library_class = InlineLibrary


def generate_when_called(dispatcher: Any) -> None:
    """For a dispatcher whose libraries have no code: it does not know a signature until Python calls it."""
    compile_for = dispatcher._compile_for_args

    def add_overload(result: Any) -> None:
        dispatcher.overloads[tuple(result.signature.args)] = result

    def compile_for_args(*arguments: Any) -> Any:
        if dispatcher.targetoptions["no_cpython_wrapper"]:
            raise TypeError(
                f"{dispatcher.__name__} is inline: kernels call it; Python calls what is `Called`"
            )
        compile_for(*arguments)
        return generate(dispatcher, tuple(map(dispatcher.typeof_pyval, arguments)))

    dispatcher.add_overload, dispatcher._compile_for_args = add_overload, compile_for_args


def generate(dispatcher: Any, kinds: tuple[Any, ...]) -> Any:
    """The compiled function for these types of arguments, with code."""
    result = dispatcher.overloads[kinds]
    if not result.library.has_code:
        result.library.generate()
        context = result.target_context
        entry_point = context.get_executable(result.library, result.fndesc, result.environment)
        # The dispatcher's table of signatures does not keep what it refers to.
        result = dispatcher.overloads[kinds] = result._replace(entry_point=entry_point)
        dispatcher._insert([kind._code for kind in kinds], entry_point, False)
        # Kernels that are compiled later find it by its new entry point.
        dispatcher.targetctx.insert_user_function(entry_point, result.fndesc, [result.library])
        if result.library.is_new:
            dispatcher._cache.save_overload(kinds, result)
    return result.entry_point
