"""The page in a browser: it asks for nothing, complains of nothing, shows values under the pointer, hides and sorts."""

from pathlib import Path

import pytest
import yaml

import nntrain
from nntrain.report.observers import PictureObserver
from nntrain.report.pictures import registry
from tests.conftest import MOONS
from tests.support.browser import Browser, find_browser
from tests.support.pages import Page

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")

READY = "!document.getElementById('legend').hidden"
THROUGH_SHADOWS = """(function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  for (const each of root.querySelectorAll("*")) if (each.shadowRoot) found.push(...all(each.shadowRoot, selector));
  return found;
})"""
BOXES = THROUGH_SHADOWS + "(document, '.bk-tooltip-content').map((each) => each.textContent)"
BOLD = THROUGH_SHADOWS + "(document, '.bk-tooltip-content b').length"


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A page of one run with pictures, and one of two runs."""
    folder = tmp_path_factory.mktemp("pages")
    runs = [fitted(folder, f"lr{lr}", {"optimizer.adam.lr": lr}) for lr in (0.1, 0.01)]
    with pytest.MonkeyPatch.context() as patch:
        drawn = [registry.pictures()[name] for name in ("regions", "loss")]
        patch.setattr("nntrain.api.report.of_every_run", lambda: drawn)  # all take many seconds
        one = nntrain.write_report(runs[0], output=folder / "one.html", style="both")
    two = nntrain.write_report(*runs, output=folder / "two.html", pictures=False)
    return {"one": one, "two": two}


def fitted(folder: Path, name: str, changes: dict[str, object]) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for moment in ("ready", "ended", "_refresh"):
            patch.setattr(PictureObserver, moment, lambda *_: None)
        run = nntrain.fit(yaml.safe_load(MOONS), set=changes, runs_dir=folder, name=name)
    assert run.path is not None
    return run.path


@pytest.fixture
def page(pages) -> Path:
    return pages["one"]


def place_of_curves(browser: Browser) -> tuple[float, float, float]:
    """Their left, top and width in the window."""
    browser.wait_for(READY)
    browser.evaluate("document.getElementById('curves').scrollIntoView()")
    rectangle = "document.getElementById('curves').getBoundingClientRect()"
    return tuple(browser.evaluate(f"(({{x, y, width}}) => [x, y, width])({rectangle})"))


def point_at_curves(browser: Browser) -> None:
    x, y, width = place_of_curves(browser)
    for shift in (0, 5):
        browser.move(x + width / 2 + shift, y + 150)
    browser.wait_for(f"{BOXES}.length > 0")


def test_a_page_asks_for_nothing_and_complains_of_nothing(page):
    with Browser() as browser:
        browser.open(page)
        point_at_curves(browser)
        assert (browser.requests, browser.complaints) == ([], [])


def changed(page: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    text = page.read_text()
    for before, after in changes:
        text = text.replace(before, after)
    (folder / "changed.html").write_text(text)
    return folder / "changed.html"


def test_requests_and_complaints_are_seen(page, tmp_path):
    """The test above would see them."""
    image = ("<body>", '<body><img src="http://example.invalid/a.png">')
    with Browser() as browser:
        browser.open(changed(page, tmp_path, image))
        assert any("Content Security Policy" in each for each in browser.complaints)
        assert browser.requests == ["http://example.invalid/a.png"]


def test_a_script_that_is_not_of_the_page_does_not_run(page, tmp_path):
    script = ("<body>", "<body><script>window.stolen = 1</script>")
    with Browser() as browser:
        browser.open(changed(page, tmp_path, script))
        assert browser.evaluate("window.stolen === undefined")


def test_the_pointer_shows_the_values_of_the_nearest_evaluation(page):
    with Browser() as browser:
        browser.open(page)
        point_at_curves(browser)
        (box,) = browser.evaluate(BOXES)
    table = [row.text for row in Page(page).all("tr")]
    words = box.split()
    assert words[::2] == ["epoch:", "train:", "validation:"]
    assert any(all(word in row for word in words[1::2]) for row in table)


def test_of_several_runs_one_box_shows_all(pages):
    with Browser() as browser:
        browser.open(pages["two"])
        point_at_curves(browser)
        (box,) = browser.evaluate(BOXES)
        assert "lr 0.1: train " in box
        assert "lr 0.01: train " in box
        assert (browser.requests, browser.complaints) == ([], [])


def test_names_of_runs_are_in_the_box_as_they_are_written(pages, tmp_path):
    name = "<b>1@x $y<b>"
    runs = [fitted(tmp_path, each, {}) for each in (name, "other")]
    page = nntrain.write_report(*runs, output=tmp_path / "page.html", pictures=False)
    with Browser() as browser:
        browser.open(page)
        point_at_curves(browser)
        (box,) = browser.evaluate(BOXES)
        assert f"{name}: train " in box.replace("\u2060", "")
        assert browser.evaluate(BOLD) == 0


def test_runs_with_other_metrics_share_a_page(tmp_path):
    runs = [fitted(tmp_path, name, {"metrics": [name]}) for name in ("accuracy", "f1")]
    page = nntrain.write_report(*runs, output=tmp_path / "page.html", pictures=False)
    with Browser() as browser:
        browser.open(page)
        point_at_curves(browser)
        assert browser.complaints == []


def test_dragging_zooms_into_all_figures(page):
    ranges = "[...Bokeh.documents[0].all_models].filter((model) => model.type === 'Figure').map((model) => model.x_range.end)"
    with Browser() as browser:
        browser.open(page)
        x, y, width = place_of_curves(browser)
        before = browser.evaluate(ranges)
        browser.drag((x + 200, y + 100), (x + width / 2, y + 300))
        browser.wait_for(f"{ranges}[0] < {0.8 * before[0]}")
        assert len(before) == 3  # loss, accuracy, lr
        assert len(set(browser.evaluate(ranges))) == 1
        assert (browser.requests, browser.complaints) == ([], [])


def test_the_legend_hides_lines_in_all_figures(page):
    visible = "[...Bokeh.documents[0].all_models].filter((model) => model.tags.includes('train')).map((model) => model.visible)"
    with Browser() as browser:
        browser.open(page)
        browser.wait_for(READY)
        before = browser.evaluate(visible)
        assert set(before) == {True}
        assert len(before) == 4  # lines and markers, of the loss and of the accuracy
        browser.evaluate("document.querySelector('#legend input[value=train]').click()")
        assert set(browser.evaluate(visible)) == {False}
        browser.evaluate("document.querySelector('#legend input[value=train]').click()")
        assert browser.evaluate(visible) == before


def test_a_click_on_a_heading_sorts_by_number(page):
    column = "[...document.querySelectorAll('#evaluations tbody tr')].map((row) => Number(row.cells[2].dataset.value))"
    with Browser() as browser:
        browser.open(page)
        browser.wait_for(READY)
        losses = browser.evaluate(column)
        click = "document.querySelectorAll('#evaluations thead th')[2].click()"
        browser.evaluate(click)
        assert browser.evaluate(column) == sorted(losses)
        browser.evaluate(click)
        assert browser.evaluate(column) == sorted(losses, reverse=True)
        assert (
            browser.evaluate("document.querySelectorAll('#evaluations [aria-sort=descending]').length") == 1
        )


def test_without_scripts_tables_and_pictures_are_there(page):
    with Browser() as browser:
        browser.without_scripts()
        browser.open(page)
        shown = "(selector) => [...document.querySelectorAll(selector)].filter((each) => each.getClientRects().length).length"
        assert browser.evaluate(f"({shown})('#evaluations td')") > 10
        assert browser.evaluate(f"({shown})('#pictures img')") >= 2
        assert browser.evaluate(f"({shown})('noscript')") == 1
        assert browser.evaluate(f"({shown})('#legend')") == 0


@pytest.mark.parametrize("width", [400, 800, 1200])
def test_nothing_is_wider_than_the_window(pages, width):
    with Browser(width=width) as browser:
        for file in pages.values():
            browser.open(file)
            browser.wait_for(READY)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            for folded in ("true", "false"):
                browser.evaluate(
                    f"document.querySelectorAll('details').forEach((each) => {{ each.open = {folded} }})"
                )
                assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_texts_are_legible_in_the_dark(page):
    with Browser() as browser:
        lightness = []
        for scheme in ("light", "dark"):
            browser.in_style(scheme)
            browser.open(page)
            browser.wait_for(READY)
            colours = browser.evaluate(
                "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
            )
            lightness.append([sum(map(int, text.strip("rgb()").split(","))) for text in colours])
            drawn = browser.evaluate("document.querySelector('picture img').currentSrc")
            lightness[-1].append(drawn)
        (ink, paper, light), (ink_in_dark, paper_in_dark, dark) = lightness
        assert ink < paper
        assert ink_in_dark > paper_in_dark
        assert light != dark
