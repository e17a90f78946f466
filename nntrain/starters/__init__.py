"""Configs to start from, for the data that a file or a folder holds: a table, pictures or a text."""
