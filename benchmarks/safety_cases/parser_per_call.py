"""Titles out of pages; each call makes its parser."""
from html.parser import HTMLParser


class Titles(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside, self.found = False, []

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "h2"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found.append(data)


def titles(page):
    parser = Titles()
    parser.feed(page)
    parser.close()
    return len(parser.found), parser.found[-1]


def make_inputs():
    return ["".join(f"<h2>{n}.{k}</h2><p>text {k}</p>" for k in range(60)) for n in range(400)]
