"""Titles out of pages, with one parser object."""
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


PARSER = Titles()


def titles(page):
    PARSER.reset()
    PARSER.found = []
    PARSER.feed(page)
    PARSER.close()
    return len(PARSER.found), PARSER.found[-1]


def make_inputs():
    return ["".join(f"<h2>{n}.{k}</h2><p>text {k}</p>" for k in range(60)) for n in range(400)]
