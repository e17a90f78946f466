"""Diagnose: what this installation and machine are, and whether the kernels work on it."""

from nntrain.doctor.diagnosis import Diagnosis
from nntrain.doctor.examine import examined


def diagnose() -> Diagnosis:
    """Examines the installation and the machine and tests the kernels, as the command `nntrain doctor` does. Takes about two seconds.

    The diagnosis has `healthy`, `problems`, `tests`, `versions`, `processor`, ... and `to_dict()`, without names of users and home
    folders.
    """
    return examined()
