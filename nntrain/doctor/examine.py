"""Examine: collects the facts, runs the tests, and names what is wrong."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from nntrain.doctor.diagnosis import Diagnosis, Problem, SelfTest
from nntrain.doctor.installation import Installation
from nntrain.doctor.privacy import variables, without_names
from nntrain.errors import NntrainError

if TYPE_CHECKING:
    from types import ModuleType

REPORT = "Report it together with this text."


def examined() -> Diagnosis:
    """The diagnosis, with the threads that the calling thread computes with. Takes about two seconds, once kernels are compiled."""
    installation = Installation()
    found = Diagnosis(
        installation.versions(),
        installation.extras(),
        {},
        {},
        {},
        {},
        variables(),
        problems=installation.problems(),
    )
    try:
        from nntrain.doctor import caches, computer, self_test
    except NntrainError:
        raise
    except Exception as error:  # a broken library: what is known so far helps to find out which
        text = f"the kernels cannot be loaded: {type(error).__name__}: {without_names(str(error))}"
        found.problems.append(Problem("error", text, "Install nntrain again in a fresh virtual environment."))
        return found
    found.system, found.processor, found.memory = computer.system(), computer.processor(), computer.memory()
    found.caches = caches.caches()
    found.problems += [
        *computer.processor_problems(),
        *computer.memory_problems(),
        *caches.cache_problems(found.caches),
    ]
    if not any("NUMBA_DISABLE_JIT" in problem.text for problem in found.problems):  # it would take minutes
        run_tests(found, self_test)
        found.processor["threads_by"] = computer.threads_by()
        found.compiled = caches.caches()["kernels"]["current"] - found.caches["kernels"]["current"]
    return found


def run_tests(found: Diagnosis, self_test: "ModuleType") -> None:
    begun = time.perf_counter()

    def tested(name: str, test: Callable[[], SelfTest], wrong: str) -> None:
        try:
            result = test()
        except Exception as error:  # anything at all is a finding
            result = SelfTest(name, False, f"{type(error).__name__}: {without_names(str(error))}", {})
        found.tests.append(result)
        if not result.passed and result.name != "speed":
            found.problems.append(Problem("error", f"{wrong} ({result.text})", REPORT))

    def speed() -> SelfTest:
        cores = min(found.processor["cores"] or found.processor["usable"], found.processor["usable"])
        result, problems = self_test.speed(found.processor["threads"], cores)
        found.problems.extend(problems)
        return result

    tested("gradient", self_test.gradient, "gradients are wrong on this machine")
    tested(
        "repeatability", self_test.repeatability, "results depend on the number of threads on this machine"
    )
    tested("speed", speed, "")
    found.test_s = time.perf_counter() - begun
