"""Loading: reader -> test and validation splits -> imputation -> standardization."""

from pathlib import Path
from typing import Protocol

import numpy as np

from nntrain.data.dataset import Reader, Splits
from nntrain.data.splits import join, split
from nntrain.data.transforms.impute import impute
from nntrain.data.transforms.standardize import standardize
from nntrain.errors import ConfigError, Problem


class DataOptions(Protocol):
    """The options of a config's `data` section that choose the splits."""

    @property
    def source(self) -> Reader: ...
    @property
    def test(self) -> float | Reader | None: ...
    @property
    def validation(self) -> float | Reader | None: ...
    @property
    def standardize(self) -> bool: ...


def load_splits(options: DataOptions, folder: Path, seed: int) -> tuple[Splits, dict[str, np.ndarray]]:
    """The splits, and for each split taken from the source its rows there (int64). Relative paths count from `folder`.

    Raises DataError for data that cannot be used, ConfigError for options that do not match it.
    """
    source = options.source
    try:
        splits = source.load(folder)
    except MemoryError as error:
        raise ConfigError(
            [Problem(("data", "source"), f"the data does not fit into memory: {error}")]
        ) from None
    fractions: dict[str, float | None] = {}
    for name, chosen in (("test", options.test), ("validation", options.validation)):
        if isinstance(chosen, Reader):
            splits = join(splits, name, chosen.load(folder).train)
        elif chosen is not None and name in splits.parts():
            message = f"{source.yaml_name or 'the source'} already has a {name} split"
            raise ConfigError([Problem(("data", name), message, "Remove this line.")])
        fractions[name] = chosen if isinstance(chosen, float) else None
    splits, indices = split(splits, fractions["test"], fractions["validation"], seed)
    splits = impute(splits)
    return standardize(splits) if options.standardize else splits, indices
