"""Scaling: the time of a sharded training step, what of it is communication, and a prediction for more ranks."""
