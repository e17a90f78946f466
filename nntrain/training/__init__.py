"""Training: the loop, its step, its state, and the checks made before it starts."""
