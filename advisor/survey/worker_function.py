"""The function that does what iterations of a loop can do by themselves."""

from __future__ import annotations

import ast
import builtins
import copy
import keyword
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.survey.dependence import Analysis
from advisor.survey.fission import CannotSplitError
from advisor.survey.liveness import Assignment, exposed
from advisor.survey.loops import FUNCTIONS
from advisor.survey.scopes import Module
from advisor.survey.source_text import UNIT, SourceText, bare

_SPECIAL = ("super", "__class__", "locals")


class NewNames:
    """Gives names that a module does not use."""

    def __init__(self, module: Module) -> None:
        self._used = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
        self._used |= {node.arg for node in ast.walk(module.tree) if isinstance(node, ast.arg)}
        self._used |= {getattr(node, "name", None) or "" for node in ast.walk(module.tree)}
        self._used |= set(module.imports) | set(dir(builtins)) | set(keyword.kwlist)

    def __call__(self, base: str) -> str:
        """Return the name itself or the first free one with a number, and take it."""
        name, number = base, 1
        while name in self._used:
            number += 1
            name = f"{base}_{number}"
        self._used.add(name)
        return name


@dataclass(frozen=True)
class Worker:
    """A function for the iterations of a loop, and how to name it in a call.

    Attributes:
        lines: Of its definition; empty if the program has a function that does it.
        call: The expression for a function of one item.
        imports: Statements that the expression needs.
    """

    lines: tuple[str, ...]
    call: str
    imports: tuple[str, ...] = ()


def worker_for(
    analysis: Analysis, name: str, body: Sequence[ast.stmt], results: Sequence[str], *, processes: bool
) -> Worker:
    """Return the function with the statements as its body that returns the names in `results`.

    Raises:
        CannotSplitError: The statements need something that a function at the top level cannot have.
    """
    direct = _direct(analysis, body, results)
    if direct is not None:
        return Worker((), direct)
    inputs = sorted(exposed(body) - analysis.body.targets)
    _check(body)
    parameters, local_imports = _parameters(analysis, inputs, processes)
    item, unpacking = _item(analysis, body)
    text = SourceText(analysis.module)
    lines = [f"def {name}({', '.join([item, *parameters])}):", *unpacking]
    lines += [f"{UNIT}{statement}" for statement in local_imports]
    lines += [f"{UNIT}{each} = None" for each in _uncertain(body, results)]
    lines += text.block(_returning(body, results), UNIT)
    if not parameters:
        return Worker(tuple(lines), name)
    given = ", ".join(f"{parameter}={parameter}" for parameter in parameters)
    return Worker(tuple(lines), f"partial({name}, {given})", ("from functools import partial",))


def without_last_return(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the body without an `if` at its end that does nothing but return."""
    statements = list(body)
    while statements and isinstance(last := statements[-1], ast.If) and not last.orelse:
        if not all(isinstance(each, ast.Return) for each in last.body):
            break
        statements.pop()
    while statements and isinstance(statements[-1], ast.Return):
        statements.pop()
    return statements


def _direct(analysis: Analysis, body: Sequence[ast.stmt], results: Sequence[str]) -> str | None:
    """Return the function that the body only calls with the item, or None."""
    target = analysis.body.target
    match body, results:
        case [
            ast.Assign(
                targets=[ast.Name(id=stored)], value=ast.Call(func=function, args=[ast.Name(id=given)], keywords=[])
            )
        ], [result]:
            is_item = isinstance(target, ast.Name) and given == target.id and stored == result
            return ast.unparse(function) if is_item and _is_global(analysis, function) else None
        case _:
            return None


def _is_global(analysis: Analysis, function: ast.expr) -> bool:
    if not isinstance(function, ast.Name):
        return bool(analysis.module.dotted(function, analysis.scope))
    found_in, _ = analysis.module.resolve(function.id, analysis.scope)
    return found_in is None or isinstance(found_in, ast.Module)


def _check(body: Sequence[ast.stmt]) -> None:
    for node in (each for statement in body for each in ast.walk(statement)):
        if isinstance(node, ast.Name) and node.id in _SPECIAL:
            raise CannotSplitError(f"`{node.id}` means something else in a function of its own")
        if isinstance(node, ast.Attribute) and node.attr.startswith("__") and not node.attr.endswith("__"):
            raise CannotSplitError(f"`{node.attr}` is private to the class")
        if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)):
            raise CannotSplitError(f"line {node.lineno} cannot move into a function of its own")


def _parameters(analysis: Analysis, inputs: Sequence[str], processes: bool) -> tuple[list[str], list[str]]:
    """Return the names that become parameters, and the imports that the function needs itself."""
    parameters, imports = [], []
    for name in inputs:
        found_in, binders = analysis.module.resolve(name, analysis.scope)
        if found_in is None or isinstance(found_in, ast.Module):
            continue
        if binders and all(isinstance(each, (ast.Import, ast.ImportFrom)) for each in binders):
            imports.append(ast.unparse(binders[0]))
            continue
        is_function = any(isinstance(each, (*FUNCTIONS, ast.ClassDef)) for each in binders)
        if is_function and processes:
            raise CannotSplitError(f"`{name}` is defined in a function, and cannot be sent to a process")
        if processes and name in {
            role.variable.name.partition(".")[0] for role in analysis.roles if role.variable.role != "read"
        }:
            raise CannotSplitError(f"`{name}` changes while it would be sent to processes")
        parameters.append(name)
    return parameters, imports


def _item(analysis: Analysis, body: Sequence[ast.stmt]) -> tuple[str, list[str]]:
    """Return the parameter for the item, and the lines that take it apart."""
    target = analysis.body.target
    assert target is not None
    if isinstance(target, ast.Name):
        return target.id, []
    used = {each.id for statement in body for each in ast.walk(statement) if isinstance(each, ast.Name)}
    parameter = "item" if "item" not in used | analysis.body.targets else "item_of_loop"
    if not analysis.body.targets & used:
        return parameter, []
    return parameter, [f"{UNIT}{bare(target)} = {parameter}"]


def _uncertain(body: Sequence[ast.stmt], results: Sequence[str]) -> list[str]:
    """Return the results that the body may not have assigned when it returns."""
    certain = Assignment().always([_as_continue(each) for each in body])
    return [name for name in results if name not in certain]


def _as_continue(node: ast.stmt) -> ast.stmt:
    """Return a statement whose `return`s are `continue`s, for the question what is assigned until then."""

    class Change(ast.NodeTransformer):
        def visit_Return(self, node: ast.Return) -> ast.AST:
            return ast.Continue()

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            return node

    changed: ast.stmt = Change().visit(copy.deepcopy(node))
    return changed


def _returning(body: Sequence[ast.stmt], results: Sequence[str]) -> list[ast.stmt]:
    """Return the body with the results in its `return`s, and one at the end."""
    values: list[ast.expr] = [ast.Name(name, ast.Load()) for name in results]
    value = values[0] if len(values) == 1 else (ast.Tuple(values, ast.Load()) if values else None)
    statements = [_with_value(each, value) for each in body]
    last = statements[-1] if statements else None
    if isinstance(last, ast.Assign) and len(results) == 1 and _names(last) == [results[0]]:
        return [*statements[:-1], ast.Return(last.value)]
    return [*statements, ast.Return(value)] if value is not None else statements


def _names(node: ast.Assign) -> list[str]:
    return [each.id if isinstance(each, ast.Name) else "" for each in node.targets]


def _with_value(node: ast.stmt, value: ast.expr | None) -> ast.stmt:
    """Return a statement with a value in its empty `return`s; one without any as it is."""
    if isinstance(node, ast.Return):
        return ast.Return(value)
    fields: dict[str, list[ast.stmt]] = {}
    for name in ("body", "orelse", "finalbody"):
        before = getattr(node, name, None)
        if isinstance(before, list) and not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            after = [_with_value(each, value) for each in before]
            if any(one is not other for one, other in zip(before, after, strict=True)):
                fields[name] = after
    handlers = getattr(node, "handlers", [])
    new_handlers = [_handler(each, value) for each in handlers]
    is_same = all(one is other for one, other in zip(handlers, new_handlers, strict=True))
    if not fields and is_same:
        return node
    parts = {name: getattr(node, name) for name in node._fields} | fields
    if handlers:
        parts["handlers"] = new_handlers
    return ast.copy_location(type(node)(**parts), node)


def _handler(node: ast.ExceptHandler, value: ast.expr | None) -> ast.ExceptHandler:
    body = [_with_value(each, value) for each in node.body]
    if all(one is other for one, other in zip(node.body, body, strict=True)):
        return node
    return ast.copy_location(ast.ExceptHandler(node.type, node.name, body), node)
