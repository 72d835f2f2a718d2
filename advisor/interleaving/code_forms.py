"""Forms of code that races come from, recognised in the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor.interleaving.stretches import called_name
from advisor.models.race_report import RaceFinding

Names = dict[str, str]  # the names that a text refers to


@dataclass(frozen=True)
class Form:
    """The code under a lock, and the finding that the lock fixes."""

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


def _mentions(node: ast.AST, expression: str) -> bool:
    return any(isinstance(part, ast.expr) and ast.unparse(part) == expression for part in ast.walk(node))


def same_lock_of_two(form: Form) -> Names | None:
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


def wait_without_loop(form: Form) -> Names | None:
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


def queue_asked_first(form: Form) -> Names | None:
    names = form.receivers("empty", "qsize") & form.receivers("get")
    return {"name": min(names)} if names else None


def generator(form: Form) -> Names | None:
    return {} if "generator already executing" in form.observed else None


def iteration(form: Form) -> Names | None:
    if "changed size during iteration" not in form.observed and "mutated during iteration" not in form.observed:
        return None
    loops = (node.iter for node in form.nodes if isinstance(node, (ast.For, ast.comprehension)))
    iterated = [ast.unparse(node) for node in loops]
    return {"name": iterated[0] if iterated else "values"}


def sqlite_locked(form: Form) -> Names | None:
    return {} if "database is locked" in form.observed else None


def sqlite_count(form: Form) -> Names | None:
    return {} if "UPDATE " in form.sql and "SELECT " in form.sql and form.sql.count("UPDATE ") == 1 else None


def sqlite_insert(form: Form) -> Names | None:
    return {} if "INSERT " in form.sql and "SELECT " in form.sql else None


def sqlite_other(form: Form) -> Names | None:
    return {} if form.sql else None


def folder_made(form: Form) -> Names | None:
    return {} if form.calls("mkdir", "makedirs") and form.calls("exists", "isdir", "is_dir") else None


def file_made(form: Form) -> Names | None:
    if not form.calls("exists", "isfile", "is_file"):
        return None
    return {} if form.calls("write_text", "write_bytes", "open", "touch") else None


def dictionary_insert(form: Form) -> Names | None:
    names = form.checked_containers & form.stored_items.keys()
    if not names:
        return None
    name = min(names)
    return {"name": name, "key": form.stored_items[name]}


def dictionary_delete(form: Form) -> Names | None:
    deleted = {
        ast.unparse(node.value)
        for node in form.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Del)
    }
    names = form.checked_containers & (deleted | form.receivers("pop"))
    return {"name": min(names)} if names else None


def list_as_queue(form: Form) -> Names | None:
    first = [call for call in form.calls("pop") if call.args and ast.unparse(call.args[0]) == "0"]
    names = {ast.unparse(call.func.value) for call in first if isinstance(call.func, ast.Attribute)}
    return {"name": min(names)} if names else None


def checked_pop(form: Form) -> Names | None:
    tested = " ".join(ast.unparse(test) for test in form.tests)
    names = {name for name in form.receivers("pop", "popleft") if re.search(rf"\b{re.escape(name)}\b", tested)}
    return {"name": min(names)} if names else None


def looked_at_and_removed(form: Form) -> Names | None:
    loaded = {
        ast.unparse(node.value)
        for node in form.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    }
    names = loaded & form.receivers("remove")
    return {"name": min(names)} if names else None


def lazily_made(form: Form) -> Names | None:
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


def number_given(form: Form) -> Names | None:
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
