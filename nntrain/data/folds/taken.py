"""Taken: the splits of a source with one fold as the test split."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.data.dataset import Splits
from nntrain.data.folds.fold import Fold
from nntrain.data.folds.held_out import held_out
from nntrain.data.folds.measured import measured_on
from nntrain.errors import ConfigError, Problem

PLACE = ("data", "fold")


def take_fold(
    source: Any, folder: Path, splits: Splits, fold: Fold, seed: int, test: Any = None
) -> tuple[Splits, dict[str, np.ndarray]]:
    """`splits` of `source` with the fold as the test split, and the rows (int64) of both in the source's training split.

    Samples with a category or a character that is missing in the rest of the training split are left out of the fold, as the
    trained network cannot take them. `test`: the option that the fold takes the place of. Raises ConfigError.
    """
    try:
        rows = held_out(splits.train, fold, seed)
    except ConfigError as error:
        raise error.below(*PLACE) from None
    measured = measured_on(source, folder, splits.train, rows.train)
    notes, warnings = [], [*rows.warnings]
    tested = rows.test
    if measured.unknown is not None:
        tested = tested[~measured.unknown[tested]]
        left_out = len(rows.test) - len(tested)
        if not len(tested):
            message = f"each sample of fold {fold.number} has what the others lack: {measured.what}"
            raise ConfigError([Problem(PLACE, message, "Leave such columns out, or use fewer folds.")])
        if left_out:
            are = "is" if left_out == 1 else "are"
            warnings.append(
                f"{left_out:,} of {len(rows.test):,} held-out samples {are} not tested, because the "
                f"training part has no {measured.what}"
            )
    of = f"{len(tested):,} of {len(splits.train):,} samples are held out as the test split, {rows.how}"
    notes.append(f"fold {fold.number} of {fold.of}: {of}")
    if splits.test is not None:
        notes.append(
            f"the test split of the source ({len(splits.test):,} samples) is not used: the fold takes its place"
        )
    elif test is not None:
        notes.append("`test` is not used: the fold takes its place")
    data = measured.data
    train = replace(
        data.select(rows.train), notes=(*data.notes, *notes), warnings=(*data.warnings, *warnings)
    )
    parts = splits.parts() | {"train": train, "test": replace(data.select(tested), notes=(), warnings=())}
    return Splits(**parts), {"train": rows.train, "test": tested}
