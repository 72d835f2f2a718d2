"""The page for people: its text by a parser, its behaviour in a real browser where there is one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from browser import Page, browse, found
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from advisor.service import create_app

SUBMIT = "document.activeElement.id === 'ask'"
SHOWN = "!document.getElementById('advice').hidden"
PROFILE = '{"calls": 20, "wall": 0.05, "gil_held": 0.04, "gil_free": 0.005, "wait": 0.005, "target": "TARGET"}'


class Elements(HTMLParser):
    """Every element's name with its attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture(scope="module")
def elements(client: FlaskClient) -> Elements:
    return Elements(client.get("/").get_data(as_text=True))


# --- its text -------------------------------------------------------------------------------------------------------


def test_every_field_has_a_label(elements: Elements) -> None:
    """Each field is named by a label, and what describes it exists."""
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    labelled = {attributes["for"] for attributes in elements.named("label") if "for" in attributes}
    assert labelled <= ids
    wrapped = {"radio", "checkbox"}  # these stand inside their label
    fields = [field for field in elements.named("input", "textarea") if field.get("type") not in wrapped]
    assert len(fields) >= 6
    assert {field["id"] for field in fields} == labelled
    for _, attributes in elements.found:
        for name in ("aria-describedby", "aria-labelledby"):
            assert set(attributes.get(name, "").split()) <= ids


def test_nothing_is_inline_or_from_another_host(client: FlaskClient, elements: Elements) -> None:
    """All script and style comes from files of the service's own, as the content policy demands."""
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in elements.found for name in attributes if name == "style" or name[:2] == "on"]
    assert not elements.named("style")
    assert all("src" in script for script in elements.named("script"))
    addresses = [a[name] for _, a in elements.found for name in ("src", "href") if name in a]
    assert addresses
    for address in addresses:
        assert address.startswith("/")
        with client.get(address) as response:
            assert response.status_code == 200, address


@pytest.mark.parametrize("name", ["page.js", "page.css", "icon.svg"])
def test_files_of_the_page_ask_no_other_host(client: FlaskClient, name: str) -> None:
    """No file of the page names another host, the SVG namespace apart."""
    with client.get(f"/static/{name}") as response:
        text = response.get_data(as_text=True).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|@import|innerHTML|insertAdjacentHTML|document\.write|\beval\b", text)


# --- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = found()
    if program is None:
        pytest.skip("no Chromium here")
    with browse(program, tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def page(tab: Page, address: str) -> Iterator[Page]:
    """The page, freshly opened; at the end nothing may have been refused or thrown."""
    tab.complaints.clear()
    tab.open(address)
    yield tab
    assert tab.complaints == []


def text(page: Page, id: str) -> str:
    return str(page.value(f"document.getElementById('{id}').innerText"))


def tab_to(page: Page, condition: str) -> None:
    for _ in range(40):
        if page.value(condition):
            return
        page.press("Tab")
    raise AssertionError(f"no way by keyboard to {condition}")


def test_a_description_is_answered_by_keyboard_alone(page: Page) -> None:
    """Tab, type, Tab, Enter: the verdict takes the focus, with reasons and code below it."""
    tab_to(page, "document.activeElement.id === 'description'")
    page.type("Downloading 100 files")
    tab_to(page, "document.activeElement.id === 'cores'")
    page.type("4")
    tab_to(page, SUBMIT)
    page.press("Enter")
    page.wait_for(SHOWN)
    assert page.value("document.activeElement.id") == "verdict"
    assert text(page, "verdict").startswith("threading, ")
    assert "planned for 4 cores" in text(page, "facts")
    assert "waiting" in text(page, "legend")
    assert "sequential" in text(page, "alternatives")
    assert text(page, "reasons")
    assert "ThreadPoolExecutor" in text(page, "code")


def test_a_pasted_profile_is_answered(page: Page) -> None:
    """A saved profile shows where its time goes, as parts of one bar that fill it."""
    ask_about(page, PROFILE.replace("TARGET", "my_module:func"))
    page.wait_for(SHOWN)
    assert "(80 %)" in text(page, "legend")
    assert "my_module" in text(page, "code")
    widths = page.value("[...document.querySelectorAll('#bar span')].map(part => part.getBoundingClientRect().width)")
    whole = page.value("document.getElementById('bar').getBoundingClientRect().width")
    assert sum(widths) == pytest.approx(whole, rel=0.01)
    assert max(widths) == pytest.approx(0.8 * whole, rel=0.02)


def test_a_dropped_file_is_taken(page: Page) -> None:
    """A file that is dropped ends in the text field, ready to be asked about."""
    page.value("document.querySelector('[name=kind][value=profile]').click()")
    page.value(
        "(() => { const data = new DataTransfer(); data.items.add(new File(['{\"calls\": 1}'], 'saved.json'));"
        "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true})) })()"
    )
    page.wait_for("document.getElementById('profile').value === '{\"calls\": 1}'")


def test_what_is_wrong_is_said_beside_its_field(page: Page) -> None:
    """A field that the service refuses is marked, described and focused; the rest stays as it was."""
    ask_about(page, PROFILE.replace("0.05", "-1"))
    page.wait_for("!document.getElementById('profile-error').hidden")
    assert text(page, "profile-error").startswith("wall: ")
    assert page.value("document.getElementById('profile').getAttribute('aria-invalid')") == "true"
    assert page.value("document.activeElement.id") == "profile"
    assert page.value("document.getElementById('advice').hidden")


def test_what_never_reaches_the_service_is_said_too(page: Page) -> None:
    """An empty question and a profile that is no JSON are refused by the page itself."""
    page.value("document.getElementById('ask').click()")
    page.wait_for("!document.getElementById('description-error').hidden")
    ask_about(page, "{")
    page.wait_for("!document.getElementById('profile-error').hidden")
    assert "not JSON" in text(page, "profile-error")


def test_markup_in_a_profile_is_shown_as_text(page: Page) -> None:
    """Nothing of a profile becomes an element of the page."""
    hostile = "<img src=x onerror=alert(1)>"
    parts = f'"side_effects": {{"globals_written": ["{hostile}"]}}, "coroutine": true, "target"'
    ask_about(page, PROFILE.replace("TARGET", hostile).replace('"target"', parts))
    page.wait_for(SHOWN)
    assert page.value("document.querySelectorAll('article img, article script').length") == 0


def test_an_address_with_a_description_asks_it(tab: Page, address: str) -> None:
    """A link may carry the description behind its '#', where no server sees it."""
    tab.open(f"{address}#description=Video%20encoding")
    tab.wait_for(SHOWN)
    assert text(tab, "verdict").startswith("multiprocessing")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_dark(page: Page, scheme: str) -> None:
    """Every text has a contrast of at least 4.5 to what is behind it, in both colour schemes (WCAG 2.2, AA)."""
    page.prefer(scheme)
    page.value("document.querySelector('.example').click()")
    page.wait_for(SHOWN)
    assert page.value(CONTRASTS) == []
    background = page.value("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_it_fits_a_narrow_screen(page: Page) -> None:
    """On a telephone's width nothing but the table and the code scrolls sideways."""
    page.resize(360, 800)
    page.value("document.querySelector('.example').click()")
    page.wait_for(SHOWN)
    assert page.value("document.documentElement.scrollWidth") <= 360
    page.resize(1000, 800)


def ask_about(page: Page, profile: str) -> None:
    page.value("document.querySelector('[name=kind][value=profile]').click()")
    page.value("document.getElementById('profile').value = ''")
    page.value("document.getElementById('profile').focus()")
    page.type(profile)
    page.value("document.getElementById('ask').click()")


# Elements with text of their own whose contrast to the nearest opaque background is below 4.5.
CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("body *")].filter((element) => own(element) && element.checkVisibility())
    .filter((element) => {
      const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    }).map((element) => element.outerHTML);
})()"""
