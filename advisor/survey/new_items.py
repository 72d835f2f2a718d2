"""Find local containers whose direct items are all new objects, whatever these hold in turn.

A change of such an item, as in `groups.setdefault(key, []).append(row)`, changes nothing outside. A container counts
only if each use of its name is of a known form, so that no other code can put something into it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from advisor.survey.loops import COMPREHENSIONS, FUNCTIONS
from advisor.survey.scopes import Module, Program, Scope

_CONTAINERS = ("builtins.list", "builtins.dict", "collections.OrderedDict")
_MAKERS = (
    *("builtins.list", "builtins.dict", "builtins.set", "builtins.int", "builtins.float", "builtins.str"),
    *("collections.Counter", "collections.OrderedDict", "collections.deque", "collections.defaultdict"),
)
_READERS = tuple(f"builtins.{name}" for name in ("len", "sorted", "list", "bool", "enumerate", "reversed"))
_ORDERING = ("sorted", "list", "reversed", "tuple")
_READING = ("get", "items", "keys", "values", "pop", "popitem", "clear", "count", "index")
_PUTTING = {"append": 0, "insert": 1, "setdefault": 1}  # the position of what they put into their object


class NewItems:
    """The names in some statements of a scope that are bound to such containers only."""

    def __init__(self, statements: Sequence[ast.stmt], program: Program, module: Module, scope: Scope) -> None:
        self._program = program
        self._module = module
        self._scope = scope
        self._uses: dict[str, list[ast.Name]] = {}
        self._around: dict[ast.AST, ast.AST] = {}
        for node in (each for statement in statements for each in ast.walk(statement)):
            self._around.update((child, node) for child in ast.iter_child_nodes(node))
            if isinstance(node, ast.Name):
                self._uses.setdefault(node.id, []).append(node)

    def __contains__(self, name: object) -> bool:
        """Return True if all that the statements put into the objects of a name is new."""
        uses = self._uses.get(name, []) if isinstance(name, str) else []
        is_bound = any(isinstance(use.ctx, ast.Store) for use in uses)
        if not is_bound or not self._is_private(uses[0].id) or not all(map(self._is_known, uses)):
            return False
        return not any(map(self._is_stored_into, uses)) or all(map(self._is_no_list, uses))

    def _is_stored_into(self, use: ast.Name) -> bool:
        above = self._around.get(use)
        return isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Store)

    def _is_no_list(self, use: ast.Name) -> bool:
        """Return True for a use that binds no list, to a slice of which the items of another one can be assigned."""
        above = self._around.get(use)
        if not isinstance(above, (ast.Assign, ast.AnnAssign)) or above.value is use:
            return True
        made_by = self._module.dotted(above.value.func, self._scope) if isinstance(above.value, ast.Call) else ""
        return not isinstance(above.value, (ast.List, ast.ListComp)) and made_by != "builtins.list"

    def _is_private(self, name: str) -> bool:
        """Return True if only this scope can use a name, and binds it by plain assignments."""
        owner, binders = self._module.resolve(name, self._scope)
        if owner is not self._scope or not binders or not all(isinstance(each, ast.Name) for each in binders):
            return False
        if any(name in _words(each) for each in _inner_scopes(self._scope)):
            return False
        if not isinstance(self._scope, ast.Module):
            return True
        others = (each for each in self._program.modules.values() if each is not self._module)
        word = re.compile(rf"\b{re.escape(name)}\b")
        attributes = (each.attr for each in ast.walk(self._scope) if isinstance(each, ast.Attribute))
        return name not in attributes and not any(word.search(each.source) for each in others)

    def _is_known(self, use: ast.Name) -> bool:
        """Return True for a use that leaves the container without other names and puts only new objects into it."""
        above = self._around.get(use)
        match above:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) if target is use:
                return self._is_container(above.value)
            case ast.Subscript() if above.value is use:
                return self._is_known_item(above)
            case ast.Attribute():
                return self._is_known_method(above)
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
                return container is use
            case ast.For() | ast.comprehension():
                return above.iter is use
            case ast.If() | ast.While():
                return above.test is use
            case ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Call(args=[argument]) if argument is use:
                return self._module.dotted(above.func, self._scope) in _READERS
            case ast.Tuple():
                return isinstance(self._around.get(above), ast.Return)
            case _:
                return isinstance(above, ast.Return)

    def _is_known_item(self, item: ast.Subscript) -> bool:
        if not isinstance(item.ctx, ast.Store):
            return True
        above = self._around.get(item)
        if isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return above.value is not None and self._is_new(above.value)
        return False

    def _is_known_method(self, method: ast.Attribute) -> bool:
        call = self._around.get(method)
        if not isinstance(call, ast.Call) or call.func is not method or call.keywords:
            return False
        if any(isinstance(each, ast.Starred) for each in call.args):
            return False
        if method.attr in _PUTTING:
            return all(map(self._is_new, call.args[_PUTTING[method.attr] :]))
        return method.attr in _READING

    def _is_container(self, node: ast.expr | None) -> bool:
        """Return True for an expression that makes a container, of new objects only."""
        match node:
            case ast.List():
                return all(map(self._is_new, node.elts))
            case ast.Dict():
                return None not in node.keys and all(map(self._is_new, node.values))
            case ast.ListComp():
                return self._is_new(node.elt)
            case ast.DictComp():
                return self._is_new(node.value)
            case ast.Call(keywords=[]):
                return self._makes_container(self._module.dotted(node.func, self._scope), node.args)
            case _:
                return False

    def _makes_container(self, made_by: str, arguments: list[ast.expr]) -> bool:
        if made_by == "collections.defaultdict":
            return not arguments or (len(arguments) == 1 and self._is_maker(arguments[0]))
        if made_by == "builtins.dict.fromkeys":
            return not any(isinstance(each, ast.Starred) for each in arguments) and self._is_new(*arguments[1:])
        return made_by in _CONTAINERS and not arguments

    def _is_maker(self, factory: ast.expr) -> bool:
        if isinstance(factory, ast.Lambda):
            return self._is_new(factory.body)
        return self._module.dotted(factory, self._scope) in _MAKERS

    def _is_new(self, *nodes: ast.expr) -> bool:
        """Return True for expressions whose own values are new, or cannot change."""
        return all(
            isinstance(node, (ast.List, ast.Set, ast.Dict, ast.Constant, ast.JoinedStr, *COMPREHENSIONS))
            or (isinstance(node, ast.Call) and self._module.dotted(node.func, self._scope) in _MAKERS)
            for node in nodes
        )


def _inner_scopes(scope: Scope) -> Iterator[ast.AST]:
    """Yield the functions and classes within a scope."""
    for node in ast.walk(scope):
        if node is not scope and isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node


def _words(scope: ast.AST) -> set[str]:
    """Return the names that the code of a function or class mentions."""
    found = {each.id for each in ast.walk(scope) if isinstance(each, ast.Name)}
    declarations = (each for each in ast.walk(scope) if isinstance(each, (ast.Global, ast.Nonlocal)))
    return found.union(*(each.names for each in declarations))


def viewed(node: ast.expr, is_builtin: Callable[[str], bool]) -> tuple[str, str]:
    """Return the method and the name in `x.items()`, `sorted(x.items())` and the like, or empty texts."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        if node.func.id not in _ORDERING or not is_builtin(node.func.id):
            return "", ""
        node = node.args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.attr, node.func.value.id
    return "", ""
