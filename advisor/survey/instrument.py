"""Add calls to the source of a program that tell when a loop begins, goes on and ends; all else stays as it is.

`for` loops, comprehensions, `map` and `filter` get their items through a generator; a `while` loop reports each turn;
the function that `DataFrame.apply` and the like call for each row is wrapped.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, ModuleType

from advisor.survey.loops import loop_kind
from advisor.survey.recursion import deep_recursion

WATCH, TURN, BEGIN, END, APPLY, RESULTS = (
    f"__advisor_{name}__" for name in ("watch", "turn", "begin", "end", "apply", "results")
)
Places = Mapping[tuple[int, int], int]  # line and column of a loop's header to its number


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
            node.iter = _call(WATCH, number, node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.While | list[ast.stmt]:
        number = self._number(node)
        self.generic_visit(node)
        if number is None:
            return node
        turn = _call(TURN, number)
        is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        node.test = turn if is_endless else ast.BoolOp(ast.And(), [turn, node.test])
        begin, end = (ast.Expr(_call(name, number)) for name in (BEGIN, END))
        watched: list[ast.stmt] = [begin, ast.Try(body=[node], handlers=[], orelse=[], finalbody=[end])]
        for statement in watched:
            ast.copy_location(statement, node)
        return watched

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        number = self._number(node)
        self.generic_visit(node)
        if number is None or node.generators[0].is_async:
            return node
        node.generators[0].iter = _call(WATCH, number, node.generators[0].iter)
        return ast.copy_location(_call(RESULTS, number, node), node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension  # noqa: N815

    def visit_Call(self, node: ast.Call) -> ast.AST:
        number = self._number(node) if loop_kind(node) else None  # `frame().apply(f)` begins where `frame()` does
        self.generic_visit(node)
        if number is None:
            return node
        if isinstance(node.func, ast.Name) and node.func.id in ("map", "filter") and len(node.args) > 1:
            node.args[1] = _call(WATCH, number, node.args[1])
        elif isinstance(node.func, ast.Attribute):
            node.args = [ast.Constant(number), node.func, *node.args]
            node.func = ast.copy_location(ast.Name(APPLY, ast.Load()), node.func)
        return ast.copy_location(_call(RESULTS, number, node), node)


def _call(name: str, number: int, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [ast.Constant(number), *arguments], [])


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


def install(functions: Mapping[str, Callable[..., object]], files: Mapping[str, Places]) -> None:
    """Make the functions known to instrumented code, and instrument the modules that are imported from now on."""
    import builtins

    vars(builtins).update(functions)
    sys.meta_path.insert(0, InstrumentingFinder(files))
