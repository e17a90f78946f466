"""The manual: what a config can say, told from the classes themselves. Plain text; `report` and docs/reference.md show it."""
