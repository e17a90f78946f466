"""Whole programs: 10 epochs of MNIST (784-256-128-10, batch 128, adam) from launch to exit, wall time and peak memory.

nntrain with its plots and checkpoints, scikit-learn's MLPClassifier and a plain PyTorch script in turn. Requires
$NNTRAIN_DATA/mnist.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.rounds import Figures, medians, take_turns

HERE = Path(__file__).parent


def measured(command: list[str], prints: bool = False) -> Figures:
    """Wall seconds, and the peak memory of the largest process in MB; and what it `prints` at its end as JSON."""
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{command} failed")
        figures = {"wall_s": time.perf_counter() - begun, "peak_mb": usage.ru_maxrss * 1024 / 1e6}
        output.seek(0)
        return (json.loads(output.read().splitlines()[-1]) if prints else {}) | figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch and scikit-learn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as runs:
        fit = [
            sys.executable,
            "-m",
            "nntrain",
            "fit",
            str(HERE / "program-mnist.yaml"),
            "--runs-dir",
            runs,
            "--quiet",
        ]
        measured(fit)  # compiles the kernels
        programs = {"nntrain": lambda: measured(fit)}
        if options.torch:
            programs["torch"] = lambda: measured([options.torch, str(HERE / "peers" / "torch_mnist.py")])
            programs["scikit-learn"] = lambda: measured(
                [options.torch, str(HERE / "peers" / "sklearn_mnist.py")]
            )
        found = medians(take_turns(programs, options.rounds))
    for program, figures in found.items():
        print(
            f"{program:14}{figures['wall_s']:8.2f} s{figures['peak_mb']:10.0f} MB    nntrain takes "
            f"{found['nntrain']['wall_s'] / figures['wall_s']:.2f} of its time"
        )


if __name__ == "__main__":
    main()
