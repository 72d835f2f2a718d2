"""Inner loops whose folds are accumulated by iteration, and merged once in the order of the loop."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from advisor.survey.extraction import Rewrite
from tests import test_survey_rewrite
from tests.survey_programs import HEAD
from tests.test_survey_rewrite import rewritten

LINES = """
def parse(text, n):
    return None if (n + len(text)) % 7 == 3 else {"page": f"p{n * 5 % 11}", "host": n * 37 % 101 * 8, "ms": f"{n % 9}"}

"""

ACCUMULATED = {
    "log files": """
def main(names):
    pages, by_host = Counter(), defaultdict(int)
    hosts = set()
    latencies = defaultdict(list)
    seen = defaultdict(set)
    rows: list[str] = []
    broken = 0
    total = 0
    for name in names:  # here
        for n in range(len(name) * 5):
            row = parse(name, n)
            if row is None:
                broken += 1
                continue
            ms = int(row["ms"])
            # counted by page
            pages[row["page"]] += 1
            by_host[row["host"]] -= ms * 2
            hosts.add(row["host"])
            latencies[row["page"]].append(ms)
            seen[row["page"]].add(row["host"])
            rows.extend([row["page"]] * (ms % 2))
            total = total + ms
    print(broken, total, list(pages.items()), list(by_host.items()), list(hosts), rows)
    print(dict(latencies), {page: list(each) for page, each in seen.items()})


if __name__ == "__main__":
    main(["abc", "defgh", "i", "jklmnopq"])
""",
    "plain dictionaries": """
def main(names):
    counts, groups = {}, {}
    for name in names:  # here
        for n in range(len(name)):
            row = parse(name, n)
            if row:
                key = row["page"]
                counts[key] = counts.get(key, 0) + 1
                groups.setdefault(key, []).append(row["ms"])
    print(counts, groups)


if __name__ == "__main__":
    main(["abc", "defgh", "i", "jklmnopq"])
""",
    "errors within the inner loop": """
def main(names):
    kept, failed = 0, 0
    for name in names:  # here
        for letter in name:
            try:
                number = int(letter)
                kept += number
            except ValueError:
                failed += 1
    print(kept, failed)


if __name__ == "__main__":
    main(["a1b2", "345", "", "x"])
""",
    "several names for one number": """
def main(names):
    kept = failed = 0
    for name in names:  # here
        for letter in name:
            if letter.isdigit():
                kept += 1
            else:
                failed += 1
    print(kept, failed)


if __name__ == "__main__":
    main(["a1b2", "345", "", "x"])
""",
    "a while loop": """
def main(texts):
    size = 0
    for text in texts:  # here
        stream = math.ceil(len(text) / 2)
        while True:
            stream -= 1
            if stream < 0:
                break
            size += len(words(stream))
    print(size)


if __name__ == "__main__":
    main(["a1b2", "345", "", "x"])
""",
    "nested inner loops at the level of the module": """
counts = Counter()
for x in range(20):  # here
    for y in range(x % 4):
        for word in words(x + y):
            counts[word] += 1
print(list(counts.items()))
""",
}


def output(source: str) -> str:
    """Return what a program prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


@pytest.mark.parametrize("name", ACCUMULATED)
def test_parts_are_merged_in_order(name: str) -> None:
    """The worker accumulates, nothing is sent for each inner iteration alone, and the program prints the same."""
    source = HEAD + LINES + ACCUMULATED[name]
    rewrite = rewritten(source, form="executor")
    assert isinstance(rewrite, Rewrite), rewrite
    assert "_part = " in rewrite.snippet
    assert "parts" not in rewrite.snippet
    assert output(rewrite.new_source) == output(source)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["executor", "map"])
def test_parts_are_sent_between_processes(form: str, tmp_path: Path) -> None:
    """All kinds of parts can be pickled, and processes return what threads do."""
    path = tmp_path / "program.py"
    source = HEAD + LINES + ACCUMULATED["log files"]
    rewrite = rewritten(source, form=form, strategy="multiprocessing")
    assert isinstance(rewrite, Rewrite), rewrite
    path.write_text(rewrite.new_source)
    assert test_survey_rewrite.output(path) == output(source)


IN_ORDER = {
    "sum of unknown numbers": ("total = 0", "total += work(n)", "print(repr(total))"),
    "sum that begins with a float": ("total = 0.1", "total += len(words(n))", "print(repr(total))"),
    "counts of a dictionary with other values": (
        "counts = Counter()\n    counts['a'] = 0.1",
        "counts[f'{n}'] += len(words(n))",
        "print(counts)",
    ),
    "get with a float": ("counts = {}", "counts[n] = counts.get(n, 0.0) + len(words(n))", "print(counts)"),
    "lists of which one may be a queue": (
        "groups = defaultdict(list)\n    groups[0] = names.copy()",
        "groups[n].append(work(n))",
        "print(groups)",
    ),
    "several names for a list": ("rows = other = []", "rows.append(work(n)); other.append(n)", "print(rows)"),
    "list of the caller": ("rows = names", "rows.append(work(n))", "print(rows)"),
    "line of output among the folds": ("count = 0", "count += len(words(n)); print(work(n))", "print(count)"),
    "maximum": ("best = -1.0", "best = max(best, work(n))", "print(best)"),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_folds_that_are_not_certain_stay_in_order(name: str) -> None:
    """The parent folds item by item, as the program does, or leaves the loop alone."""
    start, fold, end = IN_ORDER[name]
    body = f"def main(names):\n    {start}\n    for x in range(3):  # here\n        for n in range(x, 9):\n"
    lines = "".join(f"            {each.strip()}\n" for each in fold.split(";"))
    source = f"{HEAD}{body}{lines}    {end}\n\n\nif __name__ == '__main__':\n    main([5, 6])\n"
    rewrite = rewritten(source, form="executor")
    if isinstance(rewrite, Rewrite):
        assert "_part" not in rewrite.snippet
        assert output(rewrite.new_source) == output(source)


def test_a_caught_error_keeps_what_was_folded_before_it() -> None:
    """A loop within a `try` of the iteration is not rewritten: some of its folds count even if it fails."""
    body = """
def main(names):
    rows, bad = [], 0
    for name in names:  # here
        try:
            for letter in name:
                rows.append(int(letter))
        except ValueError:
            bad += 1
    print(rows, bad)
"""
    assert "halfway" in str(rewritten(HEAD + body, form="executor"))
