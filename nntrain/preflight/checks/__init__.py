"""Checks: each module is one check, which registers itself."""
