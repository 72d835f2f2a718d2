"""Accumulate what an inner loop folds within an iteration, for the parent to merge once instead of item by item.

Only folds that give the same whatever their grouping: sums of whole numbers, and items that are added to lists and
sets; also those in a dictionary. Items, and the keys of dictionaries, keep their order. Sums of floats depend on
the grouping, and stay in the order of the loop.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.survey.jumps import returns
from advisor.survey.shared_state import SharedState
from advisor.survey.whole_numbers import WholeNumbers, bound_value

Kind = Literal["number", "list", "set", "counts", "counts by get", "lists", "lists by setdefault", "sets"]

# How the parent merges a part into what it is a part of.
_MERGES: dict[Kind, str] = {
    "number": "{name} += {part}",
    "list": "{name}.extend({part})",
    "set": "for {value} in {part}:\n    {name}.add({value})",
    "counts": "for {key}, {value} in {part}.items():\n    {name}[{key}] += {value}",
    "counts by get": "for {key}, {value} in {part}.items():\n    {name}[{key}] = {name}.get({key}, 0) + {value}",
    "lists": "for {key}, {value} in {part}.items():\n    {name}[{key}].extend({value})",
    "lists by setdefault": "for {key}, {value} in {part}.items():\n    {name}.setdefault({key}, []).extend({value})",
    "sets": "for {key}, {value} in {part}.items():\n    for {item} in {value}:\n        {name}[{key}].add({item})",
}
# A part at first. A dictionary for a set: it keeps the order of additions, on which that of the set may depend.
_PARTS: dict[Kind, str] = {
    "number": "0",
    "list": "[]",
    "set": "{}",
    "counts by get": "{}",
    "lists by setdefault": "{}",
    "sets": "{}",
}
# What makes an object into which such a fold is certain to do what it looks like.
_MADE_BY: dict[Kind, tuple[str, ...]] = {
    "list": ("builtins.list",),
    "set": ("builtins.set",),
    "counts": ("collections.Counter()", "collections.defaultdict(builtins.int)"),
    "counts by get": ("builtins.dict()", "collections.Counter()", "collections.defaultdict(builtins.int)"),
    "lists": ("collections.defaultdict(builtins.list)",),
    "lists by setdefault": ("builtins.dict()",),
    "sets": ("collections.defaultdict(builtins.set)",),
}
_LISTS = ("list", "lists", "lists by setdefault")
_HEADED = (ast.If, ast.For, ast.While, ast.With)


@dataclass(frozen=True)
class _Fold:
    """A statement that folds a value into a variable.

    Attributes:
        owners: The nodes that name the variable.
        operands: Other expressions that it evaluates: the key, if any, and the value last.
    """

    name: str
    kind: Kind
    owners: tuple[ast.Name, ...]
    operands: tuple[ast.expr, ...]


@dataclass(frozen=True)
class Accumulated:
    """An inner loop that accumulates parts, and what merges them.

    Attributes:
        before: The parts at first, and the loop.
        ordered: Statements for the parent.
        items: Lists that get items in the loop, all of which are returned.
    """

    before: list[ast.stmt]
    ordered: list[ast.stmt]
    items: int


class _OtherwiseError(Exception):
    """The loop does something in order that is no such fold."""


class Accumulator:
    """Rewrites an inner loop all of whose folds can be grouped by iteration.

    Args:
        state: What the iterations share.
        new_name: Returns an unused name like the one given.
    """

    def __init__(self, state: SharedState, new_name: Callable[[str], str]) -> None:
        self._state = state
        self._analysis = state.analysis
        self._new_name = new_name
        self._numbers = WholeNumbers(state.analysis.module, state.analysis.scope)
        self._parts: dict[str, str] = {}
        self._folds: list[_Fold] = []
        self._words: dict[str, str] = {}  # the names of the parent's variables for keys and the like

    def accumulated(self, loop: ast.For | ast.While) -> Accumulated | None:
        """Return the loop with the statements around it, or None if something in it has to happen in order."""
        if returns(loop):
            return None
        try:
            self._collect(loop)
        except _OtherwiseError:
            return None
        kinds = {fold.name: fold.kind for fold in self._folds}
        if not kinds or any(kinds[fold.name] != fold.kind for fold in self._folds):
            return None
        if not all(self._is_certain(name, kind, loop) for name, kind in kinds.items()):
            return None
        self._parts = {name: self._new_name(f"{name}_part") for name in kinds}
        before = [self._start(name, kind, loop) for name, kind in kinds.items()]
        ordered = [self._merge(name, kind) for name, kind in kinds.items()]
        items = sum(kind in _LISTS for kind in kinds.values())
        return Accumulated([*before, self._changed(loop)], ordered, items)

    def _collect(self, node: ast.stmt) -> None:
        """Note the folds in a statement.

        Raises:
            _OtherwiseError: Something else in it needs the order of the loop.
        """
        if isinstance(node, (ast.Break, ast.Continue)) or not self._state.is_ordered(node):
            return
        fold = self._fold(node)
        if fold is not None and not any(map(self._state.is_ordered, fold.operands)):
            self._folds.append(fold)
            return
        is_else = isinstance(node, (ast.For, ast.While)) and node.orelse
        if is_else or not isinstance(node, (*_HEADED, ast.Try)) or any(map(self._state.is_ordered, _header(node))):
            raise _OtherwiseError
        for body in _bodies(node):
            for each in body:
                self._collect(each)

    # Folds

    def _fold(self, node: ast.stmt) -> _Fold | None:
        match node:
            case ast.AugAssign(target=ast.Name() as name, op=ast.Add() | ast.Sub(), value=value):
                return self._sum("number", (name,), (value,))
            case ast.Assign(
                targets=[ast.Name() as name],
                value=ast.BinOp(left=ast.Name() as old, op=ast.Add() | ast.Sub(), right=value),
            ):
                return self._sum("number", (name, old), (value,)) if name.id == old.id else None
            case ast.AugAssign(
                target=ast.Subscript(value=ast.Name() as name, slice=key), op=ast.Add() | ast.Sub(), value=value
            ):
                return self._sum("counts", (name,), (key, value))
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name() as name, slice=key)],
                value=ast.BinOp(
                    left=ast.Call(
                        func=ast.Attribute(value=ast.Name() as old, attr="get"),
                        args=[old_key, ast.Constant(value=0) as zero],
                        keywords=[],
                    ),
                    op=ast.Add() | ast.Sub(),
                    right=value,
                ),
            ):
                is_same = name.id == old.id and ast.unparse(key) == ast.unparse(old_key)
                is_sum = is_same and self._numbers.is_whole(zero)
                return self._sum("counts by get", (name, old), (key, value)) if is_sum else None
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=owner, attr="append" | "extend" | "add" as method),
                    args=[value],
                    keywords=[],
                )
            ) if not isinstance(value, ast.Starred):
                return _added(owner, value, is_set=method == "add")
            case _:
                return None

    def _sum(self, kind: Kind, owners: tuple[ast.Name, ...], operands: tuple[ast.expr, ...]) -> _Fold | None:
        is_whole = self._numbers.is_whole(operands[-1])
        return _Fold(owners[0].id, kind, owners, operands) if is_whole else None

    # Certainty

    def _is_certain(self, name: str, kind: Kind, loop: ast.stmt) -> bool:
        """Return True if a variable is known for what it is, and is used in the loop by its folds only."""
        owners = {id(owner) for fold in self._folds for owner in fold.owners}
        used = (each for each in ast.walk(loop) if isinstance(each, ast.Name) and each.id == name)
        if not all(id(each) in owners for each in used) or not self._numbers.is_own(name):
            return False
        if kind == "number":
            return self._numbers.is_whole(ast.Name(name, ast.Load()))
        _, binders = self._analysis.module.resolve(name, self._analysis.scope)
        value = bound_value(self._analysis.module, binders[0]) if len(binders) == 1 else None
        if value is None or self._made_by(value, is_empty=kind not in ("list", "set")) not in _MADE_BY[kind]:
            return False
        return kind in ("list", "set") or self._is_only_folded(name, kind, loop, binders[0])

    def _made_by(self, value: ast.expr, *, is_empty: bool) -> str:
        """Return the full name of what makes an object, with its argument if it has to be empty."""
        if not is_empty:
            return self._analysis.kinds.of(value, self._analysis.scope)
        if isinstance(value, ast.Dict):
            return "builtins.dict()" if not value.keys else ""
        if not isinstance(value, ast.Call) or value.keywords:
            return ""
        names = [self._analysis.module.dotted(each, self._analysis.scope) for each in (value.func, *value.args)]
        return f"{names[0]}({', '.join(names[1:])})" if all(names) else ""

    def _is_only_folded(self, name: str, kind: Kind, loop: ast.stmt, binder: ast.AST) -> bool:
        """Return True if nothing that runs before the loop ends puts anything else into a dictionary."""
        inside = set(ast.walk(loop)) | {binder}
        last = self._last_line()
        uses = (each for each in ast.walk(self._analysis.scope) if isinstance(each, ast.Name) and each.id == name)
        return all(each in inside or each.lineno > last or self._is_in_fold(each, kind) for each in uses)

    def _last_line(self) -> int:
        """Return the last line of the outermost loop around the surveyed one, or of that itself."""
        last: int = self._analysis.node.end_lineno  # type: ignore[attr-defined]
        for each in self._analysis.module.ancestors(self._analysis.node):
            if each is self._analysis.scope:
                break
            if isinstance(each, (ast.For, ast.AsyncFor, ast.While)):
                last = each.end_lineno or last
        return last

    def _is_in_fold(self, node: ast.Name, kind: Kind) -> bool:
        statement = next(each for each in self._analysis.module.ancestors(node) if isinstance(each, ast.stmt))
        fold = self._fold(statement)
        return fold is not None and fold.kind == kind and node in fold.owners

    # The changed loop

    def _start(self, name: str, kind: Kind, place: ast.stmt) -> ast.stmt:
        text = _PARTS.get(kind)
        if text is None:  # as the whole was made
            _, binders = self._analysis.module.resolve(name, self._analysis.scope)
            value = bound_value(self._analysis.module, binders[0])
            assert value is not None
            text = ast.unparse(value)
        return _parsed(f"{self._parts[name]} = {text}", place)

    def _merge(self, name: str, kind: Kind) -> ast.stmt:
        for word in ("key", "value", "item"):
            if f"{{{word}}}" in _MERGES[kind] and word not in self._words:
                self._words[word] = self._new_name(word)
        return ast.parse(_MERGES[kind].format(name=name, part=self._parts[name], **self._words)).body[0]

    def _changed(self, node: ast.stmt) -> ast.stmt:
        """Return a statement with parts in the place of what they are parts of; one without folds as it is."""
        fold = next((each for each in self._folds if each.owners[0] in ast.walk(node)), None)
        if fold is None:
            return node
        if not isinstance(node, (*_HEADED, ast.Try)):
            return self._folding(node, fold)
        changed = copy.copy(node)
        for field in ("body", "orelse", "finalbody"):
            if hasattr(node, field):
                setattr(changed, field, [self._changed(each) for each in getattr(node, field)])
        if isinstance(changed, ast.Try):
            changed.handlers = [
                ast.copy_location(ast.ExceptHandler(each.type, each.name, [self._changed(s) for s in each.body]), each)
                for each in changed.handlers
            ]
        return changed

    def _folding(self, node: ast.stmt, fold: _Fold) -> ast.stmt:
        part = self._parts[fold.name]
        if fold.kind == "set":
            return _parsed(f"{part}[{ast.unparse(fold.operands[0])}] = None", node)
        if fold.kind == "sets":
            key, value = map(ast.unparse, fold.operands)
            return _parsed(f"{part}.setdefault({key}, {{}})[{value}] = None", node)
        changed = copy.deepcopy(node)
        for each in ast.walk(changed):
            if isinstance(each, ast.Name) and each.id == fold.name:
                each.id = part
        return changed


def _added(owner: ast.expr, value: ast.expr, *, is_set: bool) -> _Fold | None:
    """Match what is added to: `rows`, `groups[key]`, `groups.setdefault(key, [])`."""
    match owner:
        case ast.Name():
            return _Fold(owner.id, "set" if is_set else "list", (owner,), (value,))
        case ast.Subscript(value=ast.Name() as name, slice=key):
            return _Fold(name.id, "sets" if is_set else "lists", (name,), (key, value))
        case ast.Call(
            func=ast.Attribute(value=ast.Name() as name, attr="setdefault"), args=[key, ast.List(elts=[])], keywords=[]
        ) if not is_set:
            return _Fold(name.id, "lists by setdefault", (name,), (key, value))
        case _:
            return None


def _header(node: ast.stmt) -> Iterator[ast.expr]:
    match node:
        case ast.If() | ast.While():
            yield node.test
        case ast.For():
            yield node.iter
        case ast.With():
            yield from (item.context_expr for item in node.items)


def _bodies(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(node, field, [])
    yield from (handler.body for handler in getattr(node, "handlers", []))


def _parsed(text: str, place: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.parse(text).body[0], place)
