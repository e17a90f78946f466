"""Matrix products in the three forms that training needs: nntrain and PyTorch in turn, as GFLOP/s and ratios."""

import argparse
import json
import math
import statistics
import time
from pathlib import Path

import numpy as np

from nntrain import kernels
from tests.benchmarks.rounds import Figures, medians, printed_json, take_turns

HERE = Path(__file__).parent
# (form, rows of the batch, inputs, outputs)
PRODUCTS = [
    ("forward", 32, 64, 64),
    ("forward", 128, 784, 256),
    ("forward", 128, 256, 128),
    ("forward", 128, 128, 10),
    ("forward", 256, 1024, 2048),
    ("forward", 256, 2048, 2048),
    ("forward", 1024, 1024, 1024),
    ("forward", 2048, 2048, 2048),
    ("weight", 128, 784, 256),
    ("weight", 256, 1024, 2048),
    ("input", 128, 784, 256),
    ("input", 256, 2048, 2048),
]
CAP = 1.2  # the largest ratio that counts in the mean


def label(form: str, rows: int, inputs: int, outputs: int) -> str:
    return f"{form} {rows}x{inputs}x{outputs}"


def ours() -> Figures:
    """GFLOP/s by product."""
    generator = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype=np.float32)

    found, none = {}, np.empty(0, np.float32)
    for form, rows, inputs, outputs in PRODUCTS:
        x, w, y = array(rows, inputs), array(inputs, outputs), array(rows, outputs)
        call = {
            "forward": lambda y=y, x=x, w=w: kernels.matmul.forward(y, x, w, none),
            "weight": lambda y=y, x=x, w=w: kernels.matmul.weight_gradient(w, x, y),
            "input": lambda y=y, x=x, w=w: kernels.matmul.input_gradient(x, y, w),
        }[form]
        found[label(form, rows, inputs, outputs)] = 2e-9 * rows * inputs * outputs / median_seconds(call)
    return found


def median_seconds(call, seconds: float = 0.3) -> float:
    call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    programs = {"nntrain": ours}
    if options.torch:
        command = [options.torch, str(HERE / "peers" / "torch_products.py"), json.dumps(PRODUCTS)]
        programs["torch"] = lambda: dict(
            zip((label(*p) for p in PRODUCTS), printed_json(command).values(), strict=True)
        )
    found = medians(take_turns(programs, options.rounds))
    ratios = []
    print(f"\n{'GFLOP/s':28}" + "".join(f"{program:>12}" for program in found) + f"{'ratio':>10}")
    for name, speed in found["nntrain"].items():
        row = f"{name:28}" + "".join(f"{figures[name]:12,.1f}" for figures in found.values())
        if "torch" in found:
            ratios.append(speed / found["torch"][name])
            row += f"{ratios[-1]:10.2f}"
        print(row)
    if ratios:
        mean = math.exp(statistics.mean(math.log(min(ratio, CAP)) for ratio in ratios))
        print(f"geometric mean of the ratios, each at most {CAP}: {mean:.3f}; the least: {min(ratios):.2f}")


if __name__ == "__main__":
    main()
