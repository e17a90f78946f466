"""Formats of table files: each becomes rows of cells, as text with the types of its columns."""
