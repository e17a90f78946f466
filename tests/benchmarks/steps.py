"""The yardsticks: training steps and answers of nntrain, PyTorch, JAX, Keras and onnxruntime in turn, one process each."""

import argparse
import re
from pathlib import Path

from tests.benchmarks.programs import programs
from tests.benchmarks.results import save, show, table
from tests.benchmarks.rounds import medians, take_turns
from tests.benchmarks.yardsticks import YARDSTICKS


def measure(name: str, options: argparse.Namespace) -> None:
    """Times a yardstick by all programs in turn; prints and saves what was found."""
    interpreters = {peer: getattr(options, peer) for peer in ("torch", "jax", "keras")}
    chosen = {
        program: run
        for program, run in programs(YARDSTICKS[name], interpreters).items()
        if program == "nntrain" or re.search(options.forms, program)
    }
    for program, run in chosen.items():
        if re.search("nntrain|compile|tuned", program):
            run()  # compiles into the cache, for the rounds
    found = medians(take_turns(chosen, options.rounds))
    show(name, found)
    if options.save:
        save(options.save, name, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        default=list(YARDSTICKS),
        help=f"of {', '.join(YARDSTICKS)}; default: all",
    )
    parser.add_argument(
        "--torch", metavar="PYTHON", help="an interpreter that has PyTorch, onnx and onnxruntime"
    )
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has JAX and optax")
    parser.add_argument("--keras", metavar="PYTHON", help="an interpreter that has Keras 3 and TensorFlow")
    parser.add_argument(
        "--forms",
        default="",
        metavar="REGEX",
        help="only the programs whose name it finds, such as 'fused|jax'",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", type=Path, metavar="FILE", help="add the medians to a JSON file")
    parser.add_argument(
        "--table",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="measure nothing; print the rows of the README's table, from a file of each machine",
    )
    options = parser.parse_args()
    if options.table:
        print(table(options.table))
        return
    for name in options.names:
        measure(name, options)


if __name__ == "__main__":
    main()
