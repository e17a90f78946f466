"""The elements of a network."""
