"""Errors of sweeps that callers tell apart. Apart from what raises them, so that they are known without Optuna."""

from nntrain.errors import NntrainError, UserError


class OtherSweep(UserError):
    """The storage has a sweep of this name that is another one."""


class NotASweep(UserError):
    """The path is not a sweep's folder, so nothing in it is changed."""


class SweepIsRunning(UserError):
    """Another process works on the sweep that was to be replaced."""


class Lost(NntrainError):
    """Another process has taken the trial."""
