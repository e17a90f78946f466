"""The page in a browser: drawing, filling in, uploading and prompting lead to predictions, without a complaint."""

import pytest

from tests.support.browser import Browser, find_browser
from tests.support.serving import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed"),
]
RESULT = "document.getElementById('result').innerText"
TWO = [
    (0.35, 0.3),
    (0.4, 0.22),
    (0.5, 0.2),
    (0.6, 0.25),
    (0.62, 0.35),
    (0.55, 0.5),
    (0.45, 0.6),
    (0.35, 0.72),
    (0.5, 0.72),
    (0.68, 0.7),
]
BOX = "(({x, y, width, height}) => [x, y, width, height])(document.getElementById('board').getBoundingClientRect())"
PIXELS = "document.getElementById('seen').getContext('2d').getImageData(0, 0, 8, 8).data"
SEEN = f"[...{PIXELS}].filter((_, at) => at % 4 === 0)"  # grey levels
CHANGE = """(() => {{
  const field = document.{field};
  field.{change};
  field.dispatchEvent(new Event('{event}'));
}})()"""
OPTIONS = "[...document.querySelectorAll('select option')].map((each) => each.textContent)"
UPLOAD = """(async () => {
  const canvas = document.createElement('canvas');
  canvas.width = 300; canvas.height = 200;
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#eee'; pen.fillRect(0, 0, 300, 200);
  const blob = await new Promise((done) => canvas.toBlob(done));
  const chosen = new DataTransfer();
  chosen.items.add(new File([blob], 'bright.png', {type: 'image/png'}));
  const input = document.querySelector('input[type=file]');
  input.files = chosen.files;
  input.dispatchEvent(new Event('change'));
})()"""


@pytest.fixture(scope="module")
def saved(models, tmp_path_factory):
    """The checkpoint of each model."""
    folder = tmp_path_factory.mktemp("saved")
    for name, model in models.items():
        model.save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture
def page_of(saved):
    """`page_of("iris")`: a browser at the page of a server of this model; both end with the test."""
    opened = []

    def make(name, width=1200, height=900):
        server = Server(saved / f"{name}.safetensors").__enter__()
        opened.append(server)
        browser = Browser(width, height).__enter__()
        opened.append(browser)
        browser.visit(server.url + "/")
        return browser

    yield make
    for each in reversed(opened):
        if isinstance(each, Browser):
            complaints = each.complaints
            each.__exit__()
            assert complaints == []
        else:
            assert each.end()[0] == 0


def draw(browser, points):
    left, top, width, height = browser.evaluate(BOX)
    places = [(left + x * width, top + y * height) for x, y in points]
    kinds = ["mousePressed", *["mouseMoved"] * len(places), "mouseReleased"]
    for kind, (x, y) in zip(kinds, [places[0], *places, places[-1]], strict=True):
        browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)


def test_a_drawn_digit_is_recognized_and_can_be_cleared(page_of):
    browser = page_of("digits")
    assert "Nothing is drawn" in browser.evaluate(RESULT)
    draw(browser, TWO)
    browser.wait_for(f"{RESULT}.startsWith('2')")
    seen = browser.evaluate(SEEN)
    assert len(seen) == 64
    assert max(seen[:8]) > 100  # it fills the height, as the digits of the training do
    assert max(seen[-8:]) > 100
    browser.evaluate("document.querySelector('.buttons button').click()")
    browser.wait_for(f"{RESULT}.includes('Nothing is drawn')")


def test_a_small_drawing_in_a_corner_is_scaled_and_centred(page_of):
    browser = page_of("digits")
    draw(browser, [(0.02 + 0.3 * x, 0.02 + 0.3 * y) for x, y in TWO])
    browser.wait_for(f"{SEEN}.slice(56).some((level) => level > 60)")


def test_fields_of_a_table_predict_as_they_change(page_of):
    browser = page_of("iris")
    browser.wait_for(f"{RESULT}.includes('%')")
    for number, value in enumerate((5.1, 3.5, 1.4, 0.2)):
        field = f"getElementById('column-{number}')"
        browser.evaluate(CHANGE.format(field=field, change=f"value = {value}", event="input"))
    browser.wait_for(f"{RESULT}.startsWith('setosa')")
    browser.evaluate("document.querySelector('#rows details').open = true")
    browser.evaluate("document.querySelector('#rows button').click()")
    browser.wait_for("document.querySelectorAll('#rows tbody tr').length === 1")


def test_categories_are_chosen_and_gaps_are_allowed(page_of):
    browser = page_of("people")
    assert browser.evaluate(OPTIONS) == ["blue", "green", "red", "(missing)"]
    missing = CHANGE.format(field="querySelector('select')", change="selectedIndex = 3", event="change")
    browser.evaluate(missing)
    browser.wait_for("document.getElementById('curl').textContent.includes('\"colour\":null')")
    browser.wait_for(f"{RESULT}.includes('%')")


@pytest.mark.parametrize("name", ["photos", "pictures"])
def test_an_image_file_is_predicted(page_of, name):
    browser = page_of(name)
    browser.evaluate(UPLOAD)
    browser.wait_for(f"{RESULT}.startsWith('bright')")


def test_a_prompt_is_continued(page_of):
    browser = page_of("text")
    browser.evaluate("document.getElementById('prompt').value = 'the cat '")
    browser.evaluate("document.querySelector('button.main').click()")
    browser.wait_for(
        "!!document.querySelector('.story') && document.querySelector('.story').textContent.length === 208"
    )
    browser.evaluate("document.getElementById('prompt').value = 'CAT'")
    browser.evaluate("document.querySelector('button.main').click()")
    browser.wait_for("document.getElementById('error').textContent.includes('unknown characters')")
    browser.complaints.clear()  # of the status 422


def test_numbers_are_predicted_from_nested_lists(page_of):
    browser = page_of("regression")
    browser.evaluate("document.querySelector('button.main').click()")
    browser.wait_for(f"{RESULT}.includes('target_2')")


@pytest.mark.parametrize("name", ["iris", "digits", "text", "photos", "regression"])
def test_nothing_is_wider_than_a_telephone(page_of, name):
    browser = page_of(name, width=360, height=700)
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
