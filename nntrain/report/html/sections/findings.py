"""Findings: the warnings of a run, what its end showed, and what is missing on this page."""

from nntrain.report.html.elements import Html, element, marked, section
from nntrain.report.html.reported import ReportedRun


def findings(run: ReportedRun) -> Html:
    _ = run.layers  # whose problems are known once they were asked for
    notes = [f"this page is incomplete: {problem}" for problem in dict.fromkeys(run.problems)]
    items = [element("li", marked(text)) for text in [*run.warnings, *notes]]
    if not items:
        return Html()
    return section("Warnings and findings", element("ul", items, class_="findings"), key="findings")
