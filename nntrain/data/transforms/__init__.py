"""Transforms: statistics of the training split applied to all splits, and augmentations of the training split."""
