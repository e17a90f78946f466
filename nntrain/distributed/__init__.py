"""Distributed: the shards of a batch, the ranks that share them, and sums in an order that no number of ranks changes."""
