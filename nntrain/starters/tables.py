"""Tables starter: writes a config for a table, with a comment on each line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.config.scalars import inline
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sources.csv import Csv
from nntrain.data.splits import split
from nntrain.data.tables.columns import TEXT, Column
from nntrain.data.tables.dates import orders_of, parts_of
from nntrain.data.tables.giveaways import giveaways, named_identifier
from nntrain.data.tables.header import DoubtfulHeader
from nntrain.data.tables.likely_target import likely_target, names_splits
from nntrain.data.tables.looks import DATES_LOOK, GAPS
from nntrain.data.tables.numerals import number
from nntrain.data.tables.suspicions import hardly_repeat, look_at
from nntrain.data.tables.table import Table
from nntrain.errors import UserError
from nntrain.options import shown
from nntrain.paths import as_written
from nntrain.starters.columns import (
    IGNORE,
    Kind,
    Kinds,
    categories,
    column_lines,
    kind_of,
    nameless,
    order_of,
)
from nntrain.starters.networks import FEW, Network
from nntrain.starters.started import SPLITS, noted

FEWER = 50  # different texts that are categories even where each is rare
SEED = 0
MOST_NAMED = 5  # columns in a remark


@dataclass
class Found:
    """The columns and samples of a table."""

    options: dict[str, Any]  # of the source, but `columns`
    kinds: Kinds  # column -> what `columns` says of it
    suspicious: dict[str, str]  # column -> what a reader should check
    target: str
    why: str  # this target
    data: Dataset

    @property
    def what(self) -> str:
        """ "species (3 classes)"."""
        if not self.data.classes:
            return f"{self.target} (a number)"
        numbers = len(self.data.classes) > 2 and all(map(is_number, self.data.classes))
        other = "; `task: regression` makes them numbers" * numbers
        return f"{self.target} ({len(self.data.classes)} classes{other})"

    @property
    def remarks(self) -> list[str]:
        found = [f"target: {self.what}, {self.why}"]
        for group in ("left out", "dates", "categories"):
            of = [(named(called), kind.note) for called, kind in self.kinds.items() if kind.group == group]
            more = f" and {len(of) - MOST_NAMED:,} more" if len(of) > MOST_NAMED else ""
            if of:
                shown = ", ".join(f"{name} ({note})" for name, note in of[:MOST_NAMED])
                found.append(f"{group}: {shown}{more}")
        return found + [f"check: {name} {reason}" for name, reason in self.suspicious.items()]


def starter(file: Path, target: str | None, output: Path) -> tuple[str, list[str]]:
    """The text of a config at `output`, and remarks on the columns: what is predicted, and why. Raises UserError without usable columns."""
    found = look(file, target, output.parent)
    if len(found.data.classes) == 1:
        message = f"the target {found.target!r} is {found.data.classes[0]!r} in every row"
        raise UserError(message, place=str(file))
    parts, train = split_parts(found.data)
    return written(file, found, parts, train), found.remarks


def look(file: Path, target: str | None, folder: Path) -> Found:
    """Reads the table, excludes columns that carry no information or that identify the sample, and notes those that determine it."""
    options: dict[str, Any] = {"path": as_written(file, folder)}
    try:
        names = Csv(**options).column_names(folder)
    except DoubtfulHeader:
        options["header"] = True
        names = Csv(**options).column_names(folder)
    if names and len(list(filter(None, names))) < 2:
        message = "expected at least two columns with a name, a feature and the target"
        raise UserError(message, "Name the columns in line 1.", str(file))
    if target is not None:
        options["target"] = (
            int(target) if target.lstrip("-").isdecimal() and target not in (names or ()) else target
        )
        why = "as asked for"
    else:
        options["target"], why = guessed_target(options, names, folder)
    kinds: Kinds = {at: Kind(IGNORE, "no name") for at in nameless(names or [])}
    table = read(options, folder, columns_of(kinds))
    usable = {}
    for column in table.features:
        if reason := why_not(column):
            kinds[column.called] = Kind(IGNORE, reason)
        else:
            usable[column.name] = column
            if kind := kind_of(column):
                kinds[column.called] = kind
    options["target"] = table.targets[0].called
    data = prepared(file, options, kinds, list(usable), folder)
    if all(map(is_number, data.classes)) and 2 * len(data.classes) > len(data):
        options["task"] = "regression"
        data = prepared(file, options, kinds, list(usable), folder)
    found = giveaways(data)
    if numbers := [name for name, one in found.items() if one.numbers_rows or named_identifier(name)]:
        for name in numbers:
            called = usable.pop(name).called
            kinds.pop(called, None)  # the last one to be found
            kinds[called] = Kind(IGNORE, found.pop(name).reason)
        data = prepared(file, options, kinds, list(usable), folder)
    if np.isnan(data.x).any():
        options["impute"] = "median"
    notes = {name: one.warning for name, one in found.items()}
    return Found(options, kinds, notes, table.targets[0].name, why, data)


def prepared(file: Path, options: dict[str, Any], kinds: Kinds, usable: list[str], folder: Path) -> Dataset:
    """The samples. Raises UserError without usable columns."""
    if not usable:
        reason = "; ".join(f"{named(called)}: {kind.note}" for called, kind in kinds.items())
        raise UserError(f"no columns to predict from. Excluded: {reason}", place=str(file))
    return Csv(**options, **columns_of(kinds), impute="median").read(folder)


def columns_of(kinds: Kinds) -> dict[str, Any]:
    """The option `columns`; none where nothing is said of any column."""
    return {"columns": {called: kind.value for called, kind in kinds.items()}} if kinds else {}


def named(called: str | int) -> str:
    """A column in remarks."""
    return called if isinstance(called, str) else f"column {called}"


def guessed_target(options: dict[str, Any], names: list[str] | None, folder: Path) -> tuple[str | int, str]:
    """What to predict, and why."""
    if names and "" in names:
        *features, last = filter(None, names)
        options = options | {"target": last, "features": features}
    table = read(options, folder)
    found = likely_target([*table.features, *table.targets])
    return found.column.called, found.why


def read(options: dict[str, Any], folder: Path, more: dict[str, Any] | None = None) -> Table:
    """The table; adds to `options` how its numbers and gaps are written. more: options that stay as they are."""
    more = more or {}
    while True:
        csv = Csv(**options, **more, impute="median")
        table = csv.table(folder)
        columns = [*table.features, *table.targets]
        looks = [look for column in columns if (look := look_at(column)) and len(look.numerals) == 1]
        if looks:
            (numerals,) = looks[0].numerals
            if numerals.decimal != csv.decimal:
                options.setdefault("decimal", numerals.decimal)
            if numerals.thousands:
                options.setdefault("thousands", numerals.thousands)
            if numerals.units:
                options["units"] = list(dict.fromkeys([*csv.units, *numerals.units]))
            if Csv(**options, **more, impute="median") != csv:
                continue
        gaps = [text for column in table.features if not column.is_text for text in column.distinct(TEXT)]
        if gaps := [text for text in dict.fromkeys(gaps) if text.lower() in GAPS]:
            options["missing"] = [*csv.missing, *gaps]
            continue
        return table


def why_not(column: Column) -> str:
    """The reason to exclude a column; empty for a usable column."""
    texts, numbers = column.distinct(TEXT), column.numbers
    rows = len(numbers)
    gaps = int(np.isnan(numbers).sum()) - len(column.rows(TEXT))
    if gaps > (0.5 if column.is_text else 0.9) * rows:
        return f"{gaps:,} of {rows:,} cells are missing"
    if column.is_text:
        if parts_of(texts):
            return ""
        if names_splits(texts):
            return f"splits, such as {texts[0]!r}"
        if order_of(column):
            return ""
        if look := look_at(column):
            orders = orders_of(texts) if look.what == DATES_LOOK else ()
            unclear = f": set `{{date: {{order: {orders[0]}}}}}`, or {orders[1]}" if len(orders) > 1 else ""
            return f"{look.what}, such as {look.example!r}{unclear}"
        if len(texts) == 1 and not gaps:
            return "constant"
        many = hardly_repeat(len(texts), rows - gaps) or (len(texts) > FEWER and not categories(column))
        return f"{len(texts):,} different values" if many else ""
    if texts:
        return f"text among numbers, such as {shown(texts[0])}"
    known = numbers[~np.isnan(numbers)]
    if np.isinf(known).any():
        return "infinite numbers"
    if not known.size or (known == known[0]).all():
        return "constant"
    return ""


def is_number(text: str) -> bool:
    return number(text) is not None


def split_parts(data: Dataset) -> tuple[dict[str, float], Dataset]:
    """The fractions to hold out, where there are enough samples, and the remaining training split."""
    part = 0.2 if len(data) < FEW else 0.1
    for fractions in ({"test": 0.2, "validation": part}, {"test": 0.2}):
        try:
            splits, _ = split(Splits(data), fractions["test"], fractions.get("validation"), SEED)
        except UserError:  # too few samples of a class
            continue
        if min(len(one) for one in splits.parts().values()) >= 2:
            return fractions, splits.train
    return {}, split(Splits(data), None, None, SEED)[0].train


def written(file: Path, found: Found, fractions: dict[str, float], train: Dataset) -> str:
    """The config, line by line."""
    data = found.data
    count = data.input_shape[0]
    features = f"{count:,} feature{'s' * (count != 1)}"
    lines = [
        f"# {file.name}: {len(data):,} samples with {features}; predicts {found.what}.",
        f"# The target is {found.why}.",
        "# Written by `nntrain new` as a starting point. `nntrain describe` explains every option.",
        *(f"# Check: {name} {reason}." for name, reason in found.suspicious.items()),
        noted(f"seed: {SEED}", "the seed of all randomness"),
        "data:",
        "  source:",
        "    csv:",
        *(
            noted(f"      {name}: {inline(value)}", SOURCE_NOTES[name])
            for name, value in found.options.items()
        ),
        *column_lines(found.kinds),
        *(noted(f"  {name}: {fraction}", SPLITS[name]) for name, fraction in fractions.items()),
        noted("  standardize: true", "zero mean and unit variance per column"),
        *(
            []
            if data.classes
            else [noted("  target_transform: standard", "so does the target, in the loss only")]
        ),
        *Network.suited(data, len(train)).lines(train, "validation" in fractions),
    ]
    return "\n".join(lines) + "\n"


SOURCE_NOTES = {
    "path": "relative to the folder of this file",
    "header": "line 1 names the columns, though some are numbers; false if it is a sample",
    "decimal": "the decimal mark",
    "thousands": "the separator of thousands",
    "units": "texts next to numbers to ignore",
    "missing": "the texts that mark a missing value",
    "target": "the column to predict",
    "task": "whole numbers, of which nearly each differs, are no classes",
    "impute": "replaces missing values; computed on the training split",
}
