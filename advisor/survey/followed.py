"""The user's functions that calls run, and what their parameters are there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from advisor.survey.effects import Finding
from advisor.survey.scopes import Function, Module, parameters

_MEMORIES = ("functools.lru_cache", "functools.cache")
_PLAIN_DECORATORS = (
    *("builtins.staticmethod", "builtins.classmethod", "builtins.property", "functools.wraps"),
    *("functools.cached_property", "contextlib.contextmanager", "abc.abstractmethod", "typing.override"),
    *("typing.overload", "numba.njit", "numba.jit", "dataclasses.dataclass"),
)


@dataclass(frozen=True)
class Followed:
    """A function of the user that a call runs, and the object that it is a method of."""

    module: Module
    function: Function
    receiver: ast.expr | None = None
    is_new: bool = False  # it initializes a new object


def arguments_of(call: ast.Call, each: Followed) -> Iterator[tuple[str, ast.expr]]:
    """Yield the arguments of a call with the names of the parameters that take them."""
    spec = each.function.args
    names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
    if each.receiver is not None or each.is_new:
        if names and each.receiver is not None:
            yield names[0], each.receiver
        names = names[1:]
    for number, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            for name in names[number:]:
                yield name, argument.value
            break
        if number < len(names):
            yield names[number], argument
        elif spec.vararg is not None:
            yield spec.vararg.arg, argument
    for keyword in call.keywords:
        known = {argument.arg for argument in parameters(each.function)}
        if keyword.arg in known:
            yield keyword.arg, keyword.value
        elif keyword.arg is None:
            for name in known - {spec.vararg.arg if spec.vararg else ""}:
                yield name, keyword.value
        elif spec.kwarg is not None:
            yield spec.kwarg.arg, keyword.value


def foreign(step: str) -> str:
    """Return a step of a path in the terms of another scope, where the names in a key mean nothing."""
    if not step.startswith("["):
        return step
    is_constant = step[1:2] in "'\"" or step[1:-1].lstrip("-").isdigit()
    return step if is_constant else "[]"


def with_objects_as_default(function: Function) -> Iterator[str]:
    """Yield the parameters whose default is an object that all calls share."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    pairs = [
        *zip(reversed(positional), reversed(spec.defaults), strict=False),
        *zip(spec.kwonlyargs, spec.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if isinstance(default, (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp)):
            yield argument.arg


def decorated(each: Followed) -> Iterator[Finding]:
    """Yield findings for the decorators of a function, as far as they are not known to leave it as it is."""
    for node in getattr(each.function, "decorator_list", []):
        function = node.func if isinstance(node, ast.Call) else node
        dotted = each.module.dotted(function, each.module.tree)
        name = getattr(each.function, "name", "")
        if dotted in _MEMORIES and not _asks_memory(each.module):
            text = f"calls `{name}`, which remembers its results; every process would have its own"
            yield Finding("memory", text, each.module.file, node.lineno, through=name)
        elif dotted not in _PLAIN_DECORATORS:
            if isinstance(function, ast.Attribute) and function.attr in ("setter", "getter"):
                continue
            text = f"calls `{name}`, which `{ast.unparse(function)}` decorates"
            yield Finding("unknown call", text, each.module.file, node.lineno, through=name)


def _asks_memory(module: Module) -> bool:
    """Return True if the module asks how often results were remembered, which would change."""
    return any(isinstance(node, ast.Attribute) and node.attr.startswith("cache_") for node in ast.walk(module.tree))
