"""Finite: what to say of arrays with NaN or infinity in them."""

import numpy as np

from nntrain.errors import UserError

VALUES_AT_ONCE = 1 << 22  # so that a mapped file needs little memory


def require_finite(name: str, array: np.ndarray) -> None:
    """Raises UserError with the first place in array (samples, ...) where there is NaN or infinity."""
    if array.dtype.kind != "f":
        return
    rows = max(1, VALUES_AT_ONCE // max(1, array[0].size))
    for start in range(0, len(array), rows):
        finite = np.isfinite(array[start : start + rows])
        if not finite.all():
            sample, *value = np.argwhere(~finite)[0]
            place = f", value {', '.join(str(axis + 1) for axis in value)}" if value else ""
            raise UserError(
                f"{name}: sample {start + sample + 1}{place}: expected a finite number. "
                f"Received: {array[(start + sample, *value)]}."
            )
