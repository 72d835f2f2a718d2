"""Load a function or inputs from a notebook: run its statements up to the definition, and leave out those that follow.

Of those, only definitions and imports run that the function needs, such as a helper that a later cell defines.
Lines that only IPython understands (`%magic`, `!command`, `name?`) are skipped; errors name them, since what they
would have defined is missing.
"""

from __future__ import annotations
import __future__

import ast
import difflib
import functools
import inspect
import json
import linecache
import operator
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from advisor.errors import TargetError, UsageError
from advisor.target.failures import run_user_code

if TYPE_CHECKING:
    from advisor.models.request import AdviceRequest

SUFFIX = ".ipynb"
_IPYTHON_LINE = re.compile(r"\s*([\w, .]+=\s*)?[%!]|\s*\?|.*\?\s*$")
_TIMED = re.compile(r"%%?(time|capture)\b")  # magics that only wrap the code after them
_MAX_NOTES = 3
_FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell, and the names that it binds."""

    node: ast.stmt
    file: str  # the name of its cell in tracebacks
    names: frozenset[str]


@dataclass
class Notebook:
    """A notebook, as far as it has run: the module has the names of the first `done` statements.

    Attributes:
        skipped: The lines that only IPython understands, with their places.
        last: The name up to whose definition it ran.
    """

    path: Path
    statements: list[Statement]
    skipped: list[str]
    module: ModuleType
    started_in: Path  # the folder in which relative paths were meant
    done: int = 0
    last: str = ""
    flags: int = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # of the compiler; an import from __future__ adds to them


_loaded: dict[Path, Notebook] = {}


def is_notebook(source: str) -> bool:
    """Return True if a target's or input's source is a notebook."""
    return source.endswith(SUFFIX)


def load(source: str, name: str, alias: str) -> ModuleType:
    """Run a notebook up to the last definition of a name, in its own folder, and return its module.

    What has run before does not run again, so the inputs of a target find the same objects.

    Raises:
        UsageError: It is no notebook in Python, or defines no such name.
        TargetError: A cell raised; the message names the cell, the traceback its line.
    """
    folder = next((notebook.started_in for notebook in _loaded.values()), Path.cwd())
    path = (folder / source).resolve()
    notebook = _loaded.get(path)
    if notebook is None:
        notebook = _loaded[path] = _read(path, alias)
        os.chdir(path.parent)  # where a kernel would run
        sys.path.insert(0, str(path.parent))
    position = _definition(notebook, name)
    for index in range(notebook.done, position + 1):
        _run(notebook, notebook.statements[index])
        notebook.done = index + 1
        notebook.last = name
    for statement in _needed_later(notebook, position):
        _run(notebook, statement)
    return notebook.module


def loaded_specs() -> dict[str, str]:
    """Return the notebooks that have run, as 'path:name' by the names of their modules."""
    return {notebook.module.__name__: f"{notebook.path}:{notebook.last}" for notebook in _loaded.values()}


def expression_for(spec: str) -> str:
    """Return the expression by which a cell of the notebook gets the inputs 'notebook.ipynb:name'; nothing is run."""
    source, _, name = spec.rpartition(":")
    notebook = _read(Path(source), "")
    node = notebook.statements[_definition(notebook, name)].node
    return f"{name}()" if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else name


def _read(path: Path, alias: str) -> Notebook:
    """Parse the code cells of a notebook."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read {path.name}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} is not a notebook: {error}") from None
    try:
        sources = [_source(cell) for cell in document["cells"] if cell["cell_type"] == "code"]
        language = document.get("metadata", {}).get("language_info", {}).get("name", "python")
    except (AttributeError, KeyError, TypeError):
        raise UsageError(f"{path.name} is not a notebook of format 4") from None
    if language != "python":
        raise UsageError(f"{path.name} is a notebook in {language}, not in Python")
    module = ModuleType(alias)
    module.__file__ = str(path)
    module.__dict__["display"] = _ignore
    notebook = Notebook(path, [], [], module, Path.cwd())
    for number, source in enumerate(sources, 1):
        _add_cell(notebook, source, number)
    return notebook


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])  # a text or a list of lines


def _ignore(*_: Any, **__: Any) -> None:
    """Display nothing."""


def _add_cell(notebook: Notebook, source: str, number: int) -> None:
    name = f"{notebook.path.name}, code cell {number}"
    lines = source.splitlines(keepends=True)
    tree = _parse(notebook, lines, name)
    linecache.cache[name] = (len(source), None, lines, name)
    notebook.statements += [Statement(node, name, frozenset(_bound_names(node))) for node in tree.body]


def _parse(notebook: Notebook, lines: list[str], name: str) -> ast.Module:
    """Parse a cell, without the lines that Python refuses and IPython accepts."""
    lines = list(lines)
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].startswith("%%"):
        if not _TIMED.match(lines[first]):
            notebook.skipped.append(f"`{lines[first].strip()}` ({name})")
            return ast.Module([], [])
        lines[first] = "\n"
    for _ in range(len(lines) + 1):
        try:
            return ast.parse("".join(lines), filename=name)
        except SyntaxError as error:
            index = (error.lineno or 1) - 1
            line = lines[index] if index < len(lines) else ""
            if not _IPYTHON_LINE.match(line):
                raise UsageError(f"line {index + 1} of {name} is not Python: {error.msg}") from None
            indent = line[: len(line) - len(line.lstrip())]
            if _TIMED.match(line.strip()):
                lines[index] = indent + line.strip().partition(" ")[2] + "\n"
                continue
            notebook.skipped.append(f"`{line.strip()}` (line {index + 1} of {name})")
            lines[index] = f"{indent}pass\n"
        except (ValueError, RecursionError, MemoryError) as error:  # such as a null byte, or deep nesting
            raise UsageError(f"{name} is not Python: {error}") from None
    raise UsageError(f"{name} is not Python")


def _bound_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top level binds, in its branches and loops too."""
    if isinstance(node, _DEFINITIONS):
        yield node.name
        return
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, _DEFINITIONS):
            yield part.name
        elif isinstance(part, ast.alias):
            yield part.asname or part.name.partition(".")[0]
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif not isinstance(part, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            pending += ast.iter_child_nodes(part)


def _definition(notebook: Notebook, name: str) -> int:
    """Return the index of the last statement that binds the name."""
    statements = notebook.statements
    for index in reversed(range(len(statements))):
        if name in statements[index].names:
            return index
    known = {name for statement in statements for name in statement.names}
    similar = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = "; did you mean " + " or ".join(f"'{match}'" for match in similar) + "?" if similar else ""
    raise UsageError(f"no cell of {notebook.path.name} defines '{name}'{hint}")


def _needed_later(notebook: Notebook, position: int) -> list[Statement]:
    """Return the definitions and imports after a definition that it uses, and those that they use."""
    later = [
        statement
        for statement in notebook.statements[notebook.done :]
        if isinstance(statement.node, (*_DEFINITIONS, ast.Import, ast.ImportFrom))
    ]
    known = {name for statement in notebook.statements[: notebook.done] for name in statement.names}
    needed: list[Statement] = []
    pending = [notebook.statements[position]]
    while pending:
        missing = _used_names(pending.pop().node) - known
        found = [statement for statement in later if statement.names & missing]
        known |= missing
        needed += found
        pending += found
    return needed


def _used_names(node: ast.stmt) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def _run(notebook: Notebook, statement: Statement) -> None:
    code = compile(ast.Module([statement.node], []), statement.file, "exec", notebook.flags, dont_inherit=True)
    notebook.flags |= code.co_flags & _FUTURE
    sys.modules[notebook.module.__name__] = notebook.module
    try:
        run_user_code(_runner(code, notebook.module.__dict__), f"running {statement.file}")
    except TargetError as error:
        if not notebook.skipped:
            raise
        more = f" and {len(notebook.skipped) - _MAX_NOTES} more" if len(notebook.skipped) > _MAX_NOTES else ""
        note = f"; skipped, since only IPython runs it: {', '.join(notebook.skipped[:_MAX_NOTES])}{more}"
        raise TargetError(f"{error}{note}", traceback=error.traceback) from error.__cause__


def _runner(code: CodeType, names: dict[str, Any]) -> Callable[[], Any]:
    if code.co_flags & inspect.CO_COROUTINE:
        import asyncio  # which takes time

        return lambda: asyncio.run(eval(code, names))
    return lambda: exec(code, names)


def for_cell(request: AdviceRequest) -> AdviceRequest:
    """Return the request with code for a cell of the notebook that has the target."""
    inputs = request.inputs
    if inputs is not None and is_notebook(inputs.rpartition(":")[0]):
        return replace(request, in_notebook=True, inputs=None, expression=expression_for(inputs))
    return replace(request, in_notebook=True)
