"""nntrain: trains neural networks described in YAML, on a core compiled by Numba."""

__version__ = "0.1.0"
