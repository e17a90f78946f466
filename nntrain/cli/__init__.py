"""The commands: one module a verb. A module parses, calls and prints; it imports nothing heavy before it is called."""

own_process = False  # whether the process was started for a command, and is not that of another program
