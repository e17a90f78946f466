"""Commands: what to type to repeat a run, to evaluate and to use it."""

import shlex

from nntrain.report.html.elements import Html, element, section
from nntrain.report.html.reported import ReportedRun


def commands(run: ReportedRun) -> Html:
    lines = [
        line
        for text, words in typed(run)
        for line in (element("span", f"# {text}", class_="comment"), "\n", written(words))
    ]
    return section("Commands", element("pre", element("code", lines)), key="commands")


def written(words: list[str]) -> str:
    return shlex.join(words) + "\n"


def typed(run: ReportedRun) -> list[tuple[str, list[str]]]:
    """(what it is for, the words of the command) of each."""
    path = str(run.path)
    plugins = run.info.get("plugins")
    options = [
        word
        for plugin in (plugins if isinstance(plugins, list) else [])
        if isinstance(plugin, dict) and "path" in plugin
        for word in ("--plugin", str(plugin["path"]))
    ]
    found = [
        (
            "train it again, to the same bytes",
            ["nntrain", "fit", path, *options, "--name", f"{run.name}-again"],
        )
    ]
    if run.is_unfinished and run.status != "running":
        found.append(("continue it from its last checkpoint", ["nntrain", "fit", path, *options, "--resume"]))
    if run.stored is not None:
        found += [
            ("its scores", ["nntrain", "eval", path, *options]),
            ("new predictions", ["nntrain", "predict", path, *options, *new_data(run)]),
        ]
    return [
        *found,
        ("its pictures", ["nntrain", "plot", path, *options]),
        ("this page", ["nntrain", "report", path, *options, "--overwrite"]),
    ]


def new_data(run: ReportedRun) -> list[str]:
    """An example of what the network predicts."""
    assert run.stored is not None
    facts = run.stored.snapshot.facts["data"]
    if facts.get("unit"):
        return ["--prompt", "The "]
    if facts.get("feature_names"):
        return ["new.csv"]
    return ["photo.png" if len(facts.get("input_shape", ())) == 3 else "new.npz"]
