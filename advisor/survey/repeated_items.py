"""Tell containers in which several items may be one object, or share their contents."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from advisor.survey.accesses import is_alias
from advisor.survey.scopes import Module, Scope
from advisor.survey.values import Path

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call, ast.Name, ast.Attribute)
_REPEATING = ("cycle", "repeat", "chain", "product", "combinations", "permutations", "pairwise", "choices")
_VIEWS = ("sliding_window_view", "as_strided")
_SAME_MEMORY = (*_VIEWS, "frombuffer", "cast", "memoryview")
_KEEPING = ("asarray", "reshape", "ravel", "transpose", "squeeze", "view", "swapaxes", "asanyarray", "atleast_2d")
_DEEPEST = 6


def rows_of_one(module: Module, scope: Scope, names: Iterable[str]) -> frozenset[str]:
    """Return the names of containers that were made with one and the same object in every place.

    These are `[[0] * 3] * n` and `dict.fromkeys(keys, [])`.
    """
    return frozenset(name for name in names if any(map(_is_one_in_all, _values(module, scope, name))))


def overlapping(module: Module, scope: Scope, paths: Iterable[Path]) -> frozenset[Path]:
    """Return the names and attributes at which the paths begin and that may be views with items in the same memory."""
    found: set[Path] = set()
    for path in set(paths):
        if any(_is_view(module, scope, each) for each in _values(module, scope, path[0])):
            found.add(path[:1])
        if path[1:] and path[1].startswith(".") and any(_is_view(module, *each) for each in _stored(module, path[1])):
            found.add(path[:2])
    return frozenset(found)


def _stored(module: Module, step: str) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield what the module assigns to an attribute, of whatever objects, with the scopes."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign):
            names = (each.attr for each in node.targets if isinstance(each, ast.Attribute))
            if step[1:] in names:
                yield module.scope(node), node.value


def _is_view(module: Module, scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Return True for what makes an array of memory that it does not own, and for views of that."""
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.Name):
        return any(_is_view(module, scope, each, depth + 1) for each in _values(module, scope, node.id))
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return _is_view(module, scope, node.value, depth + 1)
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in _SAME_MEMORY or (name == "ndarray" and _has_memory(node)):
        return True
    if name not in _KEEPING:
        return False
    owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    return any(_is_view(module, scope, each, depth + 1) for each in [*owner, *node.args[:1]])


def _has_memory(call: ast.Call) -> bool:
    return len(call.args) > 2 or any(keyword.arg in ("buffer", "strides", None) for keyword in call.keywords)


def may_repeat(module: Module, scope: Scope, iterable: ast.expr | None) -> str:
    """Return why an object may be an item of the iterable more than once, or ''."""
    if isinstance(iterable, ast.BinOp) and isinstance(iterable.op, ast.Mult):
        return "has its items several times"
    if isinstance(iterable, ast.Call):
        name = ast.unparse(iterable.func).rpartition(".")[2]
        if name in _REPEATING:
            return f"has items of `{name}`, which may be the same ones again"
        if name in _VIEWS or (name == "ndarray" and _has_memory(iterable)):
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
