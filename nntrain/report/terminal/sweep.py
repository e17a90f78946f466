"""Sweep in the terminal: the best trials, and all parameters of the best one."""

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.config.scalars import inline
from nntrain.report.formats import distinct, duration, number, printable
from nntrain.report.searched import best_words, by_importance, choice_texts, short_names, states_words, words
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.search.results import SweepResult, Trial

MOST = 10  # trials
LETTERS = 24  # of a value or of the name of a parameter


def show_sweep(result: SweepResult, console: Console | None = None) -> None:
    """Prints the best trials."""
    (console or output()).print(sweep_table(result))


def sweep_table(result: SweepResult) -> RenderableType:
    """How the trials ended, a row for each of the best ones, and the best one's parameters as `K=V`."""
    head = Text.assemble((printable(result.name), "bold"), f": {states_words(result)}")
    if result.best is None:
        return Group(head, Text(best_words(result)))
    parameters = [
        Text(f"  {name}={printable(inline(value))}") for name, value in result.best.parameters.items()
    ]
    best = Text(best_words(result), style="bold")
    return Group(head, Text(), best_trials(result), Text(), best, *parameters)


def best_trials(result: SweepResult) -> ResponsiveTable:
    """The columns of parameters that matter least are hidden first."""
    shown = result.ranking[:MOST]
    parameters = [name for name in result.parameters if any(name in trial.parameters for trial in shown)]
    ranks = {name: rank for rank, name in enumerate(by_importance(result, parameters), start=1)}
    names = short_names(parameters)
    objective = words(result.objective).split(" ", 1)
    columns = [
        Column("trial"),
        Column("\n".join(objective)),
        *(
            Column(label, "left", drop_rank=ranks[name])
            for name, label in zip(
                parameters, distinct([names[name] for name in parameters], LETTERS), strict=True
            )
        ),
        Column("time", drop_rank=len(parameters) + 1),
    ]
    values = [cells(name, shown) for name in parameters]
    rows: list[list[str | Text]] = [
        [
            str(trial.number),
            number(trial.value),
            *(column[row] for column in values),
            duration(trial.seconds) if trial.seconds is not None else "",
        ]
        for row, trial in enumerate(shown)
    ]
    return ResponsiveTable(columns, rows, row_styles={0: "bold"})


def cells(name: str, trials: tuple[Trial, ...]) -> list[str]:
    """The value of a parameter in each trial, "-" where it has none."""
    having = [trial for trial in trials if name in trial.parameters]
    texts = choice_texts([trial.parameters[name] for trial in having], LETTERS)
    found = {trial.number: text for trial, text in zip(having, texts, strict=True)}
    return [found.get(trial.number, "-") for trial in trials]
