"""nntrain: trains neural networks described in YAML, on a core compiled by Numba.

`nntrain.fit` trains, `nntrain.load` opens a trained network, `nntrain.check` finds mistakes before training,
`nntrain.gradcheck` verifies gradients; see docs/python.md.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nntrain.api.check import check
    from nntrain.api.crossval import CrossvalFailed, CrossValidation, crossval
    from nntrain.api.data import Data
    from nntrain.api.doctor import diagnose
    from nntrain.api.find_lr import find_lr
    from nntrain.api.fit import fit
    from nntrain.api.gradcheck import gradcheck
    from nntrain.api.import_weights import Imported, import_weights
    from nntrain.api.model import Model, load
    from nntrain.api.plot import plot
    from nntrain.api.report import write_report
    from nntrain.api.run import Run, open_run
    from nntrain.api.runs import diff_runs, runs
    from nntrain.api.sweep import Sweep, SweepFailed, sweep
    from nntrain.errors import ConfigError, DataError, NntrainError, UserError
    from nntrain.training.diagnosis import Diverged

# Loaded on first use, so that importing nntrain costs nothing.
_HOMES = {
    "fit": "nntrain.api.fit",
    "crossval": "nntrain.api.crossval",
    "find_lr": "nntrain.api.find_lr",
    "load": "nntrain.api.model",
    "open_run": "nntrain.api.run",
    "runs": "nntrain.api.runs",
    "diff_runs": "nntrain.api.runs",
    "sweep": "nntrain.api.sweep",
    "Sweep": "nntrain.api.sweep",
    "SweepFailed": "nntrain.api.sweep",
    "gradcheck": "nntrain.api.gradcheck",
    "import_weights": "nntrain.api.import_weights",
    "Imported": "nntrain.api.import_weights",
    "plot": "nntrain.api.plot",
    "check": "nntrain.api.check",
    "diagnose": "nntrain.api.doctor",
    "write_report": "nntrain.api.report",
    "Data": "nntrain.api.data",
    "Model": "nntrain.api.model",
    "Run": "nntrain.api.run",
    "CrossValidation": "nntrain.api.crossval",
    "CrossvalFailed": "nntrain.api.crossval",
    "NntrainError": "nntrain.errors",
    "UserError": "nntrain.errors",
    "ConfigError": "nntrain.errors",
    "DataError": "nntrain.errors",
    "Diverged": "nntrain.training.diagnosis",
}

__all__ = [
    "ConfigError",
    "CrossValidation",
    "CrossvalFailed",
    "Data",
    "DataError",
    "Diverged",
    "Imported",
    "Model",
    "NntrainError",
    "Run",
    "Sweep",
    "SweepFailed",
    "UserError",
    "check",
    "crossval",
    "diagnose",
    "diff_runs",
    "find_lr",
    "fit",
    "gradcheck",
    "import_weights",
    "load",
    "open_run",
    "plot",
    "runs",
    "sweep",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nntrain' has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
