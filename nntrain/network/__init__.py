"""The network: layers in a graph with shapes, the arrays between them, forward and backward."""
