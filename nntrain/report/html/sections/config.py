"""Config: what the user wrote, what the command line changed, and every default."""

from nntrain.report.html.elements import Html, code, element, folded, section
from nntrain.report.html.highlight import highlighted
from nntrain.report.html.reported import ReportedRun


def config(run: ReportedRun) -> Html:
    written, resolved = run.text(run.folder.config), run.text(run.folder.resolved)
    overrides = run.info.get("overrides")
    changed = [str(text) for text in overrides] if isinstance(overrides, list) else []
    return section(
        "Config",
        highlighted(written) if written else None,
        element("p", "Changed from the command line: ", [[code(text), " "] for text in changed])
        if changed
        else None,
        folded("with every default", highlighted(resolved)) if resolved else None,
        key="config",
    )
