"""Warming: what answers the first requests is compiled and loaded before the server says that it is ready."""

import numpy as np

from nntrain.data.conform.arrays import unlabeled
from nntrain.inference.generate import Sampling, generated
from nntrain.serve.examples import prompt
from nntrain.serve.served import Served

ROWS = (1, 64)  # kernels use threads for the second


def warm_up(served: Served) -> None:
    """Predicts for zeros, or continues a text by a token."""
    trained, data = served.trained, served.data
    if served.kind == "text":
        generated(trained, prompt(served), Sampling(length=2))
        return
    for rows in ROWS:
        x = np.zeros((rows, *data.input_shape), data.x.dtype)
        trained.outputs(unlabeled(data, x))
        trained.quick_outputs(x)
