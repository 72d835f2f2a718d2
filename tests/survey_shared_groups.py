"""Small loops that change objects from outside through containers of an iteration; `# here` marks the header."""

SHARED_GROUPS = {
    "item of an item of the groups": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(0, []).append(row)
            groups[0][0].append(len(row))
""",
    "row is the group": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups[row[0]] = row
            groups[row[0]].append(len(row))
""",
    "row is the default": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(row[0], row).append(len(row))
""",
    "row is what get returns": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.get(row[0], row).append(len(row))
""",
    "groups of another dictionary": """
def run(tables, known):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups[row[0]] = known[row[0]]
            groups[row[0]].append(len(known[row[0]]))
""",
    "update": """
def run(tables, known):
    for table in tables:  # here
        groups = {}
        groups.update(known)
        for row in table:
            groups[row[0]].append(len(groups[row[0]]))
""",
    "updated by an operator": """
def run(tables, known):
    for table in tables:  # here
        groups = {}
        groups |= known
        for row in table:
            groups[row[0]].append(len(groups[row[0]]))
""",
    "copy": """
def run(tables, known):
    for table in tables:  # here
        groups = dict(known)
        for row in table:
            groups.setdefault(row[0], []).append(len(groups[row[0]]))
""",
    "slice of a list": """
def run(tables):
    for table in tables:  # here
        groups = []
        every = slice(0, 1)
        for row in table:
            groups[every] = [row]
            groups[0].append(len(row))
""",
    "made before the loop": """
def run(tables):
    groups = {}
    for table in tables:  # here
        for row in table:
            groups.setdefault(row[0], []).append(len(groups))
""",
    "made in some iterations": """
def run(tables):
    groups = {}
    for table in tables:  # here
        if table[0]:
            groups = {}
        for row in table:
            groups.setdefault(row[0], []).append(len(groups))
""",
    "row in a function's groups": """
def marked(table):
    groups = {}
    for row in table:
        groups[row[0]] = row
    for key in groups:
        groups[key].append(len(groups[key]))
    return groups
def run(tables):
    for table in tables:  # here
        marked(table)
""",
    "groups that others hold": """
def run(tables, page):
    for table in tables:  # here
        groups = {}
        page.groups = groups
        for row in table:
            page.groups[row[0]] = row
            groups[row[0]].append(len(row))
""",
    "shared default of all keys": """
SHARED = []
def run(tables):
    for table in tables:  # here
        groups = dict.fromkeys(table, SHARED)
        for row in table:
            groups[row].append(len(SHARED))
""",
    "factory returns one list": """
SHARED = []
def run(tables):
    for table in tables:  # here
        groups = defaultdict(lambda: SHARED)
        for row in table:
            groups[row].append(len(SHARED))
""",
    "two names at once": """
def run(tables):
    for table in tables:  # here
        groups = same = {}
        for row in table:
            same[row[0]] = row
            groups[row[0]].append(len(row))
""",
    "alias of a group": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            group = groups.setdefault(0, [])
            group.append(row)
            groups[0][0].append(len(row))
""",
    "groups one after the other": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups[0] = []
            for group in groups.values():
                group.append(row)
            groups[0][0].append(len(row))
""",
    "rows of the groups": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(0, []).append(row)
        for key, (first, second) in groups.items():
            second.append(len(first))
""",
    "rows one after the other": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(0, []).append(row)
        for rows in groups.values():
            for row in rows:
                row.append(len(row))
""",
    "keys": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(row, []).append(1)
        for row, ones in groups.items():
            row.marks.append(len(row.marks))
""",
    "pairs of a function": """
def run(tables, known):
    def sorted(items):
        return known.items()
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(row[0], []).append(1)
        for key, rows in sorted(groups.items()):
            rows.append(len(rows))
""",
    "class like a defaultdict": """
class defaultdict(dict):
    def __init__(self, maker):
        self.shared = STATE
    def __missing__(self, key):
        return STATE
def run(tables):
    for table in tables:  # here
        groups = defaultdict(list)
        for row in table:
            groups[row[0]].update(n=len(STATE))
""",
    "groups of the module": """
groups = {}
def put(row):
    groups[row[0]] = row
for table in RESULTS:  # here
    groups = {}
    for row in table:
        put(row)
        groups[row[0]].append(len(row))
""",
    "item added to a group": """
def run(tables):
    for table in tables:  # here
        groups = defaultdict(list)
        for row in table:
            groups[0] += [row]
            groups[0][0].append(len(row))
""",
    "filled by a closure": """
def run(tables):
    groups = {}
    def put(row):
        groups[row[0]] = row
    for table in tables:  # here
        groups = {}
        for row in table:
            put(row)
            groups[row[0]].append(len(row))
""",
    "groups handed to a function": """
def put(groups, row):
    groups[row[0]] = row
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            put(groups, row)
            groups[row[0]].append(len(row))
""",
    "group handed to a function": """
def put(group, row):
    group.append(row)
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups[0] = []
            put(groups[0], row)
            groups[0][0].append(len(row))
""",
    "item assigned with a name": """
def run(tables, shared):
    for table in tables:  # here
        groups = {}
        groups[0] = []
        groups[0], other = shared, 1
        groups[0].append(len(shared))
""",
    "item as the target of a loop": """
def run(tables, shared):
    for table in tables:  # here
        groups = {0: []}
        for groups[0] in shared:
            groups[0].append(len(shared))
""",
    "item as the target of a with statement": """
def run(tables, shared):
    for table in tables:  # here
        groups = {0: []}
        with shared as groups[0]:
            groups[0].append(len(shared))
""",
    "groups that a generator yields": """
def gen(table):
    groups = {}
    for row in table:
        groups.setdefault(row[0], []).append(1)
        yield groups
        groups[row[0]].append(2)
def run(tables):
    for table in tables:  # here
        for row, g in zip(table, gen(table)):
            g[row[0]] = row
""",
    "bound in a comprehension": """
def run(tables, known):
    for table in tables:  # here
        groups = {}
        print_ = [(groups := known) for _ in table]
        for row in table:
            groups[row[0]].append(len(known))
""",
    "row taken from a group": """
def run(tables):
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(1, []).append(row)
        groups.pop(1).pop().append(len(table[0]))
""",
    "row of a group that a function returns": """
def first(table):
    groups = {}
    for row in table:
        groups.setdefault(1, []).append(row)
    return groups[1]
def run(tables):
    for table in tables:  # here
        first(table)[0].append(len(table[0]))
""",
    "row of groups that a function returns": """
def first(table):
    groups = {}
    for row in table:
        groups.setdefault(1, []).append(row)
    return groups
def run(tables):
    for table in tables:  # here
        first(table)[1][0].append(len(table[0]))
""",
    "bound by a pattern": """
def run(tables, shared):
    for table in tables:  # here
        groups = {0: []}
        match table:
            case [groups]:
                pass
        groups[0].append(len(table[0]))
""",
    "rows by their first items": """
def run(tables):
    for table in tables:  # here
        groups = {row[0]: row for row in table}
        for row in table:
            groups[row[0]].append(len(row))
""",
}
