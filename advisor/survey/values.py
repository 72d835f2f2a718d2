"""Trace the objects that a body of code uses to their origins (a points-to analysis without order)."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

from advisor.survey.loop_body import ITEM
from advisor.survey.new_items import viewed
from advisor.survey.number_forms import is_number
from advisor.survey.puts import Puts, root_of
from advisor.survey.scopes import Function, Module, bound_names, own_nodes, parameters

Path: TypeAlias = tuple[str, ...]  # a name and steps from there: ("self", ".rows", "[i]")

FRESH: Path = ("<fresh>",)
OWN = "<own file>"
_TEMPORARY = ("TemporaryDirectory", "NamedTemporaryFile", "mkdtemp", "mkstemp")
_LONGEST = 5
_MOST_ROUNDS = 8


@dataclass(frozen=True)
class Value:
    """The origins of the object of an expression, and of what it holds."""

    itself: frozenset[Path]
    parts: frozenset[Path]

    def __or__(self, other: Value) -> Value:
        return Value(self.itself | other.itself, self.parts | other.parts)

    @property
    def part(self) -> Value:
        """One of the objects that it holds."""
        return Value(self.parts, self.parts)

    @property
    def outside(self) -> frozenset[Path]:
        return self.itself - {FRESH}


NEW = Value(frozenset({FRESH}), frozenset({FRESH}))
NOTHING = Value(frozenset(), frozenset())


def at(path: Path) -> Value:
    """Return the value of an object at a path."""
    return Value(frozenset({path}), frozenset({longer(path, "[]")}))


def longer(path: Path, step: str) -> Path:
    """Return the path of a part of the object at a path; parts that are far away count as one."""
    return path if path == FRESH or len(path) >= _LONGEST else (*path, step)


def holding(values: Iterable[Value]) -> Value:
    """Return a new object that holds these values."""
    parts = frozenset({FRESH}).union(*(value.itself | value.parts for value in values))
    return Value(frozenset({FRESH}), parts)


class CallResults(Protocol):
    """Tells what calls return."""

    def result_of(self, call: ast.Call, values: Values) -> Value: ...

    def shared_attribute(self, node: ast.Attribute) -> Value: ...

    def is_builtin(self, name: str) -> bool: ...

    def owns(self, attribute: str) -> bool: ...

    def functions(self, call: ast.Call) -> list[tuple[Module, Function]]: ...

    def new_items(self, statements: Sequence[ast.stmt]) -> Container[str]: ...


@dataclass(frozen=True)
class _Bind:
    """A value that a name is bound to: that of the expression, one of its parts, or a new object.

    Attributes:
        container: The name of the dictionary if the part is one of its values, without the keys.
    """

    expression: ast.expr | None
    is_part: bool = False
    container: str = ""


class Values:
    """The values of expressions in some statements.

    Args:
        statements: Their names that are bound here are local to them; others come from outside.
        targets: Names of the iteration's own item and of parts of it.
        items: Those of them that are items themselves.
        numbers: Names of numbers.
        exposed: Bound names that may be read before the statements bind them.
        outer: Plain aliases of names outside, such as `rows = self.rows`.
    """

    def __init__(
        self,
        statements: Sequence[ast.stmt],
        calls: CallResults,
        *,
        targets: frozenset[str] = frozenset(),
        items: frozenset[str] = frozenset(),
        numbers: frozenset[str] = frozenset(),
        exposed: frozenset[str] = frozenset(),
        outer: dict[str, ast.expr] | None = None,
    ) -> None:
        self._statements = statements
        self._calls = calls
        self._targets = targets
        self._items = items
        self._numbers = numbers
        self._exposed = exposed
        self._outer = outer or {}
        self._binds: dict[str, list[_Bind]] = {}
        self._puts = Puts()
        self._open: list[str] = []  # aliases that are being looked up
        self._table: dict[str, Value] | None = None
        self._direct: dict[str, Value] = {}  # values of names as far as an item of them may be a part
        self._is_solved = False
        self.stored: set[str] = set()  # names that statements bind, without those of comprehensions
        for statement in statements:
            self._collect(statement)
        self._puts.share(self._links())

    @property
    def bound(self) -> frozenset[str]:
        return frozenset(self._binds) | self._targets

    def _collect(self, statement: ast.stmt) -> None:
        holder = ast.Module(body=[statement], type_ignores=[])
        for node in own_nodes(holder):
            self.stored.update(bound_names(node))
        for node in own_nodes(holder, comprehensions=True):
            self._bind_node(node)
            self._puts.collect(node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                named = (function for _, function in self._calls.functions(node))
                self._puts.hand(node, (each for each in named if getattr(each, "name", "") != "__init__"))

    def _links(self) -> Iterator[tuple[str, str, bool]]:
        """Yield names with others whose object, or an item of it, they may be; True if it is the object itself."""
        makers: dict[ast.expr, str] = {}
        for name, binds in self._binds.items():
            for bind in binds:
                if bind.container and self._holds_new(bind.container):
                    yield name, bind.container, False
                if bind.expression is None or bind.is_part:
                    continue
                other = root_of(bind.expression)
                if other in self._binds and other != name:
                    yield name, other, isinstance(bind.expression, ast.Name)
                elif (same := makers.setdefault(bind.expression, name)) != name:  # a = b = {}
                    yield name, same, True
                    yield same, name, True

    def _bind_node(self, node: ast.AST) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, node.value)
            case ast.AnnAssign() | ast.NamedExpr():
                self._bind(node.target, node.value)
            case ast.AugAssign():
                old = ast.copy_location(ast.Constant(None), node)
                self._bind(node.target, ast.copy_location(ast.BinOp(old, node.op, node.value), node))
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._bind_each(node.target, node.iter)
            case ast.withitem() if node.optional_vars is not None:
                self._bind(node.optional_vars, node.context_expr)
            case ast.Match():
                for case in node.cases:
                    for name in (name for part in ast.walk(case.pattern) for name in bound_names(part)):
                        self._add(name, _Bind(node.subject, is_part=True))
            case ast.Lambda():
                for argument in parameters(node):
                    self._add(argument.arg, _Bind(None))
            case _:
                if not isinstance(node, (ast.Name, ast.Global, ast.Nonlocal)):
                    for name in bound_names(node):
                        self._add(name, _Bind(None))

    def _bind_each(self, target: ast.expr, iterated: ast.expr) -> None:
        """Bind the names of a target to the parts of what is iterated."""
        method, container = viewed(iterated, self._calls.is_builtin)
        if method == "items" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            self._bind(target.elts[0], iterated, is_part=True)
            target = target.elts[1]
        elif method != "values":
            container = ""
        if container and isinstance(target, ast.Name):
            self._add(target.id, _Bind(iterated, is_part=True, container=container))
        else:
            self._bind(target, iterated, is_part=True)

    def _bind(self, target: ast.expr, value: ast.expr | None, is_part: bool = False) -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, _Bind(value, is_part))
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value, is_part)
        elif isinstance(target, (ast.Tuple, ast.List)):
            same = not is_part and isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            for number, each in enumerate(target.elts):
                if same:
                    self._bind(each, value.elts[number])  # type: ignore[union-attr]
                else:
                    self._bind(each, value, is_part=True)

    def _add(self, name: str, bind: _Bind) -> None:
        self._binds.setdefault(name, []).append(bind)

    def roots_of(self, node: ast.AST | None) -> frozenset[str]:
        """Return the names that the value of an expression depends on, those behind local names included.

        `OWN` is among them if it depends on a temporary file or folder that the statements make.
        """
        names: set[str] = set()
        waiting = [node] if node is not None else []
        while waiting:
            for each in ast.walk(waiting.pop()):
                if isinstance(each, ast.Call) and ast.unparse(each.func).rpartition(".")[2] in _TEMPORARY:
                    names.add(OWN)
                if isinstance(each, ast.Name) and each.id not in names:
                    names.add(each.id)
                    waiting += [bind.expression for bind in self._binds.get(each.id, ()) if bind.expression]
        return frozenset(names)

    def of(self, node: ast.AST | None) -> Value:
        """Return where the value of an expression comes from."""
        match node:
            case ast.Name():
                return self.of_name(node.id)
            case ast.Attribute():
                owner, step = self.of(node.value), f".{node.attr}"
                value = _owned(owner, step) if self._calls.owns(node.attr) else _step(owner, step)
                return value | self._calls.shared_attribute(node)
            case ast.Subscript():
                return self._item(node)
            case ast.Call():
                value = self._calls.result_of(node, self) | _inside(self._made_for_keys(node))
                return self._new_item(node, value) if self._gets_new_item(node) else value
            case ast.List() | ast.Tuple() | ast.Set():
                return holding(map(self.of, node.elts))
            case ast.Dict():
                return holding(self.of(each) for each in (*node.keys, *node.values) if each is not None)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return holding([self.of(node.elt)])
            case ast.DictComp():
                return holding([self.of(node.key), self.of(node.value)])
            case ast.IfExp():
                return self.of(node.body) | self.of(node.orelse)
            case ast.BoolOp():
                return _union(map(self.of, node.values))
            case ast.BinOp():
                if is_number(node):
                    return NEW
                if isinstance(node.op, ast.Mult):  # of a container and a number
                    made = [each for each in (node.left, node.right) if isinstance(each, (ast.List, ast.Tuple))]
                    if made:
                        return holding([self.of(made[0]).part])
                return holding([self.of(node.left).part, self.of(node.right).part])
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                return self.of(node.value)
            case _:
                return NEW

    def _item(self, node: ast.Subscript) -> Value:
        owner = self.of(node.value)
        if isinstance(node.slice, ast.Slice):
            return owner | NEW  # a view or a copy
        item = _step(owner, f"[{ast.unparse(node.slice)}]")
        if isinstance(node.value, ast.Name) and self._holds_new(node.value.id):
            return Value(NEW.itself, item.parts | owner.parts)
        direct = self._direct.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if direct is None or not direct.itself:
            return item
        return Value(_step(direct, f"[{ast.unparse(node.slice)}]").itself, item.parts)

    def _made_for_keys(self, call: ast.Call) -> Value:
        """Return what a call of `defaultdict` or `dict.fromkeys` makes its object hold."""
        name = ast.unparse(call.func)
        if name.endswith("defaultdict"):
            return _union(self.of(each.body) for each in call.args if isinstance(each, ast.Lambda))
        return _union(map(self.of, call.args[1:])) if name.endswith("dict.fromkeys") else NOTHING

    @cached_property
    def _new_items(self) -> Container[str]:
        """The names whose objects hold only new ones directly."""
        names = self._binds.keys() - self._exposed - self._targets
        known = self._calls.new_items(self._statements)
        return frozenset(name for name in names if name in known)

    def _holds_new(self, name: str) -> bool:
        return name in self._binds and name in self._new_items

    def _gets_new_item(self, call: ast.Call) -> bool:
        """Return True for `x.get(…)` and `x.setdefault(…)` of an object that holds only new ones directly."""
        method = call.func
        if not isinstance(method, ast.Attribute) or method.attr not in ("get", "setdefault"):
            return False
        return isinstance(method.value, ast.Name) and self._holds_new(method.value.id)

    def _new_item(self, call: ast.Call, value: Value) -> Value:
        assert isinstance(call.func, ast.Attribute)
        defaults = _union(map(self.of, call.args[1:]))
        return Value(NEW.itself | defaults.itself, value.parts | self.of(call.func.value).parts | defaults.parts)

    def _without_keys(self, bind: _Bind) -> Value:
        if bind.is_part or not isinstance(bind.expression, (ast.Dict, ast.DictComp)):
            return self._bound_value(bind)
        values = bind.expression.values if isinstance(bind.expression, ast.Dict) else [bind.expression.value]
        return holding(map(self.of, values))

    def of_name(self, name: str) -> Value:
        """Return where the value of a name comes from."""
        if name in self._numbers:
            return NEW
        if name in self._targets:
            return at((ITEM,)) if name in self._items else at((ITEM, "[]"))
        if name not in self._binds:
            return self._outside(name)
        if self._table is None:
            self._solve()
        assert self._table is not None
        value = self._table[name]
        return value if value.itself or not self._is_solved else value | NEW

    def _solve(self) -> None:
        """Compute the values of all bound names together, from nothing until they stay the same."""
        self._table = dict.fromkeys(self._binds, NOTHING)
        self._direct = dict.fromkeys(self._binds, NOTHING)
        for _ in range(_MOST_ROUNDS):
            before = (dict(self._table), dict(self._direct))
            for name, binds in self._binds.items():
                here = at((name,)) if name in self._exposed else NOTHING
                held = _union(map(self.of, self._puts.into(name)))
                deep = _union(map(self.of, self._puts.below(name))) | held
                self._direct[name] = _union(map(self._without_keys, binds)) | _inside(held) | here
                self._table[name] = _union(map(self._bound_value, binds)) | _inside(deep) | here
            if (self._table, self._direct) == before:
                break
        self._is_solved = True

    def _bound_value(self, bind: _Bind) -> Value:
        if bind.expression is None:
            return NEW
        value = self.of(bind.expression)
        if bind.container and self._holds_new(bind.container):
            return Value(NEW.itself, value.parts | self.of_name(bind.container).parts)
        return value.part if bind.is_part else value

    def _outside(self, name: str) -> Value:
        if self._calls.is_builtin(name):
            return NEW
        alias = self._outer.get(name)
        if alias is None or name in self._open:
            return at((name,))
        self._open.append(name)
        try:
            return self.of(alias)
        finally:
            self._open.pop()


def _step(owner: Value, step: str) -> Value:
    """Return the value of an attribute or item of an object."""
    inside = frozenset(longer(path, step) for path in owner.outside)
    held = owner.parts if FRESH in owner.itself else frozenset()
    itself = inside | held
    return Value(itself, itself and frozenset(longer(path, "[]") for path in itself))


def _inside(held: Value) -> Value:
    """Return the value of an object that holds others, without what it is itself."""
    return Value(frozenset(), held.itself | held.parts)


def _owned(owner: Value, step: str) -> Value:
    """Return the value of an attribute in which every object has an object of its own."""
    inside = frozenset(longer(path, step) for path in owner.outside)
    new, held = (frozenset({FRESH}), owner.parts) if FRESH in owner.itself else (frozenset(), frozenset())
    return Value(inside | new, frozenset(longer(path, "[]") for path in inside) | held)


def _union(values: Iterable[Value]) -> Value:
    result = NOTHING
    for value in values:
        result |= value
    return result
