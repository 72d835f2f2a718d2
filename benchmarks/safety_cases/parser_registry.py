"""Parsers that enter themselves into a class-level registry when their classes are made; calls only look them up."""


class Parser:
    registry = {}
    seen_kinds = []

    def __init_subclass__(cls, kind, **keywords):
        super().__init_subclass__(**keywords)
        Parser.registry[kind] = cls
        Parser.seen_kinds.append(kind)

    def __init__(self):
        self.found = []

    def run(self, text):
        for line in text.splitlines():
            self.found.append(self.one(line))
        return self.found


class Pairs(Parser, kind="pairs"):
    def one(self, line):
        return dict(part.split("=") for part in line.split(";"))


class Fields(Parser, kind="fields"):
    def one(self, line):
        return line.replace("=", ";").split(";")


def parse(message):
    kind, text = message
    rows = Parser.registry[kind]().run(text)
    return kind, len(rows), rows[-1], Parser.seen_kinds.index(kind)


def make_inputs():
    return [(("pairs", "fields")[n % 2], "\n".join(f"a={n};b={k};c={n * k}" for k in range(700))) for n in range(300)]
