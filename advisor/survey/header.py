"""Find what the header of a loop does while the iterations run: its items may be made or taken one by one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from advisor.survey.accesses import Reader
from advisor.survey.effects import Access, Finding
from advisor.survey.known_calls import ITERATOR_TYPES
from advisor.survey.scopes import Module, Scope, own_nodes
from advisor.survey.values import Path

if TYPE_CHECKING:
    from advisor.survey.dependence import Analysis

_LIVE = ("enumerate", "zip", "reversed", "iter", "items", "values", "keys")
_LAZY = (
    *("builtins.map", "builtins.filter", "builtins.zip", "builtins.enumerate", "builtins.iter", "itertools.starmap"),
    *("itertools.accumulate", "itertools.takewhile", "itertools.dropwhile", "itertools.filterfalse"),
    *("itertools.chain", "itertools.islice", "itertools.compress", "itertools.zip_longest", "itertools.pairwise"),
)
_GROUPS = "itertools.groupby"
_RUNNING = "itertools.accumulate"


class Header:
    """The header of an analysed loop."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._module: Module = analysis.module
        self._scope: Scope = analysis.scope
        self._iterable = analysis.body.iterable
        self._iterators: set[Path] = set()
        self.accesses: list[Access] = [*self._iterated(), *self._of_generator()]
        self.findings: list[Finding] = list(self._of_functions())
        self._read_lazy_parts()

    def with_reads(self, accesses: Sequence[Access]) -> list[Access]:
        """Return the accesses of the body and those of the header.

        A body that asks a file or reader that the header goes through, such as for its line, takes part in that.
        """
        used = [each for each in accesses if any(each.path[: len(path)] == path for path in self._iterators)]
        return [*accesses, *self.accesses, *(replace(each, how="consume") for each in used if not each.writes)]

    def _iterated(self) -> list[Access]:
        """Return the reads of the containers that the loop goes through while it runs."""
        found: set[Path] = set()
        waiting = [self._iterable] if self._iterable is not None else []
        while waiting:
            each = waiting.pop()
            if not isinstance(each, ast.Call):
                is_named = isinstance(each, (ast.Name, ast.Attribute, ast.Subscript))
                paths = self._analysis.values.of(each).outside if is_named else frozenset()
                found |= paths
                if self._analysis.kinds.of(each, self._scope) in ITERATOR_TYPES:
                    self._iterators |= paths
            elif isinstance(each.func, ast.Attribute):
                waiting += [each.func.value] if each.func.attr in _LIVE else []
            elif getattr(each.func, "id", "") in _LIVE:
                waiting += each.args
        line: int = getattr(self._analysis.node, "lineno", 1)
        return [Access(path, "iterated", line) for path in sorted(found)]

    def _of_generator(self) -> list[Access]:
        """Return what the user's generator does that makes the items."""
        iterable = self._source()
        calls = self._analysis.calls
        if not isinstance(iterable, ast.Call) or not any(yields(each) for _, each in calls.functions(iterable)):
            return []
        return self._read(iterable).accesses

    def _source(self) -> ast.expr | None:
        """Return the expression for the items, that of a name that is bound once included."""
        if not isinstance(self._iterable, ast.Name):
            return self._iterable
        _, binders = self._module.resolve(self._iterable.id, self._scope)
        above = self._module.parents.get(binders[0]) if len(binders) == 1 else None
        return above.value if isinstance(above, ast.Assign) else None

    def _read(self, node: ast.expr) -> Reader:
        analysis = self._analysis
        reader = Reader(self._module, self._scope, analysis.values, analysis.calls, analysis.kinds)
        reader.read([ast.copy_location(ast.Expr(node), node)])
        return reader

    def _read_lazy_parts(self) -> None:
        """Add what functions and expressions do that make the items one by one."""
        for node in self._lazy(self._source()):
            reader = self._read(node)
            self.accesses += [each for each in reader.accesses if each.writes or each.through]
            self.findings += reader.findings

    def _lazy(self, node: ast.expr | None) -> Iterator[ast.expr]:
        if isinstance(node, ast.GeneratorExp) or (
            isinstance(node, ast.Call) and self._module.dotted(node.func, self._scope) in _LAZY
        ):
            yield node

    def _of_functions(self) -> Iterator[Finding]:
        """Yield findings for functions of `itertools` whose items need one another."""
        for node in ast.walk(self._source() or ast.Pass()):
            dotted = self._module.dotted(node.func, self._scope) if isinstance(node, ast.Call) else ""
            line: int = getattr(node, "lineno", 1)
            if dotted == _GROUPS:
                text = "goes through groups of one iterator, each of which ends when the next one begins"
                yield Finding("one iterator", text, self._module.file, line)
            elif dotted == _RUNNING and isinstance(node, ast.Call) and len(node.args) + len(node.keywords) > 1:
                text = f"goes through running results of `{ast.unparse(node.args[-1])}`"
                yield Finding("carried items", text, self._module.file, line)


def yields(node: ast.AST) -> bool:
    """Return True if a function or statement yields something itself."""
    return any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in own_nodes(node))
