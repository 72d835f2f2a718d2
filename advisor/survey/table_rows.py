"""Send rows of a pandas table to processes as parts of the table.

A row by itself is costly to pickle (a Series, 0.1 ms) or cannot be pickled at all (what `itertuples` makes).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

from advisor.survey.dependence import Analysis
from advisor.survey.fission import CannotSplitError
from advisor.survey.pool_code import PoolCode
from advisor.survey.source_text import UNIT
from advisor.survey.worker_function import Worker

_ROWS = ("itertuples", "iterrows")
_TABLES = ("pandas", "geopandas")


@dataclass(frozen=True)
class TableParts:
    """A loop over the rows of a table, part by part.

    Attributes:
        worker: The function for one row, and that for a part.
        before: The statements that make the parts.
        table: The expression for the whole.
        items: The name of the parts.
        code: Sends one part at a time.
    """

    worker: Worker
    before: tuple[str, ...]
    table: str
    items: str
    code: PoolCode


def rows_of(analysis: Analysis, code: PoolCode) -> tuple[ast.expr, str] | None:
    """Return the table in the header of a loop and the call for its rows, if they would be sent to processes.

    Raises:
        CannotSplitError: It may be another kind of table.
    """
    match analysis.body.iterable:
        case ast.Call(func=ast.Attribute(value=table, attr=method)) as call if method in _ROWS and code.sends:
            if not set(analysis.module.imports.values()) & set(_TABLES):
                raise CannotSplitError("the rows may be of another table than one of pandas")
            arguments = ", ".join(map(ast.unparse, [*call.args, *call.keywords]))
            return table, f"{method}({arguments})"
        case _:
            return None


def table_parts(
    table: ast.expr,
    body: list[str],
    worker: Worker,
    code: PoolCode,
    new_name: Callable[[str], str],
    *,
    even_empty: bool = False,
) -> TableParts:
    """Return the code that handles a table in parts.

    Args:
        table: The expression for it.
        body: Of a function of `rows`, a part, and of `function`, that for one row.
        worker: The function for one row.
        code: Sends single rows.
        new_name: Returns an unused name.
        even_empty: A table without rows is a part, too.
    """
    name, parts = new_name("process_rows"), new_name("parts")
    before = []
    text = ast.unparse(table)
    if not isinstance(table, ast.Name):
        text, expression = new_name("table"), text
        before.append(f"{text} = {expression}")
    size, stop = code.chunk, f"max(1, len({text}))" if even_empty else f"len({text})"
    before.append(f"{parts} = [{text}.iloc[start : start + {size}] for start in range(0, {stop}, {size})]")
    space = ["", ""] if worker.lines else []
    lines = (*worker.lines, *space, f"def {name}(function, rows):", *(f"{UNIT}{line}" for line in body))
    imports = tuple(dict.fromkeys((*worker.imports, "from functools import partial")))
    whole = Worker(lines, f"partial({name}, {worker.call})", imports)
    return TableParts(whole, tuple(before), text, parts, replace(code, chunk=1))


def flattened(results: str, new_name: Callable[[str], str]) -> str:
    """Return an expression, without brackets, for the results of all rows."""
    part, each = new_name("values"), new_name("value")
    return f"{each} for {part} in {results} for {each} in {part}"


def has_constant_labels(returned: list[ast.AST | None]) -> bool:
    """Return True if all values are a Series with the same constant labels, of which `apply` makes columns."""
    found = {_labels(each) for each in returned}
    return len(found) == 1 and None not in found


def _labels(node: ast.AST | None) -> tuple[str, ...] | None:
    match node:
        case ast.Call(func=function, args=[ast.Dict(keys=keys)], keywords=[]) if (
            ast.unparse(function).rpartition(".")[2] == "Series"
            and keys
            and all(isinstance(key, ast.Constant) for key in keys)
        ):
            return tuple(ast.unparse(key) for key in keys if key is not None)
        case _:
            return None
