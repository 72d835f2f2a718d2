"""A least-recently-used page cache."""

import threading
from collections import OrderedDict


class PageCache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.pages: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> str | None:
        with self._lock:
            page = self.pages.get(url)
            if page is not None:
                self.pages.move_to_end(url)
            return page

    def put(self, url: str, page: str) -> None:
        with self._lock:
            self.pages[url] = page
            while len(self.pages) > self.size:
                self.pages.popitem(last=False)


cache = PageCache(size=2)
cache.put("/a", "page a")
cache.put("/b", "page b")


def work(command: list[str]) -> str | None:
    action, url = command
    if action == "get":
        return cache.get(url)
    cache.put(url, f"page {url[1:]}")
    return None
