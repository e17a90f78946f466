"""A run: its folder, its checkpoints, its lock, and the session that trains, scores and records how it ended."""
