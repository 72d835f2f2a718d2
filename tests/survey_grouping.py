"""Small loops whose iterations group values in containers of their own, and relatives that share them."""

GROUPED = {
    "setdefault": """
def run(rows):
    out = []
    for key, pairs in rows:  # here
        groups = {}
        for day, row in pairs:
            groups.setdefault(day, []).append((row, 1))
        out.append(max(map(len, groups.values())))
    return out
""",
    "setdefault of the items themselves": """
def run(tables):
    out = []
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(row[0], []).append(row)
        out.append(sorted(groups))
    return out
""",
    "defaultdict": """
def run(tables):
    out = []
    for table in tables:  # here
        groups = defaultdict(list)
        for row in table:
            groups[row[0]].append(row)
        out.append(len(groups))
    return out
""",
    "defaultdict with a lambda": """
def run(tables):
    out = []
    for table in tables:  # here
        groups = defaultdict(lambda: [0])
        for row in table:
            groups[row[0]].append(row[1])
        out.append(sum(sum(group) for group in groups.values()))
    return out
""",
    "sets in a dictionary": """
def run(graphs):
    out = []
    for graph in graphs:  # here
        before = {node: set() for node in graph}
        for node in graph:
            for other in graph[node]:
                before[other].add(node)
        out.append(max(len(before[node]) for node in graph))
    return out
""",
    "new item with a part of the loop's item": """
def run(graphs):
    out = []
    for graph in graphs:  # here
        before = {}
        for node, other in graph:
            if other in before:
                before[other].append(node)
            else:
                before[other] = [node]
        out.append(len(before))
    return out
""",
    "list of lists": """
def run(tables):
    out = []
    for table in tables:  # here
        buckets = [[] for _ in range(10)]
        for row in table:
            buckets[row[0] % 10].append(row)
        out.append([len(bucket) for bucket in buckets])
    return out
""",
    "in a function that returns the groups": """
def grouped(table):
    groups = {}
    for row in table:
        groups.setdefault(row[0], []).append(row)
    return groups
def run(tables):
    out = []
    for table in tables:  # here
        out.append(len(grouped(table)))
    return out
""",
    "in a method": """
class Page:
    def __init__(self):
        self.total = 0
    def fill(self, rows):
        groups = {}
        for day, row in rows:
            groups.setdefault(day, []).append(row)
        for day in sorted(groups):
            self.total += len(groups.get(day, ()))
def run(work):
    out = []
    for name, rows in work:  # here
        page = Page()
        page.fill(rows)
        out.append(page.total)
    return out
""",
}

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
}
