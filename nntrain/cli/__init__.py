"""The commands: one module a verb. A module parses, calls and prints; it imports nothing heavy before it is called."""
