"""3x3 convolutions by Winograd's algorithm: GFLOP/s of the equivalent direct convolution, the peak, and PyTorch's in turn."""

import argparse
import json
from pathlib import Path

import numba
import numpy as np

from nntrain import kernels
from nntrain.bench import peak_gflops
from tests.benchmarks.products import median_seconds
from tests.benchmarks.rounds import Figures, medians, printed_json, take_turns

HERE = Path(__file__).parent
PASSES = ("forward", "input", "weight")
# (rows, side of the image, channels, filters), padded by one pixel: those of vgg-cifar, lenet-mnist and resnet20-cifar
LAYERS = [
    (64, 32, 64, 64),
    (64, 16, 64, 128),
    (64, 16, 128, 128),
    (64, 8, 128, 256),
    (64, 8, 256, 256),
    (64, 14, 32, 64),
    (128, 32, 16, 16),
    (128, 16, 32, 32),
    (128, 8, 64, 64),
]


def label(kind: str, rows: int, side: int, channels: int, filters: int) -> str:
    return f"{kind:8}{rows}x{side}x{side}x{channels}->{filters}"


def gflop(rows: int, side: int, channels: int, filters: int) -> float:
    """Of the direct convolution, whatever the algorithm."""
    return 2e-9 * rows * side**2 * 9 * channels * filters


def ours() -> Figures:
    """GFLOP/s by layer and pass."""
    generator = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype=np.float32)

    found, none = {"peak": peak_gflops("float32", numba.get_num_threads())}, np.empty(0, np.float32)
    for layer in LAYERS:
        rows, side, channels, filters = layer
        x, w, y = (
            array(rows, side, side, channels),
            array(3, 3, channels, filters),
            array(rows, side, side, filters),
        )
        calls = {
            "forward": lambda y=y, x=x, w=w: kernels.conv.winograd.forward(y, x, w, none, (1, 1)),
            "input": lambda y=y, x=x, w=w: kernels.conv.winograd.input_gradient(x, y, w, (1, 1)),
            "weight": lambda y=y, x=x, w=w: kernels.conv.winograd.weight_gradient(w, x, y, (1, 1)),
        }
        for kind, call in calls.items():
            found[label(kind, *layer)] = gflop(*layer) / median_seconds(call)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    programs = {"nntrain": ours}
    if options.torch:
        command = [
            options.torch,
            str(HERE / "peers" / "torch_convolutions.py"),
            json.dumps([(*layer, 3, 1) for layer in LAYERS]),
        ]

        def torch() -> Figures:
            """Its figures are milliseconds."""
            times = iter(printed_json(command).values())
            return {
                label(kind, *layer): 1e3 * gflop(*layer) / next(times) for layer in LAYERS for kind in PASSES
            }

        programs["torch"] = torch
    found = medians(take_turns(programs, options.rounds))
    peak = found["nntrain"]["peak"]
    print(f"\n{'GFLOP/s':30}" + "".join(f"{program:>10}" for program in found) + f"{'of peak':>10}")
    for name, speed in found["nntrain"].items():
        speeds = "".join(f"{figures.get(name, np.nan):10.0f}" for figures in found.values())
        print(f"{name:30}{speeds}{speed / peak:10.2f}")


if __name__ == "__main__":
    main()
