"""Small programs with a loop to rewrite, at the line with `# here`."""

HEAD = '''\
"""A program."""
from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

LIMIT = 3


def work(x):
    return math.sqrt(abs(x)) * 0.1 + x % 7


def words(x):
    return [f"w{(x * n) % 5}" for n in range(x % 4 + 1)]


'''

PROGRAMS = {
    "sum": """
def main(xs):
    total = 0.0
    for x in xs:  # here
        # the square of the work
        y = work(x)
        total += y * y
    print(repr(total))


if __name__ == "__main__":
    main(range(40))
""",
    "files of their own": """
def save(path, text):
    with open(path, "w") as stream:
        stream.write(text)
    return len(text)


def main(xs, folder):
    written = 0
    for x in xs:  # here
        size = save(folder / f"{x}.txt", "x" * x)
        written += size
    print(written, sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        main(range(40), Path(name))
""",
    "call into append": """
def main(xs):
    rows = []
    for x in xs:  # here
        rows.append(work(x))
    print(rows)


if __name__ == "__main__":
    main(list(range(40)))
""",
    "filter and continue": """
def main(xs):
    rows, skipped = [], 0
    for x in xs:  # here
        if x % 3 == 0:
            skipped += 1
            continue
        y = work(x)
        if y < LIMIT:
            continue
        rows.append((x, y))
    print(rows, skipped)


if __name__ == "__main__":
    main(range(40))
""",
    "several folds": """
def main(xs, scale):
    best, arg, count, by = None, None, 0, {}
    for i, x in enumerate(xs):  # here
        y = work(x) * scale
        count += 1
        if best is None or y > best:
            best, arg = y, i
        by.setdefault(x % 3, []).append(round(y, 3))
    print(best, arg, count, by)


if __name__ == "__main__":
    main([n * 7 % 31 for n in range(40)], 1.5)
""",
    "printed lines": """
def main(xs):
    total = 0
    for number, x in enumerate(xs, 1):  # here
        y = work(x)
        total += y
        print(f"{number}: {x} {y:.3f} {total:.3f}")
    print("end")


if __name__ == "__main__":
    main(range(30))
""",
    "counter in an inner loop": """
def main(xs):
    counts = Counter()
    longest = ""
    for x in xs:  # here
        for word in words(x):
            counts[word] += 1
            if len(word) > len(longest):
                longest = word
    print(list(counts.items()), longest)


if __name__ == "__main__":
    main(range(30))
""",
    "inner loop with work": """
def main(xs):
    total, rows = 0.0, []
    for x in xs:  # here
        for n in range(4):
            y = work(x + n)
            if y > LIMIT:
                total += y
                rows.append((x, n))
    print(repr(total), rows)


if __name__ == "__main__":
    main(range(30))
""",
    "written by item": """
def main(xs):
    out = [0] * len(xs)
    for i in range(len(xs)):  # here
        value = work(xs[i])
        out[i] = value + 1
    print(out)


if __name__ == "__main__":
    main(list(range(30)))
""",
    "own list in place": """
def main(xs):
    for i, x in enumerate(xs):  # here
        xs[i] = work(x)
    print(xs)


if __name__ == "__main__":
    main(list(range(30)))
""",
    "items' own keys": """
def main(rows):
    for row in rows:  # here
        row["y"] = work(row["x"])
    print(rows)


if __name__ == "__main__":
    main([{"x": n} for n in range(30)])
""",
    "attributes of self": """
class Report:
    def __init__(self, scale):
        self.scale = scale
        self.rows = []
        self.total = 0.0

    def one(self, x):
        return work(x) * self.scale

    def run(self, xs):
        for x in xs:  # here
            y = self.one(x)
            self.rows.append(y)
            self.total += y


if __name__ == "__main__":
    report = Report(2.5)
    report.run(range(30))
    print(report.rows, repr(report.total))
""",
    "errors are caught": """
def risky(x):
    if x % 5 == 0:
        raise ValueError(f"bad {x}")
    return work(x)


def main(xs):
    rows, errors = [], []
    for x in xs:  # here
        try:
            y = risky(x)
        except ValueError as error:
            errors.append(str(error))
            continue
        rows.append(y)
    print(rows, errors)


if __name__ == "__main__":
    main(range(30))
""",
    "search that stops": """
def main(xs):
    found = None
    for x in xs:  # here
        y = work(x)
        if y > 6.2:
            found = x
            break
    print(found)


if __name__ == "__main__":
    main(range(200))
""",
    "search that returns": """
def find(xs, limit):
    for x in xs:  # here
        if work(x) > limit:
            return x, limit
    return None


if __name__ == "__main__":
    print(find(range(200), 6.2), find(range(10), 1e9))
""",
    "generator": """
def results(xs):
    for x in xs:  # here
        y = work(x)
        if y > 2:
            yield x, y


if __name__ == "__main__":
    print(list(results(range(30))))
""",
    "module level": """
total = 0.0
scale = 3
names = {}
for x in range(40):  # here
    y = work(x) * scale
    total += y
    names[f"n{x % 6}"] = y
print(repr(total), names)
""",
    "last value": """
def main(xs):
    for x in xs:  # here
        y = work(x)
    print(x, y)


if __name__ == "__main__":
    main(range(30))
""",
    "dictionary": """
def main(table):
    out = {}
    for key, value in table.items():  # here
        out[key] = work(value)
    print(out)


if __name__ == "__main__":
    main({f"k{n}": n for n in range(30)})
""",
    "counted while": """
def main(xs):
    i, out = 0, []
    while i < len(xs):  # here
        out.append(work(xs[i]))
        i += 1
    print(i, out)


if __name__ == "__main__":
    main(list(range(30)))
""",
    "list comprehension": """
def main(xs, scale):
    rows = [work(x) * scale for x in xs]  # here
    print(rows)


if __name__ == "__main__":
    main(range(30), 2)
""",
    "comprehension with a condition": """
def main(xs):
    rows = [(x, work(x)) for x in xs if work(x) > 2 if x % 2]  # here
    print(rows)


if __name__ == "__main__":
    main(range(30))
""",
    "comprehension with a plain condition": """
def main(xs):
    rows = [work(x) for x in xs if x % 2]  # here
    print(rows)


if __name__ == "__main__":
    main(range(30))
""",
    "dictionary comprehension": """
def main(xs):
    print({x: work(x) for x in xs})  # here


if __name__ == "__main__":
    main(range(30))
""",
    "nested comprehension": """
def main(xs):
    print([work(x + n) for x in xs for n in range(3)])  # here


if __name__ == "__main__":
    main(range(20))
""",
    "generator into sum": """
def main(xs):
    print(repr(sum(work(x) for x in xs)))  # here


if __name__ == "__main__":
    main(range(30))
""",
    "map": """
def main(xs):
    print(list(map(work, xs)))  # here


if __name__ == "__main__":
    main(range(30))
""",
    "map of a lambda": """
def main(xs, scale):
    print(sorted(map(lambda x: work(x) + scale, xs)))  # here


if __name__ == "__main__":
    main(range(30), 2)
""",
    "bucket by a name": """
def main(xs):
    groups = defaultdict(list)
    for x in xs:  # here
        bucket = groups[x % 4]
        bucket.append(work(x))
    print(dict(groups))


if __name__ == "__main__":
    main(range(30))
""",
    "item is replaced": """
def main(lines):
    out = []
    for line in lines:  # here
        line = line.strip().lower()
        if not line:
            continue
        out.append((line, work(len(line))))
    print(out)


if __name__ == "__main__":
    main([f"  Line {n} " if n % 4 else "  " for n in range(30)])
""",
    "files": """
def main(folder):
    sizes = {}
    for n in range(8):
        (folder / f"{n}.txt").write_text("word " * n)
    for path in sorted(folder.glob("*.txt")):  # here
        text = path.read_text()
        path.with_suffix(".out").write_text(text.upper())
        sizes[path.name] = len(text)
        print(path.name, len(text))
    print(sizes, [path.read_text() for path in sorted(folder.glob("*.out"))])


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
""",
    "lines of a file in order": """
def main(xs, name):
    with open(name, "w") as out:
        out.write("head\\n")
        for x in xs:  # here
            y = work(x)
            out.write(f"{x} {y:.4f}\\n")
    print(Path(name).read_text())


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        main(range(30), f"{folder}/out.txt")
""",
    "nested loops in a method": """
class Grid:
    def __init__(self, n):
        self.n = n
        self.rows = [[0.0] * n for _ in range(n)]

    def fill(self):
        for i in range(self.n):  # here
            row = [work(i * j) for j in range(self.n)]
            self.rows[i] = row


if __name__ == "__main__":
    grid = Grid(12)
    grid.fill()
    print(grid.rows)
""",
    "flags": """
def main(xs):
    ok, any_large = True, False
    for x in xs:  # here
        y = work(x)
        ok = ok and y < 9
        if y > 5:
            any_large = True
    print(ok, any_large)


if __name__ == "__main__":
    main(range(30))
""",
    "statistics": """
def main(xs):
    stats = {"n": 0, "sum": 0.0}
    for x in xs:  # here
        y = work(x)
        stats["n"] += 1
        stats["sum"] += y
        if y > LIMIT:
            stats.setdefault("large", []).append(x)
    print(stats)


if __name__ == "__main__":
    main(range(30))
""",
    "nested targets": """
def main(pairs):
    rows = []
    for name, (a, b) in pairs:  # here
        rows.append((name, work(a + b)))
    print(rows, [(a, work(b)) for _, (a, b) in pairs if (a if b else True)])


if __name__ == "__main__":
    main([(f"n{n}", (n, n + 1)) for n in range(20)])
""",
    "condition of two kinds": """
def main(xs):
    print([work(x) for x in xs if (x > 3 if x % 2 else x < 9)])  # here


if __name__ == "__main__":
    main(range(20))
""",
    "while a list has items": """
def main(xs):
    todo = sorted(xs)
    rows = []
    while todo:  # here
        x = todo.pop()
        if x % 3 == 0:
            continue
        rows.append(work(x))
    print(rows, todo)


if __name__ == "__main__":
    main(range(40))
""",
    "while a deque has items": """
from collections import deque


def main(xs):
    todo = deque(xs)
    total = 0.0
    while len(todo) > 0:  # here
        x = todo.popleft()
        total += work(x)
    print(repr(total))


if __name__ == "__main__":
    main(range(40))
""",
    "counted in the middle": """
def main(xs):
    i, rows = 0, []
    while i < len(xs):  # here
        x = xs[i]
        i += 1
        if x % 2:
            continue
        rows.append(work(x))
    print(rows)


if __name__ == "__main__":
    main(list(range(40)))
""",
    "attributes of the items": """
class Job:
    def __init__(self, n):
        self.n = n
        self.cells = []


def main(xs):
    jobs = [Job(x) for x in xs]
    most = 0
    for job in jobs:  # here
        y = work(job.n)
        if y < 1:
            print(job.n, "is small")
            continue
        job.result = y
        if y > most:
            most = y
    print(most, [getattr(job, "result", None) for job in jobs])


if __name__ == "__main__":
    main(range(20))
""",
}
