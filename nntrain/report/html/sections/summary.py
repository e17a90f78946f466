"""Summary: how a run ended, its scores beside those of a constant prediction, and what it was made with."""

from typing import Any

from nntrain.report.formats import epoch_text, number
from nntrain.report.html.elements import Content, Html, code, element, marked, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.tables import Cell, facts, score, table
from nntrain.run.history import LAST

ENDINGS = {  # status -> what it means
    "finished": "trained to the last epoch",
    "stopped early": "ended by `early_stopping`",
    "imported": "its weights come from a file of another framework; it was not trained",
    "interrupted": "stopped by the user or the system, with a checkpoint",
    "failed": "ended by an error",
    "running": "still training: this page shows the run so far",
    "pruned": "stopped by a sweep, because it lagged behind other trials",
    "killed": "its process ended without recording how, as at a power failure",
    "unknown": "run.json does not say how the run ended",
}


def summary(run: ReportedRun) -> Html:
    return section("Summary", overview(run), scores(run), circumstances(run), key="summary")


def badge(run: ReportedRun) -> Html:
    """The status in a coloured frame."""
    kind = "good" if not run.is_unfinished else "plain" if run.status == "running" else "bad"
    return element("span", run.status, class_=f"badge {kind}")


def overview(run: ReportedRun) -> Html:
    return facts(
        [
            ("status", [badge(run), " ", ENDINGS.get(run.status, "").replace("`", "")]),
            ("error", error(run)),
            ("best epoch", best(run)),
            ("trained on", trained_on(run)),
            ("training", run.took),
        ]
    )


def error(run: ReportedRun) -> Content:
    """What ended the run, and the hint below it."""
    found = run.info.get("error")
    message, _, hint = str(found or "").partition("\nhint: ")
    return [marked(message), element("div", "hint: ", marked(hint)) if hint else None] if found else None


def best(run: ReportedRun) -> Content:
    """ "25 of 25, best by validation_loss 0.03029"."""
    history = run.history
    if history is None or not len(history):
        return "no evaluation yet"
    if history.best is None:
        return f"none: {history.monitor} was NaN in every evaluation"
    epoch = history.value("epoch", history.best)
    last = float(history.evaluations["epoch"].data[-1])
    value = history.value(history.monitor, history.best)
    by = [", best by ", code(history.monitor), f" {number(value)}"] if value is not None else None
    if history.monitor == LAST:
        by = [", the last one, as ", code("monitor: last"), " says"]
    return [f"{epoch_text(epoch or 0)} of {epoch_text(last)}", by]


def trained_on(run: ReportedRun) -> Content:
    """Of a run on all data: on what, and where the number of epochs comes from; nothing of any other."""
    of = run.info.get("all_data_of")
    if not isinstance(of, dict):
        return None
    return ["training and validation samples, for the best number of epochs of ", code(str(of.get("run")))]


def scores(run: ReportedRun) -> Html:
    """A row per split: each score, and beside it that of the best constant prediction."""
    found, baseline = run.scores, run.baseline
    splits = [split for split in ("train", "validation", "test") if split in found or split in baseline]
    names = list(
        dict.fromkeys(name for part in (found, baseline) for values in part.values() for name in values)
    )
    names = [name for name in names if any(is_number(found.get(split, {}).get(name)) for split in splits)]
    if not names:
        return Html()
    headings = ["split"]
    for name in names:
        headings += [name.replace("_", " "), *(["constant prediction"] if baseline else [])]
    parts = (found, baseline) if baseline else (found,)
    rows = [
        [split, *(cell(part.get(split, {}).get(name)) for name in names for part in parts)]
        for split in splits
    ]
    note = (
        "The scores of the best checkpoint on each split"
        + (", beside those of the best constant prediction." if baseline else ".")
        if run.scores_are_final
        else "The scores of the best evaluation so far; those of the training split are running means over the epoch."
    )
    return Html(element("p", note) + table(headings, rows))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def cell(value: Any) -> Cell:
    return score(float(value)) if is_number(value) else score(None)


def circumstances(run: ReportedRun) -> Html:
    """Data, seed, machine and versions."""
    info = run.info
    versions = info.get("versions")
    parameters = sum(row.parameters for row in run.layers)
    return facts(
        [
            ("parameters", f"{parameters:,}" if parameters else ""),
            ("data", data(run)),
            ("seed", shown(info.get("seed"))),
            ("started", moment(info.get("started"))),
            ("ended", moment(info.get("ended"))),
            ("resumed after step", ", ".join(map(str, info.get("resumed_from_steps") or ()))),
            (
                "started from",
                code(info["from"].get("checkpoint", "")) if isinstance(info.get("from"), dict) else "",
            ),
            ("processor", processor(run)),
            (
                "versions",
                ", ".join(f"{name} {number}" for name, number in versions.items()) if versions else "",
            ),
            ("git commit", code(info["git"]) if info.get("git") else ""),
            ("folder", code(str(run.path.resolve()))),
        ]
    )


def processor(run: ReportedRun) -> str:
    threads = run.info.get("threads")
    name = shown(run.info.get("cpu"))
    return f"{name}, {threads} thread{'s' * (threads != 1)}" if name and threads else name


def data(run: ReportedRun) -> Content:
    """Each split with its number of samples and the beginning of its hash."""
    hashes, samples = run.info.get("data_sha256"), run.info.get("samples")
    hashes = hashes if isinstance(hashes, dict) else {}
    samples = samples if isinstance(samples, dict) else {}
    lines = [
        element(
            "li",
            f"{split}: " + (f"{samples[split]:,} samples" if split in samples else ""),
            [" SHA-256 ", element("code", str(hashes[split])[:12], title=str(hashes[split]))]
            if split in hashes
            else None,
        )
        for split in dict.fromkeys([*hashes, *samples])
    ]
    return element("ul", lines) if lines else None


def shown(value: Any) -> str:
    return "" if value is None else str(value)


def moment(value: Any) -> str:
    """ "2026-11-27 10:12:43 UTC" """
    text = shown(value)
    return text.replace("T", " ", 1).replace("+00:00", " UTC")
