"""Metrics of language models: from the probability of the true class."""

import math

import numpy as np

from nntrain.errors import ConfigError
from nntrain.losses import Loss
from nntrain.losses.classification import CrossEntropy
from nntrain.metrics.metric import Metric, counted_rows, one_hot, ratio
from nntrain.metrics.state import Sums

LOG_2 = math.log(2)


class Perplexity(Metric, name="perplexity"):
    """Perplexity: `exp(mean of -log(p))`, with the probability p of the true class.

    A model that guesses uniformly among n classes has perplexity n.
    """

    targets = "classes"

    def check(self, loss: Loss, classes: int | None) -> None:
        super().check(loss, classes)
        if loss.targets != "classes":
            raise ConfigError(
                f"{self.yaml_name} requires logits of classes, but {loss.yaml_name} does not train logits",
                "Use the loss cross_entropy.",
            )

    def start(self, loss: Loss) -> Sums:
        return {"sum": 0.0, "count": 0.0}

    def sums_the_loss(self, loss: Loss) -> bool:
        return loss == CrossEntropy()

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        logits = prediction.astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        if target.ndim == 1:  # the fast path: texts have many classes and a target per step
            hit = logits[np.arange(len(logits)), target]
        else:
            true = one_hot(target, prediction.shape[1])
            products = np.multiply(logits, true, out=np.zeros_like(logits), where=true != 0)
            hit = products.sum(axis=1)  # with 0 times -inf as 0
        losses = np.log(np.exp(logits, out=logits).sum(axis=1)) - hit
        sums["sum"] += float(weight @ losses)
        sums["count"] += float(weight.sum())

    def value(self, sums: Sums) -> float:
        """Infinity where it exceeds the range of a float."""
        mean = ratio(sums["sum"], sums["count"])
        return math.inf if mean > 700 else math.exp(mean)  # exp(710) overflows


class BitsPerCharacter(Perplexity, name="bits_per_character"):
    """Bits per character: the mean of `-log2(p)`, with the probability p of the true class; `log2` of the perplexity.

    For a text of characters, the average size of a compressed character if the model drives an ideal compressor.
    """

    def value(self, sums: Sums) -> float:
        return ratio(sums["sum"], sums["count"]) / LOG_2
