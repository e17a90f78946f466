"""The page of `nntrain report`: it holds what a run left, loads nothing, and takes no text of a user for markup."""

import json
import shlex
import sys

import numpy as np
import pytest

import nntrain
from nntrain.report.html.pictures import Album, Image
from nntrain.report.html.sections.pictures import pictures as pictures_section
from nntrain.report.pictures import registry
from tests.conftest import MOONS
from tests.support import ROOT
from tests.support.pages import Page

DROPS = (
    MOONS.replace("metrics: [accuracy]", "metrics: [accuracy, confusion_matrix]")
    + "schedule: {multi_step: {milestones: [2], gamma: 0.1}}\n"
)
EVIL = "<script>alert(1)</script>&\"'"
EVIL_CONFIG = """
# <script>alert(1)</script>
name: "<b>"
data: {source: {csv: {path: people.csv, header: false}}, test: 0.3}
model: {layers: [{dense: {units: 2, name: "<b>onerror=alert(1)>"}}]}
loss: cross_entropy
metrics: [confusion_matrix]
optimizer: {sgd: 0.01}
train: {epochs: 1}
"""


def page(shell, *runs, name="page.html", pictures=False) -> Page:
    options = [] if pictures else ["--no-pictures"]
    shell.run("report", *runs, "--output", name, "--overwrite", *options)
    return Page(shell.folder / name)


def addresses(found: Page) -> list[str]:
    """Whatever a browser could load."""
    names = ("src", "href", "srcset", "data", "action", "poster", "background")
    return [each.attributes[name] for each in found.elements for name in names if name in each.attributes]


@pytest.fixture
def two_pictures(monkeypatch) -> None:
    """All of them take many seconds."""
    monkeypatch.setattr(
        "nntrain.api.report.of_every_run", lambda: [registry.pictures()[name] for name in ("regions", "loss")]
    )


@pytest.fixture
def run(shell):
    return shell.fit(DROPS)


def test_a_page_holds_what_a_run_left(shell, run):
    found = page(shell, run)
    info = json.loads((run / "run.json").read_text())
    assert [each.text for each in found.all("h1")] == ["run finished"]
    headings = [each.text for each in found.all("h2")]
    assert headings == [
        "Summary",
        "Curves",
        "Classes",
        "Evaluations",
        "Network",
        "Config",
        "Commands",
    ]
    summary = found.section("summary")
    for text in (
        info["cpu"],
        f"numpy {np.__version__}",
        "96 samples",
        "24 samples",
        "best by validation_loss",
    ):
        assert text in summary
    for split, hashed in info["data_sha256"].items():
        assert f"{split}: {info['samples'][split]} samples SHA-256 {hashed[:12]}" in summary
    for split, scores in info["scores"].items():
        assert f"{scores['loss']:.4g}"[:5] in summary, split
        assert f"{info['baseline'][split]['loss']:.4g}"[:5] in summary
    for text in ("dense_1", "dense_1.tanh", "dropout_1", "42"):
        assert text in found.section("network")
    assert "multi_step: {milestones: [2], gamma: 0.1}" in found.section("config")
    assert "dampening" not in found.section("config")
    assert "label_smoothing: 0.0" in found.section("config")  # a default


def test_the_page_of_a_run_is_in_its_folder_and_named_last(shell, run):
    result = shell.run("report", run, "--no-pictures")
    assert result.stdout == f"{run}/report.html\n"
    assert Page(run / "report.html").section("summary")


def test_the_page_of_several_runs_is_in_the_current_folder(shell, run):
    result = shell.run("report", run, shell.fit(DROPS, "--set", "seed=1", name="b"), "--no-pictures")
    assert result.stdout == "report.html\n"


def test_an_existing_page_is_replaced_only_when_told_to(shell, run, wording):
    shell.run("report", run, "--no-pictures")
    wording(shell.run("report", run, "--no-pictures", code=2).stderr)
    shell.run("report", run, "--no-pictures", "--overwrite")


def test_the_page_of_a_run_that_is_overwritten_goes_with_it(shell, run):
    shell.run("report", run, "--no-pictures")
    shell.fit(DROPS, "--overwrite")
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["runs/nothing"], "runs/nothing"),
        (["runs"], "runs"),
        (["runs/run/checkpoints/best.safetensors"], "runs/run/checkpoints/best.safetensors"),
        (["runs/run", "runs/nothing"], "runs/nothing"),
        (["runs/run", "--output", "nowhere/page.html"], "nowhere/page.html"),
        (["runs/run", "--output", "runs"], "runs"),
        (["runs/run"] * 21, "report"),
    ],
)
def test_errors_name_the_run_or_the_file(shell, run, wording, arguments, place):
    message = shell.run("report", *arguments, "--no-pictures", code=2).stderr
    assert message.startswith(f"error: {place}: ")
    wording(message)


def test_the_same_run_gives_the_same_page(shell, run):
    # In processes of their own, because Bokeh numbers its models.
    first, second = (
        nntrain.write_report(run, output=f"{name}.html", pictures=False).read_text().split('"curves-data"')[0]
        for name in "ab"
    )
    assert first == second


@pytest.mark.usefixtures("two_pictures")
def test_a_page_loads_nothing_and_may_not(shell, run):
    found = page(shell, run, pictures=True)
    assert found.all("img")
    assert {address.split(",")[0] for address in addresses(found)} == {"data:image/png;base64"}
    policy = found.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    style = found.all("style")[0].text
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.usefixtures("two_pictures")
def test_every_picture_can_be_there_light_and_dark(shell, run):
    shell.run("report", run, "--style", "both", "--output", "page.html")
    found = Page(shell.folder / "page.html")
    dark = found.all("source", media="(prefers-color-scheme: dark)")
    assert len(dark) == len(found.all("img")) == len(found.all("picture")) >= 2
    assert "loss" in found.section("pictures")
    assert "regions" in found.section("pictures")
    assert all(each.attributes["alt"] for each in found.all("img"))


@pytest.mark.slow
def test_all_pictures_that_fit_a_run_are_there_and_the_page_is_small(shell):
    run = shell.fit((ROOT / "configs/digits.yaml").read_text())
    result = shell.run("report", run)
    assert result.stderr == ""
    images = Page(run / "report.html").all("img")
    assert len(images) == len(shell.run("plot", run).stdout.splitlines()) > 10
    assert (run / "report.html").stat().st_size <= 3_000_000


@pytest.mark.usefixtures("two_pictures")
def test_a_picture_that_cannot_be_drawn_is_a_warning(shell, run, monkeypatch, wording):
    from nntrain.report.pictures.training.loss import Loss

    def broken(*_):
        raise ValueError("a defect")

    monkeypatch.setattr(Loss, "figure", broken)
    result = shell.run("report", run, "--output", "page.html")
    wording(result.stderr)
    found = Page(shell.folder / "page.html")
    assert len(found.all("img")) == 1
    assert "cannot draw the picture 'loss'" in found.section("findings")


def test_no_text_of_a_user_becomes_markup(shell):
    rows = (f"{i},{i % 7},a</script><b>\n{i},{i % 5},b\n" for i in range(40))
    (shell.folder / "people.csv").write_text("".join(rows))
    run = shell.fit(EVIL_CONFIG, name="<b>run<b>")
    info = json.loads((run / "run.json").read_text())
    info |= {"warnings": [EVIL], "cpu": EVIL, "status": EVIL, "git": EVIL, "error": EVIL}
    (run / "run.json").write_text(json.dumps(info))
    alone = page(shell, run)
    both = page(shell, run, shell.fit(EVIL_CONFIG, "--set", "seed=1", name="other"))
    for found in (alone, both):
        scripts = found.all("script")
        assert [each.attributes.get("type") for each in scripts] == ["application/json", None, None]
        assert all("alert(1)" not in each.text for each in scripts)
        assert not found.all("b", **{"class": ""})
        assert EVIL in found.text  # as text
        assert "a</script><b>" in found.text
        assert "<b>run<b>" in found.text


def test_no_name_of_a_run_becomes_markup_beside_a_picture():
    album = Album([], lambda picture: None)
    album.images["loss"] = Image("loss", EVIL, b"light", b"dark")
    assert "<script>" not in pictures_section([album, album], [EVIL, f"{EVIL} 2"])


def test_a_page_has_no_more_scripts_than_its_policy_names(shell, run):
    found = page(shell, run)
    policy = found.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    assert policy.count("sha256-") == len(
        [each for each in found.all("script") if "type" not in each.attributes]
    )
    assert not [name for each in found.elements for name in each.attributes if name.startswith("on")]


def test_commands_repeat_the_run_and_can_be_typed(shell, run):
    found = page(shell, run)
    typed = [line for line in found.section("commands").splitlines() if line.startswith("nntrain ")]
    verbs = [shlex.split(line)[1] for line in typed]
    assert verbs == ["fit", "eval", "predict", "plot", "report"]
    shell.run(*shlex.split(typed[0])[1:], "--runs-dir", "again", "--quiet")
    assert (shell.folder / "again/run-again/metrics.csv").read_bytes() == (run / "metrics.csv").read_bytes()
    shell.run(*shlex.split(typed[1])[1:])


def test_evaluations_have_a_row_each_and_the_best_is_marked(shell, run):
    found = page(shell, run)
    table = found.all("section", id="evaluations")[0]
    assert "4 evaluations" in table.text
    rows = found.all("tr", class_="marked")
    best = int(np.nanargmin(nntrain.open_run(run).history["validation_loss"])) + 1
    assert [row.text.startswith(str(best)) for row in rows] == [True]


def test_many_evaluations_are_thinned(shell):
    run = shell.fit(MOONS, "--set", "train.epochs=60", "--set", "train.evaluate_every={steps: 1}")
    found = page(shell, run)
    assert "of 300 evaluations are shown" in found.section("evaluations")
    assert len(found.all("tr")) < 250


def test_classes_have_precision_and_recall(shell, run):
    matrix = np.array(json.loads((run / "run.json").read_text())["scores"]["test"]["confusion_matrix"])
    text = page(shell, run).section("classes")
    recall = matrix[0, 0] / matrix[0].sum()
    assert f"{recall:.4f}"[:6] in text
    assert f"{matrix[0].sum():.0f}" in text


@pytest.mark.usefixtures("pictures")
def test_classes_are_there_without_a_metric_for_them(shell):
    run = shell.fit()
    assert (run / "plots/confusion.npz").exists()
    found = page(shell, run)
    text = found.section("classes")
    assert "test split" in text
    assert "precision" in text
    (run / "plots/confusion.npz").write_text("corrupt")
    assert not page(shell, run).section("classes")


def test_a_page_without_the_library_of_curves_says_how_to_get_it(shell, run, monkeypatch, wording):
    monkeypatch.setattr("nntrain.report.html.curves.figures.find_spec", lambda name: None)
    result = shell.run("report", run, "--output", "page.html", "--no-pictures")
    wording(result.stderr)
    found = Page(shell.folder / "page.html")
    assert "pip install 'nntrain[report]'" in found.section("curves-section")
    assert len(found.source) < 100_000
    assert len(found.all("script")) == 1


def test_bokeh_is_loaded_by_nothing_else(shell, run):
    import subprocess

    code = "import sys, nntrain.api.report, nntrain.cli.report; print([name for name in ('bokeh', 'jinja2') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
