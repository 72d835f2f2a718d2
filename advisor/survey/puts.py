"""Collect what statements put into the objects of names, and into the objects that these hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from advisor.survey.known_calls import ITEM_METHODS
from advisor.survey.number_forms import is_number
from advisor.survey.scopes import Function, own_nodes, parameters

_METHODS = ("append", "appendleft", "add", "insert", "extend", "extendleft", "update", "setdefault", "put", "push")
_MOST_ROUNDS = 8


class Puts:
    """The expressions whose values some statements put into objects, by the names of these."""

    def __init__(self) -> None:
        self._direct: dict[str, list[ast.expr]] = {}
        self._deep: dict[str, list[ast.expr]] = {}

    def into(self, name: str) -> Sequence[ast.expr]:
        """Return what is put into the object of a name."""
        return self._direct.get(name, ())

    def below(self, name: str) -> Sequence[ast.expr]:
        """Return what is put into objects that the object of a name holds."""
        return self._deep.get(name, ())

    def collect(self, node: ast.AST) -> None:
        """Add what a node puts somewhere."""
        for container, value in _puts(node):
            owner = container if isinstance(node, ast.Call) else getattr(container, "value", container)
            held = self._direct if isinstance(owner, ast.Name) else self._deep
            held.setdefault(root_of(container), []).append(value)

    def hand(self, call: ast.Call, functions: Iterable[Function]) -> None:
        """Add what functions may put into one argument of a call: the other ones."""
        for function in functions:
            own = Puts()
            for node in own_nodes(function, comprehensions=True):
                own.collect(node)
            for parameter, argument in zip(parameters(function), call.args, strict=False):
                if own.into(parameter.arg) or own.below(parameter.arg):
                    others = [each for each in call.args if each is not argument]
                    self._deep.setdefault(root_of(argument), []).extend(others)
                    if isinstance(argument, ast.Name):
                        self._direct.setdefault(argument.id, []).extend(others)

    def share(self, links: Iterable[tuple[str, str, bool]]) -> None:
        """Count what is put into the object of a name as put into what it may be another name of.

        Args:
            links: Names with other names, and True if the object is that of the other name itself, not a part of it.
        """
        pairs = list(links)
        for _ in range(_MOST_ROUNDS):
            is_new = False
            for name, other, is_same in pairs:
                direct, deep = self._direct.get(name, []), self._deep.get(name, [])
                is_new |= is_same and _extend(self._direct.setdefault(other, []), direct)
                is_new |= _extend(self._deep.setdefault(other, []), [*direct, *deep])
            if not is_new:
                break


def _extend(held: list[ast.expr], others: Iterable[ast.expr]) -> bool:
    """Add the expressions that are not there yet; return True if there are any."""
    added = [each for each in others if each not in held]
    held += added
    return bool(added)


def _puts(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the objects into which a node puts something, and what that is."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield from _assigned(node.target, node.iter)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _assigned(node.optional_vars, node.context_expr)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, (ast.Attribute, ast.Subscript)):
        if not is_number(node.value):
            yield node.target, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        yield from ((node.func.value, each) for each in node.args)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("heappush", "insort"):
        yield from ((node.args[0], each) for each in node.args[1:])


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the attributes and items in a target, with what is assigned to them or holds it."""
    if isinstance(target, (ast.Attribute, ast.Subscript)):
        yield target, value
    elif isinstance(target, ast.Starred):
        yield from _assigned(target.value, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _assigned(each, value)


def root_of(node: ast.expr) -> str:
    """Return the name that a chain such as `a.b[c]` or `a.get(b).c` begins with, or ''."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ITEM_METHODS:
            node = node.func.value
        else:
            return node.id if isinstance(node, ast.Name) else ""
