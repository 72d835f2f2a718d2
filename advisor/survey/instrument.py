"""Add calls to the source of a program that tell when a loop begins, goes on and ends; all else stays as it is.

Each loop begins at a gate, which tells whether this execution is watched. If so, `for` loops, comprehensions, `map` and
`filter` get their items through a generator, and a `while` loop, of which there are two versions, reports each turn.
The function that `DataFrame.apply` and the like call for each row is wrapped.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType

from advisor.survey.loops import loop_kind
from advisor.survey.recursion import deep_recursion

APPLY, ITER = "__advisor_apply__", "__advisor_iter__"
GATE, WATCH, BEGIN, TURN, END, RESULTS = "gate", "watch", "begin", "turn", "end", "results"  # of each loop
Places = Mapping[tuple[int, int], int]  # line and column of a loop's header to its number


def name_for(report: str, number: int) -> str:
    """Return the name of a function that takes reports of a loop; the end keeps classes from mangling it."""
    return f"__advisor_{report}_{number}__"


def instrumented(source: bytes, file: str, places: Places) -> CodeType:
    """Compile a source with reports of its loops."""
    with deep_recursion():
        tree = _Instrument(places).visit(ast.parse(source, file))
        return compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)


class _Instrument(ast.NodeTransformer):
    def __init__(self, places: Places) -> None:
        self._places = places

    def _number(self, node: ast.stmt | ast.expr) -> int | None:
        return self._places.get((node.lineno, node.col_offset))

    def visit_For(self, node: ast.For) -> ast.AST:
        number = self._number(node)
        self.generic_visit(node)
        if number is not None:
            node.iter = _items(number, node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.While | ast.If:
        number = self._number(node)
        self.generic_visit(node)
        if number is None or any(isinstance(each, (ast.Global, ast.Nonlocal)) for each in ast.walk(node)):
            return node  # such a declaration must not come twice
        turn = _call(TURN, number)
        is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        test = turn if is_endless else ast.BoolOp(ast.And(), [turn, node.test])
        watched = ast.copy_location(ast.While(test, node.body, node.orelse), node)
        report = ast.Try(body=[watched], handlers=[], orelse=[], finalbody=[ast.Expr(_call(END, number))])
        is_watched = ast.BoolOp(ast.And(), [_call(GATE, number), _call(BEGIN, number)])
        return ast.copy_location(ast.If(is_watched, [report], [node]), node)

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        number = self._number(node)
        self.generic_visit(node)
        if number is None or node.generators[0].is_async:
            return node
        node.generators[0].iter = _items(number, node.generators[0].iter)
        return ast.copy_location(_call(RESULTS, number, node), node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension  # noqa: N815

    def visit_Call(self, node: ast.Call) -> ast.AST:
        number = self._number(node) if loop_kind(node) else None  # `frame().apply(f)` begins where `frame()` does
        self.generic_visit(node)
        if number is None:
            return node
        if isinstance(node.func, ast.Name) and node.func.id in ("map", "filter") and len(node.args) > 1:
            node.args[1] = _items(number, node.args[1])
        elif isinstance(node.func, ast.Attribute):
            node.args = [ast.Constant(number), node.func, *node.args]
            node.func = ast.copy_location(ast.Name(APPLY, ast.Load()), node.func)
        return ast.copy_location(_call(RESULTS, number, node), node)


def _items(number: int, items: ast.expr) -> ast.Call:
    """Return an iterator over the items of a loop, which reports them if the gate says so."""
    entry = ast.IfExp(_call(GATE, number), _name(name_for(WATCH, number)), _name(ITER))
    return ast.copy_location(ast.Call(entry, [items], []), items)


def _call(name: str, number: int, *arguments: ast.expr) -> ast.Call:
    return ast.Call(_name(name_for(name, number)), [*arguments], [])


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


class InstrumentingFinder(importlib.abc.MetaPathFinder):
    """Imports the modules in some files with reports of their loops; the first of the finders on `sys.meta_path`."""

    def __init__(self, files: Mapping[str, Places]) -> None:
        """Take the loops by the absolute paths of their files."""
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return None
        places = self._files.get(os.path.realpath(spec.origin))
        if places is None:
            return None
        spec.loader = _InstrumentingLoader(fullname, spec.origin, places)
        return spec


class _InstrumentingLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, places: Places) -> None:
        super().__init__(fullname, path)
        self._places = places

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source anew, since the cached bytecode reports nothing."""
        path = self.get_filename(fullname)
        return instrumented(self.get_data(path), path, self._places)


def install(files: Mapping[str, Places]) -> None:
    """Instrument the modules that are imported from now on."""
    sys.meta_path.insert(0, InstrumentingFinder(files))
