"""Layouts of nntrain's own files: nothing is turned."""

from nntrain.importing.layouts.taking import Rule, Taking


def same(t: Taking) -> None:
    for parameter in t.slot.shapes:
        t.copy(parameter, parameter)


RULES: dict[str, Rule] = {"": same}  # for any layer
