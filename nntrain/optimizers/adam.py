"""Adam and its variants."""

import math
from functools import cache
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part
from nntrain.options import Several


class AdamFamily(Optimizer):
    """Base of adam and its variants: running averages `m = b1 m + (1 - b1) g` and `v = b2 v + (1 - b2) g²`, bias-corrected."""

    betas: Several[Fraction] = Field(
        (0.9, 0.999),
        min_length=2,
        max_length=2,
        description="b1 and b2: the decay rates of the running averages of g and of g²",
    )
    eps: float = Field(1e-8, gt=0, description="added to the denominator for numerical stability")

    elementwise = True
    slots = ("mean", "square")

    def rates(self) -> tuple[float, float, float]:
        """1 - b1, b2 and 1 - b2, as kernels expect them."""
        first, second = self.betas
        return 1 - first, second, 1 - second

    def corrections(self, step: int) -> tuple[float, float]:
        """The divisors of the bias correction of m and v."""
        first, second = self.betas
        return 1 - first**step, 1 - second**step


class Adam(AdamFamily, name="adam"):
    """Adam: `p -= lr m / (sqrt(v) + eps)` with running averages m of g and v of g².

    `m = b1 m + (1 - b1) g` and `v = b2 v + (1 - b2) g²`, both bias-corrected: divided by `1 - b1^t` and `1 - b2^t`. The steps are
    about as large as lr, whatever the scale of the gradient. A good default for most networks. `amsgrad` divides by the largest v
    so far.

    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, algorithm 1; amsgrad: Reddi, Kale & Kumar 2018, On the
    convergence of Adam and beyond.
    """

    lr: float = Field(1e-3, gt=0, description="the learning rate")
    amsgrad: bool = Field(
        False, description="divide by the largest v so far, so that the effective learning rate never grows"
    )

    example: ClassVar = {"lr": 0.001}

    def slot_names(self) -> tuple[str, ...]:
        return (*self.slots, "largest_square") if self.amsgrad else self.slots

    def update(self, part: Part, lr: float, step: int) -> None:
        kernels.optimizers.adam(
            part.theta,
            part.grad,
            part.slots["mean"],
            part.slots["square"],
            part.slots.get("largest_square", part.theta[:0]) if self.amsgrad else part.theta[:0],
            self._numbers(lr, step),
            self.decayed(part),
        )

    @property
    def applies_products(self) -> bool:  # type: ignore[override]
        return not self.amsgrad

    def apply_product(
        self, part: Part, x: np.ndarray, dy: np.ndarray, lr: float, step: int, bfloat16: bool = False
    ) -> None:
        mean, square = part.slots["mean"], part.slots["square"]
        kernels.update_product.adam(part.theta, mean, square, x, dy, self._numbers(lr, step), bfloat16)

    def _numbers(self, lr: float, step: int) -> tuple[float, ...]:
        """As kernels expect them."""
        mean_correction, square_correction = self.corrections(step)
        corrected = lr / mean_correction, *self.rates(), 1 / math.sqrt(square_correction), self.eps
        return *corrected, *self._decays(lr)

    def _decays(self, lr: float) -> tuple[float, float]:
        """The factors of both kinds of weight decay: through the gradient, and decoupled from it."""
        return self.weight_decay, 0.0


class AdamW(Adam, name="adamw"):
    """AdamW: adam with decoupled weight decay, `p -= lr (m / (sqrt(v) + eps) + weight_decay p)`.

    In adam, weight decay passes through m and v, so that weights with large gradients decay less; here all decay at the same rate.

    Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization.
    """

    weight_decay: float = Field(
        0.01, ge=0, description="the decoupled weight decay: each step also does `p -= lr weight_decay p`"
    )

    example: ClassVar = {"lr": 0.001, "weight_decay": 0.05}

    def _decays(self, lr: float) -> tuple[float, float]:
        return 0.0, lr * self.weight_decay


class Adamax(AdamFamily, name="adamax"):
    """Adamax: `u = max(b2 u, |g| + eps)`, `p -= lr m / u`; m is adam's, bias-corrected.

    A variant of adam with the infinity norm of the recent gradients in place of their root mean square.

    Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, algorithm 2.
    """

    lr: float = Field(2e-3, gt=0, description="the learning rate")

    example: ClassVar = {"lr": 0.002}

    slots = ("mean", "largest")

    def update(self, part: Part, lr: float, step: int) -> None:
        new_mean, old_largest, _ = self.rates()
        kernels.optimizers.adamax(
            part.theta,
            part.grad,
            part.slots["mean"],
            part.slots["largest"],
            (lr / self.corrections(step)[0], new_mean, old_largest, self.eps),
            *self.coupled_decay(part),
        )


class NAdam(AdamFamily, name="nadam"):
    """NAdam: adam with Nesterov momentum, `p -= lr ((1 - c(t)) / (1 - C(t)) g + c(t+1) / (1 - C(t+1)) m) / (sqrt(v) + eps)`.

    `c(t) = b1 (1 - 0.96^(t momentum_decay) / 2)` is a momentum that increases towards b1, `C(t) = c(1) ... c(t)`; v is
    bias-corrected.

    Source: Dozat 2016, Incorporating Nesterov momentum into Adam.
    """

    lr: float = Field(2e-3, gt=0, description="the learning rate")
    momentum_decay: float = Field(4e-3, ge=0, description="how fast the momentum approaches b1")

    example: ClassVar = {"lr": 0.002}

    def update(self, part: Part, lr: float, step: int) -> None:
        now = _nadam_momentum(self.betas[0], self.momentum_decay, step)
        then = _nadam_momentum(self.betas[0], self.momentum_decay, step + 1)
        product = _nadam_products(self.betas[0], self.momentum_decay).up_to(step)
        kernels.optimizers.nadam(
            part.theta,
            part.grad,
            part.slots["mean"],
            part.slots["square"],
            (
                lr * (1 - now) / (1 - product),
                lr * then / (1 - product * then),
                *self.rates(),
                1 / math.sqrt(self.corrections(step)[1]),
                self.eps,
            ),
            *self.coupled_decay(part),
        )


def _nadam_momentum(beta: float, decay: float, step: int) -> float:
    return beta * (1 - 0.5 * 0.96 ** (step * decay))


class _Products:
    """C(t) of nadam: a pure function of t that continues from its last result, since t usually increases by 1."""

    def __init__(self, beta: float, decay: float) -> None:
        self.beta, self.decay = beta, decay
        self.step, self.product = 0, 1.0

    def up_to(self, step: int) -> float:
        if step < self.step:
            self.step, self.product = 0, 1.0
        while self.step < step:
            self.step += 1
            self.product *= _nadam_momentum(self.beta, self.decay, self.step)
        return self.product


_nadam_products = cache(_Products)


class RAdam(AdamFamily, name="radam"):
    """RAdam: rectified adam, `p -= lr r(t) m / (sqrt(v) + eps)`; while v is too uncertain, `p -= lr m`.

    With `n = 2 / (1 - b2) - 1` and `n(t) = n - 2 t b2^t / (1 - b2^t)`, `r(t) = sqrt((n(t) - 4) (n(t) - 2) n / ((n - 4) (n - 2)
    n(t)))` where `n(t) > 5`; m and v are bias-corrected. It limits the variance of the first steps, so that no warmup is needed.

    Source: Liu et al. 2020, On the variance of the adaptive learning rate and beyond.
    """

    lr: float = Field(1e-3, gt=0, description="the learning rate")

    example: ClassVar = {"lr": 0.001}

    def update(self, part: Part, lr: float, step: int) -> None:
        mean_correction, square_correction = self.corrections(step)
        longest = 2 / (1 - self.betas[1]) - 1
        length = longest - 2 * step * self.betas[1] ** step / square_correction
        adaptive = length > 5
        factor = 1.0
        if adaptive:
            rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            factor = math.sqrt(rectified) * math.sqrt(square_correction)
        kernels.optimizers.radam(
            part.theta,
            part.grad,
            part.slots["mean"],
            part.slots["square"],
            (lr * factor / mean_correction, adaptive, *self.rates(), self.eps),
            *self.coupled_decay(part),
        )
