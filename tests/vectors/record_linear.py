"""Records linear.npz: public tables and the coefficients that statsmodels finds for linear, logit and Poisson regressions on them.

Needs statsmodels. The tables are in the public domain: Longley's (1967) economy of the United States, Brownlee's (1965) stack loss, the
American National Election Study of 1996, and visits to doctors in the RAND Health Insurance Experiment. Arrays of each regression:
"NAME.x" (rows, columns), "NAME.y" (rows,), and "NAME.coefficients" (1 + columns, outputs), the constant first; those of a multinomial
logit are relative to the first class.
"""

from pathlib import Path

import numpy as np
import statsmodels.api as sm

POLITICS = ["logpopul", "selfLR", "age", "educ", "income"]


def fitted(x, y, model, **options):
    return np.atleast_2d(model(y, sm.add_constant(x)).fit(**options).params.T).T


def table(name, columns=None, target=None):
    data = getattr(sm.datasets, name).load_pandas()
    x = data.exog if columns is None else data.data[columns]
    y = data.endog if target is None else data.data[target]
    return x.to_numpy(np.float64), y.to_numpy(np.float64)


def main():
    exact = {"disp": 0, "maxiter": 100}
    cases = {
        "longley": (*table("longley"), sm.OLS, {}),
        "stackloss": (*table("stackloss"), sm.OLS, {}),
        "vote": (*table("anes96", POLITICS, "vote"), sm.Logit, exact),
        "party": (*table("anes96", POLITICS, "PID"), sm.MNLogit, exact),
        "visits": (*table("randhie"), sm.Poisson, exact),
    }
    arrays = {}
    for name, (x, y, model, options) in cases.items():
        arrays |= {f"{name}.x": x, f"{name}.y": y, f"{name}.coefficients": fitted(x, y, model, **options)}
    np.savez_compressed(Path(__file__).parent / "linear.npz", **arrays)


if __name__ == "__main__":
    main()
