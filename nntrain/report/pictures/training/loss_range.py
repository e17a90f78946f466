"""Loss range: the limits of a loss axis."""

import numpy as np


def loss_range(steps: np.ndarray, curves: list[np.ndarray]) -> tuple[float, float]:
    """The limits of the loss axis; a `low` of 0 or less means a linear axis.

    They contain the curves completely. Mini-batch outliers may lie outside, so that they do not flatten the curves.
    """
    # 100 decades each way suffice for any loss, and nothing below overflows within them.
    main, noise = (
        np.clip(values[np.isfinite(values)], -1e100, 1e100)
        for values in (np.concatenate([*curves, []]), steps)
    )
    everything = main if len(main) else noise
    if not len(everything):
        return 0.1, 1.0
    if np.count_nonzero(everything <= 0) * 2 > len(everything):
        usual = np.quantile(noise, (0.01, 0.99)) if len(noise) else everything
        low, high = float(min(everything.min(), usual.min())), float(max(everything.max(), usual.max()))
        # A share of the value where there is only one: -1e16 + 1 is still -1e16.
        margin = max(0.05 * (high - low), 1e-6 * max(-low, high)) or 1.0
        return min(low - margin, 0.0), high + margin
    main, noise = (np.maximum(values[values > 0], 1e-100) for values in (main, noise))
    if not len(main):
        low, high = np.quantile(noise, (0.001, 1)) if len(noise) else (0.1, 1.0)
    else:
        low, high = main.min(), main.max()
        if len(noise):
            low = min(low, max(noise.min(), low / 10))
            high = max(high, noise[0], min(noise.max(), high * 10))
    low, high = float(low), float(high)
    margin = (high / low) ** 0.05 if high > low * (1 + 1e-7) else 1.05
    return low / margin, high * margin
