"""Split the body of a loop: what iterations can do by themselves, and what then has to happen in the loop's order.

Statements that fold results into something, print, or leave the loop stay in the loop as they are. Everything that they
need and that does not depend on them moves into a function, which returns it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from advisor.survey.accumulation import Accumulator
from advisor.survey.facts import InnerValues
from advisor.survey.hoisting import Hoister
from advisor.survey.jumps import leaves, returns
from advisor.survey.known_calls import FOLDING_METHODS
from advisor.survey.liveness import Assignment, exposed, reads
from advisor.survey.loop_body import names_of
from advisor.survey.shared_state import SharedState, assigned_names

_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_LEAVING = (ast.Continue, ast.Break, ast.Return)


class CannotSplitError(Exception):
    """The body cannot be split with certainty; the message says why."""


@dataclass
class Parts:
    """The two parts of some statements: before, and in the order of the loop."""

    before: list[ast.stmt] = field(default_factory=list)
    ordered: list[ast.stmt] = field(default_factory=list)

    def __iadd__(self, other: Parts) -> Parts:
        self.before += other.before
        self.ordered += other.ordered
        return self


@dataclass
class _Level:
    """A loop within the body that is being split.

    Attributes:
        ordered: Something in its body so far has to happen in order.
        keeps: Places before a `continue` or `break` at which the first part has to keep what the second one needs.
    """

    ordered: bool = False
    keeps: list[ast.Expr] = field(default_factory=list)


class Splitter:
    """Splits the statements of a loop's body.

    Args:
        state: What they share.
        new_name: Returns an unused name like the one given.
        is_invariant: Tells the names that mean the same in the loop as in the function.

    Attributes:
        inner_values: What the first part returns for each iteration of the loops within the body.
    """

    def __init__(self, state: SharedState, new_name: Callable[[str], str], is_invariant: Callable[[str], bool]) -> None:
        self._state = state
        self._new_name = new_name
        self._is_invariant = is_invariant
        self._levels: list[_Level] = []  # the loops within the body that are being split
        self._known: dict[str, str] = {}  # expressions that have a name already
        self._hoisted: set[int] = set()
        self.inner_values: list[InnerValues] = []

    @property
    def _depth(self) -> int:
        return len(self._levels)

    def split(self, body: Sequence[ast.stmt]) -> Parts:
        """Return the parts of some statements.

        Raises:
            CannotSplitError: The parts would not do the same as the whole, as far as the source tells.
        """
        parts = Parts()
        outer, self._known = self._known, {} if self._levels else dict(self._known)
        for statement in body:
            self._check_order(statement, parts)
            new = self._statement(statement)
            if any(id(each) not in self._hoisted for each in new.before):
                self._known.clear()
            parts += new
        self._known = outer
        return parts

    def _check_order(self, node: ast.stmt, done: Parts) -> None:
        """Raise CannotSplitError if a statement changes names that ordered statements before it use."""
        if not done.ordered:
            return
        used = frozenset().union(*map(reads, done.ordered))
        changed = (assigned_names([node]) | _changed_in_place(node)) & used & self._state.private
        changed -= self._state.ordered_names
        if changed and not all(name in self._loop_names(node) for name in changed):
            names = ", ".join(f"`{name}`" for name in sorted(changed))
            raise CannotSplitError(f"line {node.lineno} changes {names} after use")

    def _loop_names(self, node: ast.stmt) -> frozenset[str]:
        """Return the names that a statement which stays in the loop assigns; they are no problem."""
        stays = self._state.is_ordered(node) and not _has_suite(node)
        return frozenset(assigned_names([node]) | _changed_in_place(node)) if stays else frozenset()

    def _statement(self, node: ast.stmt) -> Parts:
        if isinstance(node, ast.Pass):
            return Parts()
        if isinstance(node, _LEAVING) and (isinstance(node, ast.Return) or not self._depth or self._levels[-1].ordered):
            return self._leave(node)
        if not self._needs_order(node):
            if self._state.is_name_for_item(node):
                self._state.ordered_names -= assigned_names([node])
                return Parts([node], [node])
            return Parts([node])
        match node:
            case ast.For() | ast.While() if not self._levels and (parts := self._accumulated(node)):
                return parts
            case ast.If() if self._state.is_free(node.test):
                return self._if(node)
            case ast.For() if self._state.is_free(node.iter):
                return self._for(node)
            case ast.With() if all(self._state.is_free(item.context_expr) for item in node.items):
                return self._with(node)
            case ast.Try():
                return self._try(node)
            case _:
                return self._whole(node)

    def _needs_order(self, node: ast.stmt) -> bool:
        jumps = leaves(node) and (not self._depth or self._levels[-1].ordered)
        return self._state.is_ordered(node) or jumps or returns(node)

    def _whole(self, node: ast.stmt) -> Parts:
        """Leave a statement in the loop, and move what it needs out of it."""
        hoister = Hoister(self._state, self._is_invariant, self._new_name, self._known)
        changed = hoister.statement(node)
        self._hoisted |= {id(each) for each in hoister.assignments}
        self._state.note_ordered(node)
        if self._levels:
            self._levels[-1].ordered = True
        return Parts(hoister.assignments, [changed if hoister.has_changed else node])

    def _leave(self, node: ast.stmt) -> Parts:
        if self._depth and isinstance(node, ast.Return):
            raise CannotSplitError(f"line {node.lineno}: an inner loop ends the iteration")
        if self._depth:
            keep = ast.copy_location(ast.Expr(ast.Constant(None)), node)
            self._levels[-1].keeps.append(keep)
            return Parts([keep, node], [node])
        if isinstance(node, ast.Return) and node.value is not None:
            parts = self._whole(node)
            return Parts([*parts.before, _return()], parts.ordered)
        return Parts([_return()], [node])

    def _condition(self, test: ast.expr, parts: Parts) -> ast.expr:
        """Return a condition for both parts: the test, or a name for its value if that takes more than numbers."""
        if self._is_plain(test):
            return test
        name = self._new_name("condition")
        target = ast.copy_location(ast.Name(name, ast.Store()), test)
        value = test if _is_truth(test) else ast.Call(ast.Name("bool", ast.Load()), [test], [])
        parts.before.append(ast.copy_location(ast.Assign([target], ast.copy_location(value, test)), test))
        return ast.copy_location(ast.Name(name, ast.Load()), test)

    def _is_plain(self, test: ast.expr) -> bool:
        """Return True if a test only compares names, or uses names of the loop's header and what is outside of it."""
        if any(isinstance(each, (ast.Call, ast.NamedExpr)) for each in ast.walk(test)):
            return False
        if all(self._is_invariant(each.id) for each in ast.walk(test) if isinstance(each, ast.Name)):
            return True
        if not isinstance(test, ast.Compare) or not all(isinstance(each, _COMPARISONS) for each in test.ops):
            return False
        return all(isinstance(each, (ast.Name, ast.Constant)) for each in (test.left, *test.comparators))

    def _if(self, node: ast.If) -> Parts:
        parts = Parts()
        test = self._condition(node.test, parts)
        names = set(self._state.ordered_names)
        body = self.split(node.body)
        after_body = self._state.ordered_names
        self._state.ordered_names = names
        other = self.split(node.orelse)
        self._state.ordered_names |= after_body
        if body.before or other.before:
            parts.before.append(_conditional(test, body.before, other.before, node))
        if body.ordered or other.ordered:
            parts.ordered.append(_conditional(test, body.ordered, other.ordered, node))
        return parts

    def _accumulated(self, node: ast.For | ast.While) -> Parts | None:
        """Return the parts if iterations can fold what an inner loop does, and the second part merge it; else None."""
        found = Accumulator(self._state, self._new_name).accumulated(node) if _calls(node) else None
        if found is None:
            return None
        if found.items:
            self._note_inner(node, found.items, in_order=False)
        return Parts(found.before, found.ordered)

    def _note_inner(self, node: ast.stmt, values: int, *, in_order: bool) -> None:
        loop = (self._state.analysis.module.file, node.lineno, node.col_offset)
        self.inner_values.append(InnerValues(loop, values, in_order))

    def _for(self, node: ast.For) -> Parts:
        """Split a loop within the body: the first part keeps what the second one needs from each iteration."""
        if node.orelse:
            return self._whole(node)
        if not _calls(node):
            return self._whole(node)
        level = _Level()
        self._levels.append(level)
        body = self.split(node.body)
        self._levels.pop()
        if not body.before:
            return self._whole(node)
        if exposed(body.before) & assigned_names(body.ordered):
            raise CannotSplitError(f"line {node.lineno}: the parts of the inner loop need each other")
        needed = self._needed(node, body)
        if not needed:
            raise CannotSplitError(f"line {node.lineno}: the inner loop only counts")
        self._note_inner(node, len(needed), in_order=True)
        name = self._new_name("parts")
        certain = Assignment().always(body.before) | names_of(node.target)
        for keep in level.keeps:
            keep.value = _keep(name, needed).value
        body.before[:0] = [_none(each, node) for each in needed if each not in certain]
        before = ast.copy_location(ast.For(node.target, node.iter, [*body.before, _keep(name, needed)], [], None), node)
        again = ast.copy_location(
            ast.For(
                _names(needed, ast.Store()), ast.Name(name, ast.Load()), without_last_continue(body.ordered), [], None
            ),
            node,
        )
        start = ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], ast.List([], ast.Load())), node)
        return Parts([start, before], [again])

    def _needed(self, node: ast.For, body: Parts) -> list[str]:
        """Return the names that the ordered part of an inner loop takes from the first part of the same iteration."""
        made = assigned_names(body.before) | assigned_names([ast.For(node.target, node.iter, [], [], None)])
        return sorted(exposed(body.ordered) & made)

    def _with(self, node: ast.With) -> Parts:
        body = self.split(node.body)
        opened = assigned_names([ast.With(node.items, [ast.Pass()])])
        if opened & frozenset().union(*map(reads, body.ordered)):
            raise CannotSplitError(f"line {node.lineno}: what happens in order needs what is opened here")
        before = ast.copy_location(ast.With(node.items, body.before or [ast.Pass()]), node)
        return Parts([before], body.ordered)

    def _try(self, node: ast.Try) -> Parts:
        """Split a `try`: the first part notes which handler ran."""
        for each in (each for statement in node.body for each in ast.walk(statement)):
            if isinstance(each, (ast.For, ast.While)) and self._state.is_ordered(each):
                raise CannotSplitError(f"line {each.lineno}: an error may end this loop halfway, and is caught")
        body = self.split(node.body)
        if node.finalbody or not _is_last(body, node.body):
            raise CannotSplitError(f"line {node.lineno}: something in the `try` has to happen in order before its end")
        name = self._new_name("caught")
        handlers, branches = [], [(0, [*body.ordered])]
        for number, handler in enumerate(node.handlers, 1):
            parts = self.split(handler.body)
            if handler.name and handler.name in frozenset().union(*map(reads, parts.ordered)):
                raise CannotSplitError(f"line {handler.lineno}: the error itself is used in order")
            caught = [_number(name, number, handler), *parts.before]
            handlers.append(ast.copy_location(ast.ExceptHandler(handler.type, handler.name, caught), handler))
            branches.append((number, parts.ordered))
        orelse = self.split(node.orelse)
        branches[0][1].extend(orelse.ordered)
        before = ast.copy_location(ast.Try(body.before or [ast.Pass()], handlers, orelse.before, []), node)
        return Parts([_number(name, 0, node), before], _branches(name, branches, node))


def check_header(state: SharedState, iterable: ast.expr) -> None:
    """Raise CannotSplitError if it makes a difference when the items are taken from an iterable."""
    if state.is_ordered(iterable):
        raise CannotSplitError("what the header does has to happen between the iterations")


def _is_last(parts: Parts, body: Sequence[ast.stmt]) -> bool:
    """Return True if nothing follows the first ordered statement in the body that could still raise."""
    kept = {id(node) for node in parts.before}
    seen_ordered = False
    for node in body:
        if id(node) in kept:
            if seen_ordered:
                return False
        else:
            seen_ordered = True
    return True


def _none(name: str, place: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)), place)


def _number(name: str, value: int, place: ast.AST) -> ast.stmt:
    target = ast.Name(name, ast.Store())
    return ast.copy_location(ast.Assign([target], ast.Constant(value)), place)


def _is_truth(test: ast.expr) -> bool:
    """Return True if the value of a test is True or False."""
    if isinstance(test, ast.BoolOp):
        return all(map(_is_truth, test.values))
    return isinstance(test, ast.Compare) or (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not))


def without_last_continue(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return statements without a `continue` that is the last thing to happen in them."""
    if not body:
        return []
    *others, last = body
    if isinstance(last, ast.Continue):
        return without_last_continue(others)
    if isinstance(last, ast.If):
        inner, other = without_last_continue(last.body), without_last_continue(last.orelse)
        if len(inner) == len(last.body) and len(other) == len(last.orelse):
            return list(body)
        return [*others, _conditional(last.test, inner, other, last)] if inner or other else others
    return list(body)


def _branches(name: str, branches: Sequence[tuple[int, list[ast.stmt]]], place: ast.AST) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    for number, body in reversed([each for each in branches if each[1]]):
        test = ast.Compare(ast.Name(name, ast.Load()), [ast.Eq()], [ast.Constant(number)])
        result = [ast.copy_location(ast.If(test, body, result), place)]
    return result


def _conditional(test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], place: ast.AST) -> ast.stmt:
    if not body:
        return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), test), orelse, []), place)
    return ast.copy_location(ast.If(test, body, orelse), place)


def _return() -> ast.stmt:
    return ast.Return(None)


def _keep(name: str, needed: Sequence[str]) -> ast.Expr:
    append = ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load())
    return ast.Expr(ast.Call(append, [_names(needed, ast.Load())], []))


def _names(names: Sequence[str], context: ast.expr_context) -> ast.expr:
    parts: list[ast.expr] = [ast.Name(name, context) for name in names]
    return parts[0] if len(parts) == 1 else ast.Tuple(parts, context)


def _calls(node: ast.AST) -> bool:
    """Return True if a loop computes something with calls, other than the methods that fold a value."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return any(not (isinstance(each.func, ast.Attribute) and each.func.attr in FOLDING_METHODS) for each in calls)


def _has_suite(node: ast.AST) -> bool:
    return hasattr(node, "body")


def _changed_in_place(node: ast.stmt) -> set[str]:
    """Return the names whose objects a statement changes: by a method, or by assigning an item or attribute."""
    names: set[str] = set()
    for each in ast.walk(node):
        target: ast.AST | None = None
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and _is_statement(each, node):
            target = each.func.value
        elif isinstance(each, (ast.Subscript, ast.Attribute)) and isinstance(each.ctx, ast.Store):
            target = each.value
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name):
            names.add(target.id)
    return names


def _is_statement(call: ast.Call, node: ast.AST) -> bool:
    return any(isinstance(each, ast.Expr) and each.value is call for each in ast.walk(node))


def lines_of(statements: Iterable[ast.stmt]) -> frozenset[int]:
    """Return the lines that statements have, as far as they come from the source."""
    nodes = (each for statement in statements for each in ast.walk(statement) if not hasattr(each, "body"))
    places = ((getattr(each, "lineno", 0), getattr(each, "end_lineno", 0) or 0) for each in nodes)
    return frozenset(line for first, last in places for line in range(first, last + 1)) - {0}


def flowing(before: Iterable[ast.stmt], ordered: Sequence[ast.stmt]) -> set[str]:
    """Return the names that the second part needs from the first one."""
    return set(exposed(ordered)) & assigned_names(before)
