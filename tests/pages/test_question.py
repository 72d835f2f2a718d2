"""Asking on the page: descriptions, profiles and Advice documents, the curves, and the code."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from tests.browser import DESCRIPTION, HOSTILE, PHONE, PROFILE, VAGUE, PageLog, ask, drop, expect_verdict, tab_to

pytestmark = pytest.mark.browser

POOLS = ["threads", "processes"] + (["subinterpreters"] if sys.version_info >= (3, 14) else [])


def test_a_telephone_shows_the_narrow_chart(page: Page) -> None:
    """The chart that is hidden where there are no styles is shown on a narrow screen, instead of the wide one."""
    page.set_viewport_size(PHONE)
    ask(page, DESCRIPTION)
    expect(page.locator(".chart.narrow")).to_be_visible()
    expect(page.locator(".chart.wide")).to_be_hidden()


def test_the_page_works_by_keyboard_alone(page: Page) -> None:
    """Tab, type, Tab, Enter: the verdict gets the focus; then the arrow keys move the slider of cores."""
    tab_to(page, "description")
    page.keyboard.type("Checking 100 sudokus in pure Python on 4 cores")
    tab_to(page, "ask")
    page.keyboard.press("Enter")
    expect_verdict(page, "Use 4 processes")
    expect(page.locator("#verdict")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("for a typical task of this kind")
    expect(page.locator(".facts")).to_contain_text("planned for 4 cores")
    expect(page.locator(".shares")).to_contain_text("holding the GIL")
    expect(page.locator(".alternatives tbody tr")).to_have_count(1 + len(POOLS))
    expect(page.locator(".reasons li").first).to_be_visible()
    expect(page.locator("pre code").first).to_contain_text("ProcessPoolExecutor(max_workers=4)")
    tab_to(page, "cores-slider")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect_verdict(page, "Use 6 processes")
    expect(page.locator("#status")).to_have_text(re.compile(r"^6 cores, 100 calls: Use 6 processes, [\d.]+×$"))
    expect(page.locator("#cores-slider")).to_be_focused()
    expect(page.locator("#cores-slider")).to_have_attribute("aria-valuetext", "6 cores")
    tab_to(page, "levers-reset")
    page.keyboard.press("Enter")
    expect_verdict(page, "Use 4 processes")
    expect(page.locator("#cores-slider")).to_be_focused()


def test_the_words_that_decided_are_shown(page: Page) -> None:
    """What the description was judged by is apart from the reasons, with facts about the libraries."""
    ask(page, DESCRIPTION)
    expect_verdict(page, "processes")
    expect(page.locator(".judged")).to_contain_text("“beautifulsoup”")
    expect(page.locator(".judged")).to_contain_text("BeautifulSoup builds its tree in Python")
    expect(page.locator(".judged a").first).to_have_attribute("href", re.compile("^https://"))
    assert "beautifulsoup" not in page.locator(".reasons").inner_text().lower()


def test_questions_are_answered_by_adding_to_the_text(page: Page) -> None:
    """Each open question has a field; its answer is added to the description, which is sent again."""
    ask(page, VAGUE)
    expect_verdict(page, "more information is needed")
    for hidden in (".facts", ".time", ".chart", "#levers-part", ".alternatives", ".questions", "#save-part"):
        expect(page.locator(hidden)).to_be_hidden()
    page.get_by_label("What does one call do, and with which library?").fill(
        "it parses in pure Python, one core is busy"
    )
    page.get_by_role("button", name="Add this and ask again").click()
    expect_verdict(page, "processes")
    expect(page.locator("#description")).to_have_value(f"{VAGUE}. it parses in pure Python, one core is busy.")
    expect(page.locator("#questions-part")).to_be_hidden()


def test_a_dropped_profile_is_answered_at_once(page: Page) -> None:
    """A profile may be dropped anywhere; the bar has a part for each share of the time."""
    drop(page, "saved.json", json.dumps(PROFILE))
    expect_verdict(page, "Use 2 processes|Use 3 processes|Use 4 processes")
    expect(page.locator("#profile-name")).to_have_text(re.compile("saved.json · my_module:func · 20 calls of 50.ms"))
    expect(page.locator(".eyebrow")).to_have_text("my_module:func · measured")
    expect(page.locator(".shares")).to_contain_text("80\u00a0%")
    widths = page.eval_on_selector_all(".bar rect", "parts => parts.map(part => part.getBoundingClientRect().width)")
    whole = page.locator(".bar").bounding_box()
    assert whole is not None
    assert sum(widths) == pytest.approx(whole["width"], abs=8)
    assert max(widths) == pytest.approx(0.8 * whole["width"], rel=0.03)
    page.get_by_role("button", name="Describe a task instead").click()
    expect(page.locator("#description")).to_be_focused()


def test_an_advice_document_keeps_its_host(page: Page, client: FlaskClient) -> None:
    """An Advice document brings its profile, and the cores and calls of its plan."""
    question = {"profile": PROFILE, "calls": 500, "machine": {"cores": 12}}
    advice = client.post("/v1/advice", json=question).get_json()
    content = json.dumps(advice).encode()
    page.set_input_files("#file", {"name": "advice.json", "mimeType": "application/json", "buffer": content})
    pool = {"multiprocessing": "processes", "interpreters": "subinterpreters"}[advice["recommendation"]]
    expect_verdict(page, f"Use {advice['workers']} {pool}")
    expect(page.locator("#cores")).to_have_value("12")
    expect(page.locator("#calls")).to_have_value("500")


def test_a_saved_advice_can_be_loaded(page: Page, tmp_path: Path) -> None:
    """The page loads the file that it saves."""
    ask(page, json.dumps(PROFILE))
    expect_verdict(page, "processes")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "advice.json"
    download.value.save_as(saved)
    page.reload()
    drop(page, "advice.json", saved.read_text("utf-8"))
    expect_verdict(page, "processes")


def test_the_curves_are_drawn_and_described(page: Page) -> None:
    """The chart has lines, bands and the advised point; a caption and a table say the same."""
    ask(page, "Checking 100 sudokus in pure Python on 8 cores")
    chart = page.locator(".chart.wide")
    expect(chart.locator(".line")).to_have_count(len(POOLS))
    expect(chart.locator(".band")).to_have_count(len(POOLS))
    expect(chart.locator(".name")).to_have_text(POOLS)
    expect(chart.locator(".said")).to_have_text(re.compile(r"^8 processes: [\d.]+×$"))
    expect(page.locator("figcaption")).to_contain_text("for 100 calls on 8 cores: threads reach")
    page.get_by_text("The curves as a table").click()
    expect(page.locator(".curves thead th")).to_have_text(["Workers", *POOLS])
    assert page.locator(".curves tbody tr").count() >= 8
    expect(chart.locator("title").last).to_have_text(re.compile(r"processes: [\d.]+× \([\d.]+–[\d.]+×\)$"))
    ask(page, json.dumps(PROFILE | {"picklable": {"function": False, "reasons": {"function": "a lambda"}}}))
    expect(page.locator("figcaption")).to_contain_text(f"{' and '.join(POOLS[1:])} cannot be used")
    expect(page.locator(".chart.wide .name")).to_have_text(["threads"])
    expect(page.locator(".alternatives")).to_contain_text("not possible")


def test_moves_are_debounced(visit: tuple[Page, PageLog], address: str) -> None:
    """Ten moves in a row send one request; a request in progress is cancelled for a newer one."""
    page, log = visit
    ask(page, "Checking 100 sudokus in pure Python on 2 cores")
    expect(page.locator(".chart.wide")).to_be_visible()
    before = log.requested.count(f"{address}v1/curves")
    page.focus("#cores-slider")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect_verdict(page, "Use 14 processes|Use 16 processes")
    assert log.requested.count(f"{address}v1/curves") == before + 1
    waiting: list[Route] = []
    page.route("**/v1/curves", lambda route: waiting.append(route) if not waiting else route.continue_())
    page.fill("#cores", "3")
    expect(page.locator("#status")).to_have_text("Getting advice…")
    with page.expect_event("requestfailed") as cancelled:
        page.fill("#cores", "5")
    assert cancelled.value == waiting[0].request
    expect_verdict(page, "Use 5 processes")
    page.unroute_all(behavior="ignoreErrors")


def test_curl_and_code_can_be_copied(page: Page) -> None:
    """The curl command sends the question, whatever characters it has; the code is copied as one text."""
    text = 'Processing 100 images with Pillow: it\'s $HOME `x` \\ "quoted"'
    ask(page, text)
    page.get_by_text("The same question with").click()
    command = page.locator("#curl").inner_text()
    assert command.startswith(f"curl -sS {page.evaluate('location.origin')}/v1/advice")
    words = shlex.split(command.replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == {"description": text}
    page.locator("#details-view button").click()
    code = page.evaluate("navigator.clipboard.readText()")
    assert code == page.locator("pre code").first.text_content()
    compile(code, "snippet", "exec")
    assert page.locator("pre mark").all_inner_texts() == ["FILL IN", "FILL IN"]


def test_another_question_is_for_this_server_again(page: Page, client: FlaskClient) -> None:
    """The host of a document is shown; a description after it is planned for the answering server."""
    machine = {"cores": 8, "python": "3.14t", "memory": 16 << 30}
    question = {"profile": PROFILE | {"gil_held": 0.045, "wait": 0.0}, "machine": machine}
    drop(page, "advice.json", client.post("/v1/advice", json=question).get_data(as_text=True))
    expect_verdict(page, "threads")
    expect(page.locator("#python")).to_be_visible()
    expect(page.locator("#python")).to_have_value("3.14")
    expect(page.locator("#memory")).to_have_value("16")
    expect(page.locator("#free-threaded")).to_be_checked()
    page.get_by_role("button", name="Describe a task instead").click()
    expect(page.locator("#python")).to_have_value("")
    expect(page.locator("#memory")).to_have_value("")
    expect(page.locator("#free-threaded")).not_to_be_checked()


def test_an_assumed_profile_is_not_a_question(page: Page, client: FlaskClient) -> None:
    """The profile that was assumed for a task cannot be asked again: its advice would differ."""
    drop(page, "advice.json", client.post("/v1/advice", json={"task": {"wait_share": 0.95}}).get_data(as_text=True))
    expect(page.locator("#description-error")).to_contain_text("neither a profile nor its question")
    expect(page.locator("#advice")).to_be_hidden()


def test_markup_is_shown_as_text(page: Page, address: str) -> None:
    """Nothing in a profile, a description or a link becomes an element of the page."""
    parts = {"side_effects": {"globals_written": [HOSTILE]}, "target": HOSTILE, "archetype": HOSTILE}
    drop(page, f"{HOSTILE}.json", json.dumps(PROFILE | parts))
    expect_verdict(page, ".")
    expect(page.locator("#profile-name")).to_contain_text(HOSTILE)
    expect(page.locator(".time h3")).to_contain_text(HOSTILE)
    page.goto(f"{address}#description={HOSTILE} {HOSTILE} pandas&cores={HOSTILE}")
    page.reload()
    expect(page.locator("#description")).to_have_value(f"{HOSTILE} {HOSTILE} pandas")
    expect_verdict(page, ".")
    assert page.locator("main img, main script, header script").count() == 0


def test_the_matrix_can_be_searched(page: Page, address: str) -> None:
    """The search leaves the entries with all the words."""
    page.goto(f"{address}matrix")
    page.keyboard.press("Tab")
    tab_to(page, "words")
    page.keyboard.type("gil held beautifulsoup")
    expect(page.locator("#found")).to_have_text(re.compile(r"^\d+ found$"))
    assert 1 <= page.locator(".entries > li:visible").count() <= 3
    expect(page.locator("#rules")).to_be_hidden()
