"""From LLVM modules to machine code: each compiled kernel holds its own copy of all that it calls.

Numba optimizes each function by itself, once more within each function that calls it, and generates machine code each time. Here a
function that kernels call (a *part*) stays as it was lowered; its kernel's module takes in all parts, is optimized once, and
is the only one that becomes machine code. This halves the time of compiling.

Parts are internal symbols of that module. Numba's are weak ones: where LLVM does not inline one, the dynamic linker takes the first copy
that the process has loaded, whichever kernel that belongs to. Copies optimized in different modules round differently, so the
bits depended on what had been compiled or loaded before.
"""

import contextlib
import copy
import ctypes
import functools
import gc
import threading
from collections.abc import Iterator
from typing import Any

from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler
from numba.core.environment import lookup_environment
from numba.core.registry import CPUDispatcher
from numba.core.sigutils import normalize_signature

ENVIRONMENT = "_ZN08NumbaEnv"  # how the names of environments begin, which hold what errors need


def _never_called() -> None:
    raise AssertionError("a part of a kernel has no code of its own")


_STUB = ctypes.PYFUNCTYPE(None)(_never_called)


class _Compiling(threading.local):
    kernel = False  # whether this thread compiles a kernel


_now = _Compiling()


class Part(JITCodeLibrary):
    """The module of a function that kernels call."""

    def finalize(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return ctypes.cast(_STUB, ctypes.c_void_p).value or 0

    def linked(self, seen: dict[Any, None]) -> dict[Any, None]:
        """All libraries that it needs, in the order in which they are first named."""
        for library in self._linking_libraries:
            if library not in seen:
                seen[library] = None
                if isinstance(library, Part):
                    library.linked(seen)
        return seen


class Whole(Part):
    """The module of a kernel, with all its parts."""

    def finalize(self) -> None:
        self._codegen._check_llvm_bugs()
        own = {function.name for function in self._final_module.functions if not function.is_declaration}
        for library in self.linked({}):
            library._ensure_finalized()
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        for function in self._final_module.functions:
            if not function.is_declaration and function.name not in own:
                function.linkage = "internal"
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()
        for value in self._final_module.global_variables:
            if value.name.startswith(ENVIRONMENT) and (environment := lookup_environment(value.name)):
                self._codegen.set_env(value.name, environment)

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return self._codegen._engine.get_function_address(name)

    def serialize_using_object_code(self) -> tuple[str, frozenset[str], bytes]:
        module = self._final_module
        symbols = [*module.functions, *module.global_variables]
        defined = frozenset(symbol.name for symbol in symbols if not symbol.is_declaration)
        return self.name, defined, self._get_compiled_object()

    @classmethod
    def _unserialize(cls, codegen: JITCPUCodegen, state: tuple[str, frozenset[str], bytes]) -> "Whole":
        name, defined, code = state
        self = cls(codegen, name)
        self.enable_object_caching()
        self._set_compiled_object(code)
        self._finalize_final_module()
        codegen._engine._defined_symbols |= defined
        return self


class KernelCodegen(JITCPUCodegen):
    """Numba's code generator, which shares its engine, with libraries of ours."""

    _library_class = Part

    def __init__(self, numbas: JITCPUCodegen):
        vars(self).update(vars(numbas))

    def set_env(self, name: str, environment: Any) -> None:
        if self._engine.is_symbol_defined(name):
            super().set_env(name, environment)

    def unserialize_library(self, state: Any) -> Whole:
        return Whole._unserialize(self, state)


@functools.cache
def _kernel_context(context: Any) -> Any:
    return context.subtarget(_internal_codegen=KernelCodegen(context.codegen()))


def kernel_context(context: Any) -> Any:
    """Numba's context of the processor with our code generator; other users of Numba in the process keep theirs."""
    context.refresh()
    return _kernel_context(context)


class KernelCompiler(Compiler):
    """Numba's compiler: of a kernel, and while one is compiled, of its parts."""

    def __init__(self, typing_context: Any, target_context: Any, *rest: Any):
        super().__init__(typing_context, target_context, *rest)
        state, own = self.state, kernel_context(target_context)
        state.targetctx = state.targetctx.subtarget(_internal_codegen=own.codegen())
        state.targetctx.cached_internal_func = own.cached_internal_func
        state.flags = copy.copy(state.flags)
        state.flags.no_cfunc_wrapper = True
        state.flags.no_cpython_wrapper = _now.kernel

    def compile_extra(self, function: Any) -> Any:
        if _now.kernel:
            return super().compile_extra(function)
        self.state.library = Whole(self.state.targetctx.codegen(), function.__qualname__)
        self.state.library.enable_object_caching()
        with _kernel():
            return super().compile_extra(function)


@contextlib.contextmanager
def _kernel() -> Iterator[None]:
    collects = gc.isenabled()
    gc.disable()  # Numba allocates millions of objects that live: looking for garbage took 12% of the time
    _now.kernel = True
    try:
        yield
    finally:
        _now.kernel = False
        if collects:
            gc.enable()


class Function(CPUDispatcher):
    """A compiled function: for calls from Python with code of its own, for those from kernels as a part of them."""

    def __init__(
        self, function: Any, locals: Any = None, targetoptions: Any = None, pipeline_class: Any = None
    ):
        super().__init__(function, locals, targetoptions, KernelCompiler)
        self.parts: dict[tuple, Any] = {}

    def compile(self, signature: Any) -> Any:
        if not _now.kernel:
            return super().compile(signature)
        arguments, _ = normalize_signature(signature)
        part = self.parts.get(tuple(arguments))
        if part is None:
            with self._compiling_counter:
                part = self.parts[tuple(arguments)] = self._compiler.compile(arguments, None)
        return part.entry_point

    def get_overload(self, signature: Any) -> Any:
        return self.compile(tuple(normalize_signature(signature)[0]))

    @property
    def nopython_signatures(self) -> list:
        return [part.signature for part in self.parts.values()]
