"""Times training steps of the yardstick networks in PyTorch; prints {network: median microseconds} as JSON.

usage: torch_steps.py NAME... [--compile] [--threads N]
"""

import argparse
import itertools
import json
import statistics
import time

import torch
from torch import nn

# name: (layer sizes, batch, makes the optimizer)
NETWORKS = {
    "mlp-digits": ((64, 64, 10), 32, lambda p: torch.optim.SGD(p, 0.01, momentum=0.9)),
    "mlp-mnist": ((784, 256, 128, 10), 128, lambda p: torch.optim.Adam(p, 1e-3)),
    "mlp-wide": ((1024, 2048, 2048, 10), 256, lambda p: torch.optim.Adam(p, 1e-3)),
}
SECONDS = 2.0


def perceptron(sizes):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def median_step_us(name, compiled):
    sizes, batch, make_optimizer = NETWORKS[name]
    model = perceptron(sizes)
    optimizer = make_optimizer(model.parameters())
    forward = torch.compile(model) if compiled else model
    x, target = torch.randn(batch, sizes[0]), torch.randint(0, sizes[-1], (batch,))
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of(forward(x), target).backward()
        optimizer.step()

    for _ in range(5):
        step()
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    return 1e6 * statistics.median(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="+")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    print(json.dumps({name: median_step_us(name, options.compile) for name in options.names}))
