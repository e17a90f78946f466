"""Diagnosis: the facts, the results of the tests and the problems, as plain data that can be pasted into a report."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """What is wrong, and what to do. An error makes results wrong, training impossible or each run slow; a warning does not."""

    severity: Severity
    text: str
    hint: str = ""


@dataclass(frozen=True)
class SelfTest:
    """One test of the kernels on this machine."""

    name: str
    passed: bool
    text: str  # what was measured
    numbers: dict[str, float]


@dataclass
class Diagnosis:
    """What `nntrain doctor` shows. No path in it tells the user's name or home folder."""

    versions: dict[str, str | None]  # of nntrain, Python and the libraries; None: not installed
    extras: dict[str, dict[str, str | None]]  # the libraries of each extra, and their versions
    system: dict[str, Any]
    processor: dict[str, Any]
    memory: dict[str, Any]
    caches: dict[str, dict[str, Any]]
    variables: dict[str, str]  # of the environment, as far as nntrain, Numba and OpenMP read them
    tests: list[SelfTest] = field(default_factory=list)
    test_s: float = 0.0
    compiled: int = 0  # kernels that the tests had to compile
    problems: list[Problem] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **asdict(self)}
