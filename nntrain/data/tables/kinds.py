"""Kinds of columns: what the option `columns` of a table says that a column holds, and how it becomes features."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from nntrain.component import Component
from nntrain.data.tables.date_spellings import Order, in_order
from nntrain.data.tables.dates import in_features
from nntrain.options import Several, expecting, mistake, shown

LARGEST_VECTOR = 600


class ColumnKind(Component, family="column"):
    """What a column of a table holds: a number, a category, a date, a text, or nothing to learn from."""


class Number(ColumnKind, name="number"):
    """A column of numbers, one feature each. Text in it is an error."""

    scale: Literal["auto", "none", "standard", "robust", "quantile", "log"] = Field(
        "auto",
        description="how its feature is scaled, by statistics of the training split: to zero mean and unit variance (standard), to "
        "zero median and an interquartile range of 1 (robust, which outliers hardly change), to the normal distribution, by its "
        "quantiles (quantile, for any distribution), as sign(x) log(1 + |x|), standardized (log, for sizes and prices), or not at "
        "all; auto: standard if `standardize` is set, else none",
    )


def _vector(value: Any) -> Any:
    if isinstance(value, int) and not 1 <= value <= LARGEST_VECTOR:
        raise mistake(
            f"expected auto, or a whole number from 1 to {LARGEST_VECTOR}. Received: {shown(value)}."
        )
    return value


class Categorical(ColumnKind, name="categorical"):
    """A column of categories, also where they are written as numbers: one-hot encoded, or with a learned vector for each.

    Source: Guo & Berkhahn 2016, Entity embeddings of categorical variables; the size of the vectors is that of fastai.
    """

    embed: Annotated[Literal["auto"] | int | None, AfterValidator(_vector)] = Field(
        None,
        description="the size of the vector that the layer `embed_columns` learns for each category; auto: "
        f"1.6 n^0.56 for n categories, at most {LARGEST_VECTOR}. Default: one-hot, a feature, 0 or 1, for each category",
    )

    unknown_: Literal["error", "learn"] = Field(
        "error",
        alias="unknown",
        description="what a category is that training did not see: an error, or one more category, which training learns from 2% of "
        "its rows, chosen at random, whose category it hides",
    )

    example: ClassVar = {"embed": "auto"}

    def units(self, categories: int) -> int:
        """The size of the learned vectors for so many categories; 0: one-hot."""
        if self.embed == "auto":
            return min(LARGEST_VECTOR, round(1.6 * categories**0.56))
        return self.embed or 0

    def names(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """The categories: those that were found, and that of unknown ones."""
        unknown = "unknown"
        while unknown in found:
            unknown = f"({unknown})"
        return (*found, unknown) if self.unknown_ == "learn" else found


Part = Literal["year", "month", "weekday", "hour"]


class Date(ColumnKind, name="date"):
    """A column of dates or times, such as 2024-01-31T18:30: the time in years, and positions in the year, the week and the day.

    Besides ISO 8601, 2024/01/31, 31 Jan 2024, January 31, 2024, Jan 2024 and 2024-Q1 are read; `order` reads others. A position is
    two features, its sine and cosine, so that December is next to January.
    """

    parts: Annotated[
        Literal["auto"] | Several[Part], expecting("`auto` or a list of year, month, weekday and hour")
    ] = Field(
        "auto",
        description="the parts that become features: `year`, `month`, `weekday`, `hour`; auto: those that the cells have",
    )

    order: Literal["auto"] | Order = Field(
        "auto",
        description="the order of the parts of dates that can be read in several ways: `day_first` (31.01.2024), `month_first` "
        "(1/31/2024), or `month_year` (Jan-24); years of two digits are 1969 to 2068. auto: such dates are an error",
    )

    def iso(self, cell: str) -> str:
        """The cell as ISO 8601 if it is a date in this order, else as it is."""
        return cell if self.order == "auto" else in_order(cell, self.order) or cell

    def features(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """The parts of cells with these parts that become features."""
        if self.parts == "auto":
            return found
        return tuple(part for name in self.parts for part in in_features(name))


class Text(ColumnKind, name="text"):
    """A column of texts: its most frequent words, each a feature with the weight of the word in the row (bag of words, TF-IDF).

    Words and their frequencies are those of the training split; other words, and a missing text, weigh nothing. The weights
    of a row have the Euclidean length 1, and are not standardized.

    Source: Salton & Buckley 1988, Term-weighting approaches in automatic text retrieval.
    """

    words: int = Field(500, ge=1, le=20_000, description="the largest number of words that become features")
    lowercase: bool = Field(True, description="whether capitals are read as small letters")


class Ignore(ColumnKind, name="ignore"):
    """A column that is left out, such as an identifier."""
