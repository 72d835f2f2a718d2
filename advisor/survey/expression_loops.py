"""Rewrite loops that are expressions: comprehensions, `map`, and `apply` of pandas."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from advisor.survey.dependence import Analysis
from advisor.survey.fission import CannotSplitError, check_header
from advisor.survey.loops import COMPREHENSIONS, FUNCTIONS
from advisor.survey.patch import Replacement
from advisor.survey.pool_code import PoolCode
from advisor.survey.returned_objects import check_returned
from advisor.survey.shared_state import HARMLESS, SharedState
from advisor.survey.source_text import UNIT
from advisor.survey.table_rows import flattened, has_constant_labels, table_parts
from advisor.survey.worker_function import NewNames, Worker, worker_for

_RESULT = "result"
_WORK = (ast.Call, ast.BinOp, *COMPREHENSIONS)  # besides, an iteration only hands on what is there
_COLUMNS_OF_ROWS = ["return rows.apply(function, axis=1)"]
_VALUES_OF_ROWS = ["results = []", "rows.apply(lambda row: results.append(function(row)), axis=1)", "return results"]
_CONTAINERS: dict[type[ast.AST], str] = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}
_BRACKETS: dict[type[ast.AST], tuple[str, str]] = {
    ast.ListComp: ("[", "]"),
    ast.SetComp: ("{", "}"),
    ast.GeneratorExp: ("(", ")"),
}


def rewritten_expression(analysis: Analysis, code: PoolCode) -> tuple[Worker, Replacement, list[str]]:
    """Return the function, the statement with the new expression, and the imports that this needs.

    Raises:
        CannotSplitError: The expression may not do the same, as far as the source tells.
    """
    code.check(analysis)
    return _Expression(analysis, code).rewritten()


class _Expression:
    def __init__(self, analysis: Analysis, code: PoolCode) -> None:
        self._analysis = analysis
        self._code = code
        self._node = analysis.node
        self._names = NewNames(analysis.module)
        self._imports: list[str] = []
        self._before: list[str] = []  # statements before the one with the expression

    def rewritten(self) -> tuple[Worker, Replacement, list[str]]:
        self._check()
        if isinstance(self._node, COMPREHENSIONS):
            worker, text = self._comprehension(self._node)
        elif isinstance(self._node, ast.Call) and isinstance(self._node.func, ast.Name):
            worker, text = self._map(self._node)
        else:
            assert isinstance(self._node, ast.Call)
            worker, text = self._apply(self._node)
        return worker, self._replaced(text), [*self._code.imports(), *self._imports]

    def _check(self) -> None:
        """Raise CannotSplitError if the expression is not evaluated once by itself, or writes something."""
        state = SharedState(self._analysis)
        if any(each.kind not in HARMLESS for each in self._analysis.findings) or any(
            state.is_outside(access) for access in self._analysis.accesses
        ):
            raise CannotSplitError("the expression changes something outside of it")
        assert self._analysis.body.iterable is not None
        check_header(state, self._analysis.body.iterable)
        if not any(isinstance(each, _WORK) for stmt in self._analysis.body.statements for each in ast.walk(stmt)):
            raise CannotSplitError("all that an iteration does has to happen in the order of the loop")
        around = self._analysis.module.ancestors(self._node)
        inner = (*COMPREHENSIONS, *FUNCTIONS)
        for each in around:
            if isinstance(each, ast.stmt):
                break
            if isinstance(each, inner):
                raise CannotSplitError("the expression is within another one that repeats it")

    # Comprehensions

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> tuple[Worker, str]:
        first, *others = node.generators
        value = ast.Tuple([node.key, node.value], ast.Load()) if isinstance(node, ast.DictComp) else node.elt
        if not self._code.in_threads:
            check_returned(self._analysis, value)
        iterable = self._segment(first.iter)
        conditions = list(first.ifs)
        if conditions and not any(isinstance(each, ast.Call) for test in conditions for each in ast.walk(test)):
            target, tests = ast.unparse(first.target), " if ".join(map(_condition, conditions))
            iterable = f"[{target} for {target} in {iterable} if {tests}]"
            conditions = []
        if others:
            return self._nested(node, value, others, conditions, iterable)
        if conditions:
            return self._chosen(node, value, conditions, iterable)
        worker = self._worker([_store(value)])
        results = self._results(worker, iterable)
        container = _CONTAINERS.get(type(node))
        return worker, f"{container}({results})" if container else f"({results})"

    def _worker(self, body: Sequence[ast.stmt]) -> Worker:
        target = self._analysis.body.target
        is_word = isinstance(target, ast.Name) and len(target.id) > 1
        name = self._names(f"process_{target.id}" if is_word else "process_item")  # type: ignore[union-attr]
        return worker_for(self._analysis, name, body, [_RESULT], processes=self._code.processes)

    def _results(self, worker: Worker, iterable: str) -> str:
        return self._code.results(worker.call, iterable)[1]

    def _nested(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        value: ast.expr,
        others: list[ast.comprehension],
        conditions: Sequence[ast.expr],
        iterable: str,
    ) -> tuple[Worker, str]:
        """Return a comprehension over the lists that the function returns."""
        if isinstance(node, ast.DictComp) or conditions:
            raise CannotSplitError("comprehensions of dictionaries over two iterables stay as they are")
        worker = self._worker([_store(ast.ListComp(value, others))])
        part, each = self._names("part"), self._names("value")
        left, right = _BRACKETS[type(node)]
        return worker, f"{left}{each} for {part} in {self._results(worker, iterable)} for {each} in {part}{right}"

    def _chosen(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        value: ast.expr,
        conditions: Sequence[ast.expr],
        iterable: str,
    ) -> tuple[Worker, str]:
        """Return a comprehension over the results that are kept; for other items the function returns nothing."""
        test = conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), list(conditions))
        worker = self._worker([_store(ast.IfExp(test, ast.List([value], ast.Load()), ast.List([], ast.Load())))])
        kept, each = self._names("kept"), self._names("value")
        text = f"{each} for {kept} in {self._results(worker, iterable)} for {each} in {kept}"
        if isinstance(node, ast.DictComp):
            return worker, f"dict({text})"
        left, right = _BRACKETS[type(node)]
        return worker, f"{left}{text}{right}"

    # Calls

    def _map(self, node: ast.Call) -> tuple[Worker, str]:
        if getattr(node.func, "id", "") != "map" or node.keywords:
            raise CannotSplitError("`filter` stays as it is")
        function, *iterables = node.args
        if not self._code.in_threads:
            for statement in self._analysis.body.statements:
                check_returned(self._analysis, statement.value)  # type: ignore[attr-defined]
        given = ", ".join(map(self._segment, iterables))
        if isinstance(function, ast.Lambda):
            if len(iterables) > 1:
                raise CannotSplitError("a lambda of several arguments stays as it is")
            worker = self._worker([_store(function.body)])
        else:
            worker = Worker((), self._segment(function))
        return worker, self._results(worker, given)

    def _apply(self, node: ast.Call) -> tuple[Worker, str]:
        assert isinstance(node.func, ast.Attribute)
        owner, function = node.func.value, node.args[0]
        options = {keyword.arg: keyword.value for keyword in node.keywords}
        by_row = set(options) == {"axis"} and ast.unparse(options["axis"]) in ("1", "'columns'")
        is_column = isinstance(owner, ast.Subscript) and isinstance(owner.slice, ast.Constant) and not options
        if len(node.args) != 1 or node.func.attr == "applymap" or not (by_row or is_column):
            raise CannotSplitError("this form of `apply` stays as it is")
        if any(isinstance(each, ast.Call) for each in ast.walk(owner)):
            raise CannotSplitError("the frame is made in the same expression")
        makes_columns = by_row and self._code.sends and has_constant_labels(self._returned(function))
        if not makes_columns:
            self._check_scalar(function)
        frame, pandas = ast.unparse(owner), self._pandas()
        worker = (
            self._worker([_store(function.body)])
            if isinstance(function, ast.Lambda)
            else Worker((), self._segment(function))
        )
        if by_row:
            return self._apply_by_row(worker, owner, pandas, makes_columns=makes_columns)
        results = self._results(worker, frame)
        return worker, f"{pandas}.Series(list({results}), index={frame}.index, name={frame}.name)"

    def _apply_by_row(self, worker: Worker, owner: ast.expr, pandas: str, *, makes_columns: bool) -> tuple[Worker, str]:
        """Return the values of a function for each row: for processes, `apply` handles parts of the table."""
        frame = ast.unparse(owner)
        if not self._code.sends:
            rows = f"[row for _, row in {frame}.iterrows()]"
            return worker, f"{pandas}.Series(list({self._results(worker, rows)}), index={frame}.index)"
        body = _COLUMNS_OF_ROWS if makes_columns else _VALUES_OF_ROWS
        table = table_parts(owner, body, worker, self._code, self._names, even_empty=makes_columns)
        self._before += table.before
        results = table.code.results(table.worker.call, table.items)[1]
        if makes_columns:
            return table.worker, f"{pandas}.concat({results})"
        values = flattened(results, self._names)
        return table.worker, f"{pandas}.Series([{values}], index={frame}.index)"

    def _returned(self, function: ast.expr) -> list[ast.AST | None]:
        """Return what a function returns, as far as the source of the user's functions shows it."""
        returned: list[ast.AST | None] = []
        if isinstance(function, ast.Lambda):
            returned.append(function.body)
        call = ast.copy_location(ast.Call(function, [], []), function)
        for _, each in self._analysis.calls.functions(call):
            returned += [node.value for node in ast.walk(each) if isinstance(node, ast.Return)]
            if not isinstance(each, ast.Lambda) and not isinstance(each.body[-1], ast.Return):
                returned.append(None)
        return returned

    def _check_scalar(self, function: ast.expr) -> None:
        """Raise CannotSplitError if the function may return a Series or a list, of which `apply` makes a frame."""
        for value in self._returned(function):
            is_container = isinstance(value, (ast.List, ast.Tuple, ast.Dict, ast.Set, *COMPREHENSIONS))
            if is_container or (isinstance(value, ast.Call) and "Series" in ast.unparse(value.func)):
                raise CannotSplitError("`apply` makes a frame of what the function returns")

    def _pandas(self) -> str:
        for name, module in self._analysis.module.imports.items():
            if module == "pandas":
                return name
        self._imports.append("import pandas as pd")
        return "pd"

    # The statement

    def _segment(self, node: ast.expr) -> str:
        text = ast.get_source_segment(self._analysis.module.source, node) or ""
        return text if text and "\n" not in text else ast.unparse(node)

    def _replaced(self, text: str) -> Replacement:
        """Return the lines of the statement with the text in the place of the expression."""
        module = self._analysis.module
        node = self._node
        assert isinstance(node, ast.expr)
        statement = next(each for each in module.ancestors(node) if isinstance(each, ast.stmt))
        is_simple = not hasattr(statement, "body")
        first, last = node.lineno, node.end_lineno or node.lineno
        before = module.lines[first - 1].encode()[: node.col_offset].decode()
        after = module.lines[last - 1].encode()[node.end_col_offset or 0 :].decode()
        lines = [f"{before}{text}{after}"]
        opened = self._code.results("", "")[0]
        if not opened and not self._before:
            return Replacement(first, last, tuple(lines))
        if not is_simple or (isinstance(statement, ast.Return) and isinstance(node, ast.GeneratorExp)):
            raise CannotSplitError("there is no place for a pool around the expression")
        start, end = statement.lineno, statement.end_lineno or statement.lineno
        whole = [*module.lines[start - 1 : first - 1], *lines, *module.lines[last:end]]
        indent = module.lines[start - 1][: statement.col_offset]
        if indent.strip():
            raise CannotSplitError("the statement does not begin its line")
        inner = UNIT if opened else ""
        around = [f"{indent}{line}" for line in (*self._before, *opened)]
        return Replacement(start, end, (*around, *(f"{inner}{line}" for line in whole)))


def _condition(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, (ast.IfExp, ast.Lambda)) else text


def _store(value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Assign([ast.Name(_RESULT, ast.Store())], value), value)
