"""Rank pages; what reviewers said of a page is kept beside the objects, by weak reference."""
import weakref

LABELS = weakref.WeakKeyDictionary()


class Page:
    def __init__(self, number):
        self.words = [f"w{(number * k) % 53}" for k in range(1, 400)]


def make_inputs():
    pages = [Page(n) for n in range(1, 301)]
    for n, page in enumerate(pages):
        LABELS[page] = ("spam", "fine", "great")[n % 3]
    return pages


def rank(page):
    counts = {}
    for _ in range(20):
        for word in page.words:
            counts[word] = counts.get(word, 0) + 1
    bonus = {"spam": -1000, "fine": 0, "great": 50}[LABELS.get(page, "fine")]
    return max(counts.values()) + bonus
