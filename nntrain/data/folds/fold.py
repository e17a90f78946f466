"""Fold: the option `data.fold`, one fold of a cross-validation as an ordinary run."""

from typing import Any

from pydantic import Field, model_validator

from nntrain.data.tables.csv_file import Name
from nntrain.options import Options, mistake

MOST_FOLDS = 10_000


class Fold(Options):
    """One fold of a cross-validation: it is held out as the test split, and the other samples are trained on.

    Folds are stratified for classes; with `group`, a group is held out whole. Texts and series, and tables with
    `split_by: {time: ...}`, are cut by time into one block more than there are folds: a fold tests the block after those that it is
    trained on, and the first block is never tested. Statistics, categories and vocabulary are computed on what is trained on;
    held-out samples with a category or a character that is missing there are not tested, and a warning counts them.
    """

    number: int = Field(ge=1, description="the fold to hold out, from 1 to `of`")
    of: int = Field(ge=2, le=MOST_FOLDS, description="the number of folds")
    group: Name | None = Field(
        None,
        description="the column of a csv, or the array of an npz, whose values name groups: all samples of a group are in "
        "one fold. It is no feature unless `features` lists it",
    )

    @model_validator(mode="before")
    @classmethod
    def _both_numbers(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            raise mistake(
                f"expected the number of a fold and of all folds. Received: {value}.",
                f"Write `{{number: 1, of: {value}}}`.",
            )
        return value

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Fold":
        if self.number > self.of:
            raise mistake(f"expected a fold from 1 to {self.of}, as set by `of`. Received: {self.number}.")
        return self
