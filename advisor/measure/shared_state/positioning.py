"""Find out if functions seek before they read a file, and so do not depend on the position left by other calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from types import CodeType

from advisor.measure.shared_state.attribute_chains import names_in
from advisor.measure.shared_state.guards import FunctionSource

_HARMLESS = frozenset({"name", "closed", "mode", "encoding"})
_SEEKS = frozenset({"seek", "lseek"})  # a method of files, and a function of os whose first argument is the file


def positions_first(codes: Iterable[CodeType], expression: str) -> bool:
    """Return True if each function that uses a file first seeks to an absolute position in it.

    Args:
        codes: The functions. One that may use the file but has no source counts as not seeking.
        expression: The file, as the functions name it.
    """
    last = expression.rpartition(".")[2]
    users = [FunctionSource(code) for code in codes if last in names_in(code).loads]
    uses = [_uses(source, expression, last) for source in users]
    are_known = all(source.parents for source in users) and any(uses)
    return are_known and all(map(_begins_with_seek, users, uses))


def _uses(source: FunctionSource, expression: str, last: str) -> list[ast.expr]:
    reads = [node for node in source.parents if isinstance(node, (ast.Name, ast.Attribute))]
    named = [node for node in reads if (node.id if isinstance(node, ast.Name) else node.attr) == last]
    uses = [node for node in named if isinstance(node.ctx, ast.Load) and ast.unparse(node) == expression]
    return [node for node in uses if getattr(source.parents[node], "attr", None) not in _HARMLESS]


def _begins_with_seek(source: FunctionSource, uses: Sequence[ast.expr]) -> bool:
    seeks = {node: call for node in uses if (call := _absolute_seek(source, node)) is not None}
    others = [node for node in uses if node not in seeks]
    return all(any(_runs_before(source, call, node) for call in seeks.values()) for node in others)


def _absolute_seek(source: FunctionSource, node: ast.expr) -> ast.Call | None:
    """Return the call at this node that seeks to an offset from the start of the file, or None."""
    parent = source.parents[node]
    call = source.parents[parent] if isinstance(parent, ast.Attribute) else parent
    if not isinstance(call, ast.Call) or getattr(call.func, "attr", getattr(call.func, "id", "")) not in _SEEKS:
        return None
    if call.func is not parent and call.args[:1] != [node]:
        return None
    given = [*call.args[1 if call.func is parent else 2 :], *(each.value for each in call.keywords)]
    is_absolute = all(ast.unparse(each) in ("0", "os.SEEK_SET", "io.SEEK_SET", "SEEK_SET") for each in given)
    return call if is_absolute else None


def _runs_before(source: FunctionSource, call: ast.Call, use: ast.AST) -> bool:
    """Return True if the call is a statement that precedes the use in the same block or an enclosing one."""
    statement = source.parents[call]
    if not isinstance(statement, (ast.Expr, ast.Assign)):
        return False
    block = source.parents[statement]
    while (parent := source.parents.get(use)) is not None and parent is not block:
        use = parent
    for _, statements in ast.iter_fields(block):
        if isinstance(statements, list) and statement in statements:
            return use in statements and statements.index(use) > statements.index(statement)
    return False
