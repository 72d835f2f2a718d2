"""Tell whether functions go to a place in a file before they read there, wherever other calls left the position."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from types import CodeType

from advisor.measure.attribute_chains import names_in
from advisor.measure.guards import FunctionSource

_HARMLESS = frozenset({"name", "closed", "mode", "encoding"})
_SEEKS = frozenset({"seek", "lseek"})  # a method of files, and a function of os whose first argument is the file


def positions_first(codes: Iterable[CodeType], expression: str) -> bool:
    """Return True if each function that uses a file seeks an absolute position in it before all else.

    Args:
        codes: The functions. Those that may use the file and have no source are taken for ones that do not seek.
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
    """Return the call that seeks in the file at this place of the code, by an offset from the file's start."""
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
    """Return True if the call is a statement that precedes the use in the same block, or a block around the use."""
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
