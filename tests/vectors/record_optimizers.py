"""Records the paths of optimizers in optimizers.npz, next to this file, from the libraries that are installed.

Run it from the repository's root where PyTorch and schedulefree are installed, and where optax is: python -m
tests.vectors.record_optimizers. Each run replaces the paths of its own libraries.

PyTorch's Muon iterates in bfloat16; here it does so in float64, with nothing else changed. optax's muon corrects the bias of its
momentum, which without Nesterov only scales a matrix that is normalized: those paths agree.
"""

import importlib.util
from pathlib import Path

import numpy as np

from tests.support.reference.optimizers import DECAYED, TENSORS, slope, start
from tests.support.samples import OPTIMIZERS

RECORDED_STEPS = [1, 2, 3, 10, 50]
FILE = Path(__file__).with_name("optimizers.npz")
HIDDEN = TENSORS[0]
CUT = HIDDEN.stop  # between the matrix and the others


def chosen(path):
    return np.array(path)[np.array(RECORDED_STEPS) - 1]


def with_torch(sample):
    """{key: (steps, parameters)}"""
    import schedulefree
    import torch
    from torch import nn, optim

    torch.set_default_dtype(torch.float64)
    torch.Tensor.bfloat16 = torch.Tensor.clone
    classes = {
        "adam": optim.Adam,
        "adamw": optim.AdamW,
        "sgd": optim.SGD,
        "rprop": optim.Rprop,
        "muon": optim.Muon,
    }
    classes["schedule_free_sgd"] = schedulefree.SGDScheduleFree
    classes["schedule_free_adamw"] = schedulefree.AdamWScheduleFree
    options = dict(sample.options)
    matrix = torch.tensor(start()[:CUT].reshape(HIDDEN.shape).T)  # PyTorch's weights are (outputs, inputs)
    arrays = [nn.Parameter(torch.tensor(part)) for part in (start()[CUT:DECAYED], start()[DECAYED:])]
    groups = [
        {"params": arrays[:1]},
        {"params": arrays[1:]} | ({"weight_decay": 0.0} if sample.name != "rprop" else {}),
    ]
    if sample.name == "muon":
        arrays.insert(0, nn.Parameter(matrix.contiguous()))
        ((name, others),) = options.pop("others").items()
        options = {"adjust_lr_fn" if key == "adjust_lr" else key: value for key, value in options.items()}
        optimizers = [
            optim.Muon(arrays[:1], **{"weight_decay": 0.0} | options),
            classes[name](groups, **others),
        ]
    else:
        arrays.insert(0, nn.Parameter(torch.tensor(start()[:CUT])))
        groups[0]["params"] = arrays[:2]
        if "betas" in options:
            options["betas"] = tuple(options["betas"])
        optimizers = [classes[sample.name](groups, **options)]

    def values():
        first = arrays[0].T if arrays[0].ndim == 2 else arrays[0]
        return np.concatenate([array.detach().numpy().ravel() for array in (first, *arrays[1:])])

    averaging = sample.name.startswith("schedule_free")
    if averaging:
        optimizers[0].train()
    path, averages = [], []
    for _ in range(max(RECORDED_STEPS)):
        gradient = torch.tensor(slope(values()))
        parts = gradient[:CUT], gradient[CUT:DECAYED], gradient[DECAYED:]
        for array, part in zip(arrays, parts, strict=True):
            array.grad = part.reshape(HIDDEN.shape).T.clone() if array.ndim == 2 else part.clone()
        for optimizer in optimizers:
            optimizer.step()
        path.append(values())
        if averaging:
            optimizers[0].eval()
            averages.append(values())
            optimizers[0].train()
    library = "schedulefree" if averaging else "torch"
    found = {f"{sample}/{library}": chosen(path)}
    return found | ({f"{sample}/{library}/average": chosen(averages)} if averaging else {})


def with_optax(sample):
    """{key: (steps, parameters)}"""
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", True)
    options = dict(sample.options)

    def split(values):
        found = {tensor.name: jnp.array(values[tensor.start : tensor.stop]) for tensor in TENSORS}
        return {**found, HIDDEN.name: found[HIDDEN.name].reshape(HIDDEN.shape)}

    def values(tree):
        return np.concatenate([np.asarray(tree[tensor.name]).ravel() for tensor in TENSORS])

    def base():
        ((name, given),) = options["base"].items()
        return {"sgd": optax.sgd, "adam": optax.adam}[name](
            given["lr"], **({"momentum": 0.9} if name == "sgd" else {})
        )

    params = split(start())
    if sample.name == "lamb":
        b1, b2 = options.get("betas", (0.9, 0.999))
        decays = {
            tensor.name: options.get("decay_all", False) or tensor.start < DECAYED for tensor in TENSORS
        }
        decay = options.get("weight_decay", 0.0)
        optimizer = optax.lamb(
            options["lr"], b1, b2, options.get("eps", 1e-6), weight_decay=decay, mask=decays
        )
    elif sample.name == "schedule_free_sgd":
        optimizer = optax.contrib.schedule_free_sgd(options["lr"])
    elif sample.name == "schedule_free_adamw":
        optimizer = optax.contrib.schedule_free_adamw(options["lr"], b1=0.9, b2=0.999, eps=1e-8)
    elif sample.name == "muon":
        rates = {"learning_rate": options["lr"], "adam_learning_rate": options["others"]["adam"]["lr"]}
        optimizer = optax.contrib.muon(**rates, beta=options["momentum"], nesterov=False, eps=1e-16)
    elif sample.name == "lookahead":
        optimizer = optax.lookahead(base(), options.get("k", 5), options.get("alpha", 0.5))
        params = optax.LookaheadParams.init_synced(params)
    else:
        ascent = optax.chain(optax.contrib.normalize(), optax.sgd(options.get("rho", 0.05)))
        optimizer = optax.contrib.sam(base(), ascent, opaque_mode=True, reset_state=False)
    state = optimizer.init(params)

    def gradient(tree, _=None):
        return split(slope(values(tree)))

    path, averages = [], []
    for _ in range(max(RECORDED_STEPS)):
        fast = params.fast if sample.name == "lookahead" else params
        more = {"grad_fn": gradient} if sample.name == "sam" else {}
        updates, state = optimizer.update(gradient(fast), state, params, **more)
        params = optax.apply_updates(params, updates)
        path.append(values(params.fast if sample.name == "lookahead" else params))
        if sample.name == "lookahead":
            averages.append(values(params.slow))
        elif sample.name.startswith("schedule_free"):
            averages.append(values(optax.contrib.schedule_free_eval_params(state, params)))
    found = {f"{sample}/optax": chosen(path)}
    return found | ({f"{sample}/optax/average": chosen(averages)} if averages else {})


def main():
    found = dict(np.load(FILE)) if FILE.exists() else {}
    here = [("optax", with_optax)] if importlib.util.find_spec("optax") else []
    if importlib.util.find_spec("torch"):
        here += [("torch", with_torch), ("schedulefree", with_torch)]
    for sample in OPTIMIZERS:
        for library, record in here:
            if library in sample.recorded:
                found |= record(sample)
    expected = {f"{sample}/{library}" for sample in OPTIMIZERS for library in sample.recorded}
    found = {key: found[key] for key in sorted(found) if key.removesuffix("/average") in expected}
    np.savez_compressed(FILE, **found)
    print(f"{len(found)} paths; missing: {sorted(expected - found.keys())}")


if __name__ == "__main__":
    main()
