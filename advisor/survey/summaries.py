"""Summarize the effects of the user's functions on their parameters and on globals, and their results."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from advisor.survey.classes import Classes, Method
from advisor.survey.effects import Access, Finding
from advisor.survey.hidden_calls import HiddenCalls
from advisor.survey.scopes import Function, Module, Program, own_nodes, parameters
from advisor.survey.values import FRESH, NEW, Value, Values, at, holding

if TYPE_CHECKING:
    from advisor.survey.accesses import Reader

_MOST_FUNCTIONS = 400
_MOST_ACCESSES = 150
_LOCAL_FINDINGS = ("break", "return", "yield", "await")  # of a function, not of a loop that calls it


@dataclass(frozen=True)
class Summary:
    """The effects of a call of a function; paths begin with its parameters or with names outside of it."""

    accesses: tuple[Access, ...] = ()
    findings: tuple[Finding, ...] = ()
    result: Value = NEW
    called: tuple[str, ...] = ()


class Summaries:
    """Summarizes functions of a program, each of them once; a recursive call counts for nothing more."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.classes = Classes(program)
        self._known: dict[Function, Summary] = {}

    def of(self, module: Module, function: Function) -> Summary:
        """Return the summary of a function."""
        if function not in self._known:
            if len(self._known) >= _MOST_FUNCTIONS:
                text = "calls more functions than are looked at"
                return Summary(findings=(Finding("unknown call", text, module.file, function.lineno),))
            self._known[function] = Summary()
            self._known[function] = self._summarize(module, function)
        return self._known[function]

    @cached_property
    def hidden(self) -> HiddenCalls:
        """The functions of the program that run without being called."""
        return HiddenCalls(self)

    @cached_property
    def special(self) -> dict[str, list[Method]]:
        """The methods of classes that run without a call: properties, and those with names such as `__len__`."""
        found: dict[str, list[Method]] = {}
        for module in self.program.modules.values():
            for owner in module.classes.values():
                for node in owner.body:
                    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_special(node):
                        found.setdefault(node.name, []).append((module, node))
        return found

    def _summarize(self, module: Module, function: Function) -> Summary:
        from advisor.survey.accesses import Reader
        from advisor.survey.calls import Calls
        from advisor.survey.kinds import Kinds

        body = statements_of(function)
        calls = Calls(self.program, module, function, self)
        declared = _declared(function)
        outside = declared | {argument.arg for argument in parameters(function)}
        values = Values(body, calls, exposed=outside)
        reader = Reader(module, function, values, calls, Kinds(self.program, module))
        reader.read(body)
        return Summary(
            _bounded(_kept(reader, values, declared, outside)),
            tuple(dict.fromkeys(each for each in reader.findings if each.kind not in _LOCAL_FINDINGS)),
            _result(function, values),
            tuple(dict.fromkeys(reader.called)),
        )


@lru_cache(maxsize=4)
def summaries_of(sources: tuple[tuple[str, str], ...]) -> Summaries:
    """Return the summaries for a program of these files and texts, the same ones for the same program."""
    return Summaries(Program(dict(sources)))


def statements_of(function: Function) -> list[ast.stmt]:
    """Return the statements of a function; of a lambda one that returns its expression."""
    if isinstance(function, ast.Lambda):
        return [ast.copy_location(ast.Return(function.body), function.body)]
    return function.body


def _made(function: ast.FunctionDef | ast.AsyncFunctionDef, values: Values) -> Value:
    """Return a new object with what its initializer assigns to the attributes; with all arguments if that calls others.

    What is put into the attributes by other means is taken to be one of the arguments.
    """
    names = [argument.arg for argument in parameters(function)]
    if any(_passes(node, names[0]) for node in own_nodes(function) if names):
        return holding([at((name,)) for name in names[1:]])
    stored = [
        node.value
        for node in own_nodes(function)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None
        if any(isinstance(each, (ast.Attribute, ast.Subscript)) for each in _targets(node))
    ]
    return holding(map(values.of, stored))


def _passes(node: ast.AST, name: str) -> bool:
    """Return True for a call that gets an object, or calls a method of it or of its bases."""
    if not isinstance(node, ast.Call):
        return False
    given = [node.func, *node.args, *(keyword.value for keyword in node.keywords)]
    return any(isinstance(each, ast.Name) and each.id in (name, "super") for part in given for each in ast.walk(part))


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[ast.expr]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]


def _is_special(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if function.name.startswith("__") and function.name not in ("__init__", "__new__", "__post_init__"):
        return True
    names = {
        each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in function.decorator_list
    }
    return bool(names & {"property", "setter", "deleter", "getter"})


def _declared(function: Function) -> frozenset[str]:
    nodes = (node for node in own_nodes(function) if isinstance(node, (ast.Global, ast.Nonlocal)))
    return frozenset(name for node in nodes for name in node.names)


def _kept(reader: Reader, values: Values, declared: frozenset[str], outside: frozenset[str]) -> list[Access]:
    """Return the accesses to objects that outlive the call, and to names that are declared global or nonlocal."""
    return [
        access
        for access in reader.accesses
        if access.path != FRESH and (access.path[0] in outside or access.path[0] not in values.bound)
        if not _is_assignment(access) or access.path[0] in declared
    ]


def _bounded(accesses: list[Access]) -> tuple[Access, ...]:
    """Return the accesses once each, without their lines; if they are very many, only by what they begin with."""
    once = tuple(dict.fromkeys(replace(access, line=0, through="") for access in accesses))
    if len(once) <= _MOST_ACCESSES:
        return once
    return tuple(dict.fromkeys(replace(access, path=access.path[:2]) for access in once))


def _is_assignment(access: Access) -> bool:
    """Return True if a name is assigned, which the caller does not see unless it is declared global or nonlocal."""
    return len(access.path) == 1 and access.how in ("rebind", "reduce") and not access.in_place


def _result(function: Function, values: Values) -> Value:
    if isinstance(function, ast.Lambda):
        return values.of(function.body)
    if function.name == "__init__":
        return _made(function, values)
    result: Value | None = None
    for node in own_nodes(function):
        if isinstance(node, (ast.Return, ast.YieldFrom)) and node.value is not None:
            value = values.of(node.value)
        elif isinstance(node, ast.Yield) and node.value is not None:
            inner = values.of(node.value)
            value = Value(frozenset({FRESH}), inner.itself | inner.parts)
        else:
            continue
        result = value if result is None else result | value
    return result or NEW
