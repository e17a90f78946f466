"""Optimizers: one step from the gradient, in place, in one pass over the flat parameter array.

The formulas, defaults and orders of operations are PyTorch's. In the equations p is theta, g the gradient, t the step.
"""

import math
from functools import cache
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.component import Component
from nntrain.options import Several, mistake

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Component, family="optimizer"):
    """How the parameters follow the gradient. Below, p is a parameter, g its gradient, t the step from 1, and `p -= lr ...` what
    a step does.

    Every optimizer declares `lr` as the first of its own options, so that `adam: 3e-4` sets it.
    """

    weight_decay: float = Field(
        0.0,
        ge=0,
        description="how strongly the weights are pulled towards 0: adds `weight_decay p` to "
        "the gradient (`adamw` and `lion` decay apart from it)",
    )
    decay_all: bool = Field(
        False, description="decay biases and the scales of normalisations as well, not weights alone"
    )

    slots: ClassVar[
        tuple[str, ...]
    ] = ()  # names of the arrays as long as theta that it keeps, zero at the start

    def slot_names(self) -> tuple[str, ...]:
        """The slots that these options need."""
        return self.slots

    def update(self, theta, grad, slots: dict[str, np.ndarray], lr: float, step: int, decayed: int) -> None:
        """One step. theta, grad, slots: (parameters,), contiguous. step counts from 1. weight_decay acts on theta[:decayed],
        under `decay_all` on all of it."""
        raise NotImplementedError

    def decay(self, theta, decayed: int) -> tuple[float, int]:
        """What kernels take to add weight_decay * p to the gradient."""
        return self.weight_decay, theta.size if self.decay_all else decayed

    def shrink(self, theta, lr: float, decayed: int) -> tuple[float, int]:
        """What kernels take for decoupled decay: p is pulled by lr * weight_decay * p whatever the gradient."""
        return lr * self.weight_decay, theta.size if self.decay_all else decayed


class SGD(Optimizer, name="sgd"):
    """Gradient descent: `p -= lr g`; with momentum `b = momentum b + g` and `p -= lr b`.

    Momentum carries on through noise and narrow valleys. With dampening d it is `b = momentum b + (1 - d) g` after the first
    step; with `nesterov`, `p -= lr (g + momentum b)`.

    Source: Polyak 1964, Some methods of speeding up the convergence of iteration methods; Nesterov 1983, A method of solving a
    convex programming problem with convergence rate O(1/k²).
    """

    lr: float = Field(gt=0, description="the learning rate: the size of the steps")
    momentum: Fraction = Field(0.0, description="how much of the last step's direction is kept, such as 0.9")
    nesterov: bool = Field(False, description="look ahead to where momentum leads")
    dampening: float = Field(0.0, ge=0, le=1, description="how much of the gradient momentum leaves out")

    example: ClassVar = {"lr": 0.1, "momentum": 0.9}

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self):
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise mistake(
                "nesterov needs a momentum above 0 and no dampening. "
                f"Received: momentum {self.momentum:g}, dampening {self.dampening:g}."
            )
        return self

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def update(self, theta, grad, slots, lr, step, decayed):
        if not self.momentum:
            kernels.optimizers.sgd(theta, grad, lr, *self.decay(theta, decayed))
            return
        added = 1.0 if step == 1 else 1 - self.dampening
        kernels.optimizers.momentum(
            theta,
            grad,
            slots["velocity"],
            (lr, self.momentum, added, self.nesterov),
            *self.decay(theta, decayed),
        )


class Adagrad(Optimizer, name="adagrad"):
    """Each parameter's steps shrink with the gradients that it has seen: `v += g²`, `p -= lr g / (sqrt(v) + eps)`.

    Suits rare features, which keep their large steps. Elsewhere the steps may end too early.

    Source: Duchi, Hazan & Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization.
    """

    lr: float = Field(1e-2, gt=0, description="the learning rate: the size of the steps")
    lr_decay: float = Field(
        0.0, ge=0, description="makes the learning rate of step t `lr / (1 + (t - 1) lr_decay)`"
    )
    initial_accumulator_value: float = Field(0.0, ge=0, description="what v starts from")
    eps: float = Field(1e-10, gt=0, description="keeps the quotient finite where the gradients were 0")

    example: ClassVar = {"lr": 0.01}

    slots = ("square",)

    def update(self, theta, grad, slots, lr, step, decayed):
        lr = lr / (1 + (step - 1) * self.lr_decay)
        kernels.optimizers.adagrad(
            theta,
            grad,
            slots["square"],
            (lr, self.initial_accumulator_value, self.eps),
            *self.decay(theta, decayed),
        )


class Adadelta(Optimizer, name="adadelta"):
    """Steps as large as the recent steps were, so that no learning rate has to be found.

    `v = rho v + (1 - rho) g²`, `d = sqrt(u + eps) / sqrt(v + eps) g`, `u = rho u + (1 - rho) d²`, `p -= lr d`.

    Source: Zeiler 2012, ADADELTA: an adaptive learning rate method.
    """

    lr: float = Field(1.0, gt=0, description="a factor on the steps")
    rho: Fraction = Field(0.9, description="how much of the running means of g² and d² each step keeps")
    eps: float = Field(1e-6, gt=0, description="starts the steps, and keeps the quotient finite")

    slots = ("square", "change")

    def update(self, theta, grad, slots, lr, step, decayed):
        kernels.optimizers.adadelta(
            theta,
            grad,
            slots["square"],
            slots["change"],
            (lr, self.rho, 1 - self.rho, self.eps),
            *self.decay(theta, decayed),
        )


class RMSprop(Optimizer, name="rmsprop"):
    """The gradient divided by the root of its running mean square: `v = alpha v + (1 - alpha) g²`, `p -= lr g / (sqrt(v) + eps)`.

    `centered` takes the square of the running mean off v. With momentum, `b = momentum b + g / (sqrt(v) + eps)` and `p -= lr b`.

    Source: Tieleman & Hinton 2012, Lecture 6.5; centered: Graves 2013, Generating sequences with recurrent neural networks.
    """

    lr: float = Field(1e-2, gt=0, description="the learning rate: the size of the steps")
    alpha: Fraction = Field(0.99, description="how much of the running means each step keeps")
    eps: float = Field(1e-8, gt=0, description="keeps the quotient finite where the gradients were 0")
    centered: bool = Field(
        False, description="divide by the gradient's deviation in place of its root mean square"
    )
    momentum: Fraction = Field(0.0, description="how much of the last step's direction is kept")

    example: ClassVar = {"lr": 0.001}

    def slot_names(self) -> tuple[str, ...]:
        return ("square",) + ("mean",) * self.centered + ("velocity",) * bool(self.momentum)

    def update(self, theta, grad, slots, lr, step, decayed):
        unused = theta[:0]
        kernels.optimizers.rmsprop(
            theta,
            grad,
            slots["square"],
            slots.get("mean", unused),
            slots.get("velocity", unused),
            (lr, self.alpha, 1 - self.alpha, self.momentum, self.eps),
            *self.decay(theta, decayed),
        )


class AdamFamily(Optimizer):
    """Base of adam and its kin: running means `m = b1 m + (1 - b1) g` and `v = b2 v + (1 - b2) g²`, corrected for having started
    at 0.
    """

    betas: Several[Fraction] = Field(
        (0.9, 0.999),
        min_length=2,
        max_length=2,
        description="b1 and b2: how much of the running means of g and of g² each step keeps",
    )
    eps: float = Field(1e-8, gt=0, description="keeps the quotient finite where the gradients were 0")

    slots = ("mean", "square")

    def means(self) -> tuple[float, float, float]:
        """1 - b1, b2 and 1 - b2, as the kernels take them."""
        first, second = self.betas
        return 1 - first, second, 1 - second

    def corrections(self, step: int) -> tuple[float, float]:
        """What m and v are divided by."""
        first, second = self.betas
        return 1 - first**step, 1 - second**step


class Adam(AdamFamily, name="adam"):
    """The running mean of the gradient divided by the root of its running mean square: `p -= lr m / (sqrt(v) + eps)`.

    `m = b1 m + (1 - b1) g` and `v = b2 v + (1 - b2) g²`, both corrected for having started at 0: `m / (1 - b1^t)`, `v / (1 -
    b2^t)`. So each parameter's steps are about as large as lr, whatever the scale of its gradient. `amsgrad` divides by the
    largest v so far.

    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, algorithm 1; amsgrad: Reddi, Kale & Kumar 2018, On the
    convergence of Adam and beyond.
    """

    lr: float = Field(1e-3, gt=0, description="the learning rate: the size of the steps")
    amsgrad: bool = Field(
        False, description="divide by the largest running mean square so far, so that steps never grow again"
    )

    example: ClassVar = {"lr": 0.001}

    def slot_names(self) -> tuple[str, ...]:
        return (*self.slots, "largest_square") if self.amsgrad else self.slots

    def update(self, theta, grad, slots, lr, step, decayed):
        self._update(theta, grad, slots, lr, step, self.weight_decay, 0.0, self.decay(theta, decayed)[1])

    def _update(self, theta, grad, slots, lr, step, decay, shrink, decayed):
        mean_correction, square_correction = self.corrections(step)
        kernels.optimizers.adam(
            theta,
            grad,
            slots["mean"],
            slots["square"],
            slots.get("largest_square", theta[:0]),
            (
                lr / mean_correction,
                *self.means(),
                1 / math.sqrt(square_correction),
                self.eps,
                decay,
                shrink,
            ),
            decayed,
        )


class AdamW(Adam, name="adamw"):
    """An adam whose weight decay bypasses the running means: besides adam's step, `p -= lr weight_decay p`.

    In adam, weights with large gradients are decayed less; here all are decayed alike.

    Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization.
    """

    weight_decay: float = Field(0.01, ge=0, description="how strongly the weights are pulled towards 0")

    example: ClassVar = {"lr": 0.001, "weight_decay": 0.05}

    def update(self, theta, grad, slots, lr, step, decayed):
        self._update(theta, grad, slots, lr, step, 0.0, *self.shrink(theta, lr, decayed))


class Adamax(AdamFamily, name="adamax"):
    """An adam with the largest recent gradient in place of the mean square: `u = max(b2 u, |g| + eps)`, `p -= lr m / u`.

    m is adam's, corrected for having started at 0.

    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, algorithm 2.
    """

    lr: float = Field(2e-3, gt=0, description="the learning rate: the size of the steps")

    example: ClassVar = {"lr": 0.002}

    slots = ("mean", "largest")

    def update(self, theta, grad, slots, lr, step, decayed):
        new_mean, old_largest, _ = self.means()
        kernels.optimizers.adamax(
            theta,
            grad,
            slots["mean"],
            slots["largest"],
            (lr / self.corrections(step)[0], new_mean, old_largest, self.eps),
            *self.decay(theta, decayed),
        )


class NAdam(AdamFamily, name="nadam"):
    """An adam with Nesterov's look ahead, and a momentum that grows towards b1.

    `c(t) = b1 (1 - 0.96^(t momentum_decay) / 2)` and `C(t) = c(1) ... c(t)`; `p -= lr ((1 - c(t)) / (1 - C(t)) g + c(t+1) / (1 -
    C(t+1)) m) / (sqrt(v) + eps)`, v corrected for having started at 0.

    Source: Dozat 2016, Incorporating Nesterov momentum into Adam.
    """

    lr: float = Field(2e-3, gt=0, description="the learning rate: the size of the steps")
    momentum_decay: float = Field(4e-3, ge=0, description="how fast the momentum grows")

    example: ClassVar = {"lr": 0.002}

    def update(self, theta, grad, slots, lr, step, decayed):
        now = _nadam_momentum(self.betas[0], self.momentum_decay, step)
        then = _nadam_momentum(self.betas[0], self.momentum_decay, step + 1)
        product = _nadam_products(self.betas[0], self.momentum_decay).upto(step)
        kernels.optimizers.nadam(
            theta,
            grad,
            slots["mean"],
            slots["square"],
            (
                lr * (1 - now) / (1 - product),
                lr * then / (1 - product * then),
                *self.means(),
                1 / math.sqrt(self.corrections(step)[1]),
                self.eps,
            ),
            *self.decay(theta, decayed),
        )


def _nadam_momentum(beta: float, decay: float, step: int) -> float:
    return beta * (1 - 0.5 * 0.96 ** (step * decay))


class _Products:
    """The products of a NAdam's momenta up to a step: a pure function, which remembers how far it got."""

    def __init__(self, beta: float, decay: float):
        self.beta, self.decay = beta, decay
        self.step, self.product = 0, 1.0

    def upto(self, step: int) -> float:
        if step < self.step:
            self.step, self.product = 0, 1.0
        while self.step < step:
            self.step += 1
            self.product *= _nadam_momentum(self.beta, self.decay, self.step)
        return self.product


_nadam_products = cache(_Products)


class RAdam(AdamFamily, name="radam"):
    """An adam that waits with dividing by `sqrt(v)` until v is known well enough, so that it needs no warmup.

    With `r = 2 / (1 - b2) - 1` and `r(t) = r - 2 t b2^t / (1 - b2^t)`: where `r(t) > 5`, adam's step times `sqrt((r(t) - 4) (r(t)
    - 2) r / ((r - 4) (r - 2) r(t)))`, else `p -= lr m`; m and v corrected for having started at 0.

    Source: Liu et al. 2020, On the variance of the adaptive learning rate and beyond.
    """

    lr: float = Field(1e-3, gt=0, description="the learning rate: the size of the steps")

    example: ClassVar = {"lr": 0.001}

    def update(self, theta, grad, slots, lr, step, decayed):
        mean_correction, square_correction = self.corrections(step)
        known = 2 / (1 - self.betas[1]) - 1
        now = known - 2 * step * self.betas[1] ** step / square_correction
        adaptive = now > 5
        factor = 1.0
        if adaptive:
            rectified = (now - 4) * (now - 2) * known / ((known - 4) * (known - 2) * now)
            factor = math.sqrt(rectified) * math.sqrt(square_correction)
        kernels.optimizers.radam(
            theta,
            grad,
            slots["mean"],
            slots["square"],
            (lr * factor / mean_correction, adaptive, *self.means(), self.eps),
            *self.decay(theta, decayed),
        )


class Lion(Optimizer, name="lion"):
    """Steps of one size along the sign of the momentum: `p -= lr (sign(b1 m + (1 - b1) g) + weight_decay p)`.

    Then `m = b2 m + (1 - b2) g`. It keeps one array in place of adam's two. A tenth of adam's learning rate suits it.

    Source: Chen et al. 2023, Symbolic discovery of optimization algorithms.
    """

    lr: float = Field(1e-4, gt=0, description="the learning rate, which is the size of every step")
    betas: Several[Fraction] = Field(
        (0.9, 0.99),
        min_length=2,
        max_length=2,
        description="b1 and b2: how much of the momentum counts in the step, and is kept",
    )

    example: ClassVar = {"lr": 0.0001}

    slots = ("mean",)

    def update(self, theta, grad, slots, lr, step, decayed):
        first, second = self.betas
        kernels.optimizers.lion(
            theta, grad, slots["mean"], (lr, 1 - first, 1 - second), *self.shrink(theta, lr, decayed)
        )
