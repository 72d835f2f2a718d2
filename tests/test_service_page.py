"""The pages for people: their text by a parser, their behaviour in a real browser where there is one."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser import DESKTOP, PHONE, Watch, barriers, browsing, found, overflow, serving, visiting
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect
from pydantic import SecretStr

from advisor.decide import reference
from advisor.service import create_app
from advisor.service.settings import Settings
from tests.journals import app_with

STATIC = Path(create_app().static_folder or "")
PROFILE: dict[str, Any] = {
    "target": "my_module:func",
    "calls": 20,
    "wall": 0.05,
    "gil_held": 0.04,
    "gil_free": 0.005,
    "child_cpu": 0.0,
    "wait": 0.005,
}
DESCRIPTION = "Parsing 40,000 HTML pages on disk with beautifulsoup takes 3 h on one of 16 cores"
VAGUE = "we have a lot of data and it is slow"
TRICKY = "Simulating 100 % of it in pure Python & NumPy = 5 s a call; no #waiting?"
HOSTILE = "<img src=x onerror=alert(1)>"


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


@pytest.fixture(scope="module", params=["/", "/matrix", "/outcomes"])
def elements(client: FlaskClient, request: pytest.FixtureRequest) -> Elements:
    return Elements(client.get(request.param).get_data(as_text=True))


# --- their text -----------------------------------------------------------------------------------------------------


def test_every_field_has_a_name(elements: Elements) -> None:
    """Each field is named by a label, and what describes or names it exists."""
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["for"] for attributes in elements.named("label") if "for" in attributes}
    wrapped = {"checkbox", "file"}  # these stand inside their label
    fields = [field for field in elements.named("input", "textarea") if field.get("type") not in wrapped]
    assert fields
    assert all(field["id"] in labelled or "aria-labelledby" in field for field in fields)
    for _, attributes in elements.found:
        for name in ("for", "aria-describedby", "aria-labelledby", "data-copies"):
            assert set(attributes.get(name, "").split()) <= set(ids)


def test_nothing_is_inline_or_from_another_host(client: FlaskClient, elements: Elements) -> None:
    """All script and style comes from files of the service's own, as the content policy demands."""
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in elements.found for name in attributes if name == "style" or name[:2] == "on"]
    assert not elements.named("style")
    assert all("src" in script for script in elements.named("script"))
    loaded = {a[name] for tag, a in elements.found for name in ("src", "href") if name in a and tag != "a"}
    assert len(loaded) >= 4
    for address in loaded:
        with client.get(address) as response:
            assert response.status_code == 200, address


@pytest.mark.parametrize("file", sorted(STATIC.iterdir()), ids=lambda file: file.name)
def test_files_of_the_page_ask_no_other_host(file: Path) -> None:
    """No file of the page names another host, the SVG namespace apart, or makes markup of text."""
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    text = text.replace(r"/^https?:\/\//", "").replace(r"/^https?:\/\/\S+$/", "")  # what an address looks like
    assert not re.search(r"https?:|\burl\(|@import|innerHTML|insertAdjacentHTML|document\.write|\beval\b", text)


def test_the_matrix_is_whole(client: FlaskClient) -> None:
    """Every row of the matrix, the lists, the rules, the pitfalls and the lexicon is an entry, with its source."""
    text = client.get("/matrix").get_data(as_text=True)
    rows = [row for table in reference.as_json().values() for row in table]
    assert text.count('<p class="source">') == len(rows)
    assert "BeautifulSoup builds its tree in Python with the GIL held" in text
    assert re.search(r'href="(https://docs\.python\.org/[^"]+)" rel="noreferrer">docs\.python\.org/', text)


def test_the_api_page_says_all_that_the_document_says(client: FlaskClient) -> None:
    """Every call with its statuses, every field of every model; each link on it leads somewhere."""
    text = client.get("/api").get_data(as_text=True)
    document = client.get("/openapi.json").get_json()
    for address, methods in document["paths"].items():
        for method in methods:
            assert f'<span class="method">{method.upper()}</span> {address}</code></h2>' in text
    fields = [name for model in document["components"]["schemas"].values() for name in model.get("properties", {})]
    assert [html.unescape(name) for name in re.findall("<dt><code>(.+?)</code></dt>", text)] == fields
    elements = Elements(text)
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    links = {attributes["href"][1:] for attributes in elements.named("a") if attributes["href"].startswith("#")}
    assert links <= ids
    assert "model-Question" in links


def test_commands_of_the_api_page_ask_what_is_answered(client: FlaskClient) -> None:
    """The service gives the answer that is shown to what the command sends."""
    shown = re.findall(r": the (?:command|answer)\">(.*?)</pre>", client.get("/api").get_data(as_text=True), re.DOTALL)
    pairs = list(zip(map(html.unescape, shown[::2]), map(html.unescape, shown[1::2]), strict=True))
    assert len(pairs) >= 5
    for command, answer in pairs:
        curl, _, address, *rest = shlex.split(command.replace("\\\n", ""))
        assert curl == "curl"
        answered = client.post(urlsplit(address).path, data=rest[-1], content_type="application/json").get_json()
        assert answered.keys() == json.loads(answer).keys()


def test_the_api_page_says_where_a_token_is_needed() -> None:
    """Where the service has one; the page itself needs none."""
    text = create_app(Settings(tokens=(SecretStr("s" * 32),))).test_client().get("/api").get_data(as_text=True)
    assert "Bearer $ADVISOR_TOKEN" in html.unescape(text)
    assert "It needs the token" in text
    assert "It needs the token" not in create_app().test_client().get("/api").get_data(as_text=True)


# --- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(create_app()) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = found()
    if program is None:
        pytest.skip("no Chromium here")
    with browsing(program) as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[tuple[Page, Watch]]:
    """The page, freshly opened; at the end nothing may have been refused or thrown, or asked of another host."""
    with visiting(browser, address) as (page, watch):
        yield page, watch
        assert watch.complaints == []


@pytest.fixture
def page(visit: tuple[Page, Watch]) -> Page:
    return visit[0]


def ask(page: Page, text: str) -> None:
    page.fill("#description", text)
    page.click("#ask")


def verdict(page: Page, pattern: str) -> None:
    expect(page.locator("#verdict")).to_have_text(re.compile(pattern))


def tab_to(page: Page, id: str) -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by keyboard to {id}")


def drop(page: Page, name: str, content: str) -> None:
    """A file let go over the page, as the system's file manager does it."""
    page.evaluate(
        """([name, content]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([content], name, { type: "application/json" }));
          for (const kind of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
          }
        }""",
        [name, content],
    )


def test_a_description_is_answered_by_keyboard_alone(page: Page) -> None:
    """Tab, type, Tab, Enter: the verdict takes the focus, then arrows on the slider of cores change it."""
    tab_to(page, "description")
    page.keyboard.type("Checking 100 sudokus in pure Python on 4 cores")
    tab_to(page, "ask")
    page.keyboard.press("Enter")
    verdict(page, "Use 4 processes")
    expect(page.locator("#verdict")).to_be_focused()
    expect(page.locator("#summary")).to_contain_text("for a typical task of this kind")
    expect(page.locator("#facts")).to_contain_text("planned for 4 cores")
    expect(page.locator("#shares")).to_contain_text("holding the GIL")
    expect(page.locator("#alternatives tr")).to_have_count(3)
    expect(page.locator("#reasons li").first).to_be_visible()
    expect(page.locator("#code")).to_contain_text("ProcessPoolExecutor(max_workers=4)")
    tab_to(page, "cores-slider")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    verdict(page, "Use 6 processes")
    expect(page.locator("#status")).to_have_text(re.compile(r"^6 cores, 100 calls: Use 6 processes, [\d.]+×$"))
    expect(page.locator("#cores-slider")).to_be_focused()
    expect(page.locator("#cores-slider")).to_have_attribute("aria-valuetext", "6 cores")
    tab_to(page, "levers-reset")
    page.keyboard.press("Enter")
    verdict(page, "Use 4 processes")
    expect(page.locator("#cores-slider")).to_be_focused()


def test_the_words_that_weighed_have_a_place_of_their_own(page: Page) -> None:
    """What the description was judged by stands apart from why, with the facts known of what it names."""
    ask(page, DESCRIPTION)
    verdict(page, "processes")
    words = page.locator("#words li").all_inner_texts()
    assert "beautifulsoup" in [word.lower() for word in words]
    expect(page.locator("#judged")).to_contain_text("BeautifulSoup builds its tree in Python")
    expect(page.locator("#judged a").first).to_have_attribute("href", re.compile("^https://"))
    assert "beautifulsoup" not in page.locator("#reasons").inner_text().lower()


def test_questions_are_answered_by_adding_to_the_text(page: Page) -> None:
    """Each question has a field; what is said there goes into the description, which is asked about again."""
    ask(page, VAGUE)
    verdict(page, "Not enough")
    for hidden in ("#facts", "#time-part", "#curves-part", "#alternatives-part", "#code-part", "#save-part"):
        expect(page.locator(hidden)).to_be_hidden()
    page.get_by_label("What does one call do, and with which library?").fill("it parses rows with csv and json")
    page.get_by_role("button", name="Add this and ask again").click()
    verdict(page, "processes")
    expect(page.locator("#description")).to_have_value(f"{VAGUE}. it parses rows with csv and json.")
    expect(page.locator("#questions-part")).to_be_hidden()


def test_a_dropped_profile_is_answered_at_once(page: Page) -> None:
    """Wherever it is let go; the bar has a part for each share, and they fill it."""
    drop(page, "saved.json", json.dumps(PROFILE))
    verdict(page, "Use 2 processes|Use 3 processes|Use 4 processes")
    expect(page.locator("#profile-name")).to_have_text(re.compile("saved.json · my_module:func · 20 calls of 50.ms"))
    expect(page.locator("#evidence")).to_contain_text("measured profile")
    expect(page.locator("#shares")).to_contain_text("80\u00a0%")
    widths = page.eval_on_selector_all("#bar span", "parts => parts.map(part => part.getBoundingClientRect().width)")
    whole = page.locator("#bar").bounding_box()
    assert whole is not None
    assert sum(widths) == pytest.approx(whole["width"], abs=8)
    assert max(widths) == pytest.approx(0.8 * whole["width"], rel=0.03)
    page.get_by_role("button", name="Describe a task instead").click()
    expect(page.locator("#description")).to_be_focused()


def test_a_chosen_advice_document_is_planned_for_its_own_host(page: Page, address: str, client: FlaskClient) -> None:
    """A whole Advice document holds the profile, and the cores and calls that it was for."""
    question = {"profile": PROFILE, "calls": 500, "machine": {"cores": 12}}
    given = client.post("/v1/advice", json=question).get_json()
    content = json.dumps(given).encode()
    page.set_input_files("#file", {"name": "advice.json", "mimeType": "application/json", "buffer": content})
    verdict(page, f"Use {given['workers']} processes")
    expect(page.locator("#cores")).to_have_value("12")
    expect(page.locator("#calls")).to_have_value("500")


def test_an_advice_that_was_saved_can_be_brought_back(page: Page, tmp_path: Path) -> None:
    """The file that the page writes is one that it takes."""
    ask(page, json.dumps(PROFILE))
    verdict(page, "processes")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "advice.json"
    download.value.save_as(saved)
    page.reload()
    drop(page, "advice.json", saved.read_text("utf-8"))
    verdict(page, "processes")


def test_the_curves_are_drawn_and_told(page: Page) -> None:
    """Lines with bands and names for what can be used, the advised point, and all of it as words and as a table."""
    ask(page, "Checking 100 sudokus in pure Python on 8 cores")
    chart = page.locator("#curves .chart")
    expect(chart.locator(".line")).to_have_count(2)
    expect(chart.locator(".band")).to_have_count(2)
    expect(chart.locator(".name")).to_have_text(["threads", "processes"])
    expect(chart.locator(".said")).to_have_text(re.compile(r"^8 processes: [\d.]+×$"))
    expect(page.locator("#curves-caption")).to_contain_text("for 100 calls on 8 cores: threads reach")
    page.get_by_text("The curves as a table").click()
    expect(page.locator("#curves-table thead th")).to_have_text(["Workers", "threads", "processes"])
    assert page.locator("#curves-table tbody tr").count() >= 8
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#readout")).to_contain_text("processes: ")


def test_what_cannot_be_used_is_said_of_the_curves(page: Page) -> None:
    """A function that cannot be pickled has no curve for processes, and the caption says so."""
    ask(page, json.dumps(PROFILE | {"picklable": {"function": False, "reasons": {"function": "a lambda"}}}))
    expect(page.locator("#curves-caption")).to_contain_text("processes cannot be used")
    expect(page.locator("#curves .name")).to_have_text(["threads"])
    expect(page.locator("#alternatives")).to_contain_text("not possible")


def test_moves_are_asked_once_and_older_questions_given_up(visit: tuple[Page, Watch]) -> None:
    """Ten moves in a row are one question; one that is still open is given up for a newer one."""
    page, watch = visit
    ask(page, "Checking 100 sudokus in pure Python on 2 cores")
    expect(page.locator("#curves .chart")).to_be_visible()
    before = len(watch.asked)
    page.focus("#cores-slider")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    verdict(page, "Use 14 processes|Use 16 processes")
    assert len(watch.asked) == before + 1
    held: list[Route] = []
    page.route("**/v1/curves", lambda route: held.append(route) if not held else route.continue_())
    page.fill("#cores", "3")
    expect(page.locator("#status")).to_have_text("Working it out…")
    with page.expect_event("requestfailed") as given_up:
        page.fill("#cores", "5")
    assert given_up.value == held[0].request
    verdict(page, "Use 5 processes")
    page.unroute_all(behavior="ignoreErrors")


def test_a_link_brings_the_question_back(page: Page, browser: Browser, address: str) -> None:
    """Description, cores and calls are in the part of the link that no server sees; opening it asks anew."""
    ask(page, TRICKY)
    expect(page.locator("#curves .chart")).to_be_visible()
    page.fill("#cores", "6")
    page.fill("#calls", "250")
    expect(page.locator("#status")).to_contain_text("6 cores, 250 calls")
    said = page.locator("#verdict").inner_text()
    page.locator("#link-part button").click()
    expect(page.locator("#link-part button")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.locator("#link").input_value()
    with visiting(browser, link) as (other, watch):
        expect(other.locator("#verdict")).to_have_text(said)
        expect(other.locator("#description")).to_have_value(TRICKY)
        expect(other.locator("#cores")).to_have_value("6")
        expect(other.locator("#calls")).to_have_value("250")
        assert not [url for url in watch.asked if "Simulating" in url.partition("#")[0]]
        assert watch.complaints == []


def test_curl_asks_the_same(page: Page, client: FlaskClient) -> None:
    """The command's body is the question, whatever signs are in it."""
    text = "Parsing 'pages' with lxml; $HOME `x` \\ \"quoted\""
    ask(page, text)
    page.get_by_text("The same question with").click()
    command = page.locator("#curl").inner_text()
    assert command.startswith(f"curl -sS {page.evaluate('location.origin')}/v1/advice")
    words = shlex.split(command.replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == {"description": text}


def test_the_code_is_copied_as_it_stands(page: Page) -> None:
    """Set apart for the eye, but one text for the clipboard."""
    ask(page, "Processing 100 images")
    page.click("[data-copies=code]")
    code = page.evaluate("navigator.clipboard.readText()")
    assert code == page.locator("#code").text_content()
    compile(code, "snippet", "exec")
    assert page.locator("#code mark").all_inner_texts() == ["FILL IN", "FILL IN"]


def test_what_is_wrong_is_said_beside_its_field(page: Page) -> None:
    """A field that the service refuses is marked, described and focused."""
    ask(page, json.dumps(PROFILE | {"wall": -1}))
    expect(page.locator("#description-error")).to_have_text(re.compile("^wall: "))
    expect(page.locator("#description")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#description")).to_be_focused()
    expect(page.locator("#advice")).to_be_hidden()
    page.get_by_text("The host to plan for").click()
    page.fill("#python", "2.7")
    ask(page, "Downloading 100 files")
    expect(page.locator("#python-error")).to_be_visible()
    expect(page.locator("#python")).to_be_focused()
    expect(page.locator("#description-error")).to_be_hidden()


def test_a_wrong_move_leaves_the_advice(page: Page) -> None:
    """Cores that there cannot be are refused at their field; the advice before stays, and so does the focus."""
    ask(page, "Checking 100 sudokus in pure Python on 2 cores")
    expect(page.locator("#curves .chart")).to_be_visible()
    page.fill("#cores", "0")
    expect(page.locator("#cores-error")).to_be_visible()
    expect(page.locator("#cores")).to_be_focused()
    verdict(page, "Use 2 processes|Keep")
    page.fill("#cores", "4")
    expect(page.locator("#cores-error")).to_be_hidden()


def test_a_wrong_move_is_said_when_asking_anew_too(page: Page) -> None:
    """Its field is in the advice, which stays until it is set right; then it is the new text that is asked about."""
    ask(page, "Checking 100 sudokus in pure Python on 2 cores")
    expect(page.locator("#curves .chart")).to_be_visible()
    page.fill("#cores", "99999")
    expect(page.locator("#cores-error")).to_be_visible()
    expect(page.locator("#levers-reset")).to_be_enabled()
    ask(page, "Downloading 100 files")
    expect(page.locator("#cores")).to_be_focused()
    expect(page.locator("#cores-error")).to_be_visible()
    page.click("#levers-reset")
    verdict(page, "threads")
    expect(page.locator("#cores-error")).to_be_hidden()


def test_a_link_with_cores_that_there_cannot_be_says_so(page: Page, address: str) -> None:
    """There is no field for them without an advice, so they are let go, and the next press asks without them."""
    page.goto(f"{address}#description=Downloading+100+files&cores=99999")
    page.reload()
    expect(page.locator("#problem")).to_contain_text("machine.cores: ")
    expect(page.locator("#status")).to_contain_text("asks without them")
    page.click("#ask")
    verdict(page, "threads")
    expect(page.locator("#problem")).to_be_hidden()


def test_what_never_reaches_the_service_is_said_too(page: Page) -> None:
    """An empty question, a profile that is no JSON and a file of something else are refused by the page itself."""
    page.click("#ask")
    expect(page.locator("#description-error")).to_contain_text("Describe the task first")
    ask(page, "{")
    expect(page.locator("#description-error")).to_contain_text("This is not JSON")
    drop(page, "picture.json", "[1]")
    expect(page.locator("#description-error")).to_contain_text("no profile")


def test_a_service_that_is_gone_is_said(browser: Browser, address: str) -> None:
    """No answer at all is a problem like others; without curves, the advice is there all the same."""
    with visiting(browser, address) as (page, _):
        page.route("**/v1/advice", lambda route: route.abort())
        ask(page, "Downloading 100 files")
        expect(page.locator("#problem")).to_contain_text("could not be reached")
        page.unroute("**/v1/advice")
        page.route("**/v1/curves", lambda route: route.abort())
        ask(page, "Downloading 100 files")
        verdict(page, "threads")
        expect(page.locator("#problem")).to_contain_text("could not be reached")
        expect(page.locator("#alternatives")).to_be_visible()


TOKEN = "a token of some length"


def test_a_token_is_asked_for_and_kept_for_the_session(browser: Browser) -> None:
    """The question is asked again with it; a wrong one is said to be wrong, and curl shows none."""
    with (
        serving(create_app(Settings(tokens=(SecretStr(TOKEN),)))) as address,
        visiting(browser, address) as (page, watch),
    ):
        ask(page, "Processing 100 images")
        expect(page.locator("#token")).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_have_text("This is not a token of this service.")
        assert barriers(page) == []
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        verdict(page, "processes")
        expect(page.locator("#curves .chart")).to_be_visible()
        expect(page.locator("#token-form")).to_be_hidden()
        assert "Bearer $ADVISOR_TOKEN" in (page.locator("#curl").text_content() or "")
        page.reload()
        ask(page, "Downloading 100 files")
        verdict(page, "threads")
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        assert watch.complaints == []


def test_a_token_that_no_header_can_carry_is_refused_at_once(browser: Browser) -> None:
    """It is said beside the field, and nothing of it is kept; one that was kept all the same is not used."""
    quoted = f"“{TOKEN}”"
    with (
        serving(create_app(Settings(tokens=(SecretStr(TOKEN),)))) as address,
        visiting(browser, address) as (page, watch),
    ):
        ask(page, "Checking 100 sudokus")
        page.fill("#token", quoted)
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("typographic quotes")
        expect(page.locator("#token")).to_be_focused()
        page.evaluate("text => sessionStorage.setItem('advisor-token', text)", quoted)
        page.reload()
        ask(page, "Checking 100 sudokus")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        verdict(page, "processes")
        assert watch.complaints == []


def test_kept_advice_is_shared_and_reported_back(browser: Browser, tmp_path: Path) -> None:
    """With a journal the link is to the advice itself; who opens it can move on from there, and say what it brought."""
    app = app_with(str(tmp_path / "journal.db"))
    with serving(app) as address, visiting(browser, address) as (page, watch):
        drop(page, "saved.json", json.dumps(PROFILE))
        verdict(page, "processes")
        said = page.locator("#verdict").inner_text()
        link = page.locator("#link").input_value()
        assert re.search(r"/#advice=[\w-]{24}$", link)
        page.goto(link)
        page.reload()
        expect(page.locator("#verdict")).to_have_text(said)
        expect(page.locator("#profile-name")).to_contain_text("Kept advice · my_module:func")
        expect(page.locator("#curves .chart")).to_be_visible()
        page.get_by_role("button", name="Report it").click()
        expect(page.locator("#outcome-error")).to_be_visible()
        page.fill("#outcome", "0.5")
        page.keyboard.press("Enter")
        expect(page.locator("#outcome-status")).to_contain_text(
            re.compile("It took 500.ms, outside what was predicted")
        )
        assert barriers(page) == []
        assert overflow(page) == []
        page.get_by_role("link", name="What was predicted and reported so far").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.goto(f"{address}#advice={'x' * 24}")
        expect(page.locator("#problem")).to_contain_text("No such advice is kept")
        assert watch.complaints == []
    app.extensions["journal"].close()


def test_what_was_moved_is_no_longer_the_advice_that_is_kept(browser: Browser, tmp_path: Path) -> None:
    """Neither its link nor its report is offered for other cores."""
    app = app_with(str(tmp_path / "journal.db"))
    with serving(app) as address, visiting(browser, address) as (page, _):
        drop(page, "saved.json", json.dumps(PROFILE))
        expect(page.locator("#outcome-part")).to_be_visible()
        expect(page.locator("#curves .chart")).to_be_visible()
        page.fill("#cores", "12")
        expect(page.locator("#outcome-part")).to_be_hidden()
        expect(page.locator("#link-part")).to_be_hidden()
        expect(page.locator("#link-hint")).to_contain_text("A profile is too much for a link")
    app.extensions["journal"].close()


FREE_THREADED = {"cores": 8, "python": "3.14t", "memory": 16 << 30}
QUESTIONS: dict[str, dict[str, Any]] = {
    "free-threaded": {"profile": PROFILE | {"gil_held": 0.045, "wait": 0.0}, "machine": FREE_THREADED},
    "memory": {"profile": PROFILE | {"peak_memory": 2 * 10**9}, "machine": {"cores": 8, "memory": 4 << 30}},
    "task": {"task": {"wait_share": 0.95, "seconds_per_call": 0.2}, "machine": {"cores": 4}},
    "description": {"description": "Checking 100 sudokus in pure Python", "calls": 50, "machine": FREE_THREADED},
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_was_asked_stays_the_same_question(browser: Browser, tmp_path: Path, name: str) -> None:
    """By the link to kept advice, and by the file that the page saves, dropped or pasted: each is advised the same."""
    app = app_with(str(tmp_path / "journal.db"), journal_descriptions=True)
    given = app.test_client().post("/v1/advice", json=QUESTIONS[name]).get_json()
    with serving(app) as address, visiting(browser, f"{address}#advice={given['id']}") as (page, watch):

        def is_advised_the_same() -> None:
            expect(page.locator("#curves .chart")).to_be_visible()
            expect(page.locator("#summary")).to_have_text(given["summary"])

        is_advised_the_same()
        page.fill("#calls", "7")
        expect(page.locator("#status")).to_contain_text(", 7 calls")
        page.click("#levers-reset")
        expect(page.locator("#status")).to_contain_text(f", {given['job']['calls']:,} calls")
        is_advised_the_same()
        with page.expect_response("**/v1/curves"):
            page.click("#ask")
        is_advised_the_same()
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "advice.json")
        saved = (tmp_path / "advice.json").read_text("utf-8")
        for bring in (lambda: drop(page, "advice.json", saved), lambda: ask(page, saved)):
            page.goto(f"{address}matrix")
            page.goto(address)
            bring()
            is_advised_the_same()
        assert watch.complaints == []
    app.extensions["journal"].close()


def test_what_an_advice_does_not_hold_is_not_made_up(page: Page, client: FlaskClient) -> None:
    """The profile that was assumed for a description is not its question: other things would be advised on it."""
    drop(page, "advice.json", client.post("/v1/advice", json=QUESTIONS["task"]).get_data(as_text=True))
    expect(page.locator("#description-error")).to_contain_text("its question is not in it")
    expect(page.locator("#advice")).to_be_hidden()


def test_the_host_of_a_document_goes_with_it(page: Page, client: FlaskClient) -> None:
    """What a document was planned for is to be seen, and a description that comes after it is for this server again."""
    drop(page, "advice.json", client.post("/v1/advice", json=QUESTIONS["free-threaded"]).get_data(as_text=True))
    verdict(page, "threads")
    expect(page.locator("#python")).to_be_visible()
    expect(page.locator("#python")).to_have_value("3.14")
    expect(page.locator("#memory")).to_have_value("16")
    expect(page.locator("#free-threaded")).to_be_checked()
    page.get_by_role("button", name="Describe a task instead").click()
    expect(page.locator("#python")).to_have_value("")
    expect(page.locator("#memory")).to_have_value("")
    expect(page.locator("#free-threaded")).not_to_be_checked()


def test_a_link_brings_the_host_back(page: Page, browser: Browser) -> None:
    """Free-threaded alone asks for a version that can be; memory and version are in the link as they were asked."""
    page.get_by_text("The host to plan for").click()
    page.fill("#memory", "6.5")
    page.check("#free-threaded")
    with page.expect_request("**/v1/advice") as asked:
        ask(page, "Checking 100 sudokus in pure Python")
    machine = {"memory": 13 << 29, "python": "3.14", "free_threaded": True}
    assert asked.value.post_data_json["machine"] == machine
    verdict(page, "Use")
    with visiting(browser, page.locator("#link").input_value()) as (other, _):
        expect(other.locator("#summary")).to_have_text(page.locator("#summary").inner_text())
        expect(other.locator("#memory")).to_have_value("6.5")
        expect(other.locator("#python")).to_have_value("3.14")
        expect(other.locator("#free-threaded")).to_be_checked()


def test_markup_is_shown_as_text(page: Page, browser: Browser, address: str) -> None:
    """Nothing of a profile, a description or a link becomes an element of the page."""
    parts = {"side_effects": {"globals_written": [HOSTILE]}, "target": HOSTILE, "archetype": HOSTILE}
    drop(page, f"{HOSTILE}.json", json.dumps(PROFILE | parts))
    verdict(page, ".")
    expect(page.locator("#profile-name")).to_contain_text(HOSTILE)
    expect(page.locator("#time-title")).to_contain_text(HOSTILE)
    page.goto(f"{address}#description={HOSTILE} {HOSTILE} pandas&cores={HOSTILE}")
    page.reload()
    expect(page.locator("#description")).to_have_value(f"{HOSTILE} {HOSTILE} pandas")
    verdict(page, ".")
    assert page.locator("main img, main script, header script").count() == 0


def test_the_watch_sees_what_the_policy_refuses(browser: Browser, address: str) -> None:
    """What the other tests rely on: a style that was let in by markup is refused, and heard of."""
    with visiting(browser, address) as (page, watch):
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        page.evaluate("fetch('http://localhost:9/').catch(() => 0)")
        page.wait_for_timeout(100)
        assert any("Content Security Policy" in complaint and "style" in complaint for complaint in watch.complaints)
        assert any("localhost:9" in complaint for complaint in watch.complaints)


def test_the_matrix_is_searched(page: Page, address: str) -> None:
    """Words that are typed leave the entries that hold them all."""
    page.goto(f"{address}matrix")
    page.keyboard.press("Tab")
    tab_to(page, "words")
    page.keyboard.type("gil held beautifulsoup")
    expect(page.locator("#found")).to_have_text(re.compile(r"^\d+ found$"))
    assert 1 <= page.locator(".entries > li:visible").count() <= 3
    expect(page.locator("#rules")).to_be_hidden()


# --- for everyone ---------------------------------------------------------------------------------------------------


def start(page: Page) -> None:
    page.get_by_text("The host to plan for").click()


def measured(page: Page) -> None:
    drop(page, "saved.json", json.dumps(PROFILE))
    expect(page.locator("#curves .chart")).to_be_visible()
    page.get_by_text("The curves as a table").click()
    page.get_by_text("The same question with").click()


def described(page: Page) -> None:
    ask(page, DESCRIPTION)
    expect(page.locator("#curves .chart")).to_be_visible()


def undecided(page: Page) -> None:
    ask(page, VAGUE)
    verdict(page, "Not enough")


def problem(page: Page) -> None:
    ask(page, json.dumps(PROFILE | {"wall": -1}))
    expect(page.locator("#description-error")).to_be_visible()


def the_matrix(page: Page) -> None:
    page.goto(f"{page.url}matrix")


def the_api(page: Page) -> None:
    page.goto(f"{page.url}api")


@pytest.mark.parametrize("state", [start, measured, described, undecided, problem, the_matrix, the_api])
def test_nothing_is_in_the_way_of_anyone(page: Page, state: Callable[[Page], None]) -> None:
    """axe finds nothing, on a desktop and on a telephone, in light and in dark; and nothing sticks out."""
    state(page)
    for size, scheme in product((DESKTOP, PHONE), ("light", "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours are looked at once they are there
        assert overflow(page) == []
        if state is not the_matrix or (size, scheme) in ((DESKTOP, "light"), (PHONE, "dark")):  # it is a long page
            assert barriers(page) == [], (size, scheme)


def test_colours_follow_the_system(page: Page) -> None:
    """Light and dark as preferred; with forced colours the bar and the chart keep theirs, which tell parts apart."""
    described(page)
    background = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert page.evaluate(background) == "rgb(245, 246, 248)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) == "rgb(13, 17, 22)"
    page.emulate_media(forced_colors="active")
    assert page.eval_on_selector("#bar span", "part => getComputedStyle(part).backgroundColor") == "rgb(209, 86, 13)"
    assert page.eval_on_selector(".chart", "chart => getComputedStyle(chart).backgroundColor") == "rgb(22, 28, 35)"


def test_motion_is_left_out_where_it_is_not_wanted(page: Page) -> None:
    """No transition is left for who asked for none."""
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert page.evaluate(f"{moving}.length") > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(f"{moving}.length") == 0
