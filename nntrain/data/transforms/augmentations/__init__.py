"""Augmentations: the listing is what a config can name under `data.augment`."""
