"""Doctor: the screen of `nntrain doctor`: facts, tests, and what is wrong. In a pipe it is plain text, to paste into a report."""

from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import counted, duration, printable, size
from nntrain.report.terminal.console import output
from nntrain.report.terminal.preflight import STYLES, Hanging, beside

if TYPE_CHECKING:
    from nntrain.doctor.diagnosis import Diagnosis, SelfTest

MARKS = {"ok": "green", "slow": "bold yellow", "FAILED": "bold red"}


def show_diagnosis(found: "Diagnosis", console: Console | None = None) -> None:
    (console or output()).print(screen(found))


def screen(found: "Diagnosis") -> RenderableType:
    parts: list[RenderableType] = [facts(found)]
    if found.tests:
        compiled = f", in which {counted(found.compiled, 'kernel')} compiled" if found.compiled else ""
        parts += [Text(), Text(f"Self-test, {duration(found.test_s)}{compiled}", style="bold"), tests(found)]
    if found.problems:
        parts.append(Text())
    parts += [beside(problem.severity, problem.text, problem.hint) for problem in found.problems]
    return Group(*parts, Text(), verdict(found))


def verdict(found: "Diagnosis") -> Text:
    kinds = [problem.severity for problem in found.problems]
    if not kinds:
        return Text("no problems found", style="bold green")
    counts = [counted(kinds.count(kind), kind) for kind in ("error", "warning") if kind in kinds]
    return Text(", ".join(counts), style=STYLES["warning" if found.healthy else "error"])


def facts(found: "Diagnosis") -> Hanging:
    rows = {
        "nntrain": found.versions["nntrain"] or "",
        "Python": found.versions["python"] or "",
        "libraries": libraries(
            {name: version for name, version in found.versions.items() if name not in ("nntrain", "python")}
        ),
    }
    if found.extras:
        rows["extras"] = extras_text(found.extras)
    if found.system:
        rows |= {
            "system": ", ".join(filter(None, found.system.values())),
            **processor_rows(found.processor),
            "memory": memory_text(found.memory),
            **{name: cache_text(facts) for name, facts in found.caches.items()},
        }
    rows |= found.variables or {"environment": "no variable NNTRAIN_*, NUMBA_* or OMP_* is set"}
    return Hanging([(Text(label, style="dim"), Text(printable(text))) for label, text in rows.items()])


def libraries(versions: dict[str, str | None]) -> str:
    """ "numpy 2.1.0, onnx not installed"."""
    return ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items())


def extras_text(extras: dict[str, dict[str, str | None]]) -> str:
    """ "onnx: onnx 1.17.0; not installed: keras, mpi"."""
    missing = [name for name, versions in extras.items() if not any(versions.values())]
    there = [f"{name}: {libraries(versions)}" for name, versions in extras.items() if name not in missing]
    return "; ".join([*there, *([f"not installed: {', '.join(missing)}"] if missing else [])])


def processor_rows(facts: dict[str, Any]) -> dict[str, str]:
    processors = counted(facts["processors"] or facts["usable"], "processor")
    cores = f" with {counted(facts['cores'], 'core')}" if facts["cores"] else ""
    fewer = f", {facts['usable']} usable" if facts["usable"] != facts["processors"] else ""
    quota = "no quota" if facts["quota"] is None else f"a quota of {facts['quota']:g}"
    by = f", by {facts['threads_by']}" if "threads_by" in facts else ""
    lanes = f"{facts['vector_bits']} bits: {facts['float32_lanes']} numbers of float32"
    return {
        "processor": f"{facts['name']} ({facts['llvm']})",
        "features": " ".join(facts["features"]),
        "vectors": f"{lanes}{'; bfloat16 by its own instruction' if facts['bfloat16_instruction'] else ''}",
        "threads": f"{facts['threads']}{by}; {processors}{cores}{fewer}, {quota}",
    }


def memory_text(facts: dict[str, Any]) -> str:
    free = "" if facts["available_bytes"] is None else f", {size(facts['available_bytes'])} available"
    limit = (
        "" if facts["scarcest"] == "the machine" else f"; {facts['scarcest']}: {size(facts['limit_bytes'])}"
    )
    return f"{size(facts['bytes'])}{free}{limit}"


def cache_text(facts: dict[str, Any]) -> str:
    if facts["folder"] is None:
        return "no folder"
    held = "not there" if facts["bytes"] is None else size(facts["bytes"])
    if facts.get("kernels"):
        held += f", {facts['current']:,} of {counted(facts['kernels'], 'kernel')} current"
    if facts.get("stale_bytes"):
        held += f", {size(facts['stale_bytes'])} stale (`nntrain cache clear --stale`)"
    return f"{facts['folder']}: {held}{'' if facts['writable'] else ', read-only'}"


def tests(found: "Diagnosis") -> Hanging:
    return Hanging([(Text(test.name, style="dim"), result(test)) for test in found.tests])


def result(test: "SelfTest") -> Text:
    mark = "ok" if test.passed else "slow" if test.numbers and test.name == "speed" else "FAILED"
    return Text.assemble((mark, MARKS[mark]), "  ", printable(test.text))
