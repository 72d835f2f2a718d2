"""Recognize `while` loops that are `for` loops in another form: they count, or take their items from a list."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.survey.loops import FUNCTIONS
from advisor.survey.scopes import Module, Scope, own_nodes

_MADE = ("builtins.list", "builtins.sorted", "collections.deque")
_ADDING = ("append", "appendleft", "extend", "insert", "sort", "reverse", "copy", "index", "count", "rotate")
_READING = ("len", "print", "sorted", "list", "tuple", "sum", "min", "max", "set", "enumerate", "bool", "shuffle")


@dataclass(frozen=True)
class Counting:
    """The counting of a `while` loop: `while name < stop: …; name += step`, with a step above 0."""

    name: str
    stop: ast.expr
    step: int
    inclusive: bool
    increment: ast.stmt


@dataclass(frozen=True)
class Taking:
    """A `while` loop that takes each item from a list that nothing adds to: `while items: item = items.pop()`.

    Attributes:
        first: The statement that takes the item.
        from_end: The last item is taken first.
    """

    name: str
    first: ast.Assign
    from_end: bool


def counting_of(node: ast.While) -> Counting | None:
    """Return how a `while` loop counts, or None."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.left, ast.Name):
        return None
    name, stop = test.left.id, test.comparators[0]
    number = next((index for index, each in enumerate(node.body) if _is_step(each, name)), None)
    if number is None or not isinstance(test.ops[0], (ast.Lt, ast.LtE)) or node.orelse:
        return None
    stores = [each.id for each in own_nodes(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    before, after = node.body[:number], node.body[number + 1 :]
    if stores.count(name) != 1 or name in _read(after) or set(stores) & _read([stop]):
        return None
    if leaves(before, continues=True) or leaves(after, continues=False):
        return None
    increment = node.body[number]
    assert isinstance(increment, ast.AugAssign)
    step: int = increment.value.value  # type: ignore[attr-defined]
    return Counting(name, stop, step, isinstance(test.ops[0], ast.LtE), increment)


def _is_step(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.AugAssign(target=ast.Name(id=counted), op=ast.Add(), value=ast.Constant(value=int(step))):
            return counted == name and step > 0
        case _:
            return False


def _read(nodes: Sequence[ast.AST]) -> set[str]:
    return {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}


def leaves(body: Sequence[ast.stmt], *, continues: bool) -> bool:
    """Return True if a statement leaves the loop or, if `continues`, an iteration before its end."""
    kinds = (ast.Continue, ast.Break, ast.Return) if continues else (ast.Break, ast.Return)
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, kinds):
            return True
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.For, ast.While)):
            waiting += ast.iter_child_nodes(node)
        elif isinstance(node, (ast.For, ast.While)):
            waiting += [each for each in ast.walk(node) if isinstance(each, ast.Return)]
    return False


def taking_of(node: ast.While, module: Module, scope: Scope) -> Taking | None:
    """Return how a `while` loop takes its items from a list that nothing else can see, or None."""
    name = _tested(node.test)
    first = node.body[0]
    if not name or node.orelse or not isinstance(first, ast.Assign) or len(first.targets) != 1:
        return None
    from_end = _taken(first.value, name)
    if from_end is None or leaves(node.body, continues=False) or not _is_own_list(name, node, module, scope):
        return None
    return Taking(name, first, from_end)


def _tested(test: ast.expr) -> str:
    """Return the name of the list in `while items` and `while len(items) > 0`."""
    match test:
        case ast.Name(id=name):
            return name
        case ast.Compare(left=ast.Call() as call, ops=[ast.Gt() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
            return _tested(call)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)], keywords=[]):
            return name
        case _:
            return ""


def _taken(value: ast.expr, name: str) -> bool | None:
    """Return True if the last item of a list is taken, False if the first one is; None if it is something else."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=arguments, keywords=[]):
            text = [ast.unparse(each) for each in arguments]
            if owner != name:
                return None
            if method == "popleft" and not text:
                return False
            return {(): True, ("-1",): True, ("0",): False}.get(tuple(text)) if method == "pop" else None
        case _:
            return None


def _is_own_list(name: str, loop: ast.While, module: Module, scope: Scope) -> bool:
    """Return True if a list is made in the scope of the loop, has no other name, and only the loop takes from it."""
    found_in, binders = module.resolve(name, scope)
    if found_in is not scope or len(binders) != 1 or not _makes_list(binders[0], module, scope):
        return False
    inside = set(ast.walk(loop))
    heads = {*ast.walk(loop.test), *ast.walk(loop.body[0])}
    for node in ast.walk(scope):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.Name) and node.id == name and node is not binders[0]:
            is_plain = node not in inside and module.scope(node) is scope and _is_plain_use(node, module)
            if node not in heads and not is_plain:
                return False
    return True


def _makes_list(binder: ast.AST, module: Module, scope: Scope) -> bool:
    above = module.parents.get(binder)
    if not isinstance(above, ast.Assign) or len(above.targets) != 1 or above.targets[0] is not binder:
        return False
    value = above.value
    if isinstance(value, ast.Call):
        return module.dotted(value.func, scope) in _MADE
    return isinstance(value, (ast.List, ast.ListComp))


def _is_plain_use(node: ast.Name, module: Module) -> bool:
    """Return True if a use of a list gives it no other name."""
    above = module.parents.get(node)
    if isinstance(above, ast.Attribute):
        return above.attr in _ADDING and isinstance(module.parents.get(above), ast.Call)
    if isinstance(above, ast.Call):
        return ast.unparse(above.func).rpartition(".")[2] in _READING
    if isinstance(above, (ast.For, ast.comprehension)):
        return node is above.iter
    return isinstance(above, ast.Subscript) and node is above.value
