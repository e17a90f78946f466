"""Transforms of data: standardize, impute, augment."""
