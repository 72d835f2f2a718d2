"""A real Chromium for the tests of the page: the one installed, as Playwright's package brings none along."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect, sync_playwright
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
PATIENCE = 20_000  # ms, on a busy host
DESKTOP: ViewportSize = {"width": 1100, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}


def found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browsing(program: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What went wrong in a page: exceptions, what the console calls an error, and requests to another host."""

    def __init__(self, page: Page, address: str) -> None:
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self._host = urlsplit(address).netloc
        page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        page.on("console", self._hear)
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        answered = message.text.startswith("Failed to load resource: the server responded")  # a 422 is no fault here
        if message.type in ("error", "warning") and not answered:
            self.complaints.append(f"{message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        self.asked.append(request.url)
        if urlsplit(request.url).scheme not in ("data", "blob") and urlsplit(request.url).netloc != self._host:
            self.complaints.append(f"asked another host: {request.url}")


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    """The address of a server on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def visiting(browser: Browser, address: str) -> Iterator[tuple[Page, Watch]]:
    """A page in a session of its own, opened at the address."""
    context = browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    watch = Watch(page, address)
    try:
        page.goto(address)
        yield page, watch
    finally:
        context.close()


def barriers(page: Page) -> list[str]:
    """What axe finds in the page as it is now, each with the elements that it is about."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']} ({node['failureSummary']})" for one in violations for node in one["nodes"]]


def overflow(page: Page) -> list[str]:
    """Elements that reach beyond the screen's right edge and are not in a part that scrolls by itself."""
    return list(page.evaluate(_OVERFLOW))


_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element.closest("pre, .scroll, textarea, input, .skip") !== null;
  const wide = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
    && !scrolls(element) && element.getBoundingClientRect().right > width + 1);
  return document.documentElement.scrollWidth > width ? ["the page scrolls sideways", ...wide.map((e) => e.outerHTML)]
    : wide.map((element) => element.outerHTML.slice(0, 200));
}"""
