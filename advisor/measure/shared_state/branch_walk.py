"""Follow the branches of a coroutine to find shared state that it uses before and after an `await`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
WHOLE_LINE = -1  # instead of a place in the source
_MAX_WAYS = 100  # followed separately; more are merged into one
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Event(NamedTuple):
    """A use of shared state: its key, whether it needs the earlier state, and whether later uses need this one."""

    key: str
    needs: bool = True
    keeps: bool = True
    own: int = 0  # the place in the source, if a repeated use at the same place is safe, or WHOLE_LINE
    in_threads: bool = False  # it runs in another thread, while other calls use the state
    lasts: bool = False  # the end of the `with` block does not undo it


class Uses:
    """Base class: finds uses of shared state in a syntax tree.

    Attributes:
        words: Words of which at least one occurs in the source of each function that uses the state.
    """

    words: Collection[str] = ()

    def is_owner(self, node: ast.AST) -> bool:
        """Return True if an expression is the shared object.

        Reading an attribute of it does not count as a use, nor does passing it by keyword: the call is the use.
        """
        return False

    def expression(self, node: ast.AST) -> Iterator[Event]:
        """Yield the uses by an expression itself, after its parts have been evaluated."""
        yield from ()

    def statement(self, node: ast.stmt) -> Iterator[Event]:
        """Yield the uses by a statement, or by the beginning and end of a `with` block."""
        yield from ()


_Kept = frozenset[tuple[str, int, bool]]  # uses: the key, the place or 0, and True after an `await`


class Walk:
    """Follows the branches of a function and keeps the earlier uses on each path."""

    def __init__(self, uses: Uses, is_lock: Callable[[ast.AST], bool] = lambda node: False) -> None:
        """Prepare to look for uses; `is_lock` returns True for expressions that are asyncio locks."""
        self.is_split = False  # an `await` lies between two uses
        self.mixes_lines = False  # an `await` lies between two uses that each write a whole line
        self.awaits_after = False  # an `await` follows a use
        self.events: list[Event] = []  # the uses, in order
        self._uses, self._is_lock = uses, is_lock
        self._is_async = False
        self._locked = False
        self._left: set[_Kept] = set()  # paths that end with `return` or `raise`
        self._jumped: set[_Kept] = set()  # paths that end with `break` or `continue`

    def follow(self, function: Function) -> None:
        """Follow a function from its first statement to its ends."""
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
            return self._if(node, ways)
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

    def _if(self, node: ast.If, ways: set[_Kept]) -> set[_Kept]:
        done = set[_Kept]()
        rest: list[ast.stmt] = [node]
        while len(rest) == 1 and isinstance(branch := rest[0], ast.If):  # a long chain of `elif` is nested deeply
            ways = self._expression(branch.test, ways)
            done |= self._block(branch.body, ways)
            rest = branch.orelse
        return done | self._block(rest, ways)

    def _simple(self, node: ast.stmt, ways: set[_Kept]) -> set[_Kept]:
        """Follow a statement's value before its targets; `+=` reads its target first."""
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
        for _ in range(2):  # the second iteration starts with the uses of the first
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
        if isinstance(node, _SCOPES):
            return ways
        if isinstance(node, (ast.Attribute, ast.keyword)) and self._uses.is_owner(node.value):
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
            self.mixes_lines |= event.own == WHOLE_LINE and any(awaited for *_, awaited in same)
            after.add((way - same) | ({(event.key, event.own, False)} if event.keeps else set()))
        return after if len(after) <= _MAX_WAYS else {frozenset[tuple[str, int, bool]]().union(*after)}
