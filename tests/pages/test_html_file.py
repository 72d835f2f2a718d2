"""The HTML file of `advise --html`, and the view in the pages of notebooks, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import advisor
from advisor import display
from tests.browser import DESKTOP, PHONE, PageLog, axe_violations, overflow, visiting

pytestmark = pytest.mark.browser

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 28, 35)"  # the background of a card
CARD = "getComputedStyle(document.querySelector('.advisor-advice .card')).backgroundColor"
# As JupyterLab and VS Code style what a cell displays.
NOTEBOOK_STYLES = """
.jp-RenderedHTMLCommon { color: rgb(200, 0, 0); font-size: 40px; }
.jp-RenderedHTMLCommon table { border: 9px solid red; margin: 50px; }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: red; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { text-align: right; padding: 33px; max-width: none; }
.jp-RenderedHTMLCommon h2, .jp-RenderedHTMLCommon h3 { font-size: 77px; margin: 77px; }
.jp-RenderedHTMLCommon pre, .jp-RenderedHTMLCommon code { background: red; color: white; }
.jp-RenderedHTMLCommon ul { list-style: square; margin-left: 77px; }
"""


@pytest.fixture(scope="module")
def advice() -> advisor.Advice:
    profile = advisor.Profile(
        target="shop:price", calls=90, wall=0.01, gil_held=0.006, gil_free=0.002, child_cpu=0.0, wait=0.002
    )
    return advisor.advise(profile, calls=5_000, machine=advisor.Machine(cores=4))


def write(folder: Path, text: str) -> str:
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("scheme", "background"), [("light", LIGHT), ("dark", DARK)])
def test_the_file_is_for_everyone(
    browser: Browser, tmp_path: Path, advice: advisor.Advice, size: dict[str, int], scheme: str, background: str
) -> None:
    """Axe finds nothing, nothing is wider than the screen, and nothing else is requested, in light and dark."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    address = write(tmp_path, display.as_page(advice))
    log = PageLog(page, address)
    page.goto(address)
    assert page.evaluate(CARD) == background
    page.get_by_text("The curves as a table").click()
    assert overflow(page) == []
    assert axe_violations(page) == []
    assert log.errors == []
    assert log.requested == [address]
    context.close()


def test_the_chart_fits_the_width(browser: Browser, tmp_path: Path, advice: advisor.Advice) -> None:
    """A telephone gets the narrow chart, whose letters stay legible."""
    with visiting(browser, write(tmp_path, display.as_page(advice))) as (page, _):
        charts = page.locator(".chart.wide"), page.locator(".chart.narrow")
        assert [chart.is_visible() for chart in charts] == [True, False]
        page.set_viewport_size(PHONE)
        assert [chart.is_visible() for chart in charts] == [False, True]
        letters = page.locator(".chart.narrow .name").first.bounding_box()
        assert letters is not None
        assert letters["height"] >= 10


def test_the_file_prints_light_and_complete(browser: Browser, tmp_path: Path, advice: advisor.Advice) -> None:
    """On paper the colours are light, and the table of the curves is open."""
    with visiting(browser, write(tmp_path, display.as_page(advice))) as (page, _):
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(CARD) == LIGHT
        assert page.locator(".curves").bounding_box()


def in_notebook(advice: advisor.Advice, theme: str) -> str:
    return (
        f"<!doctype html><html lang=en><title>Notebook</title><style>{NOTEBOOK_STYLES}</style>"
        f"<body {theme}><p id=before>Text</p><table id=own><tr><td>1</table>"
        f"<div class='jp-RenderedHTMLCommon'>{advice._repr_html_()}</div>"
        f"<div class='jp-RenderedHTMLCommon'>{advice._repr_html_()}</div>"
    )


STYLES_OF = """([selector, names]) => {
  const computed = getComputedStyle(document.querySelector(selector));
  return names.map((name) => computed[name]);
}"""


def styles(page: Page, selector: str, *names: str) -> list[str]:
    return list(page.evaluate(STYLES_OF, [selector, list(names)]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("theme", "background"),
    [
        ("data-jp-theme-light=true", LIGHT),
        ("data-jp-theme-light=false", DARK),
        ("class=vscode-light", LIGHT),
        ("class=vscode-dark", DARK),
    ],
)
def test_a_notebook_decides_the_colours(
    browser: Browser, tmp_path: Path, advice: advisor.Advice, theme: str, background: str, scheme: str
) -> None:
    """The theme of JupyterLab and VS Code counts, whatever the system prefers."""
    with visiting(browser, write(tmp_path, in_notebook(advice, theme))) as (page, _):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate(CARD) == background


def test_styles_do_not_cross_the_border(browser: Browser, tmp_path: Path, advice: advisor.Advice) -> None:
    """The page's styles do not reach the view, nor the view's the page."""
    text, cell = ("color", "fontFamily", "margin"), ("padding", "border")
    looked_at = [
        (".advisor-advice .card", ["color", "fontSize", "paddingTop"]),
        (".advisor-advice table", ["borderTopWidth", "marginTop", "color"]),
        (".advisor-advice tbody tr", ["backgroundColor"]),
        (".advisor-advice td", ["textAlign", "paddingRight"]),
        (".advisor-advice h3", ["fontSize", "marginTop"]),
        (".advisor-advice pre code", ["backgroundColor", "color"]),
        (".advisor-advice ul", ["listStyleType", "marginLeft"]),
        (".advisor-advice .line", ["stroke"]),
    ]
    with visiting(browser, write(tmp_path, display.as_page(advice))) as (page, _):
        alone = [styles(page, selector, *names) for selector, names in looked_at]
    bare = "<!doctype html><title>Bare</title><p id=before>Text</p><table id=own><tr><td>1</table>"
    with visiting(browser, write(tmp_path, bare)) as (page, _):
        plain = styles(page, "#before", *text) + styles(page, "#own td", *cell)
    with visiting(browser, write(tmp_path, in_notebook(advice, "data-jp-theme-light=true"))) as (page, _):
        inside = [styles(page, selector, *names) for selector, names in looked_at]
        outside = styles(page, "#before", "color", "fontFamily", "margin") + styles(
            page, "#own td", "padding", "border"
        )
    assert inside == alone
    assert outside == plain


def test_two_views_on_a_page_are_accessible(browser: Browser, tmp_path: Path, advice: advisor.Advice) -> None:
    """A notebook that shows two views has no duplicate id and no unreadable text."""
    with visiting(browser, write(tmp_path, in_notebook(advice, "data-jp-theme-light=false"))) as (page, _):
        assert axe_violations(page, ".advisor-advice") == []


def test_the_text_remains_without_styles(browser: Browser, tmp_path: Path, advice: advisor.Advice) -> None:
    """A notebook that is not trusted removes styles: the text, the tables and one chart remain."""
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    view = f"<!doctype html><html lang=en><title>Notebook</title>{policy}{advice._repr_html_()}"
    with visiting(browser, write(tmp_path, view)) as (page, _):
        text = page.locator(".advisor-advice").inner_text()
        assert advice.summary in text.replace("\N{NO-BREAK SPACE}", " ")
        assert all(option.strategy in text for option in advice.alternatives)
        assert advice.snippet.splitlines()[0] in text
        assert [page.locator(f".chart.{width}").is_visible() for width in ("wide", "narrow")] == [True, False]
