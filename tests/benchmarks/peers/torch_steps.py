"""Times training steps of a yardstick network in PyTorch; prints microseconds, peak MB and parameters as JSON.

usage: torch_steps.py NAME [--fused] [--compile] [--channels-last] [--threads N] [--seconds S]
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch_networks import NETWORKS


def timed(name, fused, compiled, channels_last, seconds):
    make_model, make_batch, make_optimizer = NETWORKS[name]
    model, (x, target) = make_model(), make_batch()
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model.parameters(), fused)
    forward = torch.compile(model) if compiled else model
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss_of(forward(x).flatten(0, -2), target.flatten()).backward()
        optimizer.step()

    for _ in range(5):
        step()
    times, end = [], time.perf_counter() + seconds
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
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument(
        "--fused", action="store_true", help="the optimizer takes one pass over the parameters"
    )
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    print(
        json.dumps(
            timed(options.name, options.fused, options.compile, options.channels_last, options.seconds)
        )
    )
