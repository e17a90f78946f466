"""How a run and a model show themselves in a notebook."""

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from nntrain.inference.trained import Trained
from nntrain.report.terminal.tables import model_text

if TYPE_CHECKING:
    from nntrain.api.run import Run


def model_html(trained: Trained) -> str:
    """The table of layers."""
    return f"<pre>{escape(model_text(trained.config, trained.graph()))}</pre>"


def run_html(run: "Run") -> str:
    """The status, the scores of every split, and the loss curve if the run has drawn one."""
    where = f" in <code>{escape(str(run.path))}</code>" if run.path is not None else ""
    return f"<p><b>{escape(run.status)}</b>{where}</p>{_scores(run)}{_picture(run)}"


def _scores(run: "Run") -> str:
    """A row per split, and after the last one what the best constant prediction scores there."""
    scores = dict(run.scores)
    if split := next((split for split in reversed(scores) if split in run.baseline), None):
        scores[f"baseline ({split})"] = run.baseline[split]
    names = list(dict.fromkeys(name for values in scores.values() for name in values))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th>{escape(split)}</th>{''.join(_cell(values.get(name)) for name in names)}</tr>"
        for split, values in scores.items()
    )
    return f"<table><tr><th></th>{head}</tr>{rows}</table>" if scores else ""


def _cell(value: Any) -> str:
    return f"<td>{value:.4g}</td>" if isinstance(value, float) else "<td></td>"


def _picture(run: "Run") -> str:
    picture = run.path / "loss.png" if run.path is not None else None
    if picture is None or not picture.exists():
        return ""
    data = base64.b64encode(picture.read_bytes()).decode()
    return f'<img alt="loss over the epochs" width="640" src="data:image/png;base64,{data}">'
