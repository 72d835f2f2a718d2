"""Find functions of the user that run without being called: when objects end, and when something is logged."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.survey.classes import Classes, Method
from advisor.survey.kinds import Kinds
from advisor.survey.scopes import Function, Module, Program

if TYPE_CHECKING:
    from advisor.survey.summaries import Summaries

_ENDINGS = ("weakref.finalize", "weakref.ref", "weakref.WeakMethod", "weakref.proxy")
_LOGGING_METHODS = ("filter", "emit", "handle", "format", "formatTime", "formatException", "process", "makeRecord",
                    "__call__", "write", "flush", "handleError", "shouldRollover", "doRollover")  # fmt: skip
_HOOKS = ("addFilter", "addHandler", "StreamHandler", "setLogRecordFactory", "setLoggerClass")
_REDIRECTING = ("contextlib.redirect_stdout", "contextlib.redirect_stderr")
_PLAIN_KINDS = ("logging.", "io.", "sys.", "builtins.open", "builtins.str")
_HARMLESS = ("output", "memory", "reads file")


class HiddenCalls:
    """The functions of a program that iterations may run without calling them, and that leave something behind."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries
        self._program: Program = summaries.program
        self._classes: Classes = summaries.classes

    @cached_property
    def at_the_end(self) -> str:
        """The change that the end of an object of the user makes, in words; '' if there is none."""
        for module, function in self._methods("__del__"):
            if self._leaves_behind(module, function, own=True):
                return f"`__del__` of `{_owner(module, function)}`"
        for module, call in self._calls():
            dotted = module.dotted(call.func, module.scope(call))
            if dotted in _ENDINGS and len(call.args) > 1 and self._may_leave_behind(module, call.args[1]):
                return f"`{ast.unparse(call.args[1])}`"
        return ""

    @cached_property
    def while_logging(self) -> str:
        """The change that logging makes besides that of the handlers of `logging`, in words; '' if there is none."""
        for each in self._classes.logging:
            if self._changes_something(*each):
                return f"`{each[1].name}`"
        for module, call in self._calls():
            name = ast.unparse(call.func).rpartition(".")[2]
            given = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "stream")]
            if name in _HOOKS and any(self._may_leave_behind(module, each) for each in given):
                return f"`{ast.unparse(given[0])}`"
        return ""

    def _changes_something(self, module: Module, owner: ast.ClassDef) -> bool:
        """Return True if logging with an object of a class changes something."""
        methods = (each for name in _LOGGING_METHODS for each in self._classes.methods_of(module, owner, name))
        return any(self._leaves_behind(*each) for each in methods)

    @cached_property
    def is_redirected(self) -> bool:
        """True if the program gives its output another place than it has at first."""
        for module in self._program.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    if node.attr in ("stdout", "stderr") and module.dotted(node.value, module.scope(node)) == "sys":
                        return True
                elif isinstance(node, ast.Call) and module.dotted(node.func, module.scope(node)) in _REDIRECTING:
                    return True
        return False

    def _calls(self) -> Iterator[tuple[Module, ast.Call]]:
        for module in self._program.modules.values():
            yield from ((module, each) for each in ast.walk(module.tree) if isinstance(each, ast.Call))

    def _methods(self, name: str) -> Iterator[Method]:
        for module in self._program.modules.values():
            for owner in module.classes.values():
                yield from (
                    (module, node) for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == name
                )

    def _may_leave_behind(self, module: Module, function: ast.expr) -> bool:
        """Return True unless a function is known to leave nothing behind."""
        scope = module.scope(function)
        if isinstance(function, ast.Lambda):
            return self._leaves_behind(module, function)
        if isinstance(function, ast.Constant):
            return False
        kinds = Kinds(self._program, module)
        kind = kinds.of(function, scope)
        owner = kinds.class_of_kind(kind)
        if owner is not None:
            return self._changes_something(*owner)
        if kind.startswith(_PLAIN_KINDS):
            return False
        if isinstance(function, ast.Name):
            _, binders = module.resolve(function.id, scope)
            functions = [each for each in binders if isinstance(each, ast.FunctionDef)]
            if functions and len(functions) == len(binders):
                return any(self._leaves_behind(module, each) for each in functions)
        return True

    def _leaves_behind(self, module: Module, function: Function, *, own: bool = False) -> bool:
        """Return True if a function changes something; its own object does not count if that ends anyway."""
        summary = self._summaries.of(module, function)
        first = function.args.args[0].arg if own and function.args.args else ""
        if any(each.kind not in _HARMLESS for each in summary.findings):
            return True
        return any(each.writes and each.path[0] != first for each in summary.accesses)


def _owner(module: Module, function: Function) -> str:
    owner = module.owner(function)
    return owner.name if owner is not None else ""
