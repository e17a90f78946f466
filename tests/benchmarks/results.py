"""Results: what one machine measured, in a file that the benchmark script adds to; and rows of the README's table."""

import json
import math
import statistics
from pathlib import Path

from nntrain.machine import cpu_name
from tests.benchmarks.programs import BF16
from tests.benchmarks.rounds import Figures
from tests.benchmarks.yardsticks import YARDSTICKS

Found = dict[str, Figures]  # by program


def save(path: Path, name: str, found: Found) -> None:
    """Adds the programs of a yardstick to the file, in place of earlier ones of the same names."""
    results = read(path) if path.exists() else {"machine": cpu_name(), "yardsticks": {}}
    results["yardsticks"][name] = results["yardsticks"].get(name, {}) | found
    path.write_text(json.dumps(results, indent=1) + "\n")


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def fastest(found: Found, prefix: str = "", bf16: bool = False) -> str | None:
    """The fastest peer whose name begins so; those that compute in bfloat16 are apart."""
    peers = [name for name in found if not name.startswith("nntrain") and name.startswith(prefix)]
    peers = [name for name in peers if (BF16 in name) == bf16]
    return min(peers, key=lambda name: found[name]["us"], default=None)


def speedup(found: Found, bf16: bool = False) -> float | None:
    """How many times as fast as the fastest peer; a file may hold only this ratio, where nothing else was kept."""
    if "speed-up" in found:
        return None if bf16 else found["speed-up"]["ratio"]
    mine, other = found.get(f"nntrain {BF16}" if bf16 else "nntrain"), fastest(found, bf16=bf16)
    return found[other]["us"] / mine["us"] if mine and other else None


def show(name: str, found: Found) -> None:
    """One line per program, with ratios to ours; below, ours compared with the fastest of them and the memory of torch."""
    mine = found["nntrain"]
    print(f"\n{name:26}{'µs':>12}{'':8}{'peak MB':>10}{'':8}{'parameters':>12}")
    for program, figures in found.items():
        time, memory = (figures[what] / mine[what] for what in ("us", "mb"))
        print(
            f"{program:26}{figures['us']:12,.1f}{time:8.2f}{figures['mb']:10,.0f}{memory:8.2f}{figures['parameters']:12,.0f}"
        )
    for bf16 in (False, True):
        if ratio := speedup(found, bf16):
            memory = (
                f", {mine['mb'] / found['torch']['mb']:.2f} of torch's memory"
                if "torch" in found and not bf16
                else ""
            )
            print(f"{ratio:.2f} times as fast as {fastest(found, bf16=bf16)}{memory}", flush=True)


HEAD = ("network (batch, optimizer)", "nntrain", "PyTorch", "fastest other")


def table(paths: list[Path]) -> str:
    """The README's table of training steps, and that of answers: times on the first machine, speed-ups on each, bfloat16 last."""
    files = [read(path) for path in paths]
    head = [*HEAD, *(f"speed-up: {file['machine']}" for file in files), "in bfloat16"]
    machines = [file["yardsticks"] for file in files]
    means = [*(mean_speedup(machine) for machine in machines), mean_speedup(machines[0], bf16=True)]
    steps, answers = (
        [
            row(name, machines)
            for name, yardstick in YARDSTICKS.items()
            if (yardstick.rows is None) == of_steps
        ]
        for of_steps in (True, False)
    )
    rule = ["---"] * len(head)
    steps.append(["geometric mean", "", "", "", *map(times, means)])
    tables = ([head, rule, *steps], [["answer", *head[1:]], rule, *answers])
    return "\n\n".join("\n".join(f"| {' | '.join(cells)} |" for cells in lines) for lines in tables)


def row(name: str, machines: list[dict[str, Found]]) -> list[str]:
    found = machines[0].get(name, {})
    torch, other = fastest(found, "torch"), fastest({key: found[key] for key in found if "torch" not in key})
    speedups = [*(speedup(machine.get(name, {})) for machine in machines), speedup(found, bf16=True)]
    return [
        YARDSTICKS[name].title,
        time_of(found, "nntrain"),
        time_of(found, torch),
        time_of(found, other, named=True),
        *map(times, speedups),
    ]


def mean_speedup(machine: dict[str, Found], bf16: bool = False) -> float | None:
    """The geometric mean over the training steps."""
    ratios = [speedup(found, bf16) for name, found in machine.items() if YARDSTICKS[name].rows is None]
    known = [math.log(ratio) for ratio in ratios if ratio]
    return math.exp(statistics.fmean(known)) if known else None


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}×"


def time_of(found: Found, program: str | None, named: bool = False) -> str:
    if program not in found:
        return ""
    us = found[program]["us"]
    text = f"{us:.0f} µs" if us < 999.5 else f"{us / 1e3:.2f} ms" if us < 9995 else f"{us / 1e3:.1f} ms"
    return f"{text} ({program})" if named else text
