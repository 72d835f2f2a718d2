"""Name the shared objects that an instruction is about to read or change."""

from __future__ import annotations

import ast
import builtins
from collections import deque
from collections.abc import Iterable, Iterator
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple

from advisor.interleaving.evaluation import UNKNOWN, evaluate, get_attribute, instance_dictionary
from advisor.interleaving.known_names import (
    CHANGERS,
    OUTSIDE_METHODS,
    PURE_MODULES,
    READERS,
    READING_BUILTINS,
    VALUE_MODULES,
)
from advisor.interleaving.primitives import Lock
from advisor.interleaving.sites import Site
from advisor.interleaving.user_code import UserCode

Key = tuple[Any, ...]  # kind, identity (None: any object), name

_STEPPING = (GeneratorType,)
_IMMUTABLE = (
    str, int, float, complex, bytes, bool, type(None), tuple, frozenset, range, slice,
    type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, CodeType, Lock,
)  # fmt: skip


class Access(NamedTuple):
    """A read or a change of something that calls may share; `node` is its expression."""

    key: Key
    writes: bool
    node: ast.AST | None
    name: str


class AccessFinder:
    """Finds what instructions of the user's code access."""

    def __init__(self, user_code: UserCode) -> None:
        self._user_code = user_code

    def find(self, site: Site, frame: FrameType) -> Iterable[Access]:
        """Yield what the instruction that a frame is about to run reads and changes."""
        node = site.node
        match site.subject:
            case "global":
                return (Access(("global", id(frame.f_globals), site.name), site.writes, node, site.name),)
            case "cell":
                return (Access(("cell", None, site.name), site.writes, node, site.name),)
            case "attribute":
                return self._attribute(site, frame)
            case "item":
                return self._item(site, frame)
            case "call":
                return self._call(node, frame)
            case "iteration":
                return self._iteration(site, frame)
            case _:
                changed = node.target if isinstance(node, ast.AugAssign) else node
                return self._object(evaluate(changed, frame), changed, site.writes)

    def _object(self, value: Any, node: ast.AST | None, writes: bool, name: str = "") -> tuple[Access, ...]:
        """Return the access to a mutable object that is not an instance of a class of the user."""
        if value is UNKNOWN or isinstance(value, _IMMUTABLE) or type(value).__module__ in VALUE_MODULES:
            return ()
        if self._is_plain_instance(value):
            return ()
        return (Access(("object", id(value), ""), writes, node, name),)

    def _read(self, value: Any, node: ast.AST | None) -> tuple[Access, ...]:
        """Return the access of a membership test or a loop to a container, known or not."""
        if value is UNKNOWN and isinstance(node, ast.Call):
            return (Access(("object", None, ""), False, node, ""),)
        return self._object(value, node, isinstance(value, _STEPPING))

    def _is_plain_instance(self, value: Any) -> bool:
        """Return True for an instance of a class in Python that is no container: its methods are traced."""
        if isinstance(value, (dict, list, set, deque)):
            return False
        return instance_dictionary(value) is not None and not self._is_foreign(type(value))

    def _is_foreign(self, kind: type) -> bool:
        """Return True if the class is one of an extension or the standard library, so that methods are single steps."""
        code = next((v.__code__ for v in vars(kind).values() if isinstance(v, FunctionType)), None)
        return code is None or not self._user_code.includes(code.co_filename)

    def _attribute(self, site: Site, frame: FrameType) -> Iterator[Access]:
        node = site.node
        owner = evaluate(node.value, frame) if isinstance(node, ast.Attribute) else UNKNOWN
        name = site.name
        if owner is UNKNOWN:
            yield Access(("attribute", None, name), site.writes, node, name)
        elif isinstance(owner, ModuleType):
            yield Access(("global", id(vars(owner)), name), site.writes, node, name)
        elif not isinstance(getattr(type(owner), name, None), property):  # whose functions are followed themselves
            own = instance_dictionary(owner)
            if site.writes or own is None or name in own or isinstance(owner, type):
                yield Access(("attribute", id(owner), name), site.writes, node, name)
            if not site.writes and (own is None or name not in own):
                for base in (owner if isinstance(owner, type) else type(owner)).__mro__:
                    if name in base.__dict__ and not isinstance(base.__dict__[name], FunctionType):
                        yield Access(("attribute", id(base), name), False, node, name)
                yield Access(("attribute", id(owner), name), False, node, name)

    def _item(self, site: Site, frame: FrameType) -> Iterable[Access]:
        node = site.node
        if isinstance(node, ast.Compare):
            return self._read(evaluate(node.comparators[-1], frame), node.comparators[-1])
        if not isinstance(node, ast.Subscript):
            return ()
        owner = evaluate(node.value, frame)
        if owner is UNKNOWN:
            return (Access(("object", None, ""), site.writes, node, ""),)
        return self._object(owner, node, site.writes)

    def _iteration(self, site: Site, frame: FrameType) -> Iterable[Access]:
        """Return the access to what a loop goes through; that of a generator expression is known to an outer frame."""
        node, at = site.node, frame
        value = evaluate(_iterated(node), at)
        if ".0" in frame.f_locals and frame.f_back is not None and isinstance(node, ast.AST):
            outer = evaluate(_iterated(node), frame.f_back)
            value = outer if outer is not UNKNOWN else frame.f_locals[".0"]
        return self._read(value, _iterated(node))

    def _call(self, node: ast.AST | None, frame: FrameType) -> Iterator[Access]:
        if isinstance(node, ast.With):
            yield from self._leaving(node, frame)
            return
        if not isinstance(node, ast.Call):
            return
        receiver: Any = None
        method = ""
        if isinstance(node.func, ast.Attribute):
            receiver, method = evaluate(node.func.value, frame), node.func.attr
            function = get_attribute(receiver, method)
            if receiver is UNKNOWN:
                yield Access(("object", None, ""), method in CHANGERS, node, method)
            else:
                yield from self._object(receiver, node.func.value, method not in READERS, method)
        else:
            function = evaluate(node.func, frame)
        if isinstance(function, (FunctionType, MethodType)) and self._user_code.includes(function.__code__.co_filename):
            return
        only_reads = getattr(function, "__name__", "") in READING_BUILTINS and _is_builtin(function)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            value = evaluate(_iterated(argument.value if isinstance(argument, ast.Starred) else argument), frame)
            yield from self._object(value, argument, not only_reads or isinstance(value, _STEPPING))
        if not only_reads and _goes_outside(function, receiver, method):
            yield Access(("outside", None, ""), True, node, method)

    def _leaving(self, node: ast.With, frame: FrameType) -> Iterator[Access]:
        """Yield an access if leaving a `with` block may write something outside, as closing a file does."""
        for item in node.items:
            value = evaluate(item.optional_vars or item.context_expr, frame)
            if not isinstance(value, Lock) and type(value).__module__ not in PURE_MODULES:
                yield Access(("outside", None, ""), True, node, "")


def _iterated(node: ast.AST | None) -> ast.AST | None:
    """Return the container that an expression like `d.items()`, `enumerate(x)` goes through."""
    if isinstance(node, (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
        return _iterated(node.generators[0].iter)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values", "keys"):
            return node.func.value
        if isinstance(node.func, ast.Name) and node.args and node.func.id in ("enumerate", "zip", "reversed", "iter"):
            return _iterated(node.args[0])
    return node


def _is_builtin(function: Any) -> bool:
    return getattr(builtins, getattr(function, "__name__", ""), None) is function


def _goes_outside(function: Any, receiver: Any, method: str) -> bool:
    """Return True if a call may do input or output: nothing is known of it, or its module does such things."""
    if receiver is UNKNOWN:
        return method in OUTSIDE_METHODS
    owner = type(receiver) if receiver is not None and not isinstance(receiver, (type, ModuleType)) else function
    if isinstance(receiver, type):
        owner = receiver
    if owner is UNKNOWN:
        return False
    return (getattr(owner, "__module__", None) or "builtins") not in PURE_MODULES
