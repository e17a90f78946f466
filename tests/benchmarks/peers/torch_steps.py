"""Times training steps of a yardstick network in PyTorch; prints microseconds, peak MB and parameters as JSON.

usage: torch_steps.py NAME [--fused] [--compile | --tuned] [--bf16] [--channels-last] [--threads N] [--seconds S]
"""

import argparse
import contextlib
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch_networks import NETWORKS

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("--fused", action="store_true", help="the optimizer takes one pass over the parameters")
parser.add_argument("--compile", action="store_true")
parser.add_argument("--tuned", action="store_true", help="compile with max-autotune")
parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--threads", type=int)
parser.add_argument("--seconds", type=float, default=2.0)
options = parser.parse_args()


def timed(options):
    make_model, make_batch, make_optimizer = NETWORKS[options.name]
    model, (x, target) = make_model(), make_batch()
    if options.channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model.parameters(), options.fused)
    forward = model
    if options.compile or options.tuned:
        forward = torch.compile(model, mode="max-autotune" if options.tuned else None)
    per_class = not target.dtype.is_floating_point
    loss_of = nn.CrossEntropyLoss() if per_class else nn.MSELoss()

    def step():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16) if options.bf16 else contextlib.nullcontext():
            y = forward(x)
        loss_of(y.float().flatten(0, -2), target.flatten() if per_class else target).backward()
        optimizer.step()

    for _ in range(5):
        step()
    times, end = [], time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    return {
        "us": 1e6 * statistics.median(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


if __name__ == "__main__":
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    print(json.dumps(timed(options)))
