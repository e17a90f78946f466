"""Sequences: tokens and windows, which the readers of text and series share."""
