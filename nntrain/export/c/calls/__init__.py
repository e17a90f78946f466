"""Calls: the C code of each kind of layer, one function for each class of layers."""
