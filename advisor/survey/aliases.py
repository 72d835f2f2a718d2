"""Find other names for the objects that a loop uses: names that were bound outside of it to parts of one another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from advisor.survey.effects import Access
from advisor.survey.scopes import Module, Scope, bound_names, own_nodes
from advisor.survey.values import FRESH, CallResults, Path, Value, Values, holding, longer

_DEEPEST = 4


class Aliases:
    """The names of a scope and its module that are bound outside of a loop."""

    def __init__(self, module: Module, scope: Scope, loop: ast.AST, calls: CallResults, local: frozenset[str]) -> None:
        self._local = local
        self._calls = calls
        self._bound: dict[str, list[tuple[ast.expr, bool]]] = {}
        inside = set(ast.walk(loop))
        for each in dict.fromkeys([module.tree, scope]):
            found = _bound_in(each, inside)
            self._bound.update(found)

    def expanded(self, accesses: Sequence[Access]) -> list[Access]:
        """Return the accesses, and those by other names of the same objects, where these are used and changed."""
        pairs = [(each, replace(each, path=path)) for each in accesses for path in self._paths_of(each)]
        names: dict[str, set[str]] = {}  # by each name, those by which its object is used
        for access, other in [*((each, each) for each in accesses), *pairs]:
            names.setdefault(other.path[0], set()).add(access.path[0])
        writes = [each for each in [*accesses, *(other for _, other in pairs)] if each.writes]
        kept = (
            other
            for access, other in pairs
            if len(names[other.path[0]]) > 1 and _matters(other, writes, is_name=len(access.path) == 1)
        )
        return [*accesses, *dict.fromkeys(kept)]

    def _paths_of(self, access: Access) -> list[Path]:
        path = access.path
        if path[0] in self._local or (len(path) == 1 and access.is_assignment):
            return []
        return sorted(set(self._others(path, 0)))

    def _others(self, path: Path, depth: int) -> Iterator[Path]:
        """Yield other paths to the same object."""
        for expression, is_part in self._bound.get(path[0], ()) if depth < _DEEPEST else ():
            value = self._value(expression)
            value = value.part if is_part else value
            starts = [(start, path[1:]) for start in value.outside if start[0] != path[0]]
            if FRESH in value.itself and len(path) > 1:
                starts += [(start, path[2:]) for start in value.parts - {FRESH} if start[0] != path[0]]
            for start, rest in starts:
                other = start
                for step in rest:
                    other = longer(other, step)
                yield other
                yield from self._others(other, depth + 1)

    def _value(self, expression: ast.expr) -> Value:
        """Return where the value of an expression comes from; of a dictionary, the keys do not count."""
        values = Values([ast.copy_location(ast.Expr(expression), expression)], self._calls)
        if isinstance(expression, ast.DictComp):
            return holding([values.of(expression.value)])
        return holding(map(values.of, expression.values)) if isinstance(expression, ast.Dict) else values.of(expression)


def _matters(access: Access, writes: Sequence[Access], *, is_name: bool) -> bool:
    """Return True if an object is changed that an access by another name changes or reads.

    An assignment of an item puts another object in its place, and leaves the one that has a name as it is.
    """
    related = [each for each in writes if each.path[0] == access.path[0]]
    if access.writes or not is_name:
        return bool(related)
    return any(not each.is_assignment or len(each.path) > len(access.path) for each in related)


def _bound_in(scope: Scope, without: set[ast.AST]) -> dict[str, list[tuple[ast.expr, bool]]]:
    """Return what the names of a scope are bound to, and True if it is to a part of that."""
    found: dict[str, list[tuple[ast.expr, bool]]] = {}
    for node in own_nodes(scope):
        if node in without:
            continue
        targets: Sequence[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets, value, is_part = node.targets, node.value, False
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            targets, value, is_part = [node.target], node.value, False
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            targets, value, is_part = [node.target], node.iter, True
        for target in targets:
            for name, part in _names(target, is_part):
                found.setdefault(name, []).append((value, part))
    return found


def _names(target: ast.expr, is_part: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(target, ast.Name):
        yield target.id, is_part
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _names(each, True)


def plain_aliases(statements: Sequence[ast.stmt], loop: ast.AST) -> dict[str, ast.expr]:
    """Return the names that a function binds once, to an attribute or another name, outside of a loop."""
    inside = set(ast.walk(loop))
    stores: list[str] = []
    aliases: dict[str, ast.expr] = {}
    for statement in statements:
        for node in own_nodes(ast.Module(body=[statement], type_ignores=[])):
            stores += bound_names(node)
            if isinstance(node, ast.Assign) and node not in inside and _is_chain(node.value):
                aliases.update({target.id: node.value for target in node.targets if isinstance(target, ast.Name)})
    return {name: value for name, value in aliases.items() if stores.count(name) == 1}


def _is_chain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
