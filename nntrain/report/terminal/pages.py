"""Manual pages on a terminal; in a pipe as plain text, with code between backticks."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from nntrain.manual.page import Line, Option, Page
from nntrain.report.terminal.console import output
from nntrain.templates import Template

CODE = "cyan"
MARGIN = 2
NARROWEST = 32  # columns for texts beside names; with fewer they begin below


def show_page(page: Page, console: Console | None = None) -> None:
    """Prints a page of the manual."""
    show = _Writer(console or output())
    kind = f"  {page.kind}" + (f", also called {', '.join(page.aliases)}" if page.aliases else "")
    show.line(Text.assemble((page.name, "bold"), kind))
    for text in page.paragraphs:
        show.paragraph(text)
    if page.members:
        show.listing("Names", page.members)
    if page.options:
        show.options("Options of each" if page.members else "Options", page.options)
    show.paragraph(page.bare)
    if page.shared:
        names = ", ".join(f"`{name}`" for name in page.shared)
        show.paragraph(f"Options of every {page.kind}: {names}; see `nntrain describe {page.kind}`.")
    if page.example:
        show.heading("Example")
        for line in page.example.split("\n"):
            show.code(line)
    if page.source:
        show.paragraph(f"Source: {page.source}")


def show_contents(lines: list[Line], console: Console | None = None) -> None:
    show = _Writer(console or output())
    show.line(
        show.marked(
            "The sections and components of a config. `nntrain describe KIND` lists the members of a kind, "
            "`nntrain describe KIND NAME` describes one."
        )
    )
    show.listing("Kinds", lines)


def show_templates(templates: Iterable[Template], console: Console | None = None) -> None:
    show = _Writer(console or output())
    show.line(
        show.marked(
            "`nntrain new NAME` writes one of these configs, `nntrain new --data FILE.csv` a config for a table."
        )
    )
    show.listing("Templates", [Line(template.name, (), template.about) for template in templates])


class _Writer:
    def __init__(self, console: Console):
        self.console = console

    def line(self, text: Text) -> None:
        self.console.print(text)

    def code(self, line: str) -> None:
        """Without breaks of our own, so that it can be copied."""
        self.console.print(Text(" " * MARGIN + line, style=CODE), soft_wrap=True)

    def paragraph(self, text: str) -> None:
        if text:
            self.console.print()
            self.line(self.marked(text))

    def heading(self, text: str) -> None:
        self.console.print()
        self.line(Text(text, style="bold"))

    def listing(self, heading: str, lines: list[Line]) -> None:
        self.heading(heading)
        names = [" ".join([line.name, *(f"({alias})" for alias in line.aliases)]) for line in lines]
        self.entries([(name, self.marked(line.text)) for name, line in zip(names, lines, strict=True)])

    def options(self, heading: str, options: Iterable[Option]) -> None:
        """Each name with the type and default of its values, and the description below."""
        self.heading(heading)
        found = []
        for option in options:
            takes = (
                f"options, see `nntrain describe {option.name}`" if option.type == "options" else option.type
            )
            if option.default:
                takes += "; required" if option.default == "required" else f"; default {option.default}"
            described = self.marked(takes)
            described.stylize("dim")
            found.append(
                (option.name, Text("\n").join(filter(None, [described, self.marked(option.description)])))
            )
        self.entries(found)

    def entries(self, found: list[tuple[str, Text]]) -> None:
        start = MARGIN + max(cell_len(name) for name, _ in found) + MARGIN
        below = self.console.width - start < NARROWEST
        for name, text in found:
            if below:
                self.console.print(Text(" " * MARGIN + name, style=CODE), soft_wrap=True)
            self.console.print(
                _Hanging(Text("" if below else name, style=CODE), text, 3 * MARGIN if below else start)
            )

    def marked(self, text: str) -> Text:
        """Colours the text between backticks; without colours the backticks remain."""
        if self.console.color_system is None:
            return Text(text)
        found = Text()
        for place, part in enumerate(text.split("`")):
            found.append(part, style=CODE if place % 2 else "")
        return found


@dataclass
class _Hanging:
    """A name, and a text whose lines all start at the same column."""

    name: Text
    text: Text
    start: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = Text.assemble(" " * MARGIN, self.name)
        for line in self.text.wrap(console, max(options.max_width - self.start, 1)):
            yield Text.assemble(head, " " * (self.start - head.cell_len), line)
            head = Text()
