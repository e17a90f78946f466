"""Python: a trained network as one readable file that needs NumPy alone."""
