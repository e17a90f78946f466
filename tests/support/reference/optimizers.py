"""Optimizers as in their papers: each returns the updated p; `kept` is the optimizer's state.

t counts from 1; `decayed` is 1 for the parameters that weight decay applies to, else 0.
"""

import math
from typing import NamedTuple

import numpy as np

PARAMETERS, DECAYED = 12, 7


class Place(NamedTuple):
    """Of an array within p, as nntrain's Tensor."""

    name: str
    start: int
    stop: int
    shape: tuple[int, ...]
    matrix: bool


TENSORS = (
    Place("hidden.weight", 0, 6, (2, 3), True),
    Place("output.weight", 6, 7, (1, 1), False),
    Place("output.bias", 7, 12, (5,), False),
)


def start():
    return np.linspace(-2, 2, PARAMETERS) + 0.3


def slope(p):
    """The gradient of a bumpy bowl: (stiffness p² / 2 - cos(3 p) / 10 + p times its neighbour / 5), summed."""
    stiffness = np.linspace(0.3, 3, p.size)
    return stiffness * p + 0.3 * np.sin(3 * p) + 0.2 * (np.roll(p, 1) + np.roll(p, -1)) + 0.1


def trajectory(reference, steps, lr=None, decay_all=False, **options):
    """(steps, PARAMETERS)"""
    p, kept, path = start(), {}, []
    decayed = np.ones(PARAMETERS) if decay_all else (np.arange(PARAMETERS) < DECAYED).astype(float)
    for t in range(1, steps + 1):
        p = reference(p, slope(p), kept, t, lr, decayed, **options)
        path.append(p)
    return np.array(path)


def sgd(p, g, kept, t, lr, decayed, momentum=0.0, nesterov=False, dampening=0.0, weight_decay=0.0):
    g = g + weight_decay * decayed * p
    if momentum:
        kept["b"] = g if t == 1 else momentum * kept["b"] + (1 - dampening) * g
        g = g + momentum * kept["b"] if nesterov else kept["b"]
    return p - lr * g


def adagrad(
    p, g, kept, t, lr, decayed, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10, weight_decay=0.0
):
    g = g + weight_decay * decayed * p
    kept["v"] = kept.get("v", initial_accumulator_value) + g**2
    return p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(kept["v"]) + eps)


def adadelta(p, g, kept, t, lr, decayed, rho=0.9, eps=1e-6, weight_decay=0.0):
    g = g + weight_decay * decayed * p
    kept["v"] = rho * kept.get("v", 0) + (1 - rho) * g**2
    d = np.sqrt(kept.get("u", 0) + eps) / np.sqrt(kept["v"] + eps) * g
    kept["u"] = rho * kept.get("u", 0) + (1 - rho) * d**2
    return p - lr * d


def rmsprop(p, g, kept, t, lr, decayed, alpha=0.99, eps=1e-8, centered=False, momentum=0.0, weight_decay=0.0):
    g = g + weight_decay * decayed * p
    kept["v"] = alpha * kept.get("v", 0) + (1 - alpha) * g**2
    variance = kept["v"]
    if centered:
        kept["a"] = alpha * kept.get("a", 0) + (1 - alpha) * g
        variance = variance - kept["a"] ** 2
    d = g / (np.sqrt(variance) + eps)
    kept["b"] = momentum * kept.get("b", 0) + d
    return p - lr * kept["b"]


def means(g, kept, betas):
    kept["m"] = betas[0] * kept.get("m", 0) + (1 - betas[0]) * g
    kept["v"] = betas[1] * kept.get("v", 0) + (1 - betas[1]) * g**2


def adam(p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-8, amsgrad=False, weight_decay=0.0):
    means(g + weight_decay * decayed * p, kept, betas)
    v = kept["v"]
    if amsgrad:
        v = kept["largest"] = np.maximum(kept.get("largest", 0), v)
    return p - lr * kept["m"] / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def adamw(p, g, kept, t, lr, decayed, weight_decay=0.01, **options):
    return adam(p - lr * weight_decay * decayed * p, g, kept, t, lr, decayed, **options)


def adamax(p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    g = g + weight_decay * decayed * p
    kept["m"] = betas[0] * kept.get("m", 0) + (1 - betas[0]) * g
    kept["u"] = np.maximum(betas[1] * kept.get("u", 0), np.abs(g) + eps)
    return p - lr / (1 - betas[0] ** t) * kept["m"] / kept["u"]


def nadam(p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3, weight_decay=0.0):
    g = g + weight_decay * decayed * p
    means(g, kept, betas)
    momenta = [betas[0] * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in range(1, t + 2)]
    now, then = math.prod(momenta[:-1]), math.prod(momenta)
    ahead = (1 - momenta[-2]) / (1 - now) * g + momenta[-1] / (1 - then) * kept["m"]
    return p - lr * ahead / (np.sqrt(kept["v"] / (1 - betas[1] ** t)) + eps)


def radam(p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    means(g + weight_decay * decayed * p, kept, betas)
    m = kept["m"] / (1 - betas[0] ** t)
    longest = 2 / (1 - betas[1]) - 1
    length = longest - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
    if length <= 5:
        return p - lr * m
    r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
    # PyTorch adds eps before the bias correction of v.
    return p - lr * r * m * math.sqrt(1 - betas[1] ** t) / (np.sqrt(kept["v"]) + eps)


def lion(p, g, kept, t, lr, decayed, betas=(0.9, 0.99), weight_decay=0.0):
    m = kept.get("m", 0)
    kept["m"] = betas[1] * m + (1 - betas[1]) * g
    return p - lr * (np.sign(betas[0] * m + (1 - betas[0]) * g) + weight_decay * decayed * p)


def lamb(p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
    means(g, kept, betas)
    u = kept["m"] / (1 - betas[0] ** t) / (np.sqrt(kept["v"] / (1 - betas[1] ** t)) + eps)
    u = u + weight_decay * decayed * p
    ratio = np.ones_like(p)
    for tensor in TENSORS:
        of = slice(tensor.start, tensor.stop)
        ratio[of] = np.linalg.norm(p[of]) / np.linalg.norm(u[of])
    return p - lr * ratio * u


def rprop(p, g, kept, t, lr, decayed, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0), weight_decay=0.0):
    g = g + weight_decay * decayed * p
    size, product = kept.get("size", np.full_like(p, lr)), g * kept.get("g", 0)
    factor = np.where(product > 0, etas[1], np.where(product < 0, etas[0], 1.0))
    kept["size"] = np.clip(size * factor, *step_sizes)
    kept["g"] = np.where(product < 0, 0, g)
    return p - np.sign(kept["g"]) * kept["size"]


def orthogonal(x, steps):
    """By Newton-Schulz iterations, as Jordan 2024 writes them."""
    x = x / max(np.linalg.norm(x), 1e-7)
    transposed = x.shape[0] > x.shape[1]
    x = x.T if transposed else x
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if transposed else x


def muon(
    p,
    g,
    kept,
    t,
    lr,
    decayed,
    momentum=0.95,
    nesterov=True,
    ns_steps=5,
    adjust_lr="original",
    weight_decay=0.0,
    others=None,
):
    (((name, options),),) = [(others or {"adamw": {"lr": 1e-3}}).items()]
    new = globals()[name](p, g, kept.setdefault("others", {}), t, decayed=decayed, **options)
    (hidden,) = (tensor for tensor in TENSORS if tensor.matrix)
    of, (inputs, outputs) = slice(hidden.start, hidden.stop), hidden.shape
    kept["b"] = momentum * kept.get("b", 0) + (1 - momentum) * g[of]
    m = (1 - momentum) * g[of] + momentum * kept["b"] if nesterov else kept["b"]
    original = adjust_lr == "original"
    ratio = np.sqrt(max(1, outputs / inputs)) if original else 0.2 * np.sqrt(max(inputs, outputs))
    step = ratio * orthogonal(m.reshape(hidden.shape), ns_steps).ravel()
    new[of] = (1 - lr * weight_decay) * p[of] - lr * step
    return new


def _averaged(y, direction, kept, t, lr, momentum, warmup_steps):
    z, x = kept.get("z", y), kept.get("x", y)
    lr = lr * min(1, t / warmup_steps) if warmup_steps else lr
    kept["weights"] = kept.get("weights", 0) + lr**2
    c = lr**2 / kept["weights"]
    kept["z"] = z - lr * direction
    kept["x"] = (1 - c) * x + c * kept["z"]
    return momentum * kept["x"] + (1 - momentum) * kept["z"]


def schedule_free_sgd(p, g, kept, t, lr, decayed, momentum=0.9, weight_decay=0.0, warmup_steps=0):
    return _averaged(p, g + weight_decay * decayed * p, kept, t, lr, momentum, warmup_steps)


def schedule_free_adamw(
    p, g, kept, t, lr, decayed, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, warmup_steps=0
):
    kept["v"] = betas[1] * kept.get("v", 0) + (1 - betas[1]) * g**2
    direction = g / (np.sqrt(kept["v"] / (1 - betas[1] ** t)) + eps) + weight_decay * decayed * p
    return _averaged(p, direction, kept, t, lr, betas[0], warmup_steps)


def of_base(base, p, g, kept, t, decayed):
    ((name, options),) = base.items()
    return globals()[name](p, g, kept, t, decayed=decayed, **options)


def lookahead(p, g, kept, t, lr, decayed, base, k=5, alpha=0.5):
    slow = kept.setdefault("slow", p)
    fast = of_base(base, p, g, kept, t, decayed)
    if t % k:
        return fast
    kept["slow"] = slow + alpha * (fast - slow)
    return kept["slow"]


def sam(p, g, kept, t, lr, decayed, base, rho=0.05):
    return of_base(base, p, slope(p + rho * g / np.linalg.norm(g)), kept, t, decayed)
