"""Placeholder until pictures register themselves."""


def file_names() -> list[str]:
    names = ("loss.svg", "augmented.npz", "filters.npz")
    return [
        *names,
        *(f"{name}.png" for name in ("loss", "augmented", "filters", "fit", "regions", "forecast")),
    ]
