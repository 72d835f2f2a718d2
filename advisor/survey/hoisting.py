"""Move the expressions of a statement that need not wait for their turn into assignments before it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import TypeVar

from advisor.survey.loops import COMPREHENSIONS
from advisor.survey.shared_state import SharedState

Node = TypeVar("Node", bound=ast.AST)

_LAZY_FUNCTIONS = ("map", "filter", "zip", "enumerate", "reversed", "iter")
_LAZY_METHODS = ("items", "keys", "values", "finditer", "iter", "iterrows", "itertuples", "glob", "rglob", "iterdir")


class Hoister:
    """Replaces expressions by names, and collects the assignments of these names.

    Args:
        state: Says which expressions are free to be evaluated earlier.
        invariant: Names that have the same value in the loop's parent, such as those of its header.
        new_name: Returns an unused name like the one given.
        known: Expressions that have a name already.
    """

    def __init__(
        self,
        state: SharedState,
        invariant: Callable[[str], bool],
        new_name: Callable[[str], str],
        known: dict[str, str],
    ) -> None:
        self._state = state
        self._invariant = invariant
        self._new_name = new_name
        self._known = known
        self.assignments: list[ast.stmt] = []
        self.has_changed = False

    def statement(self, node: ast.stmt) -> ast.stmt:
        """Return the statement with names in the place of expressions that are evaluated whenever it runs."""
        node = _shallow(node)
        match node:
            case ast.Expr() | ast.Return():
                node.value = self._maybe(node.value)
            case ast.Assign():
                node.value = self._assigned(node)
                node.targets = [self._target(target) for target in node.targets]
            case ast.AnnAssign():
                node.value = self._maybe(node.value)
            case ast.AugAssign():
                node.value = self.expression(node.value)
                node.target = self._target(node.target)  # type: ignore[assignment]
            case ast.If():
                node.test = self.expression(node.test)
            case ast.For():
                node.iter = self.expression(node.iter)
            case _:
                pass
        return node

    def _maybe(self, node: ast.expr | None) -> ast.expr | None:
        return None if node is None else self.expression(node)

    def _assigned(self, node: ast.Assign) -> ast.expr:
        """Return the value of an assignment; in `ok = ok and f(x)` the call can be made whether it is needed or not."""
        value = node.value
        if isinstance(value, ast.BoolOp) and ast.unparse(value.values[0]) == ast.unparse(node.targets[0]):
            value = _shallow(value)
            value.values = [value.values[0], *map(self.expression, value.values[1:])]
            return value
        return self.expression(value)

    def _target(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Subscript):
            node = _shallow(node)
            node.slice = self.expression(node.slice)
            node.value = self._target(node.value)
        return node

    def expression(self, node: ast.expr) -> ast.expr:
        """Return what to write in the place of an expression that is certain to be evaluated."""
        if self._is_plain(node):
            return node
        if self._state.is_free(node):
            return self._named(node)
        return self._inner(node)

    def _is_plain(self, node: ast.expr) -> bool:
        """Return True if an expression costs nothing, and its names mean the same in the parent."""
        if isinstance(node, (ast.Name, ast.Constant)):
            return True
        if any(isinstance(each, (ast.Call, ast.Lambda, *COMPREHENSIONS)) for each in ast.walk(node)):
            return False
        return all(self._invariant(each.id) for each in ast.walk(node) if isinstance(each, ast.Name))

    def _named(self, node: ast.expr) -> ast.expr:
        self.has_changed = True
        text = ast.unparse(node)
        if text in self._known:
            return ast.copy_location(ast.Name(self._known[text], ast.Load()), node)
        name = self._known[text] = self._new_name("result")
        target = ast.copy_location(ast.Name(name, ast.Store()), node)
        value = _at_once(node)
        self.assignments.append(ast.copy_location(ast.Assign([target], value), node))
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    def _inner(self, node: ast.expr) -> ast.expr:
        """Replace the parts of an expression that are evaluated whenever it is."""
        node = _shallow(node)
        match node:
            case ast.Call():
                if isinstance(node.func, ast.Attribute):
                    node.func = _shallow(node.func)
                    node.func.value = self._owner(node.func.value)
                node.args = [self._argument(each) for each in node.args]
                node.keywords = [self._keyword(each) for each in node.keywords]
            case ast.BinOp():
                node.left, node.right = self.expression(node.left), self.expression(node.right)
            case ast.UnaryOp():
                node.operand = self.expression(node.operand)
            case ast.Compare():
                node.left = self.expression(node.left)
                node.comparators = [self.expression(node.comparators[0]), *node.comparators[1:]]
            case ast.BoolOp():
                node.values = [self.expression(node.values[0]), *node.values[1:]]
            case ast.IfExp():
                node.test = self.expression(node.test)
            case ast.Tuple() | ast.List() | ast.Set():
                node.elts = [self._argument(each) for each in node.elts]
            case ast.Dict():
                node.values = [self.expression(each) for each in node.values]
            case ast.Subscript():
                node.value, node.slice = self._owner(node.value), self.expression(node.slice)
            case ast.JoinedStr():
                node.values = [self._formatted(each) for each in node.values]
            case ast.Yield():
                node.value = self._maybe(node.value)
            case _:
                pass
        return node

    def _owner(self, node: ast.expr) -> ast.expr:
        return self._inner(node) if isinstance(node, (ast.Call, ast.Subscript)) else node

    def _argument(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Starred):
            node = _shallow(node)
            node.value = self.expression(node.value)
            return node
        return self.expression(node)

    def _keyword(self, node: ast.keyword) -> ast.keyword:
        node = _shallow(node)
        node.value = self.expression(node.value)
        return node

    def _formatted(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.FormattedValue):
            return node
        node = _shallow(node)
        node.value = self.expression(node.value)
        return node


def _shallow(node: Node) -> Node:
    return copy.copy(node)


def _at_once(node: ast.expr) -> ast.expr:
    """Return an expression with all its items now, for one that makes them one by one."""
    if isinstance(node, ast.GeneratorExp):
        return ast.copy_location(ast.ListComp(node.elt, node.generators), node)
    if is_lazy(node):
        return ast.copy_location(ast.Call(ast.Name("list", ast.Load()), [node], []), node)
    return node


def is_lazy(node: ast.expr) -> bool:
    """Return True if an expression makes its items one by one, or shows those of another object."""
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.GeneratorExp)
    if isinstance(node.func, ast.Name):
        return node.func.id in _LAZY_FUNCTIONS
    return isinstance(node.func, ast.Attribute) and node.func.attr in _LAZY_METHODS
