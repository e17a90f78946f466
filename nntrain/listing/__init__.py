"""Listing: the runs, cross-validations and sweeps of a folder as plain data, read without their checkpoints."""
