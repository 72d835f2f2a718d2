"""What is better than a lock for some forms of code, as rows: the form in the syntax tree, the advice, its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from advisor.models.race_report import RaceFinding
from advisor.races.stretches import SourceFile, Stretch, called_name

Names = dict[str, str]  # the names that a text refers to
_DOCS = "https://docs.python.org/3/library"
_PROCESSES = (
    "A threading.Lock holds back threads only: other processes that use the same {what} need {instead} as well."
)


@dataclass(frozen=True)
class Form:
    """The code under the lock of a mend, and the finding that it mends."""

    finding: RaceFinding
    nodes: Sequence[ast.AST]
    function_nodes: Sequence[ast.AST]

    def calls(self, *names: str) -> list[ast.Call]:
        """Return the calls of functions and methods with these names."""
        return [node for node in self.nodes if isinstance(node, ast.Call) and called_name(node) in names]

    def receivers(self, *methods: str) -> set[str]:
        """Return what has these methods called on it."""
        functions = [call.func for call in self.calls(*methods)]
        return {ast.unparse(function.value) for function in functions if isinstance(function, ast.Attribute)}

    @cached_property
    def stored_items(self) -> dict[str, str]:
        """The containers whose items are assigned something that does not come from them, with the key."""
        assigned = (node for node in self.nodes if isinstance(node, ast.Assign))
        return {
            ast.unparse(target.value): ast.unparse(target.slice)
            for node in assigned
            for target in node.targets
            if isinstance(target, ast.Subscript) and not _mentions(node.value, ast.unparse(target.value))
        }

    @cached_property
    def checked_containers(self) -> set[str]:
        """The containers in which `in`, `not in` or `get` looks."""
        compared = (node for node in self.nodes if isinstance(node, ast.Compare))
        looked = {
            ast.unparse(node.comparators[-1]) for node in compared if isinstance(node.ops[-1], (ast.In, ast.NotIn))
        }
        return looked | self.receivers("get")

    @cached_property
    def sql(self) -> str:
        """The SQL statements, in capitals."""
        texts = (node.value for node in self.function_nodes if isinstance(node, ast.Constant))
        words = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "REPLACE ")
        return "\n".join(text.upper() for text in texts if isinstance(text, str) and text.upper().startswith(words))

    @property
    def tests(self) -> Iterator[ast.expr]:
        """The conditions of `if` and `while`."""
        return (node.test for node in self.nodes if isinstance(node, (ast.If, ast.While, ast.IfExp)))

    @property
    def observed(self) -> str:
        return self.finding.observed


class Better(NamedTuple):
    """Something better than a lock for code of a form; `form` returns the names in `text`, or None."""

    form: Callable[[Form], Names | None]
    text: str
    source: str


def instead(finding: RaceFinding, sources: Mapping[str, SourceFile], stretches: Iterable[Stretch]) -> str:
    """Return what is better than a lock around these stretches; empty if nothing is known."""
    form = _form(finding, sources, list(stretches))
    fitting = (row for row in ROWS if finding.kind != "deadlock" or row.form in _OF_DEADLOCKS)
    rows = ((row, row.form(form)) for row in fitting)
    found = next((f"{row.text.format_map(names)} ({row.source})" for row, names in rows if names is not None), "")
    return " ".join(text for text in (found, _other_processes(form)) if text)


def _form(finding: RaceFinding, sources: Mapping[str, SourceFile], stretches: Sequence[Stretch]) -> Form:
    functions = [
        (source, function)
        for step in finding.steps
        if (source := sources.get(step.file)) and (function := source.function_at(step.line))
    ]
    whole = list({id(function): node for _, function in functions for node in [function]}.values())
    function_nodes = [node for function in whole for node in ast.walk(function)]
    nodes = [node for stretch in stretches for node in sources[stretch.file].nodes(stretch)]
    return Form(finding, nodes or function_nodes, function_nodes)


def _other_processes(form: Form) -> str:
    effects = " ".join(step.effect for step in form.finding.steps)
    if form.sql:
        return _PROCESSES.format(what="database", instead="a transaction (BEGIN IMMEDIATE)")
    if re.search(r"\b(reads|writes) file ", effects):
        return _PROCESSES.format(what="files", instead="a lock on the file (fcntl.flock)")
    return ""


def _mentions(node: ast.AST, expression: str) -> bool:
    return any(isinstance(part, ast.expr) and ast.unparse(part) == expression for part in ast.walk(node))


# Forms


def _same_lock_of_two(form: Form) -> Names | None:
    """Match a deadlock of locks that are the same attribute or kind of item of two objects."""
    if form.finding.kind != "deadlock":
        return None
    withs = [item.context_expr for node in form.nodes if isinstance(node, ast.With) for item in node.items]
    for one in withs:
        for other in withs:
            if type(one) is type(other) and ast.unparse(one) < ast.unparse(other) and _differ_in_owner(one, other):
                return {"one": ast.unparse(one), "other": ast.unparse(other)}
    return None


def _differ_in_owner(one: ast.expr, other: ast.expr) -> bool:
    if isinstance(one, ast.Attribute) and isinstance(other, ast.Attribute):
        return one.attr == other.attr and ast.unparse(one.value) != "self" != ast.unparse(other.value)
    if isinstance(one, ast.Subscript) and isinstance(other, ast.Subscript):
        return ast.unparse(one.value) == ast.unparse(other.value)
    return False


def _wait_without_loop(form: Form) -> Names | None:
    waits = {id(node) for node in form.function_nodes if isinstance(node, ast.Call) and called_name(node) == "wait"}
    looped = {id(inner) for node in form.function_nodes if isinstance(node, ast.While) for inner in ast.walk(node)}
    notifies = any(
        isinstance(node, ast.Call) and called_name(node) in ("notify", "notify_all") for node in form.function_nodes
    )
    return {} if waits - looped and (notifies or _has_with_receiver(form, "wait")) else None


def _has_with_receiver(form: Form, method: str) -> bool:
    """Return True if a `with` holds what the method is called on, as for a Condition."""
    held = {
        ast.unparse(item.context_expr)
        for node in form.function_nodes
        if isinstance(node, ast.With)
        for item in node.items
    }
    called = {
        ast.unparse(node.func.value)
        for node in form.function_nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    }
    return bool(held & called)


def _queue_asked_first(form: Form) -> Names | None:
    names = form.receivers("empty", "qsize") & form.receivers("get")
    return {"name": min(names)} if names else None


def _generator(form: Form) -> Names | None:
    return {} if "generator already executing" in form.observed else None


def _iteration(form: Form) -> Names | None:
    if "changed size during iteration" not in form.observed and "mutated during iteration" not in form.observed:
        return None
    loops = (node.iter for node in form.nodes if isinstance(node, (ast.For, ast.comprehension)))
    iterated = [ast.unparse(node) for node in loops]
    return {"name": iterated[0] if iterated else "values"}


def _sqlite_locked(form: Form) -> Names | None:
    return {} if "database is locked" in form.observed else None


def _sqlite_count(form: Form) -> Names | None:
    return {} if "UPDATE " in form.sql and "SELECT " in form.sql and form.sql.count("UPDATE ") == 1 else None


def _sqlite_insert(form: Form) -> Names | None:
    return {} if "INSERT " in form.sql and "SELECT " in form.sql else None


def _sqlite_other(form: Form) -> Names | None:
    return {} if form.sql else None


def _folder_made(form: Form) -> Names | None:
    return {} if form.calls("mkdir", "makedirs") and form.calls("exists", "isdir", "is_dir") else None


def _file_made(form: Form) -> Names | None:
    if not form.calls("exists", "isfile", "is_file"):
        return None
    return {} if form.calls("write_text", "write_bytes", "open", "touch") else None


def _dictionary_insert(form: Form) -> Names | None:
    names = form.checked_containers & form.stored_items.keys()
    if not names:
        return None
    name = min(names)
    return {"name": name, "key": form.stored_items[name]}


def _dictionary_delete(form: Form) -> Names | None:
    deleted = {
        ast.unparse(node.value)
        for node in form.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Del)
    }
    names = form.checked_containers & (deleted | form.receivers("pop"))
    return {"name": min(names)} if names else None


def _list_as_queue(form: Form) -> Names | None:
    first = [call for call in form.calls("pop") if call.args and ast.unparse(call.args[0]) == "0"]
    names = {ast.unparse(call.func.value) for call in first if isinstance(call.func, ast.Attribute)}
    return {"name": min(names)} if names else None


def _checked_pop(form: Form) -> Names | None:
    tested = " ".join(ast.unparse(test) for test in form.tests)
    names = {name for name in form.receivers("pop", "popleft") if re.search(rf"\b{re.escape(name)}\b", tested)}
    return {"name": min(names)} if names else None


def _looked_at_and_removed(form: Form) -> Names | None:
    loaded = {
        ast.unparse(node.value)
        for node in form.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    }
    names = loaded & form.receivers("remove")
    return {"name": min(names)} if names else None


def _lazily_made(form: Form) -> Names | None:
    missing = {
        ast.unparse(test.left)
        for test in form.tests
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is)
    }
    missing |= {
        ast.unparse(test.operand)
        for test in form.tests
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    }
    shared = {name for node in form.function_nodes if isinstance(node, ast.Global) for name in node.names}
    made = {
        ast.unparse(target)
        for node in form.nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in shared
    }
    return {"name": min(missing & made)} if missing & made else None


def _number_given(form: Form) -> Names | None:
    """Match a counter whose value is used, as a number that is given to something."""
    counted = {name: node for node in form.nodes if (name := _counted(node, form)) is not None}
    for name, counting in counted.items():
        values = (
            node.value
            for node in form.function_nodes
            if isinstance(node, (ast.Assign, ast.Return)) and node.value and node is not counting
        )
        if any(_mentions(value, name) for value in values):
            return {"name": name}
    return None


def _counted(node: ast.AST, form: Form) -> str | None:
    """Return what a statement adds one to."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and ast.unparse(node.value) == "1":
        return ast.unparse(node.target)
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return None
    if not isinstance(node.value.op, ast.Add) or ast.unparse(node.value.right) != "1":
        return None
    target, start = ast.unparse(node.targets[0]), ast.unparse(node.value.left)
    copies = {
        ast.unparse(other.targets[0])
        for other in form.function_nodes
        if isinstance(other, ast.Assign) and ast.unparse(other.value) == target
    }
    return target if start in {target, *copies} else None


_OF_DEADLOCKS = (_same_lock_of_two, _wait_without_loop, _queue_asked_first)
# The first row whose form matches counts.
ROWS: tuple[Better, ...] = (
    Better(
        _same_lock_of_two,
        "Acquire the two locks in one order everywhere, such as `first, second = sorted(({one}, {other}), key=id)`; "
        "calls for other objects then need not wait.",
        "https://docs.python.org/3/faq/library.html",
    ),
    Better(
        _wait_without_loop,
        "Let Condition.wait_for(predicate) check the condition and wait for it in one step, with the lock held.",
        f"{_DOCS}/threading.html#threading.Condition.wait_for",
    ),
    Better(
        _queue_asked_first,
        "Call `{name}.get_nowait()` and catch queue.Empty, instead of asking first.",
        f"{_DOCS}/queue.html#queue.Queue.get_nowait",
    ),
    Better(
        _generator,
        "Take the values in one thread and pass them to the calls, by executor.map or a queue.Queue.",
        f"{_DOCS}/queue.html",
    ),
    Better(
        _iteration,
        "Go through a copy, such as `list({name})`, where a moment's state is enough.",
        "https://docs.python.org/3/faq/library.html#what-kinds-of-global-value-mutation-are-thread-safe",
    ),
    Better(
        _sqlite_locked,
        "Begin the transaction with `BEGIN IMMEDIATE`, before the first SELECT.",
        "https://www.sqlite.org/lang_transaction.html",
    ),
    Better(
        _sqlite_insert,
        "Let the database decide: a UNIQUE column and `INSERT … ON CONFLICT DO NOTHING`, in place of SELECT first.",
        "https://www.sqlite.org/lang_upsert.html",
    ),
    Better(
        _sqlite_count,
        "Let the database calculate: `UPDATE … SET n = n + 1 WHERE …`, with RETURNING for the new value.",
        "https://www.sqlite.org/lang_update.html",
    ),
    Better(
        _sqlite_other,
        "Begin the transaction with `BEGIN IMMEDIATE`, before the first SELECT.",
        "https://www.sqlite.org/lang_transaction.html",
    ),
    Better(
        _folder_made,
        "Create the folder with `os.makedirs(path, exist_ok=True)`, without asking first.",
        f"{_DOCS}/os.html#os.makedirs",
    ),
    Better(
        _file_made,
        'Open the file with mode "x" (os.O_EXCL), which fails with FileExistsError if it is there already.',
        f"{_DOCS}/functions.html#open",
    ),
    Better(
        _list_as_queue,
        "Use a queue.Queue or a collections.deque in place of the list: `{name}.popleft()` or `get_nowait()` takes one "
        "item in one step, and raises an exception if there is none.",
        f"{_DOCS}/queue.html",
    ),
    Better(
        _dictionary_delete,
        "Remove the entry with `{name}.pop(key, None)`, which returns None if another call was faster.",
        f"{_DOCS}/stdtypes.html#dict.pop",
    ),
    Better(
        _dictionary_insert,
        "Insert with `{name}.setdefault({key}, value)`, which returns the entry that was there first.",
        f"{_DOCS}/stdtypes.html#dict.setdefault",
    ),
    Better(
        _looked_at_and_removed,
        "Take and remove an item in one step with `{name}.pop()`, or keep them in a queue.LifoQueue.",
        f"{_DOCS}/queue.html#queue.LifoQueue",
    ),
    Better(
        _checked_pop,
        "Call `{name}.pop()` and catch the IndexError or KeyError, instead of asking first.",
        f"{_DOCS}/stdtypes.html#mutable-sequence-types",
    ),
    Better(
        _lazily_made,
        "Create {name} when the module is imported: an import runs once, whichever thread comes first.",
        "https://docs.python.org/3/reference/import.html",
    ),
    Better(
        _number_given,
        "Give out numbers with `next(numbers)`, where `numbers = itertools.count()`: one step under the GIL.",
        f"{_DOCS}/itertools.html#itertools.count",
    ),
)
