"""Sequences: text as tokens, windows of long arrays, and tables whose rows are steps."""
