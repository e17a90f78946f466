"""Cross-validations and sweeps."""
