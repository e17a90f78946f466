"""Split by: which samples the test and validation splits hold out: whole groups, or the latest."""

from pydantic import Field, model_validator

from nntrain.options import Options, mistake


class SplitBy(Options):
    """Which samples `test` and `validation` hold out where they are fractions; by default random ones.

    Where samples belong together, such as those of one patient, random splits are too optimistic: the network has seen the others
    of the group. Where the future is predicted from the past, they are too, since the network has seen what comes after.
    """

    group: str | int | None = Field(
        None,
        description="the column of a csv, or the array of an npz, whose values name groups: all samples of a group are in one "
        "split. It is no feature unless `features` lists it",
    )
    time: str | int | None = Field(
        None,
        description="the column of a csv whose dates or numbers order the samples: the latest are held out, for the test split and "
        "then for the validation split, and samples of the same time stay together; a fold of a cross-validation is trained on what "
        "comes before it. It is a feature unless it is left out",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "SplitBy":
        if (self.group is None) == (self.time is None):
            raise mistake("expected either `group` or `time`, with the name or the number of a column")
        return self
