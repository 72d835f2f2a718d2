"""Clean pages; a decorator writes when each began and that it ended, also when it fails."""
import functools
import re

OUT = open("pages.log", "w")


def reported(function):
    @functools.wraps(function)
    def reporting(page):
        OUT.write(f"{page['id']:05d} begun ")
        try:
            return function(page)
        finally:
            OUT.write("ended\n")
    return reporting


@reported
def clean(page):
    text = page["html"]
    for _ in range(12):
        text = re.sub(r"<[^>]*>", " ", text)
        text = re.sub(r"\s+", " ", text).strip()
    return len(text), text[:20]


def make_inputs():
    return [{"id": n, "html": f"<p class='c{n}'>Some  <b>text</b> {n}</p>\n" * 60} for n in range(400)]


def log_lines():
    OUT.flush()
    with open("pages.log") as source:
        return sorted(source.read().splitlines())
