"""Rewrite a loop so that its iterations run concurrently, with the same results in the same order."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.models import Strategy
from advisor.survey.dependence import Analysis, analysis_of
from advisor.survey.expression_loops import rewritten_expression
from advisor.survey.facts import Dependence, InnerValues, Loop
from advisor.survey.fission import (
    CannotSplitError,
    Parts,
    Splitter,
    check_header,
    flowing,
    lines_of,
    without_last_continue,
)
from advisor.survey.liveness import exposed
from advisor.survey.loop_body import names_of
from advisor.survey.loops import loop_node
from advisor.survey.patch import Replacement, changed, new_function, new_imports, unified
from advisor.survey.pool_code import Form, PoolCode
from advisor.survey.returned_objects import check_returned
from advisor.survey.shared_state import SharedState, assigned_names
from advisor.survey.source_text import UNIT, SourceText
from advisor.survey.table_rows import flattened, rows_of, table_parts
from advisor.survey.worker_function import NewNames, Worker, without_last_return, worker_for

_LONG = 80  # characters of a header without its fixed parts
_ENDLESS = ("itertools.count", "itertools.cycle", "itertools.repeat")
_KEPT = (ast.List, ast.Tuple, ast.ListComp)
_SEQUENCES = ("builtins.list", "builtins.tuple", "builtins.range", "builtins.str", "builtins.sorted", "builtins.dict")


@dataclass(frozen=True)
class Rewrite:
    """A loop whose iterations run concurrently.

    Attributes:
        snippet: The function and the loop.
        patch: The change of the file as a unified diff, for `patch -p0`.
        new_source: The whole text of the changed file.
        inner_values: What the iterations return for each iteration of loops within the loop.
        header_moves: Workers take the items from the iterable, and the loop does not.
        kept_lines: Lines of the body that stay in the loop, as a whole.
    """

    snippet: str
    patch: str
    new_source: str
    inner_values: tuple[InnerValues, ...] = ()
    header_moves: bool = False
    kept_lines: frozenset[int] = frozenset()


def attempt(
    source: str,
    file: str,
    loop: Loop,
    dependence: Dependence,
    *,
    form: Form = "map",
    strategy: Strategy = "multiprocessing",
    workers: int = 2,
    chunk: int = 1,
    most_workers: int | None = None,
    modules: Mapping[str, str] | None = None,
) -> Rewrite | str:
    """Return the program with the loop's iterations in a pool, or the reason why that may not do the same.

    Args:
        source: The text of the module.
        file: Its file, for the patch.
        loop: One of its loops.
        dependence: The verdict on the loop; other loops than independent ones and reductions stay as they are.
        form: "map" uses `advisor.map`, which chooses how to run the iterations; "executor" a pool of threads or
            processes; "fork" one of processes that are forked.
        strategy: The kind of pool.
        workers: Of the pool.
        chunk: Items that a process of a pool gets at once.
        most_workers: That `advisor.map` may use.
        modules: The texts of the user's other modules by file.
    """
    if dependence.independence not in ("independent", "reduction"):
        return f"the loop is {dependence.independence}"
    node = loop_node(source, file, loop.id)
    if node is None:
        return "the loop is not in the source any more"
    analysis = analysis_of(source, file, node, modules)
    code = PoolCode(form, strategy, workers, chunk, most_workers)
    try:
        if isinstance(node, ast.stmt):
            statement = _Statement(analysis, code)
            result = _result(analysis, file, *statement.rewritten())
            return replace(
                result,
                inner_values=statement.inner_values,
                header_moves=statement.header_moves,
                kept_lines=statement.kept_lines,
            )
        return _result(analysis, file, *rewritten_expression(analysis, code))
    except CannotSplitError as error:
        return str(error)


def _result(analysis: Analysis, file: str, worker: Worker, body: Replacement, imports: Sequence[str]) -> Rewrite:
    module = analysis.module
    changes = [body, *new_imports(module, [*imports, *worker.imports])]
    if worker.lines:
        changes.append(new_function(module, analysis.node, worker.lines))
    text = changed(module, changes)
    try:
        compile(text, file, "exec")
    except SyntaxError as error:  # a form of source that is not copied right
        raise CannotSplitError(f"the changed text is not valid: {error.msg}") from None
    snippet = "\n".join([*worker.lines, *(["", ""] if worker.lines else []), *_dedented(body.lines)]) + "\n"
    return Rewrite(snippet, unified(file, module.source, text), text)


def _kept_lines(parts: Parts) -> frozenset[int]:
    """Return the lines that stay in the loop: as a whole, or with the call of a function whose arguments move."""
    calls = [node for each in parts.ordered for node in ast.walk(each) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and not hasattr(builtins, call.func.id)]
    staying = {getattr(call, "lineno", 0) for call in named}
    return (lines_of(parts.ordered) - lines_of(parts.before)) | staying


def _dedented(lines: Sequence[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


class _Statement:
    """A loop that is a statement."""

    def __init__(self, analysis: Analysis, code: PoolCode) -> None:
        node = analysis.node
        if not isinstance(node, (ast.For, ast.While)) or node.orelse:
            raise CannotSplitError("loops with `else` and asynchronous ones stay as they are")
        self._node = node
        self._analysis = analysis
        self._code = code
        self._names = NewNames(analysis.module)
        self._text = SourceText(analysis.module)
        self._state = SharedState(analysis)
        self.inner_values: tuple[InnerValues, ...] = ()
        self.header_moves = False
        self.kept_lines: frozenset[int] = frozenset()
        code.check(analysis)

    def rewritten(self) -> tuple[Worker, Replacement, list[str]]:
        """Return the function, the loop that uses it, and the imports that this needs."""
        self._check_header()
        self._check_files()
        splitter = Splitter(self._state, self._names, self._is_invariant)
        parts = splitter.split(self._statements())
        self.inner_values = tuple(splitter.inner_values)
        self.kept_lines = _kept_lines(parts)
        results = sorted(self._results(parts))
        parts.before = without_last_return(parts.before)
        if not _is_worth(parts.before):
            raise CannotSplitError("all that an iteration does has to happen in the order of the loop")
        self._check_before(parts.before)
        worker = worker_for(
            self._analysis, self._names(self._function_name()), parts.before, results, processes=self._code.processes
        )
        worker, lines = self._loop(parts, results, worker)
        last = self._node.end_lineno or self._node.lineno
        body = Replacement(self._node.lineno, last, tuple(lines))
        return worker, body, self._code.imports()

    def _statements(self) -> list[ast.stmt]:
        body = self._analysis.body
        return body.statements[1:] if body.counting is not None else body.statements

    def _is_invariant(self, name: str) -> bool:
        return name not in self._analysis.values.bound or name in self._analysis.body.targets

    def _function_name(self) -> str:
        target = self._analysis.body.target
        return f"process_{target.id}" if isinstance(target, ast.Name) and len(target.id) > 1 else "process_item"

    # Checks

    def _check_header(self) -> None:
        """Raise CannotSplitError if it makes a difference when the items are taken from the iterable."""
        iterable = self._analysis.body.iterable
        if self._analysis.body.test is not None:
            raise CannotSplitError("the number of iterations of a `while` loop is not known before")
        if iterable is None:
            return
        for each in ast.walk(iterable):
            if isinstance(each, ast.Call) and self._analysis.module.dotted(each.func, self._analysis.scope) in _ENDLESS:
                raise CannotSplitError("the items never end")
        check_header(self._state, iterable)
        kinds = (each.kind for each in self._analysis.findings)
        if isinstance(self._node, ast.For) and "carried items" in kinds:
            raise CannotSplitError("the work is in the header")

    def _check_files(self) -> None:
        """Raise CannotSplitError if iterations write files, and one may end the loop: later ones would write theirs."""
        kinds = {each.kind for each in self._analysis.findings}
        if "files" in kinds and kinds & {"break", "return", "exits"}:
            raise CannotSplitError("an iteration may end the loop, and later ones would have written their files")

    def _check_before(self, before: Sequence[ast.stmt]) -> None:
        """Raise CannotSplitError if what moves into the function changes something outside after all."""
        for node in before:
            for each in ast.walk(node):
                if isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                    raise CannotSplitError(f"line {each.lineno} defines `{each.name}` in every iteration")

    def _results(self, parts: Parts) -> set[str]:
        """Return the names that the loop needs from the function."""
        results = flowing(parts.before, parts.ordered)
        last = {role.variable.name: role.variable for role in self._analysis.roles if role.variable.role == "last"}
        made = assigned_names(parts.before)
        for name, variable in last.items():
            if name in made:
                if variable.operation == "conditional":
                    raise CannotSplitError(f"`{name}` is read after the loop, and not assigned by every iteration")
                results.add(name)
        for name in results:
            self._check_result(name)
            if not self._code.in_threads:
                check_returned(self._analysis, _value_of(name, parts.before, self._analysis))
        return results

    def _check_result(self, name: str) -> None:
        """Raise CannotSplitError if a result cannot be sent, such as an open file or a generator."""
        for each in ast.walk(self._node):
            if isinstance(each, ast.withitem) and name in names_of(each.optional_vars):
                raise CannotSplitError(f"`{name}` is open only in the iteration")
            is_lazy = isinstance(each, ast.Assign) and isinstance(each.value, (ast.GeneratorExp, ast.Lambda))
            if is_lazy and name in names_of(each.targets[0]):  # type: ignore[attr-defined]
                raise CannotSplitError(f"`{name}` cannot be sent between processes")

    # The loop

    def _loop(self, parts: Parts, results: Sequence[str], worker: Worker) -> tuple[Worker, list[str]]:
        indent = self._analysis.module.lines[self._node.lineno - 1][: self._node.col_offset]
        if indent.strip():
            raise CannotSplitError("the loop does not begin its line")
        ordered = without_last_continue(parts.ordered)
        if self._counts_on():
            assert self._analysis.body.counting is not None
            if any(isinstance(each, ast.Continue) for stmt in ordered for each in ast.walk(stmt)):
                raise CannotSplitError(f"`{self._analysis.body.counting.name}` is used after the loop")
            ordered.append(self._analysis.body.counting.increment)
        needs_items = bool(self._item_names(ordered, results)) or bool(self._analysis.body.progress)
        target = _tuple(results)
        leaves = any(
            isinstance(each, (ast.Break, ast.Return, ast.Yield)) for stmt in ordered for each in ast.walk(stmt)
        )
        if (rows := rows_of(self._analysis, self._code)) is not None:
            table = table_parts(rows[0], [_each_row(rows[1])], worker, self._code, self._names)
            worker, before, items = table.worker, list(table.before), f"{table.table}.{rows[1]}"
            opened, pool_results = table.code.results(worker.call, table.items, closes=leaves)
            pool_results = f"({flattened(pool_results, self._names)})"
            self.header_moves = not needs_items
        else:
            before, items = self._items(needs_items)
            opened, pool_results = self._code.results(worker.call, items, closes=leaves)
        header_items = self._with_progress(items)
        stored: list[str] = []
        if len(indent) + len(target) + len(header_items) + len(pool_results) > _LONG and pool_results != "results":
            stored, pool_results = [f"{(name := self._names('results'))} = {pool_results}"], name
        inner = indent + (UNIT if opened else "")
        if needs_items:
            item = self._item_target(ordered, results)
            pair = f"({target})" if len(results) > 1 else target
            header = f"for {item}, {pair} in zip({header_items}, {pool_results}):"
        else:
            header = f"for {target} in {pool_results}:"
        lines = [*(f"{indent}{line}" for line in [*before, *opened]), *(f"{inner}{line}" for line in stored)]
        ended = self._emptied(indent)
        return worker, [*lines, f"{inner}{header}", *self._text.block(ordered, inner + UNIT), *ended]

    def _emptied(self, indent: str) -> list[str]:
        """Return the statement that leaves a list empty whose items a `while` loop takes, if it is used later."""
        taking = self._analysis.body.taking
        return [f"{indent}{taking.name}.clear()"] if taking is not None and taking.name in self._analysis.live else []

    def _counts_on(self) -> bool:
        counting = self._analysis.body.counting
        return counting is not None and counting.name in self._analysis.live

    def _item_names(self, ordered: Sequence[ast.stmt], results: Sequence[str]) -> set[str]:
        """Return the names of the header that are used in the loop or after it."""
        used = set(exposed(ordered)) | set(self._analysis.live)
        return (set(self._analysis.body.targets) & used) - set(results)

    def _item_target(self, ordered: Sequence[ast.stmt], results: Sequence[str]) -> str:
        target = self._analysis.body.target
        assert target is not None
        names = self._item_names(ordered, results)
        text = ast.unparse(_without(target, set(results)))
        return text if names else "_"

    def _items(self, twice: bool) -> tuple[list[str], str]:
        """Return a statement that stores the items, if they are needed twice, and the expression for them."""
        counting = self._analysis.body.counting
        if counting is not None:
            stop = ast.unparse(counting.stop) + (" + 1" if counting.inclusive else "")
            step = f", {counting.step}" if counting.step != 1 else ""
            return [], f"range({counting.name}, {stop}{step})"
        iterable = self._analysis.body.iterable
        assert iterable is not None
        text = ast.unparse(iterable)
        segment = ast.get_source_segment(self._analysis.module.source, iterable)
        if isinstance(self._node, ast.For) and segment and "\n" not in segment:
            text = segment
        if not twice or self._is_reusable(iterable):
            return [], text
        name = self._names(self._plural())
        is_list = isinstance(iterable, _KEPT) or self._kind(iterable) in (
            "builtins.sorted",
            "builtins.list",
            "builtins.range",
        )
        return [f"{name} = {text if is_list else f'list({text})'}"], name

    def _kind(self, node: ast.expr) -> str:
        return self._analysis.kinds.of(node, self._analysis.scope)

    def _is_reusable(self, node: ast.expr) -> bool:
        """Return True if the items can be taken twice from an expression, and are the same both times."""
        if isinstance(node, ast.Call):
            plain = all(isinstance(each, (ast.Name, ast.Constant)) for each in node.args)
            return self._kind(node) == "builtins.range" and plain
        changed_names = {role.variable.name for role in self._analysis.roles if role.variable.role != "read"}
        is_changed = ast.unparse(node) in changed_names
        return isinstance(node, (ast.Name, ast.Attribute)) and self._kind(node) in _SEQUENCES and not is_changed

    def _plural(self) -> str:
        target = self._analysis.body.target
        return f"{target.id}s" if isinstance(target, ast.Name) and len(target.id) > 1 and target.id != "_" else "items"

    def _with_progress(self, items: str) -> str:
        """Return the items with the progress bar of the header around them."""
        if not self._analysis.body.progress:
            return items
        assert isinstance(self._node, ast.For)
        bar = self._node.iter
        assert isinstance(bar, ast.Call)
        options = [*map(ast.unparse, bar.args[1:]), *map(ast.unparse, bar.keywords)]
        return f"{ast.unparse(bar.func)}({', '.join([items, *options])})"


def _value_of(name: str, body: Sequence[ast.stmt], analysis: Analysis) -> ast.expr:
    """Return the expression for a result: its name or, if the rewrite made that, what is assigned to it."""
    made = [each for each in body if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name]
    return made[0].value if made and name not in analysis.values.bound else ast.Name(name, ast.Load())


def _is_worth(before: Sequence[ast.stmt]) -> bool:
    """Return True if the function calls anything or has a loop: otherwise it takes no time worth sharing."""
    costly = (ast.Call, ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return any(isinstance(each, costly) for node in before for each in ast.walk(node))


def _each_row(rows: str) -> str:
    return f"return [function(row) for row in rows.{rows}]"


def _tuple(names: Sequence[str]) -> str:
    return ", ".join(names) or "_"


def _without(target: ast.expr, names: set[str]) -> ast.expr:
    """Return a target with `_` in the place of names."""
    if isinstance(target, ast.Name):
        return ast.Name("_", ast.Store()) if target.id in names else target
    if isinstance(target, (ast.Tuple, ast.List)):
        return ast.Tuple([_without(each, names) for each in target.elts], ast.Store())
    if isinstance(target, ast.Starred):
        return ast.Starred(_without(target.value, names), ast.Store())
    return target
