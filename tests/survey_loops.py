"""Small loops with the class of their dependences; `# here` marks the header."""

HEAD = """\
import bisect, collections, csv, functools, hashlib, heapq, itertools, json, logging, math, os, random, re, sqlite3, sys
from collections import Counter, defaultdict, deque
from pathlib import Path
import numpy as np

log = logging.getLogger("x")
RESULTS = []
CACHE = {}
STATE = {"n": 0}
LIMIT = 10

def work(x):
    return math.sqrt(x) + LIMIT

def record(x):
    RESULTS.append(x)

def bump(x):
    STATE["n"] = STATE["n"] + x
    return STATE["n"]

def memo(x):
    if x not in CACHE:
        CACHE[x] = work(x)
    return CACHE[x]

def push(stack, x):
    if stack and stack[-1] > x:
        stack.pop()
    stack.append(x)

def say(x):
    print(x)

@functools.lru_cache
def cached(x):
    return x * 2

class Tally:
    def __init__(self):
        self.rows = []
        self.total = 0
        self.last = None

    def add(self, x):
        self.rows.append(work(x))

    def chain(self, x):
        self.last = (self.last or 0) + x
        return self.last

    def score(self, x):
        return work(x)

class Shape:
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2
"""

INDEPENDENT = {
    "methods of texts that libraries read": """
def run(path, keys, table):
    words = json.loads(path)["text"].split()
    encoder = json.JSONEncoder()
    return [encoder.encode([words.count(key), key.translate(table)]) for key in keys]  # here
""",
    "rows of an array that is its own": """
def run(n):
    out = np.zeros((n, 9)).reshape(n, 3, 3)
    for i in range(n):  # here
        out[i] = work(i)
    return out
""",
    "objects by number with lists of their own": """
class Cell:
    def __init__(self, n):
        self.n, self.seen = n, []
def run(cells):
    for i in range(len(cells)):  # here
        cells[i].n = cells[i].n * 2 + work(i)
        cells[i].seen.append(i)
""",
    "object with a list of its own": """
class Solver:
    def __init__(self, cells):
        self.cells = list(cells)
        self.guesses = 0
    def solve(self):
        for k in range(len(self.cells)):
            if self.cells[k] == 0:
                self.cells[k] = self.cells[k - 1] + 1
                self.guesses += 1
        return self.guesses
def run(puzzles):
    return [Solver(puzzle.cells).solve() for puzzle in puzzles]  # here
""",
    "items with lists of their own": """
class Puzzle:
    def __init__(self):
        self.cells = [0] * 9
    def solve(self):
        for k in range(1, 9):
            self.cells[k] = self.cells[k - 1] + 1
def run(puzzles):
    for puzzle in puzzles:  # here
        puzzle.solve()
""",
    "class of data": """
from dataclasses import dataclass, field
@dataclass
class Row:
    x: float
    parts: list = field(default_factory=list)
def run(xs):
    return [Row(work(x)) for x in xs]  # here
""",
    "random numbers by a function that gets the generator": """
def draw(rng):
    return rng.random() + rng.gauss(0, 1)
def run(seeds):
    return [draw(random.Random(seed)) for seed in seeds]  # here
""",
    "search with a deque": """
def depth(graph, start):
    seen, queue = {start: 0}, deque([start])
    while queue:
        node = queue.popleft()
        for other in graph[node]:
            if other not in seen:
                seen[other] = seen[node] + 1
                queue.append(other)
    return max(seen.values())
def run(graph):
    return [depth(graph, node) for node in graph]  # here
""",
    "function with options": """
def power(n, x):
    return work(x) ** n
def run(xs):
    return list(map(functools.partial(power, 3), xs))  # here
""",
    "functions by name": """
def twice(x):
    return work(x) * 2
STEPS = {"once": work, "twice": twice}
def run(jobs):
    return [STEPS[name](x) for name, x in jobs]  # here
""",
    "function with the name of a method": """
from PIL import ImageOps
def run(photos):
    return [ImageOps.fit(photo, (9, 9)).tobytes() for photo in photos]  # here
""",
    "function that is given an image": """
from PIL import ImageOps
def run(sizes, photo):
    return [ImageOps.fit(photo, size).tobytes() for size in sizes]  # here
""",
    "exception of the program": """
class WrongError(Exception):
    pass
def checked(x):
    if x < 0:
        raise WrongError(x)
    return work(x)
def run(xs):
    return [checked(x) for x in xs]  # here
""",
    "lists by key in a function": """
def groups(rows):
    found = defaultdict(list)
    for key, x in rows:
        found[key].append(x)
    return found
def run(tables):
    return [groups(rows) for rows in tables]  # here
""",
    "file in a folder of its own": """
import os, tempfile
def pack(x):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "part")
        with open(path, "w") as out:
            out.write(str(x))
        with open(path) as done:
            return len(done.read())
def run(xs):
    return [pack(x) for x in xs]  # here
""",
    "board that each game makes": """
WIDTH = 7
class Board:
    def __init__(self):
        self.heights = [0] * WIDTH
    def drop(self, column):
        self.heights[column] += 1
        return self.heights[column] < WIDTH
def play(columns):
    board = Board()
    return [board.drop(column) for column in columns]
def run(games):
    return [play(columns) for columns in games]  # here
""",
    "price that is raised": """
from decimal import Decimal
PRICES = {"a": {"day": Decimal("0.3")}}
def price(key, x):
    rate = PRICES[key]["day"]
    if x > 3:
        rate += Decimal("0.1")
    return rate * x
def run(rows):
    return [price(key, x) for key, x in rows]  # here
""",
    "call for its effect on a file of its own": """
def run(paths):
    for path in paths:  # here
        text = path.read_text()
        path.with_suffix(".out").write_text(text.upper())
""",
    "item of a list by range": """
def run(xs):
    out = [0] * len(xs)
    for i in range(len(xs)):  # here
        out[i] = work(xs[i])
    return out
""",
    "item of a list by enumerate": """
def run(xs):
    out = [0] * len(xs)
    for i, x in enumerate(xs):  # here
        y = work(x)
        out[i] = y
    return out
""",
    "items of the iterated list itself": """
def run(xs):
    for i, x in enumerate(xs):  # here
        xs[i] = work(x)
""",
    "row of a matrix": """
def run(n):
    grid = np.zeros((n, n))
    for i in range(n):  # here
        for j in range(n):
            grid[i, j] = work(i * j)
    return grid
""",
    "nested lists": """
def run(grid):
    for i in range(len(grid)):  # here
        for j in range(len(grid[i])):
            grid[i][j] = work(grid[i][j])
""",
    "key of each item": """
def run(rows):
    for row in rows:  # here
        row["score"] = work(row["size"])
""",
    "attribute of each item": """
def run(jobs):
    for job in jobs:  # here
        job.result = work(job.size)
""",
    "comprehension": """
def run(xs):
    return [work(x) for x in xs if x > 0]  # here
""",
    "generator into a sum": """
def run(xs):
    return sum(work(x) for x in xs)  # here
""",
    "map": """
def run(xs):
    return list(map(work, xs))  # here
""",
    "map of a lambda": """
def run(xs):
    return list(map(lambda x: work(x) + 1, xs))  # here
""",
    "method that only reads": """
def run(xs):
    tally = Tally()
    return [tally.score(x) for x in xs]  # here
""",
    "objects of its own": """
def run(xs):
    out = []
    return [Shape(x).area() for x in xs]  # here
""",
    "cached function": """
def run(xs):
    return [cached(x) for x in xs]  # here
""",
    "generator of its own": """
def run(xs):
    return [random.Random(x).random() for x in xs]  # here
""",
    "yields results": """
def run(xs):
    for x in xs:  # here
        y = work(x)
        yield x, y
""",
    "frame apply": """
def run(frame):
    return frame.apply(lambda row: work(row["a"]), axis=1)  # here
""",
    "last value is read later": """
def run(xs):
    for x in xs:  # here
        y = work(x)
    return y
""",
}

REDUCTIONS = {
    "name that is an item at another time": """
def run(groups):
    counts = {}
    for name in groups:
        for other in groups[name]:  # here
            if other != name:
                counts[other] = counts.get(other, 0) + work(len(other))
    for name in sorted(counts):
        print(name, counts[name])
""",
    "sum": """
def run(xs):
    total = 0
    for x in xs:  # here
        total += work(x)
    return total
""",
    "sum written out": """
def run(xs):
    total = 0
    for x in xs:  # here
        total = total + work(x) + 1
    return total
""",
    "product": """
def run(xs):
    p = 1.0
    for x in xs:  # here
        p *= work(x)
    return p
""",
    "append": """
def run(xs):
    rows = []
    for x in xs:  # here
        y = work(x)
        if y > 2:
            rows.append((x, y))
    return rows
""",
    "append to an attribute": """
class Report:
    def __init__(self):
        self.rows = []
    def run(self, xs):
        for x in xs:  # here
            self.rows.append(work(x))
""",
    "count": """
def run(xs):
    n = 0
    for x in xs:  # here
        if work(x) > 3:
            n += 1
    return n
""",
    "dictionary by key": """
def run(xs):
    out = {}
    for x in xs:  # here
        out[x] = work(x)
    return out
""",
    "counter": """
def run(paths):
    counts = Counter()
    for path in paths:  # here
        for word in path.read_text().split():
            counts[word] += 1
    return counts
""",
    "counter update": """
def run(paths):
    counts = Counter()
    for path in paths:  # here
        counts.update(path.read_text().split())
    return counts
""",
    "groups by setdefault": """
def run(xs):
    groups = {}
    for x in xs:  # here
        groups.setdefault(x % 3, []).append(work(x))
    return groups
""",
    "groups by a name for the bucket": """
def run(xs):
    groups = defaultdict(list)
    for x in xs:  # here
        bucket = groups[x % 3]
        bucket.append(work(x))
    return groups
""",
    "groups by a check": """
def run(xs):
    groups = {}
    for x in xs:  # here
        if x % 3 not in groups:
            groups[x % 3] = []
        groups[x % 3].append(work(x))
    return groups
""",
    "get with a default": """
def run(xs):
    d = {}
    for x in xs:  # here
        d[x % 3] = d.get(x % 3, 0) + work(x)
    return d
""",
    "minimum": """
def run(xs):
    best = None
    for x in xs:  # here
        s = work(x)
        if best is None or s < best:
            best = s
            arg = x
    return best, arg
""",
    "minimum in a tuple": """
def run(xs):
    best = (1e9, None)
    for x in xs:  # here
        s = work(x)
        if s < best[0]:
            best = (s, x)
    return best
""",
    "maximum by max": """
def run(xs):
    top = 0
    for x in xs:  # here
        top = max(top, work(x))
    return top
""",
    "any": """
def run(xs):
    found = False
    for x in xs:  # here
        found = found or work(x) > 3
    return found
""",
    "set of results": """
def run(xs):
    seen = set()
    for x in xs:  # here
        seen.add(work(x))
    return seen
""",
    "print": """
def run(xs):
    for x in xs:  # here
        print(x, work(x))
""",
    "progress": """
def run(xs):
    n = 0
    for x in xs:  # here
        n += 1
        work(x)
        if n % 10 == 0:
            print("at", n)
""",
    "lines of a file": """
def run(xs, path):
    with open(path, "w") as out:
        for x in xs:  # here
            out.write(f"{work(x)}\\n")
""",
    "rows of a CSV file": """
def run(xs, path):
    with open(path, "w") as out:
        writer = csv.writer(out)
        for x in xs:  # here
            writer.writerow([x, work(x)])
""",
    "log": """
def run(xs):
    for x in xs:  # here
        log.info("%s", work(x))
""",
    "append in a function": """
def run(xs):
    for x in xs:  # here
        record(work(x))
""",
    "append in a method": """
def run(xs):
    tally = Tally()
    for x in xs:  # here
        tally.add(x)
    return tally
""",
    "statistics by constant keys": """
def run(xs):
    stats = {"n": 0, "sum": 0.0}
    for x in xs:  # here
        y = work(x)
        stats["n"] += 1
        stats["sum"] += y
    return stats
""",
    "counted while": """
def run(xs):
    i = 0
    out = []
    while i < len(xs):  # here
        out.append(work(xs[i]))
        i += 1
    return out
""",
    "errors are collected": """
def run(xs):
    errors, rows = [], []
    for x in xs:  # here
        try:
            y = work(x)
        except ValueError as error:
            errors.append((x, str(error)))
            continue
        rows.append(y)
    return rows, errors
""",
}

CARRIED = {
    "prefix sums": """
def run(xs):
    total, out = 0, []
    for x in xs:  # here
        total += work(x)
        out.append(total)
    return out
""",
    "recurrence": """
def run(n):
    x = 0.5
    for _ in range(n):  # here
        x = 3.9 * x * (1 - x)
    return x
""",
    "fibonacci": """
def run(n):
    a, b = 0, 1
    for _ in range(n):  # here
        a, b = b, a + b
    return a
""",
    "item before": """
def run(xs):
    out = [0] * len(xs)
    for i in range(1, len(xs)):  # here
        out[i] = out[i - 1] + work(xs[i])
    return out
""",
    "neighbours in place": """
def run(xs):
    for i in range(1, len(xs) - 1):  # here
        xs[i] = (xs[i - 1] + xs[i + 1]) / 2
""",
    "shifted write": """
def run(xs):
    for i in range(len(xs) - 1):  # here
        xs[i + 1] = xs[i] + 1
""",
    "table of sums": """
def run(grid):
    for i in range(1, len(grid)):  # here
        for j in range(len(grid[i])):
            grid[i][j] += grid[i - 1][j]
""",
    "row above": """
def run(first, second):
    row = list(range(len(second)))
    for a in first:  # here
        new = [row[0]]
        for j, b in enumerate(second[1:], 1):
            new.append(min(row[j], new[-1]) + (a != b))
        row = new
    return row
""",
    "previous item": """
def run(xs):
    out, prev = [], None
    for x in xs:  # here
        if prev is not None:
            out.append(x - prev)
        prev = x
    return out
""",
    "exponential mean": """
def run(xs):
    mean = 0.0
    for x in xs:  # here
        mean = 0.9 * mean + 0.1 * x
    return mean
""",
    "work list": """
def run(start, edges):
    queue, seen = deque([start]), {start}
    while queue:  # here
        node = queue.popleft()
        for other in edges[node]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return seen
""",
    "first of its kind": """
def run(xs):
    seen, out = set(), []
    for x in xs:  # here
        key = work(x)
        if key in seen:
            continue
        seen.add(key)
        out.append(x)
    return out
""",
    "memory": """
def run(xs):
    return [memo(x) for x in xs]  # here
""",
    "memory in a dictionary": """
def run(xs):
    known = {}
    out = []
    for x in xs:  # here
        if x not in known:
            known[x] = work(x)
        out.append(known[x])
    return out
""",
    "global in a function": """
def run(xs):
    out = []
    for x in xs:  # here
        out.append(bump(x))
    return out
""",
    "object's state": """
def run(xs):
    tally, out = Tally(), []
    for x in xs:  # here
        out.append(tally.chain(x))
    return out
""",
    "state behind self": """
class Model:
    def __init__(self):
        self.w = 0.0
    def step(self, x):
        self.w -= 0.1 * (self.w - x)
    def fit(self, xs):
        for x in xs:  # here
            self.step(x)
""",
    "alias of an attribute": """
class Model:
    def read(self):
        return self.total
    def fit(self, xs):
        totals = self.rows
        for x in xs:  # here
            totals.append(x + len(self.rows))
""",
    "argument that is a stack": """
def run(xs):
    stack = []
    for x in xs:  # here
        push(stack, x)
    return stack
""",
    "shared random stream": """
def run(xs):
    rng = random.Random(3)
    return [x + rng.random() for x in xs]  # here
""",
    "module random": """
def run(xs):
    random.seed(1)
    return [x + random.random() for x in xs]  # here
""",
    "generator of numpy": """
def run(n):
    rng = np.random.default_rng(1)
    out = []
    for _ in range(n):  # here
        out.append(rng.normal())
    return out
""",
    "hash over all": """
def run(paths):
    digest = hashlib.sha256()
    for path in paths:  # here
        digest.update(path.read_bytes())
    return digest.hexdigest()
""",
    "iterator outside": """
def run(xs, others):
    others = iter(others)
    out = []
    for x in xs:  # here
        out.append(x + next(others))
    return out
""",
    "file read on": """
def run(n, path):
    out = []
    with open(path) as stream:
        for _ in range(n):  # here
            out.append(stream.readline())
    return out
""",
    "batches": """
def run(xs):
    batch, sent = [], []
    for x in xs:  # here
        batch.append(x)
        if len(batch) == 10:
            sent.append(work(sum(batch)))
            batch = []
    return sent
""",
    "first ten": """
def run(xs):
    out = []
    for x in xs:  # here
        if len(out) < 10:
            out.append(work(x))
    return out
""",
    "running mean is used": """
def run(xs):
    total, n, out = 0.0, 0, []
    for x in xs:  # here
        total += x
        n += 1
        if x > total / n:
            out.append(x)
    return out
""",
    "hill climbing": """
def run(n):
    best, score = 1.0, 9e9
    for i in range(n):  # here
        candidate = best + 1 / (i + 1)
        s = work(candidate)
        if s < score:
            best, score = candidate, s
    return best
""",
    "threshold from the best": """
def run(xs):
    best = 0
    out = []
    for x in xs:  # here
        s = work(x)
        if s > best:
            best = s
        out.append(s / best)
    return out
""",
    "swap": """
def run(xs, order):
    for i, j in enumerate(order):  # here
        xs[i], xs[j] = xs[j], xs[i]
""",
    "scatter": """
def run(xs, order):
    for i in range(len(xs)):  # here
        xs[order[i]] = xs[i]
""",
    "transposed": """
def run(grid, n):
    for i in range(n):  # here
        for j in range(n):
            grid[i][j] = grid[j][i] + 1
""",
    "linked items": """
def run(nodes):
    for node in nodes:  # here
        node.value = sum(other.value for other in node.links) / 2
""",
    "list that grows": """
def run(todo):
    for x in todo:  # here
        if x > 1:
            todo.append(x // 2)
""",
    "compounding": """
def run(rates):
    money = 100.0
    for rate in rates:  # here
        money *= 1 + rate
        money += 10
    return money
""",
    "closure": """
def run(xs):
    state = [0]
    def step(x):
        state[0] = state[0] * 2 + x
        return state[0]
    return [step(x) for x in xs]  # here
""",
    "nonlocal": """
def run(xs):
    last = 0
    def step(x):
        nonlocal last
        last = last * 2 + x
        return last
    return [step(x) for x in xs]  # here
""",
    "a global that a function reads": """
current = None
def show():
    return work(current)
out = []
for x in range(10):  # here
    out.append(show())
    current = x
""",
    "newton": """
def run(x):
    while abs(x * x - 2) > 1e-9:  # here
        x = (x + 2 / x) / 2
    return x
""",
    "walrus": """
def run(stream):
    out = []
    while line := stream.readline():  # here
        out.append(work(len(line)))
    return out
""",
    "heap": """
def run(xs):
    heap = []
    for x in xs:  # here
        heapq.heappush(heap, work(x))
        if len(heap) > 3:
            heapq.heappop(heap)
    return heap
""",
    "file appended": """
def run(xs):
    for x in xs:  # here
        with open("log.txt", "a") as out:
            out.write(str(work(x)))
""",
    "same file": """
def run(xs):
    for x in xs:  # here
        Path("state.json").write_text(str(work(x)))
""",
    "array in place through a name": """
def run(xs, grid):
    row = grid[0]
    for x in xs:  # here
        row[1:] = row[:-1] + x
""",
    "row alias": """
def run(grid, n):
    for i in range(1, n):  # here
        above = grid[i - 1]
        row = grid[i]
        for j in range(n):
            row[j] = above[j] + 1
""",
    "input": """
def run(n):
    out = []
    for _ in range(n):  # here
        out.append(work(int(input())))
    return out
""",
    "stdin by line": """
def run(n):
    out = []
    for _ in range(n):  # here
        out.append(sys.stdin.readline())
    return out
""",
    "out argument": """
def run(xs, acc):
    for x in xs:  # here
        np.multiply(acc, x, out=acc)
    return acc
""",
    "environment": """
def run(xs):
    for x in xs:  # here
        os.environ["X"] = os.environ.get("X", "") + str(x)
""",
    "default argument": """
def collect(x, seen=[]):
    seen.append(x)
    return len(seen)
def run(xs):
    return [collect(x) for x in xs]  # here
""",
    "function attribute": """
def count():
    count.n += 1
    return count.n
count.n = 0
def run(xs):
    return [x + count() for x in xs]  # here
""",
    "class attribute": """
class Job:
    made = 0
    def __init__(self, x):
        Job.made += 1
        self.number = Job.made
def run(xs):
    return [Job(x).number for x in xs]  # here
""",
    "pop in a comprehension": """
def run(xs, stack):
    return [stack.pop() + x for x in xs]  # here
""",
    "counter by itertools": """
numbers = itertools.count()
def run(xs):
    return [(next(numbers), x) for x in xs]  # here
""",
    "unknown method": """
def run(xs, engine):
    return [engine.advance_by(x) for x in xs]  # here
""",
    "function that is passed in": """
def run(xs, f):
    return [f(x) for x in xs]  # here
""",
    "database": """
def run(xs, path):
    db = sqlite3.connect(path)
    for x in xs:  # here
        db.execute("insert into t values (?)", (x,))
    db.commit()
""",
    "eval": """
def run(xs):
    for x in xs:  # here
        exec(x)
""",
    "same rows": """
def run(rows, other):
    for row in rows:  # here
        row["v"] = rows[0]["v"] + 1
""",
    "flag read": """
def run(xs):
    first = True
    out = []
    for x in xs:  # here
        if first:
            first = False
        else:
            out.append(work(x))
    return out
""",
    "state in a dictionary by constant keys": """
def run(xs):
    s = {"x": 0.0}
    for x in xs:  # here
        s["x"] = 0.5 * s["x"] + x
    return s
""",
    "list of one": """
def run(xs):
    s = [0]
    for x in xs:  # here
        s[0] = s[0] * 2 + x
    return s
""",
    "cache through a name": """
def run(xs, cache):
    out = []
    for x in xs:  # here
        known = cache
        if x not in known:
            known[x] = work(x)
        out.append(known[x])
    return out
""",
    "generator state": """
def run(xs):
    total = 0
    for x in xs:  # here
        total += x
        yield total
""",
    "sort": """
def run(xs, rows):
    for x in xs:  # here
        rows.sort(key=lambda row: row[x])
""",
    "delete": """
def run(xs, d):
    for x in xs:  # here
        del d[x]
""",
    "conditional carry": """
def run(lines):
    section, out = None, []
    for line in lines:  # here
        if line.startswith("["):
            section = line
        else:
            out.append((section, line))
    return out
""",
    "inner name carried": """
def run(xs):
    out = []
    y = 0
    for x in xs:  # here
        if x > 3:
            y = work(x)
        out.append(y)
    return out
""",
    "target that a function reads": """
def show():
    return work(x)
out = []
for x in range(10):  # here
    out.append(show())
""",
    "generator that reads what is written": """
class Crawl:
    def __init__(self):
        self.todo, self.done = [1], []
    def pages(self):
        while self.todo:
            yield self.todo.pop()
    def run(self):
        for page in self.pages():  # here
            self.done.append(work(page))
            if page < 9:
                self.todo.append(page + 1)
""",
    "method of an item that changes a shared one": """
class Account:
    def __init__(self, bank):
        self.bank = bank
    def close(self, x):
        self.bank.money = self.bank.money * 2 + x
        return self.bank.money
def run(accounts):
    return [account.close(3) for account in accounts]  # here
""",
    "lambda over a list": """
def run(xs):
    state = []
    add = lambda x: state.append(x) or len(state)
    return [add(x) for x in xs]  # here
""",
    "two names for one list": """
def run(xs):
    rows = []
    same = rows
    for x in xs:  # here
        rows.append(x + len(same))
    return rows
""",
    "rows of a frame by position": """
def run(frame):
    for i in range(1, len(frame)):  # here
        frame.loc[i, "y"] = frame.loc[i - 1, "y"] + frame.loc[i, "x"]
""",
    "dictionary of the item before": """
def run(order, costs):
    best = {0: 0}
    for node in order:  # here
        best[node] = min(best[before] + costs[before, node] for before in range(node))
    return best
""",
    "text that grows": """
def run(xs):
    text = ""
    for x in xs:  # here
        text += str(len(text) + x)
    return text
""",
    "exit": """
def run(xs):
    n = 0
    while True:  # here
        n = n + work(n)
        if n > 100:
            return n
""",
    "cumulative over an array": """
def run(array):
    for i in range(1, len(array)):  # here
        array[i] += array[i - 1]
""",
    "slices that overlap": """
def run(array, n):
    for i in range(n):  # here
        array[i : i + 3] = array[i : i + 3].mean()
""",
    "one key for all": """
def run(xs, state):
    for x in xs:  # here
        state["last"] = work(x + state.get("last", 0))
""",
    "sorted insertion": """
def run(xs):
    rows = []
    for x in xs:  # here
        bisect.insort(rows, work(x))
    return rows
""",
    "union of groups": """
def run(pairs, parent):
    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    for a, b in pairs:  # here
        parent[find(a)] = find(b)
""",
    "momentum": """
class Optimizer:
    def __init__(self):
        self.velocity = 0.0
        self.position = 1.0
    def run(self, n):
        for _ in range(n):  # here
            self.velocity = 0.9 * self.velocity - 0.1 * self.position
            self.position += self.velocity
""",
    "balance by account": """
def run(moves):
    balance, log = {}, []
    for name, amount in moves:  # here
        balance[name] = balance.get(name, 0) + amount
        log.append((name, balance[name]))
    return log
""",
    "try as the state": """
def run(xs, known):
    for x in xs:  # here
        try:
            y = known[x]
        except KeyError:
            y = known[x] = work(x)
        print(y)
""",
    "swap by temporary": """
def run(xs):
    for i in range(len(xs) - 1):  # here
        if xs[i] > xs[i + 1]:
            t = xs[i]
            xs[i] = xs[i + 1]
            xs[i + 1] = t
""",
    "global counter as a name": """
number = 0
def label(x):
    global number
    number += 1
    return f"{x}-{number}"
def run(xs):
    return [label(x) for x in xs]  # here
""",
    "state passed on": """
def step(state, x):
    return state * 2 + x
def run(xs):
    state = 1
    for x in xs:  # here
        state = step(state, x)
    return state
""",
    "reduce": """
def run(xs, table):
    for x in xs:  # here
        table = {**table, x: work(x) + len(table)}
    return table
""",
    "nested list shared by rows": """
def run(rows):
    shared = []
    for row in rows:  # here
        row.marks = shared
        row.marks.append(len(shared))
""",
    "queue": """
def run(xs, tasks):
    for x in xs:  # here
        tasks.put(x)
        work(tasks.get())
""",
    "csv reader outside": """
def run(n, path):
    reader = csv.reader(open(path))
    return [next(reader) for _ in range(n)]  # here
""",
    "zip with an iterator": """
def run(xs, path):
    with open(path) as lines:
        out = []
        for x in xs:  # here
            for line in lines:
                if line.startswith(x):
                    break
            out.append(line)
    return out
""",
}
