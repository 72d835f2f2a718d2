"""Find what some statements read and change of the objects outside, and what their calls do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from advisor.survey.calls import Calls
from advisor.survey.effects import Access, Finding, How, Outcome
from advisor.survey.implicit_calls import implicit_uses
from advisor.survey.kinds import Kinds
from advisor.survey.known_calls import ITERATOR_TYPES
from advisor.survey.loops import COMPREHENSIONS
from advisor.survey.number_forms import is_number
from advisor.survey.reductions import Fold, fold_of
from advisor.survey.scopes import Module, Scope, bound_names, own_nodes
from advisor.survey.values import Path, Values, longer

_WORD = re.compile(r"\w+")
IMMUTABLE = ("builtins.int", "builtins.float", "builtins.str", "builtins.bytes", "builtins.bool", "builtins.tuple")
NUMBERS = ("decimal.Decimal", "fractions.Fraction", "datetime.timedelta")
EXITS = {ast.Break: "break", ast.Return: "return", ast.Yield: "yield", ast.YieldFrom: "yield", ast.Await: "await"}


class Reader:
    """Collects the accesses and findings of statements, in their order."""

    def __init__(self, module: Module, scope: Scope, values: Values, calls: Calls, kinds: Kinds) -> None:
        self.accesses: list[Access] = []
        self.findings: list[Finding] = []
        self.called: list[str] = []
        self._module = module
        self._scope = scope
        self._values = values
        self._calls = calls
        self._kinds = kinds
        self._shown = False
        self._loops = 0
        self._tries = 0
        self._shared: dict[str, set[Path]] = {}  # objects outside that were assigned to items and attributes
        self._written: set[str] = set()  # items and attributes that the iteration has assigned on every path to here

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Read statements, with what they run without a call."""
        self.statements(body)
        for statement in body:
            for node in own_nodes(statement, comprehensions=True):
                for names, receiver in implicit_uses(node):
                    outcome = self._calls.implicit(names, receiver, self._values)
                    if outcome is not None:
                        self._take(outcome, receiver)

    # Statements

    def statements(self, body: Iterable[ast.stmt]) -> None:
        before = set(self._written)
        for statement in body:
            self.statement(statement)
            self._note_written(statement)
        self._written = before

    def _note_written(self, node: ast.stmt) -> None:
        """Remember items and attributes that a statement has assigned, as long as the names in them are the same."""
        rebound = {name for each in ast.walk(node) for name in bound_names(each)}
        self._written = {text for text in self._written if not rebound & set(_WORD.findall(text))}
        if isinstance(node, ast.Assign) and fold_of(node) is None:
            targets = (each for each in node.targets if isinstance(each, (ast.Attribute, ast.Subscript)))
            self._written.update(map(ast.unparse, targets))

    def statement(self, node: ast.stmt) -> None:
        fold = fold_of(node)
        if fold is not None and self._is_fold(node, fold):
            self._fold(fold, node)
            return
        match node:
            case ast.Assign():
                self._assign(node.targets, node.value)
            case ast.AnnAssign():
                if node.value is not None:
                    self._assign([node.target], node.value)
            case ast.AugAssign():
                self._expression(node.value)
                self._read_target(node.target)
                self._store(node.target)
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While():
                self._expression(node.test)
                self._inner_loop(node.body, node.orelse)
            case ast.If():
                self._if(node)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._expression(item.context_expr)
                    if item.optional_vars is not None:
                        self._store(item.optional_vars)
                self.statements(node.body)
            case ast.Delete():
                for target in node.targets:
                    self._delete(target)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._definition(node)
            case ast.Break() | ast.Return():
                self._exit(node)
            case ast.Try() | ast.TryStar():
                self._tries += 1  # whether an item is there decides what happens
                self.statements(node.body)
                self._tries -= 1
                for handler in node.handlers:
                    self.statements(handler.body)
                self.statements([*node.orelse, *node.finalbody])
            case _:
                self._children(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        for outer in node.decorator_list:
            self._expression(outer)
        if isinstance(node, ast.ClassDef):
            if node.bases or node.keywords:
                self._find("unknown call", f"defines the class `{node.name}`, whose bases may note that", node)
            self.statements(node.body)
        else:
            for default in (*node.args.defaults, *node.args.kw_defaults):
                self._expression(default)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.statement(child)
            elif isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                self._children(child)

    def _exit(self, node: ast.Break | ast.Return) -> None:
        if isinstance(node, ast.Return):
            self._expression(node.value)
        if isinstance(node, ast.Return) or not self._loops:
            self._find(EXITS[type(node)], "ends the loop before its last item", node)

    def _if(self, node: ast.If) -> None:
        before = self._shown
        self._shown = before or self._only_output([*node.body, *node.orelse])
        self._expression(node.test)
        self._shown = before
        self.statements(node.body)
        self.statements(node.orelse)

    def _only_output(self, body: Sequence[ast.stmt]) -> bool:
        """Return True if the statements write output and do nothing else."""
        return all(
            isinstance(each, ast.Pass)
            or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and self._is_output(each.value))
            or (isinstance(each, ast.If) and self._only_output([*each.body, *each.orelse]))
            for each in body
        )

    def _is_output(self, call: ast.Call) -> bool:
        return self._calls.library_effect(call) in ("output", "progress")

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._iterate(node.iter)
        self._store(node.target)
        self._inner_loop(node.body, node.orelse)

    def _inner_loop(self, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]) -> None:
        self._loops += 1
        self.statements(body)
        self._loops -= 1
        self.statements(orelse)

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        if all(isinstance(target, ast.Name) for target in targets) and is_alias(value) and not self._tries:
            self._visit_keys(value)  # what the name is used for counts
        else:
            self._expression(value)
        for target in targets:
            self._store(target)
            if isinstance(target, (ast.Attribute, ast.Subscript)):
                self._shared.setdefault(ast.unparse(target), set()).update(self._values.of(value).outside)

    def _store(self, target: ast.expr) -> None:
        match target:
            case ast.Name():
                self._add((target.id,), "rebind", target)
            case ast.Tuple() | ast.List():
                for each in target.elts:
                    self._store(each)
            case ast.Starred():
                self._store(target.value)
            case ast.Attribute():
                self._visit_keys(target.value)
                self._at_target(target, "rebind")
            case ast.Subscript():
                self._visit_keys(target.value)
                self._expression(target.slice)
                self._at_target(target, "item")

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._add((target.id,), "rebind", target)
        else:
            self._visit_keys(target)
            self._at_target(target, "change")

    def _at_target(self, node: ast.expr, how: How, operation: str = "") -> None:
        """Add the assignment of an attribute or item of something outside."""
        if isinstance(node, ast.Attribute):
            owner, step = node.value, f".{node.attr}"
        elif isinstance(node, ast.Subscript):
            owner, step = node.value, f"[{ast.unparse(node.slice)}]"
        else:
            return
        if _is_namespace(owner):
            self._at(owner.args[0] if isinstance(owner, ast.Call) else owner.value, "change")  # type: ignore[attr-defined]
        if dotted := self._module.dotted(_without_keys(owner), self._scope):
            self._find("process state", f"changes `{dotted}`, which belongs to the whole process", node)
        for path in self._values.of(owner).outside:
            self._add(longer(path, step), how, node, operation)

    def _at(self, node: ast.expr, how: How, operation: str = "", in_place: bool = False) -> None:
        for path in self._values.of(node).outside | self._shared.get(ast.unparse(node), set()):
            self._add(path, how, node, operation, in_place)

    def _add(self, path: Path, how: How, node: ast.AST, operation: str = "", in_place: bool = False) -> None:
        line: int = getattr(node, "lineno", 1)
        self.accesses.append(Access(path, how, line, operation, in_place))

    # Folds

    def _is_fold(self, node: ast.stmt, fold: Fold) -> bool:
        """Return True if a statement folds something outside, and its methods are those of containers and files."""
        if not self._only_output(fold.rest):
            return False
        return not fold.in_place or self._calls.is_folding(node)

    def _fold(self, fold: Fold, node: ast.stmt) -> None:
        before = self._shown
        self._shown = before or fold.targets[0][1] == "write"
        for operand in fold.operands:
            self._expression(operand)
        self._shown = before
        extends = any(isinstance(operand, (ast.List, ast.ListComp)) for operand in fold.operands)
        for target, operation in fold.targets:
            self._visit_keys(target)
            if isinstance(target, ast.Name) and not fold.in_place:
                self._add((target.id,), "reduce", target, operation, extends)
                if isinstance(node, ast.AugAssign):
                    self._change_aliased(target, node.value)
            elif fold.in_place:
                self._at(target, "reduce", operation, in_place=True)
            else:
                self._at_target(target, "reduce", operation)
            if operation == "write" and self._values.of(target).outside:
                text = f"writes to `{ast.unparse(target)}`, in the order of the loop"
                self.findings.append(Finding("output", text, self._module.file, node.lineno))
        self.statements(fold.rest)

    def _change_aliased(self, target: ast.Name, operand: ast.expr) -> None:
        """Count `x += …` as a change of an object outside that the name may be an alias of, if it is no number."""
        kind = self._kinds.of(target, self._scope)
        number = is_number(operand) or self._kinds.of(operand, self._scope) in NUMBERS
        if kind in IMMUTABLE or (number and not kind):
            return
        for path in self._values.of(target).outside - {(target.id,)}:
            self._add(path, "change", target)

    # Expressions

    def _expression(self, node: ast.AST | None) -> None:
        match node:
            case None | ast.Constant():
                return
            case ast.Name():
                self._read(node)
            case ast.Attribute() | ast.Subscript():
                self._visit_keys(node)
                if not self._module.dotted(node, self._scope):
                    self._read(node)
                if isinstance(node, ast.Subscript) and self._calls.is_filled_by_reading(node.value):
                    self._at(node.value, "change")
            case ast.Call():
                self._call(node)
            case ast.NamedExpr():
                self._expression(node.value)
                self._store(node.target)
            case ast.Lambda():
                self._expression(node.body)
            case ast.Yield() | ast.YieldFrom() | ast.Await():
                self._expression(node.value)
                self._find(EXITS[type(node)], f"has an `{EXITS[type(node)]}`", node)
            case ast.Slice():
                self._children(node)
            case _ if isinstance(node, COMPREHENSIONS):
                self._comprehension(node)
            case _:
                self._children(node)

    def _comprehension(self, node: ast.AST) -> None:
        assert isinstance(node, COMPREHENSIONS)
        for generator in node.generators:
            self._iterate(generator.iter)
            for test in generator.ifs:
                self._expression(test)
        for value in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self._expression(value)

    def _iterate(self, node: ast.expr) -> None:
        self._expression(node)
        kind = self._kinds.of(node, self._scope)
        if kind in ITERATOR_TYPES and not isinstance(node, ast.Call):
            self._at(node, "consume")

    def _read(self, node: ast.expr) -> None:
        if self._written and ast.unparse(node) in self._written:
            return
        for path in self._values.of(node).outside:
            self._add(path, "shown" if self._shown else "read", node)

    def _read_target(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self._add((node.id,), "read", node)
        else:
            self._read(node)

    def _visit_keys(self, node: ast.AST) -> None:
        """Visit the parts of a chain such as `a.b[key].c` that are no part of its path."""
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Subscript):
                self._expression(node.slice)
            node = node.value
        if not isinstance(node, ast.Name):
            self._expression(node)

    # Calls

    def _call(self, node: ast.Call) -> None:
        outcome = self._calls.outcome(node, self._values)
        before = self._shown
        self._shown = before or outcome.output
        if isinstance(node.func, ast.Attribute):
            self._visit_keys(node.func.value)
            if outcome.reads_receiver:
                self._read(node.func.value)
        elif not isinstance(node.func, ast.Name):
            self._expression(node.func)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self._argument(argument, outcome)
        self._shown = before
        self._take(outcome, node)

    def _argument(self, node: ast.expr, outcome: Outcome) -> None:
        value = node.value if isinstance(node, ast.Starred) else node
        if outcome.followed and is_alias(value):
            self._visit_keys(value)  # the function's own accesses count
        else:
            self._expression(value)

    def _take(self, outcome: Outcome, node: ast.expr) -> None:
        """Add what a call does to what has been found."""
        shown = self._shown
        for access in outcome.accesses:
            how = "shown" if shown and access.how == "read" else access.how
            self.accesses.append(replace(access, how=how, line=node.lineno))
        for finding in outcome.findings:
            self.findings.append(replace(finding, line=finding.line or node.lineno))
        self.called += outcome.called

    def _find(self, kind: str, text: str, node: ast.AST) -> None:
        self.findings.append(Finding(kind, text, self._module.file, getattr(node, "lineno", 1)))


def _is_namespace(node: ast.expr) -> bool:
    """Return True for `vars(x)` and `x.__dict__`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "vars" and len(node.args) == 1
    return isinstance(node, ast.Attribute) and node.attr == "__dict__"


def _without_keys(node: ast.expr) -> ast.expr:
    """Return `a.b` for `a.b[key].c`."""
    inner = node
    while isinstance(inner, (ast.Attribute, ast.Subscript)):
        node = inner.value if isinstance(inner, ast.Subscript) else node
        inner = inner.value
    return node


def is_alias(node: ast.AST) -> bool:
    """Return True for an expression whose value is an object that exists: a name, an attribute, an item."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return False
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "setdefault" and is_alias(node.func.value)
    return isinstance(node, ast.Name)
