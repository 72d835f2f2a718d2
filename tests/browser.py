"""A real Chromium for the tests of the pages: the installed one, since the package of Playwright brings none."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TIMEOUT = 20_000  # ms, on a busy host
DESKTOP: ViewportSize = {"width": 1100, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}

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
HOSTILE = "<img src=x onerror=alert(1)>"
TOKEN = "a token of some length"


def installed_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class PageLog:
    """Errors of a page: exceptions, what the console calls an error, and requests to another host."""

    def __init__(self, page: Page, address: str) -> None:
        self.errors: list[str] = []
        self.requested: list[str] = []
        self._host = urlsplit(address).netloc
        page.on("pageerror", lambda error: self.errors.append(f"thrown: {error}"))
        page.on("console", self._on_console)
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource: the server responded")  # a 422 is no error here
        if message.type in ("error", "warning") and not refused:
            self.errors.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        self.requested.append(request.url)
        if urlsplit(request.url).scheme not in ("data", "blob") and urlsplit(request.url).netloc != self._host:
            self.errors.append(f"request to another host: {request.url}")


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    """Serve an application on loopback; returns its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def visiting(browser: Browser, address: str) -> Iterator[tuple[Page, PageLog]]:
    """Open an address in a session of its own."""
    context = browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    log = PageLog(page, address)
    try:
        page.goto(address)
        yield page, log
    finally:
        context.close()


def ask(page: Page, text: str) -> None:
    page.fill("#description", text)
    page.click("#ask")


def expect_verdict(page: Page, pattern: str) -> None:
    expect(page.locator("#verdict")).to_have_text(re.compile(pattern))


def tab_to(page: Page, id: str) -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{id} cannot be reached by keyboard")


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file on the page, as from a file manager."""
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


def axe_violations(page: Page, *selectors: str) -> list[str]:
    """Return what axe finds in the page, or only in these elements of it."""
    context = [[selector] for selector in selectors] or None
    violations = Axe().run(page, context={"include": context} if context else None).response["violations"]
    return [f"{each['id']}: {node['html']} ({node['failureSummary']})" for each in violations for node in each["nodes"]]


def overflow(page: Page) -> list[str]:
    """Return the elements beyond the right edge of the screen, unless they are in a part that scrolls."""
    return list(page.evaluate(_OVERFLOW))


_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element.closest("pre, .scroll, textarea, input, .skip") !== null;
  const wide = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
    && !scrolls(element) && element.getBoundingClientRect().right > width + 1);
  return document.documentElement.scrollWidth > width ? ["the page scrolls sideways", ...wide.map((e) => e.outerHTML)]
    : wide.map((element) => element.outerHTML.slice(0, 200));
}"""
