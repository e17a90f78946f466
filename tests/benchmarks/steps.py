"""Training steps of the benchmark networks: nntrain, PyTorch and JAX in turn, one process per network and program."""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.rounds import Figures, medians, printed_json, take_turns

HERE = Path(__file__).parent
IMAGES = ("lenet-mnist", "vgg-cifar", "resnet20-cifar")
YARDSTICKS = ("mlp-digits", "mlp-mnist", "mlp-wide", *IMAGES, "lstm-char", "gru-char")


def nntrain(command: str, name: str, *options: str) -> str:
    """The output of `nntrain COMMAND` for a benchmark network."""
    words = [sys.executable, "-m", "nntrain", command, str(HERE / f"{name}.yaml"), *options]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def ours(name: str) -> Figures:
    """Median microseconds of a step, the peak memory in MB, and the number of parameters; peers print the same."""
    timed = json.loads(nntrain("bench", name, "--json"))
    parameters = re.search(r"([\d,]+) parameters", nntrain("summary", name))[1]
    return {
        "us": timed["step_us"],
        "mb": timed["peak_rss_mb"],
        "parameters": int(parameters.replace(",", "")),
    }


def peers(name: str, torch: str | None, jax: str | None) -> dict[str, list[str]]:
    """The commands of the others, by program."""
    commands = {}
    if torch:
        commands["torch"] = [torch, str(HERE / "peers" / "torch_steps.py"), name]
        for word, option in {"compile": "--compile", "fused": "--fused", "nhwc": "--channels-last"}.items():
            if word != "nhwc" or name in IMAGES:
                commands |= {f"{program} {word}": [*command, option] for program, command in commands.items()}
    if jax:
        commands["jax"] = [jax, str(HERE / "peers" / "jax_steps.py"), name]
    return commands


def show(name: str, found: dict[str, Figures]) -> None:
    """One line per program, with ratios to ours; below, ours compared with the fastest of them and the memory of torch."""
    print(f"\n{name:20}{'us per step':>12}{'':8}{'peak MB':>10}{'':8}{'parameters':>12}")
    for program, figures in found.items():
        time, memory = (figures[what] / found["nntrain"][what] for what in ("us", "mb"))
        print(
            f"{program:20}{figures['us']:12,.0f}{time:8.2f}{figures['mb']:10,.0f}{memory:8.2f}{figures['parameters']:12,.0f}"
        )
    ours = found.pop("nntrain")
    if found:
        fastest = min(found, key=lambda program: found[program]["us"])
        memory = f", {ours['mb'] / found['torch']['mb']:.2f} of torch's memory" if "torch" in found else ""
        print(f"{found[fastest]['us'] / ours['us']:.2f} times as fast as {fastest}{memory}\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        default=YARDSTICKS,
        help=f"of {', '.join(YARDSTICKS)}; default: all",
    )
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has JAX and optax")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name in options.names:
        commands = peers(name, options.torch, options.jax)
        programs: dict[str, Callable[[], Figures]] = {"nntrain": lambda name=name: ours(name)}
        programs |= {
            program: lambda command=command: printed_json(command) for program, command in commands.items()
        }
        for program in programs:
            if program == "nntrain" or "compile" in program:
                programs[program]()  # compiles into the cache, for the rounds
        show(name, medians(take_turns(programs, options.rounds)))


if __name__ == "__main__":
    main()
