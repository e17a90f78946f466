"""Preflight: what can be known of a training before it starts: its shapes, its cost, and mistakes in data, network and options."""
