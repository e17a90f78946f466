"""Loading: reader -> fold, or test split -> validation split -> words -> unknown categories -> imputation -> tokens of texts ->
standardization -> target transform -> class weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.folds.fold import Fold
from nntrain.data.folds.taken import take_fold
from nntrain.data.joined import joined
from nntrain.data.split_by import SplitBy
from nntrain.data.splits import join, split
from nntrain.data.system_memory import exceeds_memory
from nntrain.data.tables import giveaways
from nntrain.data.transforms.bag_of_words import bag_of_words
from nntrain.data.transforms.balance import balanced
from nntrain.data.transforms.impute import impute
from nntrain.data.transforms.standardize import scale_columns
from nntrain.data.transforms.targets import transform_targets
from nntrain.data.transforms.tokenize import tokenize
from nntrain.data.transforms.unknown import hide_some
from nntrain.data.weights import AT_LEAST_ONE
from nntrain.errors import ConfigError, DataError, Problem
from nntrain.limits import NotEnoughMemory


class Source(Protocol):
    """A reader, or arrays in memory."""

    @property
    def yaml_name(self) -> str: ...
    def load(self, folder: Path) -> Splits: ...
    def load_like(self, folder: Path, train: Dataset) -> Splits: ...
    def for_folds(self, group: str | int | None) -> Any: ...
    def by_time(self, time: str | int) -> Any: ...


class DataOptions(Protocol):
    """The options that choose the splits: a config's `data` section, or `Data`."""

    @property
    def source(self) -> Source: ...
    @property
    def test(self) -> float | Source | None: ...
    @property
    def validation(self) -> float | Source | None: ...
    @property
    def train_on_validation(self) -> bool: ...
    @property
    def standardize(self) -> bool: ...
    @property
    def target_transform(self) -> str | None: ...
    @property
    def class_weights(self) -> str | None: ...
    @property
    def split_by(self) -> SplitBy | None: ...
    @property
    def fold(self) -> Fold | None: ...


def load_splits(
    options: DataOptions, folder: Path, seed: int, like: Dataset | None = None
) -> tuple[Splits, dict[str, np.ndarray]]:
    """The splits, and for each split taken from the source its rows there (int64). Relative paths count from `folder`.

    `like`: the training split of an earlier run, whose form the data get where files can take several.
    Raises DataError for data that cannot be used, ConfigError for options that do not match it.
    """
    fold, source = options.fold, chosen_source(options)
    rows: dict[str, np.ndarray] = {}
    try:
        splits = source.load(folder) if like is None else source.load_like(folder, like)
        if fold is not None:
            splits, rows = take_fold(source, folder, splits, fold, seed, options.test)
        splits = with_giveaways(source, splits)
    except MemoryError as error:
        raise ConfigError(
            [Problem(("data", "source"), f"the data does not fit into memory: {error}")]
        ) from None
    except NotEnoughMemory as error:
        if error.place:
            raise
        raise ConfigError([Problem(("data", "source"), error.message, error.hint)]) from None
    fractions: dict[str, float | None] = {}
    test = None if fold is not None else options.test
    for name, chosen in (("test", test), ("validation", options.validation)):
        fractions[name] = chosen if isinstance(chosen, float) else None
        if chosen is None:
            continue
        if not isinstance(chosen, float):
            if fold is not None and isinstance(chosen, type(source)):  # whose columns are the same
                chosen = chosen.for_folds(fold.group)
            splits = join(splits, name, chosen.load_like(folder, splits.train).train)
        elif name in splits.parts():
            message = f"{source.yaml_name} already has a {name} split"
            raise ConfigError([Problem(("data", name), message, "Remove this line.")])
    held_out = fractions["validation"]
    if options.train_on_validation:
        fractions["validation"] = None  # the samples stay where they are
    splits, indices = split(splits, seed=seed, **fractions)
    if rows:
        indices = {name: rows["train"][taken] for name, taken in indices.items()} | {"test": rows["test"]}
    splits = weighted_alike(splits)
    if options.train_on_validation:
        splits = with_validation_in_training(splits, held_out)
    splits = tokenize(impute(hide_some(bag_of_words(splits), seed)))
    splits = scale_columns(splits, options.standardize)
    if options.target_transform is not None:
        splits = transform_targets(splits, options.target_transform)
    return balanced(splits) if options.class_weights else splits, indices


def chosen_source(options: DataOptions) -> Any:
    """The source, which also reads what fractions and folds are held out by. Raises ConfigError."""
    source, fold, by = options.source, options.fold, options.split_by
    if by is not None and by.time is not None:
        if fold is not None and fold.group is not None:
            message = "folds by time hold out blocks of time, not groups"
            raise ConfigError([Problem(("data", "fold", "group"), message, "Remove `split_by`, or `group`.")])
        return source.by_time(by.time)
    group = by.group if by is not None else None
    if fold is not None and (fold.group is not None or group is None):
        return source.for_folds(fold.group)
    try:
        return source if group is None else source.for_folds(group)
    except ConfigError as error:
        problems = [replace(problem, path=("data", "split_by", "group")) for problem in error.problems]
        raise ConfigError(problems) from None


def with_validation_in_training(splits: Splits, held_out: float | None) -> Splits:
    """The splits without a validation split, whose samples are trained on; `held_out`: the fraction that it would have been.

    Raises ConfigError where there is none.
    """
    train, validation = splits.train, splits.validation
    place = ("data", "train_on_validation")
    if validation is None:
        if held_out is None:
            raise ConfigError(
                [Problem(place, "there is no validation split to train on", "Remove this line.")]
            )
        note = f"the training split includes the samples of the validation split (validation: {held_out:g})"
        return replace(splits, train=replace(train, notes=(*train.notes, note)))
    if exceeds_memory(train.x) or exceeds_memory(validation.x):
        message = "the training and the validation split together do not fit into memory"
        raise ConfigError([Problem(place, message, "Put their samples into one file.")])
    note = f"the training split includes the {len(validation):,} samples of the validation split"
    both = joined(train, validation)
    notes, warnings = ((*getattr(train, name), *getattr(validation, name)) for name in ("notes", "warnings"))
    return Splits(replace(both, notes=(*notes, note), warnings=warnings), test=splits.test)


def weighted_alike(splits: Splits) -> Splits:
    """The splits with weights of 1 for those without, where another has weights: they share the arrays of batches.

    Raises DataError for a split in which no sample counts.
    """
    parts = splits.parts()
    if all(part.weight is None for part in parts.values()):
        return splits
    for name, part in parts.items():
        if part.weight is not None and not part.weight.any():
            raise DataError(f"all weights of the {name} split are 0, so no sample counts", AT_LEAST_ONE)
    return Splits(
        **{
            name: replace(part, weight=np.ones(len(part))) if part.weight is None else part
            for name, part in parts.items()
        }
    )


def with_giveaways(source: Source, splits: Splits) -> Splits:
    """The splits with warnings of columns that give the answer away, unless the source chooses its columns itself."""
    chosen = getattr(source, "features", None)
    if chosen not in (None, "all"):
        return splits
    train = splits.train
    warnings = giveaways.warnings_of(train, choosable=chosen is not None)
    return (
        replace(splits, train=replace(train, warnings=(*train.warnings, *warnings))) if warnings else splits
    )
