"""Small loops whose iterations group values in containers of their own; `# here` marks the header."""

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
    "sorted one after the other": """
def run(tables):
    out = []
    for table in tables:  # here
        groups = {}
        for row in table:
            groups.setdefault(row[0], []).append(row)
        for rows in groups.values():
            rows.sort(reverse=True)
        for key, rows in sorted(groups.items()):
            rows.reverse()
        out.append(len(groups))
    return out
""",
}
