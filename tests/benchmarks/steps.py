"""Training steps of the yardstick networks: nntrain in turn with PyTorch and JAX."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.rounds import Figures, medians, printed_json, take_turns

HERE = Path(__file__).parent


def ours(names: list[str]) -> Figures:
    """Median microseconds of a step, by network."""
    found = {}
    for name in names:
        command = [sys.executable, "-m", "nntrain", "bench", str(HERE / f"{name}.yaml"), "--json"]
        found[name] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["step_us"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["mlp-digits", "mlp-mnist", "mlp-wide"])
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has JAX and optax")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    names = options.names
    ours(names)  # compiles the kernels
    programs = {"nntrain": lambda: ours(names)}
    if options.torch:
        command = [options.torch, str(HERE / "peers" / "torch_steps.py"), *names]
        programs["torch"] = lambda: printed_json(command)
        programs["torch.compile"] = lambda: printed_json([*command, "--compile"])
    if options.jax:
        programs["jax"] = lambda: printed_json([options.jax, str(HERE / "peers" / "jax_steps.py"), *names])
    found = medians(take_turns(programs, options.rounds))
    print(f"\n{'us a step':14}" + "".join(f"{program:>15}" for program in found) + f"{'ratio to best':>15}")
    for name in names:
        peers = [figures[name] for program, figures in found.items() if program != "nntrain"]
        ratio = f"{min(peers) / found['nntrain'][name]:15.2f}" if peers else ""
        print(f"{name:14}" + "".join(f"{figures[name]:15,.1f}" for figures in found.values()) + ratio)


if __name__ == "__main__":
    main()
