"""Tell objects that libraries made and that may keep state, where the names of their methods suggest plain values."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from advisor.survey.kinds import Kinds
from advisor.survey.known_calls import effect_of
from advisor.survey.loops import FUNCTIONS
from advisor.survey.scopes import Module, Program, Scope, own_nodes, parameters

_DEEPEST = 6
_PLAIN_METHODS = frozenset(
    name for kind in (str, bytes, tuple, frozenset, int, float, range) for name in dir(kind) if not name.startswith("_")
)
_KEEPING = ("io.IncrementalNewlineDecoder", "csv.reader", "csv.DictReader", "zlib.compressobj", "zlib.decompressobj")
_GIVING = ("functools.partial", "operator.")  # functions, whose results are not their own


@dataclass(frozen=True)
class Makers:
    """Follows the objects in a module of a program to the calls that made them."""

    program: Program
    module: Module

    def may_change(self, method: ast.Attribute, scope: Scope) -> bool:
        """Return True if a method of strings and numbers may be that of a decoder, a tokenizer or the like."""
        return method.attr in _PLAIN_METHODS and self.is_unknown(method.value, scope)

    def is_unknown(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> bool:
        """Return True if a call made the object of which is not known that it returns plain values."""
        if node is None or depth > _DEEPEST:
            return False
        match node:
            case ast.Call():
                return self._is_unknown_call(node, scope, depth + 1)
            case ast.Name():
                _, binders = self.module.resolve(node.id, scope)
                return any(self._is_unknown_binder(each, depth + 1) for each in binders)
            case ast.Attribute():
                return any(self.is_unknown(*each, depth + 1) for each in self._assigned(node.attr))
            case ast.Subscript() | ast.Starred() | ast.NamedExpr() | ast.Await():
                return self.is_unknown(node.value, scope, depth + 1)
            case ast.IfExp():
                return self._any((node.body, node.orelse), scope, depth)
            case ast.BoolOp():
                return self._any(node.values, scope, depth)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._any(node.elts, scope, depth)
            case ast.Dict():
                return self._any(node.values, scope, depth)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.is_unknown(node.elt, scope, depth + 1)
            case ast.DictComp():
                return self.is_unknown(node.value, scope, depth + 1)
        return False

    def _any(self, nodes: Iterable[ast.expr], scope: Scope, depth: int) -> bool:
        return any(self.is_unknown(each, scope, depth + 1) for each in nodes)

    def _assigned(self, attribute: str) -> Iterator[tuple[ast.expr | None, Scope]]:
        """Yield what the module assigns to an attribute of this name, of whatever objects."""
        for owner in self.module.classes.values():
            for each in self.module.assigned_attributes(owner).get(attribute, ()):
                above = self.module.parents.get(each)
                if isinstance(above, (ast.Assign, ast.AnnAssign)):
                    yield above.value, self.module.scope(each)

    def _is_unknown_binder(self, binder: ast.AST, depth: int) -> bool:
        """Return True if what a name is bound to was made by such a call."""
        if isinstance(binder, ast.arg):
            return any(each.is_unknown(value, scope, depth) for each, value, scope in self._given(binder))
        above = self.module.parents.get(binder)
        if isinstance(above, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            return self.is_unknown(above.value, self.module.scope(above), depth)
        if isinstance(above, ast.withitem):
            return self.is_unknown(above.context_expr, self.module.scope(above), depth)
        return False

    def _given(self, parameter: ast.arg) -> Iterator[tuple[Makers, ast.expr, Scope]]:
        """Yield the arguments that calls in the program give for a parameter."""
        function = next((each for each in self.module.ancestors(parameter) if isinstance(each, FUNCTIONS)), None)
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        owner = self.module.owner(function)
        name = owner.name if owner is not None and function.name == "__init__" else function.name
        place = [each.arg for each in parameters(function)].index(parameter.arg) - (owner is not None)
        for module, call in self.program.calls_by_name.get(name, ()):
            given = [each.value for each in call.keywords if each.arg == parameter.arg]
            given += call.args[place : place + 1] if place >= 0 else []
            yield from ((Makers(self.program, module), each, module.scope(call)) for each in given)

    def _is_unknown_call(self, call: ast.Call, scope: Scope, depth: int) -> bool:
        function = call.func
        owner = Kinds(self.program, self.module).class_named(function, scope)
        if owner is not None:
            return Makers(self.program, owner[0])._is_of_unknown_base(owner[1], depth)
        dotted = self.module.dotted(function, scope)
        defined = self._defined(function, dotted, scope)
        if defined is not None:
            return Makers(self.program, defined[0])._returns_unknown(defined[1], depth)
        if dotted == "builtins.super":
            classes = (each for each in self.module.ancestors(call) if isinstance(each, ast.ClassDef))
            return any(self._is_of_unknown_base(each, depth) for each in classes)
        if dotted:
            return dotted in _KEEPING or effect_of(dotted) == "unknown"
        if isinstance(function, ast.Attribute):  # a text that is decoded is plain
            return function.attr not in _PLAIN_METHODS and self.is_unknown(function.value, scope, depth)
        return self._is_from_library(function, scope)

    def _is_of_unknown_base(self, owner: ast.ClassDef, depth: int) -> bool:
        """Return True if a class inherits methods from a class of a library of which too little is known."""
        scope = self.module.scope(owner)
        calls = (ast.copy_location(ast.Call(base, [], []), base) for base in owner.bases)
        return depth <= _DEEPEST and any(self._is_unknown_call(each, scope, depth + 1) for each in calls)

    def _defined(self, function: ast.expr, dotted: str, scope: Scope) -> tuple[Module, ast.AST] | None:
        """Return the user's function that a name refers to."""
        if isinstance(function, ast.Name):
            _, binders = self.module.resolve(function.id, scope)
            if len(binders) == 1 and isinstance(binders[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
                return self.module, binders[0]
        return self.program.definition(dotted) if dotted else None

    def _returns_unknown(self, function: ast.AST, depth: int) -> bool:
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        returned = (each.value for each in own_nodes(function) if isinstance(each, ast.Return))
        return any(self.is_unknown(each, function, depth) for each in returned)

    def _is_from_library(self, function: ast.expr, scope: Scope) -> bool:
        """Return True if a function or class that is called was itself made by a call of a library."""
        if isinstance(function, ast.Name):
            _, binders = self.module.resolve(function.id, scope)
            above = [self.module.parents.get(each) for each in binders]
            values = [each.value for each in above if isinstance(each, ast.Assign)]
            return any(self._is_from_library(each, scope) for each in values if isinstance(each, ast.Call))
        if not isinstance(function, ast.Call):
            return False
        dotted = self.module.dotted(function.func, scope)
        return bool(dotted) and self._defined(function.func, dotted, scope) is None and not dotted.startswith(_GIVING)
