"""Time to 99 %: a LeNet learns MNIST, from launch to the first evaluation with 9,900 of the 10,000 test images correct.

nntrain with its checkpoints and plots alternates with a plain PyTorch script with the same network, batch size and learning
rate; each round uses another seed. Requires $NNTRAIN_DATA/mnist.
"""

import argparse
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.program import measured
from tests.benchmarks.rounds import Figures, medians, take_turns

HERE = Path(__file__).parent
TARGET = 0.99
SCORE = re.compile(
    r"test\b.* accuracy +([\d.]+)"
)  # in the line that either program prints after an evaluation


def until_target(command: list[str]) -> Figures:
    """Seconds from launch to the evaluation that reaches the target, the epochs until then, and the peak memory in MB."""
    begun, epochs = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fit reports progress on stderr
    for line in process.stdout:
        if score := SCORE.search(line):
            epochs += 0.5
            if float(score[1]) >= TARGET:
                break
    else:
        raise SystemExit(f"{command} ended before it reached {TARGET}")
    wall_s = time.perf_counter() - begun
    process.terminate()
    process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    print(f"{epochs:g} epochs in {wall_s:.1f} s", flush=True)
    return {
        "wall_s": wall_s,
        "epochs": epochs,
        "epoch_s": wall_s / epochs,
        "peak_mb": usage.ru_maxrss * 1024 / 1e6,
    }


def with_seeds(*command: str) -> Callable[[], Figures]:
    """Measures with seed 0, then 1, 2 ..., in the command's last word."""
    seeds = itertools.count()
    return lambda: until_target([*command[:-1], command[-1].format(next(seeds))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as runs:
        fit = [sys.executable, "-m", "nntrain", "fit", str(HERE / "accuracy-mnist.yaml"), "--runs-dir", runs]
        measured([*fit, "--set", "train.epochs=1"])  # compiles the kernels
        programs = {"nntrain": with_seeds(*fit, "--set=seed={}")}
        if options.torch:
            programs["torch"] = with_seeds(options.torch, str(HERE / "peers" / "torch_lenet_mnist.py"), "{}")
        values = take_turns(programs, options.rounds)
    found = medians(values)
    for program, figures in found.items():
        ratio = found["nntrain"]["wall_s"] / figures["wall_s"]
        print(
            f"{program:10}{figures['wall_s']:8.1f} s{figures['epoch_s']:8.1f} s an epoch{figures['peak_mb']:8.0f} MB"
            f"    nntrain takes {ratio:.2f} of its time    epochs: {' '.join(f'{n:g}' for n in values[program]['epochs'])}"
        )


if __name__ == "__main__":
    main()
