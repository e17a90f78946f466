"""The Python API: what `nntrain` exports. The commands are built on it."""
