"""Resolve expressions that are called: names of partial functions, and functions in dictionaries."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from advisor.survey.scopes import Module, Scope

_PARTIAL = "functools.partial"
_MADE_BEFORE = "<argument>"  # a name that nothing binds


def completed(module: Module, scope: Scope, call: ast.Call) -> ast.Call:
    """Return a call of `functools.partial(f, a)` as one of `f` with all arguments; others as they are.

    Objects that are made for the partial function are the same in all calls of it.
    """
    function = bound_once(module, scope, call.func)
    if not isinstance(function, ast.Call) or module.dotted(function.func, scope) != _PARTIAL or not function.args:
        return call
    first, *given = function.args
    options = [ast.keyword(each.arg, _kept(each.value)) for each in function.keywords]
    whole = ast.Call(first, [*map(_kept, given), *call.args], [*options, *call.keywords])
    return ast.copy_location(whole, call)


def _kept(argument: ast.expr) -> ast.expr:
    if isinstance(argument, (ast.Constant, ast.Name, ast.Attribute)):
        return argument
    return ast.copy_location(ast.Name(_MADE_BEFORE, ast.Load()), argument)


def table_values(module: Module, scope: Scope, node: ast.Subscript) -> Sequence[ast.expr]:
    """Return the values of a dictionary that is written out and never changed, of which an item is taken."""
    table = bound_once(module, scope, node.value)
    return table.values if isinstance(table, ast.Dict) and not _is_changed(module.tree, node.value) else ()


def bound_once(module: Module, scope: Scope, node: ast.expr) -> ast.expr:
    """Return what a name is bound to, if that is in one place; other expressions as they are."""
    if not isinstance(node, ast.Name):
        return node
    _, binders = module.resolve(node.id, scope)
    above = module.parents.get(binders[0]) if len(binders) == 1 else None
    return above.value if isinstance(above, ast.Assign) and binders[0] in above.targets else node


def _is_changed(tree: ast.Module, table: ast.expr) -> bool:
    """Return True if items of a table are assigned, or it has methods called, anywhere in a module."""
    text = ast.unparse(table)
    for node in ast.walk(tree):
        changes = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        if (changes or isinstance(node, ast.Attribute)) and ast.unparse(node.value) == text:  # type: ignore[attr-defined]
            return True
    return False
