"""Records ordinal.npz: ordered classes drawn at random, and the proportional-odds model that statsmodels fits to them.

Needs statsmodels. Arrays: x (samples, columns), classes (samples,); coefficients (columns,), thresholds (classes - 1,), probabilities
(samples, classes), and loss: the mean negative log-likelihood.
"""

from pathlib import Path

import numpy as np
from statsmodels.miscmodels.ordinal_model import OrderedModel

SAMPLES = 400


def main():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(SAMPLES, 2))
    classes = np.digitize(x @ [1.5, -0.7] + draw.logistic(size=SAMPLES), [-1.5, 0.2, 1.0])
    fitted = OrderedModel(classes, x, distr="logit").fit(method="bfgs", disp=False)
    np.savez_compressed(
        Path(__file__).parent / "ordinal.npz",
        x=x,
        classes=classes,
        coefficients=fitted.params[:2],
        thresholds=fitted.model.transform_threshold_params(fitted.params)[1:-1],
        probabilities=fitted.predict(),
        loss=-fitted.llf / SAMPLES,
    )


if __name__ == "__main__":
    main()
