"""Tell the statements of a loop's body that need the loop's order from those that iterations can run by themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from advisor.survey.accesses import Reader, is_alias
from advisor.survey.dependence import Analysis
from advisor.survey.effects import Access, Finding
from advisor.survey.liveness import reads
from advisor.survey.loop_body import ITEM
from advisor.survey.roles import begins
from advisor.survey.scopes import bound_names, own_nodes
from advisor.survey.values import Path

HARMLESS = (
    "files",
    "writes file",
    "reads file",
    "asks stream",
    "memory",
)  # findings that do not depend on the order of iterations


class SharedState:
    """Knows what the body of a loop writes outside, and which statements and expressions touch that.

    Attributes:
        ordered_names: Names of the iteration that ordered statements assign.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        variables = {role.variable.name: role.variable for role in analysis.roles}
        conditional = {name for name, each in variables.items() if each.operation == "conditional"}  # kept in order
        self.private = frozenset(analysis.values.stored - analysis.exposed - conditional) | analysis.body.targets
        self._by_item = {name for name, each in variables.items() if each.role == "written by item"}
        self._changes_items = any(each.writes and each.path[0] == ITEM for each in analysis.accesses)
        self._folded: set[Path] = set()
        self._dirty_items: set[Path] = set()
        self.ordered_names: set[str] = set()
        for access in analysis.accesses:
            if self.is_outside(access) and access.path[0] != ITEM and not self._is_by_item(access.path):
                self._folded.add(access.path)

    def is_outside(self, access: Access) -> bool:
        """Return True if an access changes something that outlives the iteration."""
        return access.writes and not (len(access.path) == 1 and access.path[0] in self.private)

    def _is_by_item(self, path: Path) -> bool:
        return any("".join(path[:length]) in self._by_item for length in range(1, len(path) + 1))

    def effects(self, node: ast.stmt | ast.expr) -> tuple[list[Access], list[Finding]]:
        """Return the accesses and findings of a part of the body."""
        analysis = self.analysis
        reader = Reader(analysis.module, analysis.scope, analysis.values, analysis.calls, analysis.kinds)
        reader.read([node if isinstance(node, ast.stmt) else ast.copy_location(ast.Expr(node), node)])
        return reader.accesses, reader.findings

    def is_ordered(self, node: ast.stmt | ast.expr) -> bool:
        """Return True if something needs the order of the loop: it writes outside, or uses what is written."""
        accesses, findings = self.effects(node)
        if any(each.kind not in HARMLESS for each in findings):
            return True
        if any(self.is_outside(each) or self._is_dirty(each.path) for each in accesses):
            return True
        if reads(node) & self.ordered_names:
            return True
        return isinstance(node, ast.Assign) and self._names_shared(node)

    def _is_dirty(self, path: Path) -> bool:
        return any(_overlap(path, other) for other in self._folded | self._dirty_items)

    def _names_shared(self, node: ast.Assign) -> bool:
        """Return True if a name is given to a part of something that is folded into."""
        if not is_alias(node.value):
            return False
        return any(self._is_dirty(path) for path in self.analysis.values.of(node.value).outside)

    def is_name_for_item(self, node: ast.stmt) -> bool:
        """Return True for an assignment that only names an object, some part of which is written by item."""
        if not isinstance(node, ast.Assign) or not is_alias(node.value) or isinstance(node.value, ast.Call):
            return False
        paths = self.analysis.values.of(node.value).outside
        return any((path[0] == ITEM and self._changes_items) or self._is_by_item(path) for path in paths)

    def note_ordered(self, node: ast.stmt) -> None:
        """Remember what a statement writes that will run after everything that iterations do by themselves."""
        accesses, _ = self.effects(node)
        self._dirty_items |= {each.path for each in accesses if self.is_outside(each)}
        self.ordered_names |= set(_assigned(node)) & self.private

    def is_free(self, node: ast.expr) -> bool:
        """Return True if an expression can be evaluated before everything that happens in order."""
        binds = any(isinstance(each, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)) for each in ast.walk(node))
        return not binds and not self.is_ordered(node)


def _overlap(one: Path, other: Path) -> bool:
    return begins(one, other) or begins(other, one)


def _assigned(node: ast.stmt) -> Iterator[str]:
    for each in own_nodes(ast.Module(body=[node], type_ignores=[])):
        yield from bound_names(each)


def assigned_names(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind."""
    return {name for statement in body for name in _assigned(statement)}
