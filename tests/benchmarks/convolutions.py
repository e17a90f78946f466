"""Convolutions of the benchmark networks, all three passes: nntrain and PyTorch's channels_last in turn, as GFLOP/s and ratios."""

import argparse
import json
from pathlib import Path

import numpy as np

from nntrain import kernels
from nntrain.kernels.geometry import Geometry
from nntrain.layers.conv import geometry
from tests.benchmarks.products import median_seconds
from tests.benchmarks.rounds import Figures, medians, printed_json, take_turns

HERE = Path(__file__).parent
PASSES = ("forward", "input", "weight")
# (rows, side of the image, channels, filters, side of the kernel, stride); padded by half the kernel
CONVOLUTIONS = [
    (64, 32, 64, 64, 3, 1),
    (64, 16, 64, 128, 3, 1),
    (64, 16, 128, 128, 3, 1),
    (64, 8, 128, 256, 3, 1),
    (64, 8, 256, 256, 3, 1),
    (64, 32, 3, 64, 3, 1),
    (64, 28, 1, 32, 3, 1),
    (64, 14, 32, 64, 3, 1),
    (128, 32, 3, 16, 3, 1),
    (128, 32, 16, 16, 3, 1),
    (128, 16, 32, 32, 3, 1),
    (128, 8, 64, 64, 3, 1),
    (128, 32, 16, 32, 3, 2),
    (128, 16, 32, 64, 3, 2),
    (128, 32, 16, 32, 1, 2),
    (128, 16, 32, 64, 1, 2),
]


def label(kind: str, rows: int, side: int, channels: int, filters: int, kernel: int, stride: int) -> str:
    return f"{kind:8}{rows}x{side}x{side}x{channels}->{filters} {kernel}x{kernel}/{stride}"


def of(side: int, channels: int, filters: int, kernel: int, stride: int) -> Geometry:
    return geometry(
        (side, side), channels, filters, (kernel, kernel), (stride, stride), kernel // 2, (1, 1), 1
    )


def ours(convolutions: list[tuple[int, ...]]) -> Figures:
    """Milliseconds by convolution and pass."""
    generator = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype=np.float32)

    found, none = {}, np.empty(0, np.float32)
    for rows, side, channels, filters, kernel, stride in convolutions:
        sizes = of(side, channels, filters, kernel, stride)
        x, w, y = (
            array(rows, side, side, channels),
            array(kernel, kernel, channels, filters),
            array(rows, *sizes.output, filters),
        )
        for kind, function, *arguments in [
            ("forward", kernels.conv.forward, y, x, w, none),
            ("input", kernels.conv.input_gradient, x, y, w),
            ("weight", kernels.conv.weight_gradient, w, x, y),
        ]:
            call = lambda function=function, arguments=arguments, sizes=sizes: function(*arguments, sizes)  # noqa: E731
            found[label(kind, rows, side, channels, filters, kernel, stride)] = 1e3 * median_seconds(call)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", metavar="I", type=int, nargs="*", help="the numbers of the convolutions to time, from 0"
    )
    options = parser.parse_args()
    chosen = CONVOLUTIONS if options.only is None else [CONVOLUTIONS[i] for i in options.only]
    programs = {"nntrain": lambda: ours(chosen)}
    if options.torch:
        command = [options.torch, str(HERE / "peers" / "torch_convolutions.py"), json.dumps(chosen)]
        names = [label(kind, *sizes) for sizes in chosen for kind in PASSES]
        programs["torch"] = lambda: dict(zip(names, printed_json(command).values(), strict=True))
    found = medians(take_turns(programs, options.rounds))
    print(f"\n{'ms':42}" + "".join(f"{program:>10}" for program in found) + f"{'GFLOP/s':>10}{'ratio':>8}")
    for sizes in chosen:
        flops = 2 * sizes[0] * np.prod(of(*sizes[1:]).output) * of(*sizes[1:]).depth * sizes[3]
        for kind in PASSES:
            name = label(kind, *sizes)
            times = [figures[name] for figures in found.values()]
            ratio = f"{times[-1] / times[0]:8.2f}" if len(times) > 1 else ""
            print(
                f"{name:42}"
                + "".join(f"{time:10.3f}" for time in times)
                + f"{1e-6 * flops / times[0]:10.0f}{ratio}"
            )


if __name__ == "__main__":
    main()
