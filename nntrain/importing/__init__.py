"""Importing: weights that other frameworks trained, as the weights of a config's network.

A reader turns a file into modules (`module.py`), groups of tensors under the names of their framework. `slots.py` lists the layers of the
network that need weights, `matching.py` finds the module of each, and the rules of `layouts/` turn its tensors into our layout.
"""
