"""Gradient check: backpropagation against finite differences of the loss, in float64, with the kernels that train."""
