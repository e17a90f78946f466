"""Verdict: what a comparison of two runs means, in one line."""

from nntrain.listing.comparison import Comparison


def verdict(found: Comparison) -> str:
    if found.identical:
        return "identical: the same config, data and checkpoints, to the byte"
    if found.same_config and found.same_data:
        return f"the same config and data, but other results{cause(found)}"
    parts = []
    if count := len(found.config):
        parts.append(f"{count} option{' differs' if count == 1 else 's differ'}")
    if any(split.same is False for split in found.data):
        parts.append("the data differ")
    if found.same_result:
        parts.append("the results are the same, to the byte")
    parts += better_run(found)
    return "; ".join(parts) or "too little is recorded to compare the runs"


def cause(found: Comparison) -> str:
    """Why equal configs and data may have other results."""
    unfinished = [run.name for run in (found.a, found.b) if not run.is_complete]
    if unfinished:
        return f": {' and '.join(unfinished)} did not train to the end"
    if not found.same_start:
        return ": they started from other weights"
    return ": they were made with other versions, or on another machine" if found.versions else ""


def better_run(found: Comparison) -> list[str]:
    """By the score that chooses the best checkpoint of both."""
    for score in found.scores:
        if score.column == found.a.monitor == found.b.monitor and score.better in ("a", "b"):
            best = found.a if score.better == "a" else found.b
            return [f"{best.name} has the better {score.column}"]
    return []
