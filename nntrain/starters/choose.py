"""Choose: the starter of a file or a folder, by what is in it."""

from pathlib import Path

from nntrain.data.images.walk import PassedOver, images_below
from nntrain.data.sources.csv import Csv
from nntrain.errors import DataError, UserError
from nntrain.starters.pictures import pictures_starter
from nntrain.starters.started import Started
from nntrain.starters.tables import starter
from nntrain.starters.text_classes import folder_starter, holds_classes, table_starter
from nntrain.starters.text_tables import text_table
from nntrain.starters.texts import text_starter

TEXTS = (".txt", ".text", ".md", ".rst", ".tex", ".html", ".log")  # unless they are tables
ROWS_LOOKED_AT = 100
WORDS = 2  # per cell, in prose


def started(data: Path, target: str | None, output: Path) -> Started:
    """A config at `output` for the data. Raises UserError."""
    if data.is_dir():
        if images_below(data, PassedOver()):
            return pictures_starter(data, target, output)
        has_texts = any(path.suffix.lower() in TEXTS for path in data.iterdir())
        if not has_texts and holds_classes(data):
            if target is not None:
                raise UserError(
                    f"a folder of texts has no column {target!r}: the folders are the classes",
                    place=str(data),
                )
            return folder_starter(data, output)
        if not has_texts:
            raise UserError(
                "expected a table, a text file, or a folder of images or text files. Received: another folder.",
                place=str(data),
            )
    if data.is_dir() or is_text(data):
        if target is not None:
            raise UserError(f"a text has no column {target!r}: the next token is predicted", place=str(data))
        return text_starter(data, output)
    if (table := text_table(data, target, output.parent)) is not None:
        return table_starter(data, table, output)
    text, remarks = starter(data, target, output)
    return Started(text, tuple(remarks), guessed=target is None)


def is_text(file: Path) -> bool:
    """Whether it is prose: a text file, of which the lines are not rows of a table.

    The lines of a table have as many cells, and not several words in each, unless a column is of numbers.
    """
    if file.suffix.lower() not in TEXTS or not file.is_file():
        return False
    try:
        with Csv(path=str(file.absolute())).rows(Path()) as rows:
            table = [cells for (_, cells), _ in zip(rows, range(ROWS_LOOKED_AT), strict=False)]
    except DataError:  # such as quotes that nothing closes
        return True
    if len({len(cells) for cells in table}) != 1 or len(table[0]) == 1:
        return True
    if any(all(map(is_number, column[1:])) for column in zip(*table, strict=True)):
        return len(table) == 1
    return sum(len(cell.split()) for cells in table for cell in cells) >= WORDS * len(table) * len(table[0])


def is_number(cell: str) -> bool:
    return any(character.isdigit() for character in cell) and len(cell.split()) == 1
