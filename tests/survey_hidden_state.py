"""Small loops whose iterations need one another in ways that are hard to see; `# here` marks the header."""

HIDDEN = {
    "objects in tuples": """
def run(moves):
    for account, amount in moves:  # here
        account.balance = account.balance * 1.01 + amount
""",
    "list of a class": """
class Job:
    made = []
    def add(self, x):
        self.made.append(x)
        return len(self.made)
def run(xs):
    return [Job().add(x) for x in xs]  # here
""",
    "attribute of the type": """
class Job:
    made = 0
    def __init__(self, x):
        type(self).made += 1
        self.number = Job.made
def run(xs):
    return [Job(x).number for x in xs]  # here
""",
    "attribute of the class of an object": """
class Job:
    made = 0
    def __init__(self, x):
        self.__class__.made += 1
        self.number = self.made
def run(xs):
    return [Job(x).number for x in xs]  # here
""",
    "class method of an object": """
class Job:
    made = 0
    @classmethod
    def number(cls):
        cls.made += 1
        return cls.made
def run(xs):
    return [Job().number() + x for x in xs]  # here
""",
    "method of the base class": """
class Base:
    def step(self, x):
        self.value = self.value * 2 + x
        return self.value
class Model(Base):
    def __init__(self):
        self.value = 0
    def step(self, x):
        return super().step(x) + 1
def run(xs):
    model = Model()
    return [model.step(x) for x in xs]  # here
""",
    "method of a derived class": """
class Base:
    def score(self, x):
        return x
    def run(self, xs):
        return [self.score(x) for x in xs]  # here
class Model(Base):
    last = 0
    def score(self, x):
        self.last = self.last * 2 + x
        return self.last
""",
    "property": """
class Book:
    def __init__(self):
        self.at = 0
    @property
    def page(self):
        self.at += 1
        return self.at
def run(xs):
    book, out = Book(), []
    for x in xs:  # here
        y = book.page + x
        out.append(y)
    return out
""",
    "item of an object": """
class Book:
    def __init__(self):
        self.at = 0
    def __getitem__(self, key):
        self.at += key
        return self.at
def run(xs):
    book = Book()
    return [book[x] for x in xs]  # here
""",
    "test for an item": """
class Filter:
    def __init__(self):
        self.seen = set()
    def __contains__(self, key):
        known = key in self.seen
        self.seen.add(key)
        return known
def run(xs):
    seen = Filter()
    return [x for x in xs if x not in seen]  # here
""",
    "context": """
class Turn:
    def __init__(self):
        self.n = 0
    def __enter__(self):
        self.n += 1
        return self.n
    def __exit__(self, *error):
        pass
def run(xs):
    turn, out = Turn(), []
    for x in xs:  # here
        with turn as n:
            out.append(work(n) + x)
    return out
""",
    "object that is called": """
class Next:
    def __init__(self):
        self.n = 0
    def __call__(self):
        self.n += 1
        return self.n
def run(xs):
    number = Next()
    return [number() + x for x in xs]  # here
""",
    "addition in place": """
class Total:
    def __init__(self):
        self.value = 0.0
    def __iadd__(self, x):
        self.value = math.remainder(self.value * 3, 7) + x
        return self
def run(xs):
    total = Total()
    for x in xs:  # here
        total += work(x)
    return total.value
""",
    "text of an object": """
class Stamp:
    def __init__(self):
        self.n = 0
    def __str__(self):
        self.n += 1
        return str(self.n)
def run(xs):
    stamp, out = Stamp(), []
    for x in xs:  # here
        out.append(f"{x} {stamp}")
    return out
""",
    "comparison of objects": """
class Value:
    def __init__(self):
        self.asked = 0
    def __lt__(self, other):
        self.asked += 1
        return self.asked % 3 < other
def run(xs):
    value = Value()
    return [x for x in xs if value < x]  # here
""",
    "attributes that are counted": """
class Log:
    def __init__(self):
        self.__dict__["names"] = []
    def __setattr__(self, name, value):
        self.names.append((len(self.names), value))
def run(xs):
    log = Log()
    for x in xs:  # here
        log.last = work(x)
    return log.names
""",
    "factory of a default": """
from dataclasses import dataclass, field
@dataclass
class Job:
    x: int
    number: int = field(default_factory=itertools.count().__next__)
def run(xs):
    return [Job(x) for x in xs]  # here
""",
    "after the initializer": """
from dataclasses import dataclass
numbers = [0]
@dataclass
class Job:
    x: int
    def __post_init__(self):
        numbers[0] += self.x
        self.number = numbers[0]
def run(xs):
    return [Job(x) for x in xs]  # here
""",
    "making of an object": """
class Job:
    made = {}
    def __new__(cls, x):
        if x not in cls.made:
            cls.made[x] = object.__new__(cls)
        return cls.made[x]
def run(xs):
    return [len(Job(x).made) for x in xs]  # here
""",
    "metaclass": """
class Counted(type):
    n = 0
    def __call__(cls, *args):
        Counted.n += 1
        return Counted.n
class Job(metaclass=Counted):
    pass
def run(xs):
    return [Job() for x in xs]  # here
""",
    "archive": """
import zipfile
def run(paths):
    for path in paths:  # here
        with zipfile.ZipFile("all.zip", "a") as archive:
            archive.write(path)
""",
    "record of a file by name": """
def run(names):
    for name in names:  # here
        path = Path(f"{name}.json")
        old = json.loads(path.read_text()) if path.exists() else 0
        path.write_text(json.dumps(old + work(old)))
""",
    "rows that are one": """
def run(n):
    rows = [[0] * 3] * n
    for i in range(n):  # here
        rows[i][0] = rows[i][0] * 2 + work(i)
    return rows
""",
    "lists that are one": """
def run(keys):
    lists = dict.fromkeys(keys, [])
    for key, x in keys.items():  # here
        lists[key].append(work(x) + len(lists[key]))
    return lists
""",
    "number that is changed": """
def run(xs):
    out = [0] * len(xs)
    for i, x in enumerate(xs):  # here
        i = i // 2
        out[i] = out[i] * 2 + work(x)
    return out
""",
    "key that is changed": """
def run(counts):
    out = defaultdict(int)
    for key, x in counts.items():  # here
        key = key.lower()
        out[key] = out[key] * 2 + work(x)
    return out
""",
    "labels of rows": """
def run(frame):
    last = {}
    for label, row in frame.iterrows():  # here
        last[label] = last.get(label, 1) * 2 + row["x"]
    return last
""",
    "groups of an iterator": """
def run(xs):
    out = []
    for key, group in itertools.groupby(xs):  # here
        out.append(work(sum(group)))
    return out
""",
    "output of a function of numpy": """
def run(xs, total):
    for x in xs:  # here
        np.add(total, work(x), total)
        np.tanh(total, total)
    return total
""",
    "view of memory": """
def run(xs, data):
    for x in xs:  # here
        view = memoryview(data)
        view[1] = (view[0] + x) % 256
        view[0] = view[1] // 2
    return data
""",
    "array over a buffer": """
def run(xs, data):
    for x in xs:  # here
        array = np.frombuffer(data, dtype=np.uint8)
        array[1:] = array[:-1] + x
    return data
""",
    "packed into a buffer": """
import struct
def run(xs, data):
    for x in xs:  # here
        struct.pack_into("d", data, 0, struct.unpack_from("d", data)[0] * 2 + work(x))
    return data
""",
    "queue of the library": """
import queue
def run(n, jobs):
    tasks = queue.Queue()
    for job in jobs:
        tasks.put(job)
    return [work(tasks.get()) * k for k in range(n)]  # here
""",
    "queue that is given": """
def run(n, tasks):
    return [work(tasks.get()) * k for k in range(n)]  # here
""",
    "tree that grows": """
import xml.etree.ElementTree as ET
def run(xs):
    root = ET.Element("all")
    for x in xs:  # here
        last = ET.SubElement(root, "x")
        last.text = str(len(root) + work(x))
    return root
""",
    "file descriptor": """
def run(n, descriptor):
    return [work(len(os.read(descriptor, 10 + k))) for k in range(n)]  # here
""",
    "decompression": """
import zlib
def run(parts):
    stream = zlib.decompressobj()
    return [stream.decompress(part) for part in parts]  # here
""",
    "parser that is fed": """
import html.parser
def run(parts):
    parser = html.parser.HTMLParser()
    for part in parts:  # here
        parser.feed(part)
    return parser
""",
    "socket": """
import socket
def run(n):
    link = socket.create_connection(("localhost", 1))
    return [work(len(link.recv(10))) for _ in range(n)]  # here
""",
    "drawing": """
from PIL import Image, ImageDraw
def run(xs):
    image = Image.new("L", (9, 9))
    draw = ImageDraw.Draw(image)
    for x in xs:  # here
        draw.line((0, 0, x, image.getpixel((0, 0))), fill=x)
    return image
""",
    "edges that are removed": """
import networkx
def run(pairs):
    graph = networkx.Graph(pairs)
    out = []
    for a, b in pairs:  # here
        graph.remove_edge(a, b)
        out.append(networkx.has_path(graph, a, b))
    return out
""",
    "environment by default": """
def run(xs):
    return [os.environ.setdefault("X", str(x)) for x in xs]  # here
""",
    "list of the interpreter": """
def run(xs):
    out = []
    for x in xs:  # here
        sys.path.append(x)
        out.append(work(len(sys.path)))
    return out
""",
    "running sums of a library": """
def mix(state, x):
    return state * 3 % 7 + work(x)
def run(xs):
    return [y + 1 for y in itertools.accumulate(xs, mix)]  # here
""",
    "map in the header": """
def run(xs):
    state = [0]
    def step(x):
        state[0] = state[0] * 2 + x
        return state[0]
    out = []
    for y in map(step, xs):  # here
        out.append(work(y))
    return out
""",
    "generator in the header": """
def run(xs):
    rng = random.Random(1)
    out = []
    for y in (x + rng.random() for x in xs):  # here
        out.append(work(y))
    return out
""",
    "items twice": """
def run(jobs):
    out = []
    for job in jobs * 2:  # here
        job.n = job.n * 2 + 1
        out.append(work(job.n))
    return out
""",
    "items that are assigned to others": """
class Account:
    def __init__(self, n):
        self.balance = n
    def charge(self, x):
        self.balance = self.balance * 2 - x
        return self.balance
accounts = [Account(n) for n in range(9)]
accounts[7] = accounts[2]
left = []
for account in accounts:  # here
    left.append(account.charge(3))
""",
    "pieces that overlap": """
def smooth(piece):
    piece[1:] = piece[:-1] * 0.5
    return float(piece.sum())
def run(signal):
    pieces = [signal[k : k + 9] for k in range(0, 90, 3)]
    out = []
    for piece in pieces:  # here
        out.append(smooth(piece))
    return out
""",
    "partial function": """
def step(state, x):
    state[0] = state[0] * 2 + x
    return state[0]
def run(xs):
    return list(map(functools.partial(step, [1]), xs))  # here
""",
    "functions in a dictionary": """
STACK = []
def opened(x):
    STACK.append(x)
    return len(STACK)
def closed(x):
    return STACK.pop() if STACK else x
STEPS = {"(": opened, ")": closed}
def run(text):
    return [STEPS[c](c) for c in text]  # here
""",
    "work list in a function": """
def visit(node, todo):
    todo.extend(node.links)
    return work(node.n)
def run(start):
    todo, out = [start], []
    while todo:  # here
        node = todo.pop()
        out.append(visit(node, todo))
    return out
""",
    "work list by another name": """
def run(xs):
    todo = list(xs)
    same, out = todo, []
    while todo:  # here
        x = todo.pop()
        if x > 9:
            same.append(x // 2)
        out.append(work(x))
    return out
""",
    "work list that a function knows": """
def run(xs):
    todo = list(xs)
    def split(x):
        if x > 9:
            todo.append(x // 2)
        return work(x)
    out = []
    while todo:  # here
        x = todo.pop()
        out.append(split(x))
    return out
""",
    "work list whose length is used": """
def run(xs):
    todo, out = list(xs), []
    while todo:  # here
        x = todo.pop()
        out.append(work(x) + len(todo))
    return out
""",
    "counted while with a jump": """
def run(xs):
    i, out = 0, []
    while i < len(xs):  # here
        x = xs[i]
        i += 1
        if x > 3:
            i += 2
        out.append(work(x))
    return out
""",
    "counted while whose number is used later": """
def run(xs):
    i, out = 0, []
    while i < len(xs):  # here
        i += 1
        out.append(work(xs[i - 1]) + i)
        xs[i - 2] = out[-1]
    return out
""",
    "json lines": """
def run(xs):
    state = {"n": 0}
    with open("out.txt", "w") as out:
        for x in xs:  # here
            state["n"] = state["n"] * 2 + x
            json.dump(state, out)
""",
    "best so far as a bound": """
class Search:
    best = 9e9
    def cost(self, x):
        total = 0
        for k in range(x):
            total += k
            if total > self.best:
                return None
        self.best = total
        return total
def run(xs):
    search = Search()
    return [search.cost(x) for x in xs]  # here
""",
    "sample of a frame": """
def run(frame, n):
    return [frame.sample(9)["x"].sum() for _ in range(n)]  # here
""",
    "image in place": """
from PIL import Image
def run(sizes, path):
    image = Image.open(path)
    out = []
    for size in sizes:  # here
        image.thumbnail((size, size))
        out.append(image.tobytes())
    return out
""",
    "state in a method that is given a name": """
class Next:
    def __init__(self):
        self.n = 0
    def step(self, x):
        self.n = self.n * 2 + x
        return self.n
def run(xs):
    step = Next().step
    return [step(x) for x in xs]  # here
""",
    "threads that are started": """
import threading
def run(xs):
    threads = [threading.Thread(target=work, args=(x,)) for x in xs]
    for thread in threads:  # here
        thread.start()
    for thread in threads:
        thread.join()
""",
    "attributes of a function of another name": """
def count(x):
    count.n = getattr(count, "n", 0) * 2 + x
    return count.n
def run(xs):
    return [count(x) for x in xs]  # here
""",
    "items set by name": """
class Form:
    pass
def run(rows):
    form = Form()
    out = []
    for name, x in rows:  # here
        setattr(form, name, x)
        out.append(work(sum(vars(form).values())))
    return out
""",
    "default of a dictionary": """
class Known(dict):
    def __missing__(self, key):
        self[key] = len(self)
        return self[key]
def run(xs):
    known = Known()
    return [known[x] for x in xs]  # here
""",
    "objects of a list in a loop within": """
class Cell:
    def __init__(self):
        self.n = 1
def run(cells, rows):
    for row in rows:  # here
        for k in row:
            cells[k].n = cells[k].n * 2 + work(k)
""",
    "neighbours of an item": """
def run(nodes):
    for node in nodes:  # here
        for other in node.links:
            other.value += work(node.value)
""",
    "last error": """
def run(xs):
    last, out = None, []
    for x in xs:  # here
        try:
            y = work(x)
        except ValueError:
            y = last
        last = y
        out.append(y)
    return out
""",
    "iterator in pairs": """
def run(xs):
    it = iter(xs)
    out = []
    for x in it:  # here
        y = next(it, 0)
        out.append(work(x) + y)
    return out
""",
    "generator that is sent to": """
def mean():
    total = 0
    while True:
        total = total * 0.5 + (yield total)
def run(xs):
    coroutine = mean()
    next(coroutine)
    return [coroutine.send(x) for x in xs]  # here
""",
    "walrus": """
def run(xs):
    last, out = 0, []
    for x in xs:  # here
        out.append((last := last * 2 + x))
    return out
""",
    "list that belongs to others, too": """
class Walker:
    def __init__(self, path):
        self.path = path
    def step(self, x):
        self.path.append(x)
        return len(self.path)
def run(xs):
    path = []
    return [Walker(path).step(x) for x in xs]  # here
""",
    "items of a list that is copied": """
class Group:
    def __init__(self, members):
        self.members = list(members)
    def step(self, x):
        self.members[0].n = self.members[0].n * 2 + x
        return self.members[0].n
def run(xs, members):
    return [Group(members).step(x) for x in xs]  # here
""",
    "list that is given to an object later": """
class Walker:
    def __init__(self):
        self.path = []
    def step(self, x):
        self.path.append(x)
        return len(self.path)
def run(xs):
    path, out = [], []
    for x in xs:  # here
        walker = Walker()
        walker.path = path
        out.append(walker.step(x))
    return out
""",
    "list that an initializer hands on": """
class Base:
    def use(self, path):
        self.path = path
class Walker(Base):
    def __init__(self, path):
        self.path = []
        self.use(path)
    def step(self, x):
        self.path.append(x)
        return len(self.path)
def run(xs):
    path = []
    return [Walker(path).step(x) for x in xs]  # here
""",
    "view of an array": """
def run(grid):
    flat = grid.ravel()
    for i in range(len(flat)):  # here
        flat[i] = work(grid[0, 0]) + i
""",
    "item with a name of its own": """
def run(xs, history):
    last, out = history[-1], []
    for x in xs:  # here
        last["n"] = work(x)
        out.append(history[-1]["n"] + x)
    return out
""",
    "rows of one table": """
def run(table, n):
    head = table[0]
    foot = table[-1]
    for k in range(n):  # here
        head[k] = work(foot[0]) + k
""",
    "objects by their names": """
def run(order, people):
    index = {each.name: each for each in people}
    out = []
    for name in order:  # here
        index[name].n = work(name)
        out.append(people[0].n)
    return out
""",
    "names of the module": """
TABLE = {"a": [0]}
HEAD = TABLE["a"]
def run(xs):
    out = []
    for x in xs:  # here
        HEAD[0] = work(x)
        out.append(TABLE["a"][0])
    return out
""",
    "descriptor": """
class Turn:
    def __init__(self):
        self.n = 0
    def __get__(self, owner, kind=None):
        self.n += 1
        return self.n
class Job:
    turn = Turn()
def run(xs):
    return [Job().turn + x for x in xs]  # here
""",
    "numbers by word": """
def run(words):
    ids = defaultdict(lambda: len(ids))
    return [ids[word] for word in words]  # here
""",
    "numbers by a counter": """
def run(words):
    ids = defaultdict(itertools.count().__next__)
    return [ids[word] for word in words]  # here
""",
    "line of a reader": """
def run(path):
    out = []
    with open(path) as stream:
        reader = csv.reader(stream)
        for row in reader:  # here
            out.append((reader.line_num, work(len(row))))
    return out
""",
    "method that is replaced": """
class Model:
    def step(self, x):
        return work(x)
def run(xs, state):
    model = Model()
    def traced(x):
        state.append(x)
        return len(state)
    model.step = traced
    return [model.step(x) for x in xs]  # here
""",
    "function in an attribute": """
class Runner:
    def __init__(self, function):
        self.function = function
    def go(self, x):
        return self.function(x)
state = []
def traced(x):
    state.append(x)
    return len(state)
def run(xs):
    return [Runner(traced).go(x) for x in xs]  # here
""",
    "function in a class": """
state = []
def traced(self, x):
    state.append(x)
    return len(state)
class Runner:
    go = traced
def run(xs):
    return [Runner().go(x) for x in xs]  # here
""",
    "attributes as a dictionary": """
class Job:
    n = 1
def run(xs):
    job, out = Job(), []
    for x in xs:  # here
        vars(job)["n"] = work(x) + 1
        job.__dict__["m"] = x
        out.append(job.n)
    return out
""",
    "method of a class of Python": """
def run(xs):
    rows, out = [], []
    for x in xs:  # here
        list.append(rows, x)
        out.append(work(len(rows)))
    return out
""",
    "function for an operator": """
import operator
def run(xs, known):
    out = []
    for x in xs:  # here
        operator.setitem(known, "last", work(x) + known.get("last", 0))
        out.append(known["last"])
    return out
""",
    "method that is handed on": """
def run(rows):
    seen = set()
    out = []
    for row in rows:  # here
        any(map(seen.add, row))
        out.append(work(len(seen)))
    return out
""",
    "module by name": """
total = 1
def run(xs):
    out = []
    for x in xs:  # here
        sys.modules[__name__].total += x
        out.append(work(total))
    return out
""",
    "global variables by name": """
total = 1
def run(xs):
    for x in xs:  # here
        globals()["total"] = total * 2 + work(x)
""",
    "split at random": """
from sklearn.model_selection import train_test_split
def run(xs, n):
    return [len(train_test_split(xs)[0]) for _ in range(n)]  # here
""",
    "numbers of a distribution": """
from scipy import stats
def run(n):
    return [stats.norm.rvs(size=3).sum() for _ in range(n)]  # here
""",
    "field whose default is one object": """
import dataclasses
SHARED = [0]
@dataclasses.dataclass
class Sensor:
    name: str
    offsets: list = dataclasses.field(default_factory=lambda: SHARED)
    def read(self):
        self.offsets.append(len(self.name))
        return len(self.offsets)
def run(names):
    sensors = [Sensor(name) for name in names]
    return dict((sensor.name, sensor.read()) for sensor in sensors)  # here
""",
    "field that gets an object of others": """
import dataclasses
SHARED = [0]
@dataclasses.dataclass
class Sensor:
    name: str
    offsets: list = dataclasses.field(default_factory=list)
    def read(self):
        self.offsets.append(len(self.name))
        return len(self.offsets)
def run(names):
    sensors = [Sensor(name, SHARED) for name in names]
    return [sensor.read() for sensor in sensors]  # here
""",
    "attribute that stands for another object": """
import collections
class Sensor:
    def __init__(self, defaults):
        self.values = collections.ChainMap(defaults)
    def read(self):
        self.values["n"] = self.values.get("n", 0) + 1
        return self.values["n"]
def run(sensors):
    return [sensor.read() for sensor in sensors]  # here
""",
    "class with one object": """
class Calibration:
    one = None
    def __new__(cls):
        if cls.one is None:
            cls.one = object.__new__(cls)
            cls.one.offset = 0
        return cls.one
class Sensor:
    def __init__(self):
        self.calibration = Calibration()
    def read(self):
        self.calibration.offset += 1
        return self.calibration.offset
def run(sensors):
    return [sensor.read() for sensor in sensors]  # here
""",
    "end of an object": """
trace = [0]
class Session:
    def __init__(self, user):
        self.key = hash((user, trace[-1]))
    def __del__(self):
        trace.append(self.key)
def run(users):
    return [Session(user).key for user in users]  # here
""",
    "end of an object that was made before": """
ended = []
class Session:
    def __del__(self):
        ended.append(1)
def run(users, sessions):
    for user in users:  # here
        sessions[user] = None
        user.number = len(ended)
""",
    "callback at the end of an object": """
import weakref
class Node:
    pass
ended = []
def note(name):
    ended.append(name)
def make(name):
    node = Node()
    weakref.finalize(node, note, name)
    return node
def run(names):
    nodes = {name: make(name) for name in names}
    return [(nodes.pop(name) is None, len(ended)) for name in names]  # here
""",
    "filter of a log": """
import logging
log = logging.getLogger("parts")
class Sparse(logging.Filter):
    told = 0
    def filter(self, record):
        self.told += 1
        return self.told < 9
log.addFilter(Sparse())
def run(xs):
    for x in xs:  # here
        log.warning("%s", x)
""",
    "handler of a log": """
import logging
class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []
    def emit(self, record):
        self.records.append(record)
kept = Kept()
log = logging.getLogger("parts")
log.addHandler(kept)
def run(xs):
    out = []
    for x in xs:  # here
        log.warning("%s", x)
        out.append(len(kept.records))
    return out
""",
    "function that filters a log": """
import logging
log = logging.getLogger("parts")
told = {}
def sparse(record):
    told[record.msg] = told.get(record.msg, 0) + 1
    return told[record.msg] < 9
log.addFilter(sparse)
def run(xs):
    for x in xs:  # here
        log.warning("%s", x)
""",
    "stream that the log is written to": """
import io, logging
sink = io.StringIO()
log = logging.getLogger("parts")
log.addHandler(logging.StreamHandler(sink))
def run(xs):
    out = []
    for x in xs:  # here
        log.warning("%s", x)
        out.append(sink.tell())
    return out
""",
    "stream that is printed to": """
import io
sink = io.StringIO()
def run(xs):
    out = []
    for x in xs:  # here
        print(x, file=sink)
        out.append(len(sink.getvalue()))
    return out
""",
    "object that is printed to": """
class Tee:
    lines = 0
    def write(self, text):
        self.lines += 1
tee = Tee()
def run(xs):
    out = []
    for x in xs:  # here
        print(x, file=tee)
        out.append(tee.lines)
    return out
""",
    "object in place of the output": """
import sys
class Tee:
    lines = 0
    def write(self, text):
        self.lines += 1
tee = Tee()
sys.stdout = tee
def run(xs):
    out = []
    for x in xs:  # here
        print(x)
        out.append(tee.lines)
    return out
""",
    "shelf": """
import shelve
def run(names):
    with shelve.open("shelf") as shelf:
        return [shelf.setdefault(name, len(shelf)) for name in names]  # here
""",
    "shelf that is opened each time": """
import shelve
def code(name):
    with shelve.open("shelf") as shelf:
        if name not in shelf:
            shelf[name] = len(shelf)
        return shelf[name]
def run(names):
    return [code(name) for name in names]  # here
""",
    "body of a class in a function": """
numbers = iter(range(1000))
def make():
    class Row:
        number = next(numbers)
    return Row.number
def run(xs):
    return [make() + x for x in xs]  # here
""",
    "default of a function in a function": """
numbers = iter(range(1000))
def make():
    def row(number=next(numbers)):
        return number
    return row()
def run(xs):
    return [make() + x for x in xs]  # here
""",
    "registry of the derived classes": """
class Base:
    known = []
    def __init_subclass__(cls):
        Base.known.append(cls)
        cls.number = len(Base.known)
def make(name):
    class Derived(Base):
        pass
    return Derived.number
def run(names):
    return [make(name) for name in names]  # here
""",
    "registry of the classes that type makes": """
class Base:
    known = []
    def __init_subclass__(cls):
        Base.known.append(cls)
        cls.number = len(Base.known)
def run(names):
    return [type(name, (Base,), {}).number for name in names]  # here
""",
    "context that counts": """
class Step:
    depth = 0
    def __enter__(self):
        Step.depth += 1
        return Step.depth
    def __exit__(self, *error):
        pass
def run(xs):
    out = []
    for x in xs:  # here
        with Step() as depth:
            out.append(depth * x)
    return out
""",
    "weak dictionary": """
import weakref
class Page:
    def __init__(self, name):
        self.name = name
        self.size = len(pages)
pages = weakref.WeakValueDictionary()
def page(name):
    found = pages.get(name)
    if found is None:
        found = pages[name] = Page(name)
    return found
def run(names):
    return [page(name).size for name in names]  # here
""",
    "items of a stack that may be there twice": """
class Account:
    balance = 0
def run(accounts):
    one = Account()
    stack = [one, Account(), one]
    out = []
    while stack:  # here
        account = stack.pop()
        account.balance = account.balance * 2 + 1
        out.append(account.balance)
    return out
""",
    "decoder with a beginning of a character": """
import codecs
reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
def run(parts):
    return [work(len(reader.decode(part))) for part in parts]  # here
""",
    "decoder of a class that is looked up": """
import codecs
def run(parts):
    Decoder = codecs.getincrementaldecoder("utf-8")
    reader = Decoder()
    return [reader.decode(part) for part in parts]  # here
""",
    "encoder in an attribute": """
import codecs
class Writer:
    def __init__(self):
        self.encoder = codecs.lookup("utf-16").incrementalencoder()
    def run(self, texts):
        return [self.encoder.encode(text) for text in texts]  # here
""",
    "decoder that a function is given": """
import codecs
def fold(reader, part):
    return work(len(reader.decode(part)))
def made():
    return codecs.getincrementaldecoder("utf-8")()
def run(parts):
    reader = made()
    return [fold(reader, part) for part in parts]  # here
""",
    "decoders in a dictionary": """
import codecs
readers = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "utf-16")}
def run(parts):
    return [readers["utf-8"].decode(part) for part in parts]  # here
""",
    "generator of numpy by its class": """
def run(n):
    rng = np.random.Generator(np.random.PCG64(1))
    return [work(rng.normal()) for _ in range(n)]  # here
""",
    "rows of a view that overlap": """
def run(signal):
    rows = np.lib.stride_tricks.as_strided(signal, shape=(50, 20), strides=(8, 8), writeable=True)
    for n in range(len(rows)):  # here
        row = rows[n]
        row[:] = np.convolve(row, [0.5, 0.5], mode="same")
""",
    "view in an attribute": """
class Filter:
    def __init__(self, signal):
        self.rows = np.lib.stride_tricks.sliding_window_view(signal, 9, writeable=True)[::3]
    def run(self):
        for n in range(len(self.rows)):  # here
            self.rows[n] = self.rows[n] * 0.5
""",
    "array over a buffer with steps of its own": """
def run(data):
    rows = np.ndarray((50, 20), buffer=data, strides=(8, 8)).reshape(50, 20)
    for n in range(50):  # here
        rows[n] = rows[n] * 2 + work(n)
""",
    "memory in another form": """
def run(data):
    numbers = memoryview(data).cast("H")
    for n in range(50):  # here
        numbers[n] = numbers[n] * 2 + 1
""",
    "neighbour that is changed": """
class Tank:
    def __init__(self, below):
        self.level, self.below = 0.0, below
    def settle(self, inflow):
        self.level += inflow
        if self.level > 10:
            self.below.level += 1
        return self.level
def run(tanks):
    return [tank.settle(3) for tank in tanks]  # here
""",
    "neighbour of an item by number": """
def run(tanks):
    for i in range(len(tanks)):  # here
        tanks[i].level = tanks[i].upper.level * 0.5 + work(i)
""",
    "parents of the parents": """
def run(nodes):
    for i in range(len(nodes)):  # here
        nodes[i].parent.parent.total = work(i)
""",
    "ranks of linked nodes": """
class Node:
    def __init__(self):
        self.links = []
        self.rank = 1.0
def run(nodes):
    for node in nodes:  # here
        node.rank = sum(other.rank for other in node.links)
""",
    "ranks of linked nodes by number": """
def run(nodes):
    for i in range(len(nodes)):  # here
        nodes[i].rank = sum(other.rank for other in nodes[i].links)
""",
    "decoder of a class of one's own": """
import codecs
class Reader(codecs.BufferedIncrementalDecoder):
    pass
def run(parts):
    reader = Reader()
    return [reader.decode(part) for part in parts]  # here
""",
    "decoder behind a method of one's own": """
import codecs
class Reader(codecs.BufferedIncrementalDecoder):
    def decode(self, part):
        return super().decode(part)
def run(parts):
    reader = Reader()
    return [reader.decode(part) for part in parts]  # here
""",
    "list behind a method of one's own": """
class Log(list):
    def note(self, x):
        super().append(x)
        return len(self)
def run(xs):
    log = Log()
    return [log.note(x) for x in xs]  # here
""",
}
