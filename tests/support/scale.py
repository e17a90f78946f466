"""Scale: how many random examples the property tests draw, by default and with `pytest --thorough`."""

thorough = False  # set by conftest before the tests are imported


def examples(default: int, many: int) -> int:
    return many if thorough else default
