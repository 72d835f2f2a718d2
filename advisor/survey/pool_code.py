"""The code that runs the iterations of a loop: `advisor.map`, or a pool of `concurrent.futures`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from advisor.models import Strategy
from advisor.survey.dependence import Analysis
from advisor.survey.fission import CannotSplitError

_IN_THREADS = ("threading", "asyncio")
Form = Literal["map", "executor", "fork"]  # "fork" is an executor whose processes do not import the module again


@dataclass(frozen=True)
class PoolCode:
    """Writes calls that run a function for items, some at a time, and return the results in order.

    Attributes:
        workers: Of a pool.
        chunk: Items that a process gets at once.
        most_workers: That `advisor.map` may use; None leaves it the choice.
    """

    form: Form
    strategy: Strategy
    workers: int
    chunk: int = 1
    most_workers: int | None = None

    @property
    def processes(self) -> bool:
        """Items and results are pickled, and functions found by name."""
        return self.form != "map" and self.sends

    @property
    def sends(self) -> bool:
        """Items and results are pickled in either form."""
        return self.strategy not in _IN_THREADS

    @property
    def in_threads(self) -> bool:
        """Items and results are the objects themselves."""
        return self.form == "executor" and self.strategy in _IN_THREADS

    @property
    def _executor(self) -> str:
        return "ThreadPoolExecutor" if self.strategy in _IN_THREADS else "ProcessPoolExecutor"

    @property
    def _forks(self) -> bool:
        return self.processes and self.form == "fork"

    def imports(self) -> list[str]:
        """Return the import statements that the code needs."""
        if self.form == "map":
            return ["import advisor"]
        forks = ["from multiprocessing import get_context"] if self._forks else []
        return [f"from concurrent.futures import {self._executor}", *forks]

    def results(self, call: str, items: str, *, closes: bool = False) -> tuple[list[str], str]:
        """Return a `with` statement, if there has to be one around the loop, and the expression for the results."""
        if self.form != "map":
            size = f", chunksize={self.chunk}" if self.processes and self.chunk > 1 else ""
            options = f"max_workers={self.workers}" + (', mp_context=get_context("fork")' if self._forks else "")
            return [f"with {self._executor}({options}) as pool:"], f"pool.map({call}, {items}{size})"
        limit = "" if self.most_workers is None else f", workers={self.most_workers}"
        text = f"advisor.map({call}, {items}{limit})"
        return ([f"with {text} as results:"], "results") if closes else ([], text)

    def check(self, analysis: Analysis) -> None:
        """Raise CannotSplitError if the code would not do the same in this place."""
        module = analysis.module
        if (
            self.form == "map"
            and module.bindings(module.tree).get("advisor")
            and module.imports.get("advisor") != "advisor"
        ):
            raise CannotSplitError("the name `advisor` is taken")
        if _is_in_try(analysis):  # an iteration that fails folds nothing any more, and `advisor.map` raises CallError
            raise CannotSplitError("the loop is in a `try`, whose handler would find less done, or another error")
        above = module.parents.get(analysis.node)
        if isinstance(above, ast.ClassDef):
            raise CannotSplitError("the loop is in the body of a class")
        if self.processes and not self._forks and not _is_guarded(analysis):
            raise CannotSplitError("the module starts its work when it is imported, which processes would do, too")
        if analysis.body.scope is not module.tree and isinstance(analysis.body.scope, ast.AsyncFunctionDef):
            raise CannotSplitError("the loop is in a coroutine, whose event loop would wait")


def _is_in_try(analysis: Analysis) -> bool:
    child: ast.AST = analysis.node
    for each in analysis.module.ancestors(analysis.node):
        if each is analysis.scope:
            break
        if isinstance(each, ast.Try) and each.handlers and child in each.body:
            return True
        child = each
    return False


def _is_guarded(analysis: Analysis) -> bool:
    """Return True if importing the module does not run the loop: it is below `if __name__ == …`, or nothing calls."""
    for node in analysis.module.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(node, ast.If) and "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}:
            continue
        if isinstance(node, (ast.For, ast.While, ast.With, ast.Try)) or _calls_own_function(node, analysis):
            return False
        if any(each is analysis.node for each in ast.walk(node)) and not isinstance(node, ast.If):
            return False
    return True


def _calls_own_function(node: ast.stmt, analysis: Analysis) -> bool:
    own = analysis.module.bindings(analysis.module.tree)
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    names = {each.func.id for each in calls if isinstance(each.func, ast.Name)}
    return any(isinstance(binder, ast.FunctionDef) for name in names for binder in own.get(name, ()))
