"""What `train.precision` means for arrays. Importing it does not load numba."""

import numpy as np


def float_type(precision: str) -> np.dtype:
    """The type of arrays. Under bfloat16 they are float32: only the operands of products are rounded."""
    return np.dtype("float32" if precision == "bfloat16" else precision)
