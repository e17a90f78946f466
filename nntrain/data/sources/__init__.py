"""Sources: one reader per file; the listing is what a config can name under `data.source`."""
