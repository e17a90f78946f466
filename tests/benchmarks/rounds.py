"""Rounds: programs alternate, so that a slowdown of the machine affects all of them."""

import json
import statistics
import subprocess
from collections.abc import Callable, Sequence

Figures = dict[str, float]


def printed_json(command: Sequence[str]) -> Figures:
    """Runs a program whose last line is a JSON object."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def take_turns(programs: dict[str, Callable[[], Figures]], rounds: int) -> dict[str, dict[str, list[float]]]:
    """{program: {figure: its value in each round}}."""
    values: dict[str, dict[str, list[float]]] = {name: {} for name in programs}
    for number in range(rounds):
        for name, measure in programs.items():
            for figure, value in measure().items():
                values[name].setdefault(figure, []).append(value)
        print(f"round {number + 1} of {rounds} done", flush=True)
    return values


def medians(values: dict[str, dict[str, list[float]]]) -> dict[str, Figures]:
    return {
        name: {figure: statistics.median(all_) for figure, all_ in figures.items()}
        for name, figures in values.items()
    }
