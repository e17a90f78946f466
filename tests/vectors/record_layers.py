"""Records layers.npz: what PyTorch computes for our layers, values and all gradients, in float64.

Needs torch and numpy alone: `python tests/vectors/record_layers.py`. Arrays of case i are named "i.x0", "i.weight",
"i.dy", "i.y", "i.dx0", "i.dweight", ...; `cases` holds each case's layer, options and mode as JSON.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROWS = 4
VECTOR, SEQUENCE, IMAGE = (6,), (3, 5), (4, 3, 2)


def channels_first(function):
    """PyTorch's images have their channels in axis 1, ours in the last."""
    return lambda x, *rest: function(x.movedim(-1, 1), *rest).movedim(1, -1)


def batch_norm(training, momentum=0.1, eps=1e-5):
    return channels_first(
        lambda x, p: F.batch_norm(
            x,
            p["running_mean"],
            p["running_variance"],
            p.get("scale"),
            p.get("shift"),
            training,
            momentum,
            eps,
        )
    )


def maxout(units, pieces):
    return lambda x, p: torch.stack((x @ p["weight"] + p["bias"]).split(units, dim=-1)).amax(0)


def linear(x, p):
    return F.linear(x, p["weight"].T, p.get("bias"))


def plain(function, **options):
    return lambda x, p: function(x, **options)


def norm(function, *names):
    return lambda x, p: function(x, x.shape[-1:], *(p.get(name) for name in names), eps=1e-5)


AFFINE = {"scale": VECTOR, "shift": VECTOR}
STATES = {"running_mean": (2,), "running_variance": (2,)}

# layer, options, shapes of the inputs, shapes of parameters and states, function, training
CASES = [
    ("dense", {"units": 4}, [VECTOR], {"weight": (6, 4), "bias": (4,)}, linear, True),
    ("dense", {"units": 7, "use_bias": False}, [SEQUENCE], {"weight": (5, 7)}, linear, True),
    ("maxout", {"units": 4, "pieces": 3}, [VECTOR], {"weight": (6, 12), "bias": (12,)}, maxout(4, 3), True),
    ("batch_norm", {}, [IMAGE], {"scale": (2,), "shift": (2,), **STATES}, batch_norm(True), True),
    (
        "batch_norm",
        {"momentum": 0.3, "eps": 1e-3, "affine": False},
        [IMAGE],
        STATES,
        batch_norm(True, 0.3, 1e-3),
        True,
    ),
    (
        "batch_norm",
        {},
        [VECTOR],
        {**AFFINE, "running_mean": VECTOR, "running_variance": VECTOR},
        batch_norm(False),
        False,
    ),
    ("layer_norm", {}, [VECTOR], AFFINE, norm(F.layer_norm, "scale", "shift"), True),
    ("layer_norm", {"affine": False}, [SEQUENCE], {}, norm(F.layer_norm), True),
    ("rms_norm", {}, [VECTOR], {"scale": VECTOR}, norm(F.rms_norm, "scale"), True),
    ("sigmoid", {}, [VECTOR], {}, plain(torch.sigmoid), True),
    # Not F.hardsigmoid, whose gradient multiplies by a sixth rounded to float32.
    ("hard_sigmoid", {}, [IMAGE], {}, lambda x, p: F.relu6(x + 3) / 6, True),
    ("tanh", {}, [VECTOR], {}, plain(torch.tanh), True),
    ("hard_tanh", {}, [VECTOR], {}, plain(F.hardtanh), True),
    ("softplus", {}, [VECTOR], {}, plain(F.softplus), True),
    ("softplus", {"beta": 2.5}, [VECTOR], {}, plain(F.softplus, beta=2.5), True),
    ("softsign", {}, [VECTOR], {}, plain(F.softsign), True),
    ("relu", {}, [IMAGE], {}, plain(F.relu), True),
    ("relu6", {}, [IMAGE], {}, plain(F.relu6), True),
    ("leaky_relu", {}, [VECTOR], {}, plain(F.leaky_relu), True),
    ("leaky_relu", {"slope": 0.3}, [VECTOR], {}, plain(F.leaky_relu, negative_slope=0.3), True),
    ("prelu", {}, [IMAGE], {"slope": (1,)}, channels_first(lambda x, p: F.prelu(x, p["slope"])), True),
    (
        "prelu",
        {"per_channel": True},
        [IMAGE],
        {"slope": (2,)},
        channels_first(lambda x, p: F.prelu(x, p["slope"])),
        True,
    ),
    ("rrelu", {}, [VECTOR], {}, plain(F.rrelu, training=False), False),
    ("elu", {}, [VECTOR], {}, plain(F.elu), True),
    ("elu", {"alpha": 0.5}, [VECTOR], {}, plain(F.elu, alpha=0.5), True),
    ("selu", {}, [VECTOR], {}, plain(F.selu), True),
    ("gelu", {}, [VECTOR], {}, plain(F.gelu), True),
    ("gelu", {"approximate": "tanh"}, [VECTOR], {}, plain(F.gelu, approximate="tanh"), True),
    ("silu", {}, [VECTOR], {}, plain(F.silu), True),
    ("hard_swish", {}, [IMAGE], {}, plain(F.hardswish), True),
    ("mish", {}, [VECTOR], {}, plain(F.mish), True),
    ("softmax", {}, [SEQUENCE], {}, plain(F.softmax, dim=-1), True),
    ("log_softmax", {}, [SEQUENCE], {}, plain(F.log_softmax, dim=-1), True),
]


def record(layer, options, inputs, named, function, training, draw):
    """The arrays of one case. Values reach from about -6 to 6, so that every piece of a piecewise function is met."""
    xs = [torch.tensor(draw.normal(size=(ROWS, *shape)) * 2, requires_grad=True) for shape in inputs]
    p = {name: torch.tensor(np.abs(draw.normal(size=shape))) for name, shape in named.items()}
    for name in p.keys() - STATES.keys():
        p[name].requires_grad_()
    found = {name: tensor.detach().numpy().copy() for name, tensor in p.items()}
    found |= {f"x{place}": x.detach().numpy() for place, x in enumerate(xs)}
    y = function(*xs, p)
    dy = torch.tensor(draw.normal(size=tuple(y.shape)))
    y.backward(dy)
    found |= {"y": y.detach().numpy(), "dy": dy.numpy()}
    found |= {f"dx{place}": x.grad.numpy() for place, x in enumerate(xs)}
    found |= {f"d{name}": tensor.grad.numpy() for name, tensor in p.items() if tensor.requires_grad}
    return found | {f"{name}_after": p[name].numpy() for name in STATES if name in p}


def record_all(cases, name):
    draw = np.random.default_rng(0)
    arrays = {
        "cases": np.array(
            json.dumps([[layer, options, training] for layer, options, _, _, _, training in cases])
        )
    }
    for index, case in enumerate(cases):
        arrays |= {f"{index}.{own}": array for own, array in record(*case, draw).items()}
    np.savez_compressed(Path(__file__).parent / name, **arrays)


if __name__ == "__main__":
    record_all(CASES, "layers.npz")
