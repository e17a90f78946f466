"""Records PyTorch's results for the samples of losses, optimizers and schedules in training.npz, next to this file.

Run it where PyTorch is installed, from the repository's root: python -m tests.vectors.record_training
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional
from torch.optim import lr_scheduler

from tests.support.reference.losses import example
from tests.support.reference.optimizers import DECAYED, slope, start
from tests.support.reference.schedules import BASE, END, monitored
from tests.support.samples import LOSSES, OPTIMIZERS, SCHEDULES

RECORDED_STEPS = [1, 2, 3, 10, 50]

torch.set_default_dtype(torch.float64)


def one_hot(x, t):
    if t.ndim == 2:
        return t
    return t[:, None].double() if x.shape[1] == 1 else functional.one_hot(t, x.shape[1]).double()


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2.0):
    """torchvision.ops.sigmoid_focal_loss with reduction="mean"."""
    p = torch.sigmoid(inputs)
    ce_loss = functional.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = alpha * targets + (1 - alpha) * (1 - targets)
    return (alpha_t * ce_loss * ((1 - p_t) ** gamma)).mean()


LOSS = {
    "sse": lambda x, t: nn.MSELoss(reduction="sum")(x, one_hot(x, t)) / len(x),
    "mse": lambda x, t: nn.MSELoss()(x, one_hot(x, t)),
    "mae": lambda x, t: nn.L1Loss()(x, one_hot(x, t)),
    "huber": lambda x, t, **options: nn.HuberLoss(**options)(x, one_hot(x, t)),
    "smooth_l1": lambda x, t, **options: nn.SmoothL1Loss(**options)(x, one_hot(x, t)),
    "poisson": lambda x, t: nn.PoissonNLLLoss()(x, t),
    "cross_entropy": lambda x, t, class_weights=None, label_smoothing=0.0: nn.CrossEntropyLoss(
        torch.tensor(class_weights, dtype=torch.float64) if class_weights else None,
        label_smoothing=label_smoothing,
    )(x, t),
    "binary_cross_entropy": lambda x, t, pos_weight=1.0: nn.BCEWithLogitsLoss(
        pos_weight=torch.tensor([pos_weight])
    )(x, one_hot(x, t)),
    "gaussian_nll": lambda x, t: nn.GaussianNLLLoss()(x[:, ::2], t, x[:, 1::2].exp()),
    "binary_focal": lambda x, t, **options: sigmoid_focal_loss(x, one_hot(x, t), **options),
    "nll": lambda x, t: nn.NLLLoss()(x, t) if t.ndim == 1 else -(x * t).sum() / len(x),
    "kl_div": lambda x, t: nn.KLDivLoss(reduction="mean")(x, one_hot(x, t)),
    "cosine": lambda x, t: (1 - nn.CosineSimilarity()(x, one_hot(x, t))).mean(),
}

OPTIMIZER = {
    "sgd": optim.SGD,
    "adagrad": optim.Adagrad,
    "adadelta": optim.Adadelta,
    "rmsprop": optim.RMSprop,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "adamax": optim.Adamax,
    "nadam": optim.NAdam,
    "radam": optim.RAdam,
}

SCHEDULE = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
    "step": lr_scheduler.StepLR,
    "multi_step": lr_scheduler.MultiStepLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lambda o, end_factor=0.0, total=END: lr_scheduler.LinearLR(o, 1.0, end_factor, total),
    "polynomial": lambda o, power=1.0, total=END: lr_scheduler.PolynomialLR(o, total, power),
    "cosine": lambda o, eta_min=0.0, total=END: lr_scheduler.CosineAnnealingLR(o, total, eta_min),
    "cosine_restarts": lambda o, t_0, t_mult=1, eta_min=0.0: lr_scheduler.CosineAnnealingWarmRestarts(
        o, t_0, t_mult, eta_min
    ),
    "one_cycle": lambda o, **options: lr_scheduler.OneCycleLR(
        o, total_steps=END, cycle_momentum=False, **options
    ),
    "cyclic": lambda o, step_size, **options: lr_scheduler.CyclicLR(
        o, BASE, step_size_up=step_size, cycle_momentum=False, **options
    ),
    "reduce_on_plateau": lr_scheduler.ReduceLROnPlateau,
}


def record_loss(sample, kind):
    prediction, target = example(kind)
    x = torch.tensor(prediction, requires_grad=True)
    loss = LOSS[sample.name](
        x, torch.tensor(target.astype(np.int64) if target.ndim == 1 else target), **sample.options
    )
    loss.backward()
    return {"prediction": prediction, "target": target, "loss": loss.item(), "gradient": x.grad.numpy()}


def record_optimizer(sample):
    options = dict(sample.options)
    decay_all = options.pop("decay_all", False)
    decayed = nn.Parameter(torch.tensor(start()[:DECAYED]))
    others = nn.Parameter(torch.tensor(start()[DECAYED:]))
    undecayed = {} if decay_all else {"weight_decay": 0.0}
    optimizer = OPTIMIZER[sample.name]([{"params": [decayed]}, {"params": [others], **undecayed}], **options)
    path = []
    for _ in range(max(RECORDED_STEPS)):
        gradient = torch.tensor(slope(torch.cat([decayed, others]).detach().numpy()))
        decayed.grad, others.grad = gradient[:DECAYED].clone(), gradient[DECAYED:].clone()
        optimizer.step()
        path.append(torch.cat([decayed, others]).detach().numpy())
    return {"theta": np.array(path)[np.array(RECORDED_STEPS) - 1]}


def record_schedule(sample):
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=BASE)
    scheduler = SCHEDULE[sample.name](optimizer, **sample.options)
    lrs = []
    for metric in monitored():
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(lrs) < END:
            scheduler.step(*[metric] * (sample.name == "reduce_on_plateau"))
    return {"lr": np.array(lrs)}


def main():
    found = {}
    for sample in LOSSES:
        if sample.in_pytorch:
            for kind in sample.targets:
                found |= {f"{sample}/{kind}/{key}": value for key, value in record_loss(sample, kind).items()}
    for sample in OPTIMIZERS:
        if sample.in_pytorch:
            found |= {f"{sample}/{key}": value for key, value in record_optimizer(sample).items()}
    for sample in SCHEDULES:
        if sample.in_pytorch:
            found |= {f"{sample}/{key}": value for key, value in record_schedule(sample).items()}
    np.savez_compressed(Path(__file__).with_name("training.npz"), **found)


if __name__ == "__main__":
    main()
