"""The terminal: progress, tables and messages."""
