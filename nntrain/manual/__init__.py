"""The manual: every section and component of a config, documented from its class; shown by `report` and docs/reference.md."""
