"""Page: all sections of one run, or of several runs side by side, as one HTML file that loads nothing from anywhere."""

from collections.abc import Sequence
from pathlib import Path

import nntrain
from nntrain.files import write_atomic
from nntrain.report.html import assets
from nntrain.report.html.curves.figures import PLACE, library
from nntrain.report.html.elements import Html, element, html
from nntrain.report.html.pictures import Album
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.sections.classes import classes
from nntrain.report.html.sections.commands import commands
from nntrain.report.html.sections.comparison import comparison
from nntrain.report.html.sections.config import config
from nntrain.report.html.sections.curves import curves as curves_section
from nntrain.report.html.sections.evaluations import evaluations
from nntrain.report.html.sections.findings import findings
from nntrain.report.html.sections.network import network
from nntrain.report.html.sections.pictures import pictures
from nntrain.report.html.sections.summary import badge, summary
from nntrain.run.settings import labels


def write_page(runs: Sequence[ReportedRun], albums: Sequence[Album], output: Path) -> None:
    """Writes the page of the runs, with the pictures of each if there are albums."""
    text = page_of_run(runs[0], albums) if len(runs) == 1 else page_of_runs(runs, albums)
    write_atomic(output, text.encode(errors="replace"))


def page_of_run(run: ReportedRun, albums: Sequence[Album]) -> Html:
    return page(
        run.name,
        [element("h1", run.name, " ", badge(run))],
        [
            summary(run),
            findings(run),
            curves_section([run], [run.name]),
            pictures(albums, [run.name]),
            classes(run),
            evaluations(run),
            network(run),
            config(run),
            commands(run),
        ],
    )


def page_of_runs(runs: Sequence[ReportedRun], albums: Sequence[Album]) -> Html:
    names = labels([run.name for run in runs], [run.settings for run in runs])
    return page(
        f"{len(runs)} runs",
        [element("h1", f"{len(runs)} runs")],
        [
            comparison(runs, names),
            curves_section(runs, names),
            pictures(albums, names),
            [single(run) for run in runs],
        ],
    )


def single(run: ReportedRun) -> Html:
    """A run among several, folded."""
    parts = (summary, findings, classes, evaluations, network, config, commands)
    head = element("summary", element("h2", run.name), badge(run))
    return element("details", head, [part(run) for part in parts], class_="run")


def page(title: str, head: list[Html], sections: list[Html | list[Html]]) -> Html:
    body = html(sections)
    has_curves = f'id="{PLACE}"' in body
    scripts = [*([library()] if has_curves else []), assets.asset("report.js")]
    return Html(
        "<!doctype html>\n"
        + element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                assets.policy(scripts),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("meta", name="color-scheme", content="light dark"),
                element("title", f"{title} · nntrain"),
                assets.style(),
            ),
            element(
                "body",
                element("header", head),
                element("main", body),
                element("footer", f"Made by nntrain {nntrain.__version__}."),
                [assets.script(text) for text in scripts],
            ),
            lang="en",
        )
        + "\n"
    )
