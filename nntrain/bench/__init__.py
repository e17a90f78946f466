"""Bench: what a training step costs, part by part, next to the machine's peak and to an earlier measurement."""
