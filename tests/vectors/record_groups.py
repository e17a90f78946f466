"""Records PyTorch's training of a small network with parameter groups in groups.npz, next to this file.

Run it where PyTorch is installed, from the repository's root: python -m tests.vectors.record_groups
"""

from pathlib import Path

import numpy as np
import torch
from torch import optim
from torch.nn import functional

from tests.support.parameter_groups import CASES, LR, NAMES, STEPS, data, start

torch.set_default_dtype(torch.float64)
OPTIMIZER = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop}


def trained(case: dict) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The loss before each step (STEPS,), and the parameters after the last one."""
    (kind, options), groups = case["optimizer"], case["torch"]
    parameters = {name: torch.tensor(start()[name], requires_grad=True) for name in NAMES}
    options = {"lr": LR, **options}
    chosen = [{**group, "params": [parameters[name] for name in group["params"]]} for group in groups]
    optimizer = OPTIMIZER[kind](chosen, **options)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    learning = [parameter for group in chosen for parameter in group["params"]]
    x, target = map(torch.tensor, data())
    losses = []
    for _ in range(STEPS):
        hidden = torch.tanh(x @ parameters["dense_1.weight"] + parameters["dense_1.bias"])
        hidden = torch.tanh(hidden @ parameters["dense_2.weight"] + parameters["dense_2.bias"])
        y = hidden @ parameters["dense_3.weight"] + parameters["dense_3.bias"]
        loss = functional.cross_entropy(y, target.long())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        # clip_grad_norm_ adds 1e-6 to the norm.
        norm = torch.stack([parameter.grad.norm() for parameter in learning]).norm()
        for parameter in learning:
            parameter.grad *= min(1.0, case["clip"] / norm)
        optimizer.step()
        schedule.step()
    return np.array(losses), {name: parameter.detach().numpy() for name, parameter in parameters.items()}


if __name__ == "__main__":
    found = {}
    for name, case in CASES.items():
        losses, parameters = trained(case)
        found[f"{name}/losses"] = losses
        found |= {f"{name}/{key}": values for key, values in parameters.items()}
    np.savez_compressed(Path(__file__).with_name("groups.npz"), **found)
