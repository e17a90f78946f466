"""Conform: new data for a trained network, brought to the form of its training data."""
