"""Inference: evaluate, predict and generate with a trained network."""
