"""Schedules as recurrences: each returns the learning rates of `end` units.

`monitored` returns the monitored value after each of them.
"""

import math

import numpy as np

BASE, END = 0.1, 100


def monitored(count=END):
    """Decreases, with noise and a jump, so that there are plateaus."""
    t = np.arange(count)
    return 1 / (1 + t) + 0.02 * np.sin(7.0 * t) + 0.3 * (t > 60)


def constant(base, end):
    return [base] * end


def step(base, end, step_size, gamma=0.1):
    lrs = [base]
    for t in range(1, end):
        lrs.append(lrs[-1] * gamma if t % step_size == 0 else lrs[-1])
    return lrs


def multi_step(base, end, milestones, gamma=0.1):
    lrs = [base]
    for t in range(1, end):
        lrs.append(lrs[-1] * gamma ** milestones.count(t))
    return lrs


def exponential(base, end, gamma):
    lrs = [base]
    for _ in range(1, end):
        lrs.append(lrs[-1] * gamma)
    return lrs


def linear(base, end, end_factor=0.0, total=None):
    total = total or end
    lrs = [base]
    for t in range(1, end):
        lrs.append(lrs[-1] + (base * end_factor - base) / total if t <= total else lrs[-1])
    return lrs


def polynomial(base, end, power=1.0, end_factor=0.0, total=None):
    total = total or end
    low = base * end_factor
    return [low + (base - low) * max(0, 1 - t / total) ** power for t in range(end)]


def cosine(base, end, eta_min=0.0, total=None):
    total = total or end
    middle, height = (base + eta_min) / 2, (base - eta_min) / 2
    return [middle + height * math.cos(math.pi * t / total) for t in range(end)]


def cosine_restarts(base, end, t_0, t_mult=1, eta_min=0.0):
    lrs, length = [], t_0
    while len(lrs) < end:
        lrs += cosine(base, length, eta_min)
        length *= t_mult
    return lrs[:end]


def inverse_time(base, end, gamma, power=1.0):
    return [base * (1 + gamma * t) ** -power for t in range(end)]


def one_cycle(base, end, max_lr, pct_start=0.3, div_factor=25.0, final_div_factor=1e4):
    first, top = max_lr / div_factor, pct_start * end - 1
    last = first / final_div_factor

    def wave(start, stop, part):
        return stop + (start - stop) / 2 * (1 + math.cos(math.pi * part))

    return [
        wave(first, max_lr, t / top) if t <= top else wave(max_lr, last, (t - top) / (end - 1 - top))
        for t in range(end)
    ]


def cyclic(base, end, max_lr, step_size, mode="triangular", gamma=1.0):
    lrs = []
    for t in range(end):
        cycle = math.floor(1 + t / (2 * step_size))
        height = max(0, 1 - abs(t / step_size - 2 * cycle + 1))
        factor = {"triangular": 1, "triangular2": 1 / 2 ** (cycle - 1), "exp_range": gamma**t}[mode]
        lrs.append(base + (max_lr - base) * height * factor)
    return lrs


def reduce_on_plateau(base, end, factor=0.1, patience=10, threshold=1e-4, cooldown=0, min_lr=0.0, mode="min"):
    lr, lrs, best, bad, cool = base, [], None, 0, 0
    for metric in monitored(end):
        lrs.append(lr)
        if best is None or (
            metric < best * (1 - threshold) if mode == "min" else metric > best * (1 + threshold)
        ):
            best, bad = metric, 0
        else:
            bad += 1
        if cool:
            cool, bad = cool - 1, 0
        if bad > patience:
            lower = max(lr * factor, min_lr)
            lr = lower if lr - lower > 1e-8 else lr
            bad, cool = 0, cooldown
    return lrs


def wsd(base, end, decay=0.2, decay_type="linear"):
    lrs = []
    for t in range(end):
        f = max(0, t / end - (1 - decay)) / decay
        factor = {"linear": 1 - f, "cosine": math.cos(math.pi * f / 2) ** 2, "sqrt": 1 - f**0.5}[decay_type]
        lrs.append(base * factor)
    return lrs


def inverse_sqrt(base, end, warmup):
    return [base * min(1, (warmup["epochs"] / t) ** 0.5 if t else 1) for t in range(end)]
