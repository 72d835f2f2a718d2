"""Tell statements in SQL that change nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from advisor.survey.callables import bound_once
from advisor.survey.scopes import Module, Program, Scope, parameters


def only_asks(call: ast.Call, program: Program, module: Module, scope: Scope) -> bool:
    """Return True if all statements that a call of `execute` may get are known, and each is a `SELECT`."""
    if not call.args:
        return False
    text = bound_once(module, scope, call.args[0])
    if isinstance(text, ast.Name) and isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        names = [argument.arg for argument in parameters(scope)]
        if text.id not in names or len(module.bindings(scope).get(text.id, [])) != 1:
            return False
        given = list(_given(program, scope.name, names.index(text.id), is_method=names[0] == "self"))
        return bool(given) and all(map(_is_select, given))
    return _is_select(text)


def _given(program: Program, function: str, number: int, *, is_method: bool) -> Iterator[ast.expr | None]:
    """Yield the argument with a number in all calls of functions with a name; None if it cannot be told."""
    for module in program.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Name, ast.Attribute)) and _name(node) == function:
                above = module.parents.get(node)
                if not isinstance(above, ast.Call) or above.func is not node:
                    yield None  # it is handed on
                    continue
                place = number - (is_method and isinstance(node, ast.Attribute))
                starred = any(isinstance(each, ast.Starred) for each in above.args[: place + 1])
                found = above.args[place : place + 1]
                yield bound_once(module, module.scope(node), found[0]) if found and not starred else None


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _is_select(text: ast.expr | None) -> bool:
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        return False
    return text.value.split(maxsplit=1)[:1] in (["SELECT"], ["select"])
