"""The sources: one reader per file; `ls` here is what a config may name under `data.source`."""
