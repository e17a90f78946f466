"""Sweep: trains a config many times with other values of some options; Optuna chooses the values and keeps the trials."""
