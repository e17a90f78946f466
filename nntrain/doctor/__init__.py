"""Doctor: what this machine and installation are, what is wrong with them, and a short test of the kernels."""
