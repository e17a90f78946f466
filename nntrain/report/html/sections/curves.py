"""Curves: what report.js draws, or how to get it."""

from collections.abc import Sequence

from nntrain.report.html.curves.drawn import drawn_runs
from nntrain.report.html.curves.figures import PLACE, available, figures
from nntrain.report.html.curves.legend import legend
from nntrain.report.html.elements import Html, code, element, section
from nntrain.report.html.reported import ReportedRun


def curves(runs: Sequence[ReportedRun], labels: Sequence[str]) -> Html:
    drawn = drawn_runs(labels, [run.history for run in runs])
    if not drawn:
        return Html()
    if not available():
        text = [
            "This page has static pictures only: ",
            code("pip install 'nntrain[report]'"),
            " adds curves to hover over and zoom into.",
        ]
        return section("Curves", element("p", text, class_="note"), key="curves-section")
    hints = "Drag to zoom in, and rest the pointer on a curve to read it. The axes of epochs move together."
    return section(
        "Curves",
        element(
            "noscript", element("p", "The curves need JavaScript; the pictures below do not.", class_="note")
        ),
        element("p", hints, class_="hint"),
        legend(drawn),
        element("div", id=PLACE),
        element("script", figures(drawn), type="application/json", id="curves-data"),
        key="curves-section",
    )
