"""Chosen: the classes, outputs or columns that an option names."""

from nntrain.errors import UserError


def places_of(chosen: tuple[str, ...], names: tuple[str, ...], what: str, place: str) -> list[int]:
    """The places of the chosen names among all names. Raises UserError for an unknown name, with a suggestion."""
    from nntrain.options import did_you_mean

    for name in chosen:
        if name not in names:
            raise UserError(f"unknown {what} {name!r}.{did_you_mean(name, names)}", place=place)
    return [names.index(name) for name in dict.fromkeys(chosen)]
