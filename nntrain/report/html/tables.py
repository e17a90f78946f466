"""Tables: rows of cells under headings; a click on a heading sorts by it (report.js)."""

from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.report.formats import count, number
from nntrain.report.html.elements import Content, Html, element


@dataclass(frozen=True)
class Cell:
    """What is shown, and the number by which it is sorted; without one it is sorted as text."""

    content: Content
    value: float | None = None
    numeric: bool = False  # aligned to the right
    title: str = ""  # shown where the pointer rests
    heading: bool = False  # of its row

    def to_html(self) -> Html:
        return element(
            "th" if self.heading else "td",
            self.content,
            scope="row" if self.heading else None,
            class_="number" if self.numeric else None,
            data_value=None if self.value is None else repr(float(self.value)),
            title=self.title or None,
        )


Row = Sequence[Cell | Content]


def score(value: float | None) -> Cell:
    """A loss or a metric."""
    return Cell(number(value), value, numeric=True, title="" if value is None else f"{value!r}")


def whole(value: int | None) -> Cell:
    """A count."""
    return Cell("" if value is None else f"{value:,}", value, numeric=True)


def large(value: int) -> Cell:
    """A count that may be large: 52.1 k."""
    return Cell(count(value) if value else "-", value, numeric=True, title=f"{value:,}")


def table(
    headings: Sequence[str],
    rows: Sequence[Row],
    *,
    marked: Sequence[int] = (),
    total: Row | None = None,
    sortable: bool = True,
) -> Html:
    """Rows of cells; text becomes a cell of its own. `marked`: the numbers of the rows that stand out; `total`: the last row."""
    numeric = [
        any(isinstance(row[column], Cell) and row[column].numeric for row in rows)  # type: ignore[union-attr]
        for column in range(len(headings))
    ]
    head = [
        element("th", heading, scope="col", class_="number" if right else None)
        for heading, right in zip(headings, numeric, strict=True)
    ]
    body = [
        element("tr", [cell(entry) for entry in row], class_="marked" if place in marked else None)
        for place, row in enumerate(rows)
    ]
    foot = element("tfoot", element("tr", [cell(entry) for entry in total])) if total else None
    inside = element(
        "table",
        element("thead", element("tr", head)),
        element("tbody", body),
        foot,
        class_="sortable" if sortable and len(rows) > 1 else None,
    )
    return element("div", inside, class_="scrolled")  # sideways, where the window is narrow


def facts(rows: Sequence[tuple[str, Content]]) -> Html:
    """Names with their values, as a list of definitions; empty values are left out."""
    return element(
        "dl", [[element("dt", name), element("dd", value)] for name, value in rows if value not in (None, "")]
    )


def cell(entry: Cell | Content) -> Html:
    return entry.to_html() if isinstance(entry, Cell) else element("td", entry)
