"""Loops that are found in the source of a module."""

import textwrap

from advisor.survey.loops import enclosing, loops_of

SOURCE = textwrap.dedent(
    """
    import pandas as pd

    ROWS = [line for line in
            open("x")
            if line]


    class Report:
        def build(self, frame):
            for part in (
                frame
            ):
                while part:
                    part = part[1:]
                    total = sum(x for x in part)

                def later():
                    for item in part: print(item)
            return frame.apply(self.one, axis=1)

        async def fetch(self, urls):
            async for url in urls:
                for row in self.frame.itertuples(): yield row


    for value in map(str, filter(None, ROWS)):
        print(value)
    pool.map(str, ROWS)
    labels = frame["name"].map(str.title)
    """
).lstrip()


def found(source=SOURCE):
    return {loop.source: loop for loop in loops_of(source, "program.py")}


def test_kinds_and_functions():
    """Each loop has its kind, and the function that contains it by its qualified name."""
    loops = [(loop.kind, loop.function, loop.id[1]) for loop in loops_of(SOURCE, "program.py")]
    assert loops == [
        ("comprehension", "<module>", 3),
        ("for", "Report.build", 10),
        ("while", "Report.build", 13),
        ("comprehension", "Report.build", 15),
        ("for", "Report.build.<locals>.later", 18),
        ("apply", "Report.build", 19),
        ("for", "Report.fetch", 22),
        ("rows", "Report.fetch", 23),
        ("for", "<module>", 26),
        ("map", "<module>", 26),
        ("map", "<module>", 26),
        ("apply", "<module>", 29),
    ]


def test_headers():
    """The source of a loop is the line of its header, or a comprehension in one line if it begins before its `for`."""
    sources = found()
    assert "for part in (" in sources
    assert "async for url in urls:" in sources
    whole = loops_of("rows = [\n    f(x)\n    for x in xs\n]\n", "program.py")
    assert [loop.source for loop in whole] == ["[f(x) for x in xs]"]


def test_parents():
    """A loop's parent is the one around it in the same function, whose header it is no part of."""
    loops = loops_of(SOURCE, "program.py")
    parents = [(loop.id[1], loop.parent and loop.parent[1]) for loop in loops]
    assert {(13, 10), (15, 13), (18, None), (23, 22)} <= set(parents)
    assert parents.count((26, None)) == 3


def test_lines_of_iterations():
    """The lines of a body count, not those of a header's iterable, nor of functions that it defines."""
    loop = next(loop for loop in loops_of(SOURCE, "program.py") if loop.id[1] == 10)
    assert loop.last_line == 18
    assert sorted(loop.body_lines) == [13, 14, 15, 17]
    comprehension = loops_of(SOURCE, "program.py")[0]
    assert sorted(comprehension.body_lines) == [3, 5]


def test_enclosing():
    """The loops around a line come with the innermost first."""
    loops = loops_of(SOURCE, "program.py")
    assert [loop.id[1] for loop in enclosing(loops, 15)] == [15, 13, 10]
    assert [loop.id[1] for loop in enclosing(loops, 11)] == []
    assert [loop.id[1] for loop in enclosing(loops, 18)] == [18]


def test_invalid_source():
    """A text that is not Python has no loops."""
    assert loops_of("for x in", "program.py") == ()
