"""Times matrix products in PyTorch; prints their GFLOP/s as JSON.

usage: torch_products.py '[[form, rows, inputs, outputs], ...]'
"""

import json
import statistics
import sys
import time

import torch


def median_seconds(call, seconds=0.3):
    call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def speed(form, rows, inputs, outputs):
    x, w, y = torch.randn(rows, inputs), torch.randn(inputs, outputs), torch.randn(rows, outputs)
    call = {
        "forward": lambda: torch.mm(x, w, out=y),
        "weight": lambda: torch.mm(x.t(), y, out=w),
        "input": lambda: torch.mm(y, w.t(), out=x),
    }[form]
    with torch.no_grad():
        return 2e-9 * rows * inputs * outputs / median_seconds(call)


if __name__ == "__main__":
    print(json.dumps({str(i): speed(*product) for i, product in enumerate(json.loads(sys.argv[1]))}))
