"""Follow a coroutine along its branches, to find what it uses before and after an `await`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
_MAX_WAYS = 100  # that are told apart
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Event(NamedTuple):
    """A use of shared state: of what, whether it needs what was there before, and whether it is needed later."""

    key: str
    needs: bool = True
    keeps: bool = True
    own: int = 0  # the place, where it does not matter what this place left behind
    in_threads: bool = False  # while others use it there
    lasts: bool = False  # the end of a `with` block does not undo it


class Uses:
    """Tells the uses of shared state in a syntax tree."""

    def is_owner(self, node: ast.AST) -> bool:
        """Return True if an expression is the shared object; taking an attribute of it is no use."""
        return False

    def expression(self, node: ast.AST) -> Iterator[Event]:
        """Yield the uses that an expression is, when its parts were evaluated."""
        yield from ()

    def statement(self, node: ast.stmt) -> Iterator[Event]:
        """Yield the uses that a statement is, or the beginning and the end of a `with` block."""
        yield from ()


_Kept = frozenset[tuple[str, int, bool]]  # what was used: its key, the place if that matters, and if awaited since


class Walk:
    """Follows a function's branches, with what was used before on each way."""

    def __init__(self, uses: Uses, is_lock: Callable[[ast.AST], bool] = lambda node: False) -> None:
        """Look for uses; `is_lock` tells the expressions that are locks of asyncio."""
        self.is_split = False  # an `await` lies between two uses
        self.awaits_after = False  # an `await` follows a use
        self.events: list[Event] = []  # the uses, in order
        self._uses, self._is_lock = uses, is_lock
        self._is_async = False
        self._locked = False
        self._left: set[_Kept] = set()  # by `return` and `raise`
        self._jumped: set[_Kept] = set()  # by `break` and `continue`

    def follow(self, function: Function) -> None:
        """Follow a function from its first statement on."""
        self._is_async = isinstance(function, ast.AsyncFunctionDef)
        ends = self._block(function.body, {frozenset()}) | self._left
        self.awaits_after = any(awaited for kept in ends for _, _, awaited in kept)

    def _block(self, statements: Iterable[ast.stmt], ways: set[_Kept]) -> set[_Kept]:
        for statement in statements:
            ways = self._statement(statement, ways)
        return ways

    def _statement(self, node: ast.stmt, ways: set[_Kept]) -> set[_Kept]:
        if isinstance(node, _SCOPES):
            return ways
        if isinstance(node, ast.If):
            ways = self._expression(node.test, ways)
            return self._block(node.body, ways) | self._block(node.orelse, ways)
        if isinstance(node, ast.Match):
            ways = self._expression(node.subject, ways)
            return ways.union(*(self._block(case.body, ways) for case in node.cases))
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return self._loop(node, ways)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return self._with(node, ways)
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self._try(node, ways)
        ways = self._simple(node, ways)
        for event in self._uses.statement(node):
            ways = self._use(event, ways)
        if isinstance(node, (ast.Return, ast.Raise)):
            self._left |= ways
            return set()
        if isinstance(node, (ast.Break, ast.Continue)):
            self._jumped |= ways
            return set()
        return ways

    def _simple(self, node: ast.stmt, ways: set[_Kept]) -> set[_Kept]:
        """Evaluate a statement's value before what it is assigned to; `+=` reads that first."""
        value = getattr(node, "value", None)
        targets = [part for part in ast.iter_child_nodes(node) if part is not value]
        if isinstance(node, ast.AugAssign):
            text = ast.unparse(node.target)
            ways = self._expression(ast.copy_location(ast.parse(text, mode="eval").body, node.target), ways)
        for part in [value, *targets] if value is not None else targets:
            ways = self._expression(part, ways)
        return ways

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, ways: set[_Kept]) -> set[_Kept]:
        before, self._jumped = self._jumped, set()
        ways = self._expression(node.test if isinstance(node, ast.While) else node.iter, ways)
        for _ in range(2):  # the second time with what the first one left
            if isinstance(node, ast.AsyncFor):
                ways = self._await(ways)
            ways = ways | self._block(node.body, ways) | self._jumped
        self._jumped = before
        return self._block(node.orelse, ways)

    def _with(self, node: ast.With | ast.AsyncWith, ways: set[_Kept]) -> set[_Kept]:
        is_async, was_locked = isinstance(node, ast.AsyncWith), self._locked
        before, self._left = self._left, set()
        for item in node.items:
            ways = self._expression(item.context_expr, ways)
        ways = self._await(ways) if is_async else ways
        self._locked = was_locked or any(self._is_lock(item.context_expr) for item in node.items)
        events = list(self._uses.statement(node))
        for event in events:
            ways = self._use(event, ways)
        ways = self._block(node.body, ways)
        for event in events:
            event = event._replace(keeps=event.lasts)
            ways = self._use(event, ways)
            self._left = self._use(event, self._left)
        self._left |= before
        self._locked = was_locked
        return self._await(ways) if is_async else ways

    def _try(self, node: ast.Try | ast.TryStar, ways: set[_Kept]) -> set[_Kept]:
        before, self._left = self._left, set()
        done = self._block(node.body, ways)
        handled = set[_Kept]().union(*(self._block(each.body, ways | done) for each in node.handlers))
        done = self._block(node.orelse, done) | handled
        if node.finalbody:
            done = self._block(node.finalbody, done | self._left)
            self._left = done if self._left else set()
        self._left |= before
        return done

    def _expression(self, node: ast.AST, ways: set[_Kept]) -> set[_Kept]:
        if isinstance(node, _SCOPES) or (isinstance(node, ast.Attribute) and self._uses.is_owner(node.value)):
            return ways
        for part in ast.iter_child_nodes(node):
            ways = self._expression(part, ways)
        is_await = isinstance(node, ast.Await) or (isinstance(node, ast.Yield) and self._is_async)
        if is_await or (isinstance(node, ast.comprehension) and node.is_async):
            ways = self._await(ways)
        if isinstance(node, ast.Attribute) and node.attr in ("acquire", "release") and self._is_lock(node.value):
            self._locked = node.attr == "acquire"
        for event in self._uses.expression(node):
            ways = self._use(event, ways)
        return ways

    def _await(self, ways: set[_Kept]) -> set[_Kept]:
        return ways if self._locked else {frozenset((key, own, True) for key, own, _ in way) for way in ways}

    def _use(self, event: Event, ways: set[_Kept]) -> set[_Kept]:
        self.events.append(event)
        self.is_split |= event.in_threads
        after = set()
        for way in ways:
            same = {kept for kept in way if kept[0] == event.key}
            is_stale = any(awaited and not (own and own == event.own) for _, own, awaited in same)
            self.is_split |= event.needs and is_stale
            after.add((way - same) | ({(event.key, event.own, False)} if event.keeps else set()))
        return after if len(after) <= _MAX_WAYS else {frozenset[tuple[str, int, bool]]().union(*after)}
