"""Find out if a value that a function takes from a shared iterator becomes part of the target's result."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import CodeType, FunctionType

from advisor.measure.introspection import closure_values
from advisor.measure.shared_state.attribute_chains import names_in
from advisor.measure.shared_state.guards import FunctionSource
from advisor.measure.shared_state.object_parts import is_a

_BY_PRIORITY = frozenset({"heappop", "heappushpop", "heapreplace"})  # serial numbers in their items only break ties


def reaches_result(
    names: Mapping[CodeType, str], functions: Iterable[FunctionType], targets: Collection[FunctionType]
) -> bool:
    """Return True if a value from an object is part of what one of the targets returns, as far as the source shows.

    Args:
        names: The object's name in each code that uses it.
        functions: The user's functions that the calls may run.
        targets: Those whose result is the result of the call.
    """
    passing: set[CodeType] = set()  # functions that return a value from the object
    waiting = list(functions)
    while True:
        found = [each for each in waiting if _returns(each, names.get(each.__code__, ""), passing)]
        if not found or any(each in targets for each in found):
            return bool(found)
        passing.update(each.__code__ for each in found)
        waiting = [each for each in waiting if each not in found]


def _returns(function: FunctionType, name: str, passing: Collection[CodeType]) -> bool:
    closure = closure_values(function).items()
    held = {each for each, value in closure if is_a(value, FunctionType) and value.__code__ in passing}
    loads = names_in(function.__code__).loads
    called = {code.co_name for code in passing} & loads
    known = {*held, *called, *(f".{each}" for each in called), *([name] if name else [])}
    if not known:
        return False
    tree = FunctionSource(function.__code__).parents
    statements = [
        node
        for node in tree
        if isinstance(node, (ast.stmt, ast.NamedExpr, ast.Lambda, ast.Yield, ast.YieldFrom, ast.comprehension))
    ]
    size = 0
    while len(known) > size:
        size = len(known)
        for node in statements:
            known.update(map(_name, _targets(node, known)))
    results = (
        node.body if isinstance(node, ast.Lambda) else getattr(node, "value", None)
        for node in statements
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom, ast.Lambda))
    )
    return any(_contains(result, known) for result in results)


def _targets(node: ast.AST, known: Collection[str]) -> Iterator[ast.expr]:
    """Yield the targets to which the node assigns a value that contains a known name."""
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    match node:
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
        case ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
            pairs = [(node.target, node.value)]
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            pairs = [(node.target, node.iter)]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as collection), args=args)):
            pairs = [(collection, each) for each in args]  # rows.append(…)
    for pair in pairs:
        yield from _given(*pair, known)


def _given(target: ast.expr, value: ast.expr | None, known: Collection[str]) -> Iterator[ast.expr]:
    """Yield the parts of a target that get a known value; unpacking is followed only from a tuple or list display."""
    if isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            for each, part in zip(target.elts, value.elts, strict=True):
                yield from _given(each, part, known)
    elif _contains(value, known):
        yield target


def _name(target: ast.expr) -> str:
    match target:
        case ast.Subscript(value=value):
            return _name(value)
        case ast.Attribute(value=ast.Name(id=name)) if name not in ("self", "cls"):
            return name
    return ast.unparse(target)


def _contains(node: ast.AST | None, known: Collection[str]) -> bool:
    """Return True if an expression reads one of the names; `.name` stands for that attribute of any object."""
    match node:
        case None:
            return False
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _BY_PRIORITY:
            return False
        case ast.Attribute() if f".{node.attr}" in known or ast.unparse(node) in known:
            return True
        case ast.Name(ctx=ast.Load()):
            return node.id in known
    return any(_contains(child, known) for child in ast.iter_child_nodes(node))
