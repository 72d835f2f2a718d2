"""Tell containers in which several items may be one object, or share their contents."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from advisor.survey.accesses import is_alias
from advisor.survey.scopes import Module, Scope

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call, ast.Name, ast.Attribute)
_REPEATING = ("cycle", "repeat", "chain", "product", "combinations", "permutations", "pairwise", "choices")
_VIEWS = ("sliding_window_view", "as_strided")


def rows_of_one(module: Module, scope: Scope, names: Iterable[str]) -> frozenset[str]:
    """Return the names of containers that were made with one and the same object in every place.

    These are `[[0] * 3] * n` and `dict.fromkeys(keys, [])`.
    """
    return frozenset(name for name in names if any(map(_is_one_in_all, _values(module, scope, name))))


def may_repeat(module: Module, scope: Scope, iterable: ast.expr | None) -> str:
    """Return why an object may be an item of the iterable more than once, or ''."""
    if isinstance(iterable, ast.BinOp) and isinstance(iterable.op, ast.Mult):
        return "has its items several times"
    if isinstance(iterable, ast.Call):
        name = ast.unparse(iterable.func).rpartition(".")[2]
        if name in _REPEATING:
            return f"has items of `{name}`, which may be the same ones again"
        if name in _VIEWS:
            return "has items that overlap"
        return next((text for each in iterable.args if (text := may_repeat(module, scope, each))), "")
    if not isinstance(iterable, (ast.Name, ast.Attribute)):
        return ""
    if _is_rearranged(module, iterable):
        return "has an item in another place, too"
    values = _values(module, scope, iterable.id) if isinstance(iterable, ast.Name) else ()
    for value in values:
        if isinstance(value, (ast.ListComp, ast.GeneratorExp)) and _is_slice(value.elt):
            return "has items that may overlap"
        if isinstance(value, (ast.BinOp, ast.Call)) and (text := may_repeat(module, scope, value)):
            return text
    return ""


def _values(module: Module, scope: Scope, name: str) -> Iterator[ast.expr]:
    """Yield the expressions that a name is bound to."""
    _, binders = module.resolve(name, scope)
    for binder in binders:
        above = module.parents.get(binder)
        if isinstance(above, (ast.Assign, ast.AnnAssign)) and above.value is not None:
            yield above.value


def _is_one_in_all(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        lists = [each for each in (value.left, value.right) if isinstance(each, (ast.List, ast.Tuple))]
        return any(isinstance(item, (*_MUTABLE, ast.BinOp)) for each in lists for item in each.elts)
    is_call = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "fromkeys"
    return is_call and len(value.args) == 2 and isinstance(value.args[1], _MUTABLE)  # type: ignore[attr-defined]


def _is_slice(node: ast.expr) -> bool:
    """Return True for `signal[a:b]`, which is a view in numpy."""
    if not isinstance(node, ast.Subscript):
        return False
    return any(isinstance(each, ast.Slice) for each in ast.walk(node.slice))


def _is_rearranged(module: Module, container: ast.expr) -> bool:
    """Return True if the module puts an object that exists into a place of the container."""
    text = ast.unparse(container)
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Assign) or not is_alias(node.value):
            continue
        for target in node.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) == text:
                return True
    return False
