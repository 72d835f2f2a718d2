"""Names whose values are read later, by the control flow of structured code (backward data-flow analysis)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from advisor.survey.loop_body import names_of
from advisor.survey.loops import COMPREHENSIONS, FUNCTIONS
from advisor.survey.scopes import bound_names, own_nodes, parameters

Names = frozenset[str]
_NONE: Names = frozenset()
_ROUNDS = 3  # the names that are live at the head of a loop are stable after two


def reads(node: ast.AST | None) -> Names:
    """Return the names that an expression or definition reads, also in functions that it defines."""
    if node is None:
        return _NONE
    if isinstance(node, ast.Name):
        return frozenset({node.id}) if isinstance(node.ctx, ast.Load) else _NONE
    inner = _NONE.union(*map(reads, ast.iter_child_nodes(node)))
    if isinstance(node, COMPREHENSIONS):
        targets = _NONE.union(*(names_of(each.target) for each in node.generators))
        return (inner - targets) | reads(node.generators[0].iter)
    if isinstance(node, FUNCTIONS):
        local = {argument.arg for argument in parameters(node)}
        declared: set[str] = set()
        for each in own_nodes(node):
            if isinstance(each, (ast.Global, ast.Nonlocal)):
                declared.update(each.names)
            else:
                local.update(bound_names(each))
        return inner - (local - declared)
    return inner


def exposed(statements: Sequence[ast.stmt]) -> Names:
    """Return the names that the statements may read before they assign them."""
    return Liveness().before(statements, _NONE)


def live_after(scope_body: Sequence[ast.stmt], loop: ast.AST) -> Names:
    """Return the names that may be read after a loop statement of the body of a function, before they are assigned."""
    flow = Liveness(loop)
    flow.before(scope_body, _NONE)
    return flow.after_loop


class Liveness:
    """Computes which names are live; `after_loop` has those at the end of `loop`, a statement of what is given."""

    def __init__(self, loop: ast.AST | None = None) -> None:
        self.after_loop = _NONE
        self._loop = loop
        self._breaks: list[Names] = [_NONE]
        self._continues: list[Names] = [_NONE]
        self._handlers: list[Names] = [_NONE]

    def before(self, statements: Iterable[ast.stmt], after: Names) -> Names:
        """Return the names that are live before the statements."""
        for statement in reversed(list(statements)):
            after = self._statement(statement, after) | self._handlers[-1]
        return after

    def _statement(self, node: ast.stmt, after: Names) -> Names:
        match node:
            case ast.Assign():
                return self._assigned(node.targets, after) | reads(node.value)
            case ast.AugAssign():
                target = names_of(node.target) if isinstance(node.target, ast.Name) else _NONE
                return after | reads(node.target) | target | reads(node.value)
            case ast.AnnAssign():
                return self._assigned([node.target], after) | reads(node.value) if node.value else after
            case ast.For() | ast.AsyncFor():
                return reads(node.iter) | self._loop_head(node, node.body, node.orelse, after, names_of(node.target))
            case ast.While():
                return self._loop_head(node, node.body, node.orelse, after, _NONE, node.test)
            case ast.If():
                return reads(node.test) | self._after_walrus(
                    node.test, self.before(node.body, after) | self.before(node.orelse, after)
                )
            case ast.With() | ast.AsyncWith():
                inner = self.before(node.body, after)
                for item in reversed(node.items):
                    inner = (inner - names_of(item.optional_vars)) | reads(item.context_expr)
                return inner
            case ast.Try() | ast.TryStar():
                return self._try(node, after)
            case ast.Match():
                return reads(node.subject) | after.union(*(self._case(case, after) for case in node.cases))
            case ast.Break():
                return self._breaks[-1]
            case ast.Continue():
                return self._continues[-1]
            case ast.Return() | ast.Raise():
                return _NONE.union(*map(reads, ast.iter_child_nodes(node)))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return (after - {node.name}) | reads(node)
            case ast.Import() | ast.ImportFrom():
                return after - set(bound_names(node))
            case _:
                return self._after_walrus(node, after) | _NONE.union(*map(reads, ast.iter_child_nodes(node)))

    def _assigned(self, targets: Sequence[ast.expr], after: Names) -> Names:
        return after - _NONE.union(*map(names_of, targets)) | _NONE.union(*map(reads, targets))

    def _after_walrus(self, node: ast.AST, after: Names) -> Names:
        return after - _named(node)

    def _loop_head(
        self,
        node: ast.AST,
        body: Sequence[ast.stmt],
        orelse: Sequence[ast.stmt],
        after: Names,
        targets: Names,
        test: ast.expr | None = None,
    ) -> Names:
        leaving = self.before(orelse, after)
        head = leaving | reads(test)
        for _ in range(_ROUNDS):
            self._breaks.append(after)
            self._continues.append(head)
            head |= self.before(body, head) - targets
            self._breaks.pop()
            self._continues.pop()
        if node is self._loop:
            self.after_loop |= leaving | after
        return head

    def _try(self, node: ast.Try | ast.TryStar, after: Names) -> Names:
        final = self.before(node.finalbody, after)
        handlers = [(self.before(each.body, final) - {each.name or ""}) | reads(each.type) for each in node.handlers]
        caught = _NONE.union(self._handlers[-1], *handlers)
        normal = self.before(node.orelse, final)
        self._handlers.append(caught | (final if node.finalbody else _NONE))
        inner = self.before(node.body, normal)
        self._handlers.pop()
        return inner

    def _case(self, case: ast.match_case, after: Names) -> Names:
        bound = {name for node in ast.walk(case.pattern) for name in bound_names(node)}
        return (self.before(case.body, after) | reads(case.guard) | reads(case.pattern)) - bound


def _named(node: ast.AST) -> Names:
    """Return the names that `:=` binds in the expressions of a node, wherever it is certain to run."""
    if isinstance(node, ast.NamedExpr):
        return names_of(node.target)
    if isinstance(node, ast.Compare):
        return _named(node.left)
    if isinstance(node, (ast.UnaryOp, ast.Expr)):
        return _named(node.operand if isinstance(node, ast.UnaryOp) else node.value)
    return _named(node.values[0]) if isinstance(node, ast.BoolOp) else _NONE


class Assignment:
    """Computes which names every path through the statements of an iteration assigns."""

    def __init__(self) -> None:
        self._continues: list[Names] = []

    def always(self, statements: Sequence[ast.stmt]) -> Names:
        """Return the names that are assigned whether the iteration ends normally or by `continue`."""
        end = self._block(statements, _NONE)
        ends = [*self._continues, *([] if end is None else [end])]
        return frozenset.intersection(*ends) if ends else _NONE

    def _block(self, statements: Sequence[ast.stmt], have: Names) -> Names | None:
        """Return the names that are assigned at the end of the statements; None if the end is never reached."""
        for node in statements:
            after = self._statement(node, have)
            if after is None:
                return None
            have = after
        return have

    def _statement(self, node: ast.stmt, have: Names) -> Names | None:
        match node:
            case ast.If():
                have |= _named(node.test)
                return _both(self._block(node.body, have), self._block(node.orelse, have))
            case ast.With() | ast.AsyncWith():
                return self._block(node.body, have.union(*(names_of(item.optional_vars) for item in node.items)))
            case ast.Try() | ast.TryStar():
                end = self._block([*node.body, *node.orelse], have)
                for handler in node.handlers:
                    end = _both(end, self._block(handler.body, have))
                return end if end is None else self._block(node.finalbody, end)
            case ast.Continue():
                self._continues.append(have)
                return None
            case ast.Return() | ast.Raise() | ast.Break():
                return None
            case ast.For() | ast.AsyncFor() | ast.While():
                inner = Assignment()  # whose `continue` is another loop's
                inner._block(node.body, have)
                return have
            case ast.Match():
                for case in node.cases:
                    self._block(case.body, have)
                return have
            case ast.Assign():
                return have.union(*map(names_of, node.targets))
            case ast.AnnAssign():
                return have | names_of(node.target) if node.value else have
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
                return have | set(bound_names(node))
            case _:
                return have | _named(node)


def _both(one: Names | None, other: Names | None) -> Names | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
