"""Find what the user's classes inherit, override, share and run when an object is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from advisor.survey.kinds import Kinds
from advisor.survey.known_calls import effect_of
from advisor.survey.scopes import Module, Program

Method: TypeAlias = tuple[Module, "ast.FunctionDef | ast.AsyncFunctionDef"]
Class: TypeAlias = tuple[Module, ast.ClassDef]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEPEST = 5
_CONSTRUCTORS = ("__new__", "__init__", "__post_init__", "__del__")  # an object may end as soon as it is made
_PLAIN_METACLASSES = ("abc.ABCMeta", "enum.EnumMeta", "builtins.type")
_PLAIN_DECORATORS = (
    *("dataclasses.dataclass", "functools.total_ordering", "typing.final", "typing.runtime_checkable"),
    *("enum.unique", "attr.s", "attr.define", "attrs.define", "attrs.frozen"),
)
_FIELD_MAKERS = ("dataclasses.dataclass", "attr.s", "attr.define", "attrs.define", "attrs.frozen")
_REFERRING = ("collections.ChainMap", "types.MappingProxyType")  # new objects that stand for others
_NEW = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


class Classes:
    """The classes of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def methods_of(self, module: Module, owner: ast.ClassDef, name: str, depth: int = 0) -> list[Method]:
        """Return the method of a class, or of the first base that has it."""
        for node in owner.body:
            if isinstance(node, _DEFINITIONS) and node.name == name:
                return [(module, node)]
        for base in self._bases(module, owner) if depth < _DEEPEST else ():
            if methods := self.methods_of(*base, name, depth + 1):
                return methods
        return []

    def with_overrides(self, module: Module, owner: ast.ClassDef, name: str) -> list[Method]:
        """Return the methods that a call with an object of a class, or of one derived from it, may run."""
        derived = (each for below in self._below(owner) for each in self.methods_of(*below, name))
        return list(dict.fromkeys([*self.methods_of(module, owner, name), *derived]))

    @cached_property
    def logging(self) -> list[Class]:
        """The classes that filter, handle or format what is logged."""
        return [(module, owner) for module, owner in self._all if self._is_for_logging(module, owner)]

    def _is_for_logging(self, module: Module, owner: ast.ClassDef, depth: int = 0) -> bool:
        if any(module.dotted(base, module.scope(owner)).startswith("logging.") for base in owner.bases):
            return True
        bases = self._bases(module, owner) if depth < _DEEPEST else ()
        return any(self._is_for_logging(*base, depth + 1) for base in bases)

    def _bases(self, module: Module, owner: ast.ClassDef) -> Iterator[Class]:
        kinds = Kinds(self._program, module)
        for base in owner.bases:
            node = base.value if isinstance(base, ast.Subscript) else base  # Base[T]
            if (found := kinds.class_named(node, module.scope(owner))) is not None:
                yield found

    def _below(self, owner: ast.ClassDef, depth: int = 0) -> Iterator[Class]:
        for each in self._derived.get(owner, ()) if depth < _DEEPEST else ():
            yield each
            yield from self._below(each[1], depth + 1)

    @cached_property
    def _derived(self) -> dict[ast.ClassDef, list[Class]]:
        found: dict[ast.ClassDef, list[Class]] = {}
        for module, owner in self._all:
            for _, base in self._bases(module, owner):
                found.setdefault(base, []).append((module, owner))
        return found

    @cached_property
    def _all(self) -> list[Class]:
        return [(module, owner) for module in self._program.modules.values() for owner in module.classes.values()]

    # Attributes

    @cached_property
    def sharing(self) -> dict[str, list[Class]]:
        """The classes whose objects share an attribute, which the body of the class assigns, by its name."""
        found: dict[str, list[Class]] = {}
        for module, owner in self._all:
            own = self._initialized(module, owner)
            fields = self._has_fields(module, owner)
            for node in owner.body:
                for name in _assigned(node):
                    if name not in own and not (fields and isinstance(node, ast.AnnAssign) and not _is_shared(node)):
                        found.setdefault(name, []).append((module, owner))
        return found

    def _initialized(self, module: Module, owner: ast.ClassDef) -> set[str]:
        """Return the attributes that every object of a class gets for itself at first."""
        return {
            target.attr
            for _, function in self.methods_of(module, owner, "__init__")
            for node in function.body
            if isinstance(node, (ast.Assign, ast.AnnAssign))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Attribute)
        }

    def _has_fields(self, module: Module, owner: ast.ClassDef) -> bool:
        return any(_decorator(module, each) in _FIELD_MAKERS for each in owner.decorator_list)

    def is_data(self, name: str) -> bool:
        """Return True if something is put into attributes of a name, which may be a function then."""
        return name in self._stored or name in self.sharing

    @cached_property
    def changes_late(self) -> bool:
        """True if the program changes attributes of the objects of its classes after they are made."""
        attributes = {name for module, owner in self._all for name in module.assigned_attributes(owner)}
        return any(
            node.attr in attributes
            for module in self._program.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if getattr(module.scope(node), "name", "") != "__init__"
        )

    def owns(self, attribute: str) -> bool:
        """Return True if every object with such an attribute has an object of its own in it."""
        values = self._stored.get(attribute, [])
        return bool(values) and all(self._is_new(*each) for each in values)

    @cached_property
    def _stored(self) -> dict[str, list[tuple[Module, ast.expr]]]:
        """Values that the program puts into attributes, of whatever objects, by name."""
        found: dict[str, list[tuple[Module, ast.expr]]] = {}
        for module in self._program.modules.values():
            for node in ast.walk(module.tree):
                for name, value in _stores(module, node):
                    found.setdefault(name, []).append((module, value))
        return found

    def _is_new(self, module: Module, value: ast.expr) -> bool:
        if isinstance(value, (*_NEW, ast.Constant)):
            return True
        if isinstance(value, ast.BinOp):
            return all(self._is_new(module, each) for each in (value.left, value.right))
        if not isinstance(value, ast.Call):
            return False
        if module.dotted(value.func, module.scope(value)) == "dataclasses.field":
            return self._is_own_field(module, value)
        return self._makes_new(module, value.func)

    def _is_own_field(self, module: Module, field: ast.Call) -> bool:
        """Return True if each object gets a new object in a field, also where that is not the default."""
        makers = [each.value for each in field.keywords if each.arg == "default_factory"]
        place = module.parents.get(field)
        owner = module.parents.get(place) if place is not None else None
        if len(makers) != 1 or not isinstance(place, ast.AnnAssign) or not isinstance(owner, ast.ClassDef):
            return False
        maker = makers[0]
        is_new = self._is_new(module, maker.body) if isinstance(maker, ast.Lambda) else self._makes_new(module, maker)
        given = self._given_to_field(owner, ast.unparse(place.target))
        return is_new and all(self._is_new(*each) for each in given)

    def _makes_new(self, module: Module, maker: ast.expr) -> bool:
        owner = Kinds(self._program, module).class_named(maker, module.scope(maker))
        if owner is not None:
            return not self.methods_of(*owner, "__new__") and not self.unclear(*owner)
        dotted = module.dotted(maker, module.scope(maker))
        return bool(dotted) and effect_of(dotted) in ("pure", "holds") and dotted not in _REFERRING

    def _given_to_field(self, owner: ast.ClassDef, name: str) -> Iterator[tuple[Module, ast.expr]]:
        """Yield what calls that may make objects of a class give for a field of it."""
        fields = [ast.unparse(each.target) for each in owner.body if isinstance(each, ast.AnnAssign)]
        position = fields.index(name)
        for module in self._program.modules.values():
            for call in ast.walk(module.tree):
                if not isinstance(call, ast.Call):
                    continue
                yield from ((module, each.value) for each in call.keywords if each.arg == name)
                if ast.unparse(call.func).rpartition(".")[2] not in (owner.name, "cls"):
                    continue
                starred = [each for each in call.args if isinstance(each, ast.Starred)]
                starred += [each.value for each in call.keywords if each.arg is None]  # type: ignore[misc]
                yield from ((module, each) for each in (*call.args[position : position + 1], *starred))

    # Making objects

    def constructors(self, module: Module, owner: ast.ClassDef) -> list[Method]:
        """Return the methods that run when an object is made, and when it ends."""
        return [each for name in _CONSTRUCTORS for each in self.methods_of(module, owner, name)]

    def unclear(self, module: Module, owner: ast.ClassDef, depth: int = 0) -> str:
        """Return what the source does not tell of the making of objects, or ''."""
        for node in owner.decorator_list:
            if _decorator(module, node) not in _PLAIN_DECORATORS:
                return f"`{ast.unparse(node)}` decorates"
        for keyword in owner.keywords:
            if keyword.arg == "metaclass" and module.dotted(keyword.value, module.tree) not in _PLAIN_METACLASSES:
                return f"`{ast.unparse(keyword.value)}` makes"
        for field in owner.body:
            if isinstance(field, ast.AnnAssign) and not self._is_plain_field(module, field.value):
                return f"gets `{ast.unparse(field.target)}` from a function that may leave something behind"
        bases = self._bases(module, owner) if depth < _DEEPEST else ()
        return next((text for base in bases if (text := self.unclear(*base, depth + 1))), "")

    def _is_plain_field(self, module: Module, value: ast.expr | None) -> bool:
        """Return True if the default of a field comes from a class or a function that leaves nothing behind."""
        options = value.keywords if isinstance(value, ast.Call) else []
        makers = [each.value for each in options if each.arg in ("default_factory", "factory")]
        return all(self.is_plain_maker(module, each) for each in makers)

    def is_plain_maker(self, module: Module, maker: ast.expr) -> bool:
        """Return True if a function that makes a default leaves nothing behind, and depends on nothing."""
        if isinstance(maker, ast.Lambda):
            calls = [each for each in ast.walk(maker.body) if isinstance(each, ast.Call)]
            known = {each.func for each in calls if self.is_plain_maker(module, each.func)}
            names = [each for each in ast.walk(maker.body) if isinstance(each, ast.Name) and each not in known]
            return len(known) == len(calls) and all(name.id.isupper() for name in names)
        dotted = module.dotted(maker, module.tree)
        return bool(dotted) and effect_of(dotted) in ("pure", "holds", "part")


def _decorator(module: Module, node: ast.expr) -> str:
    return module.dotted(node.func if isinstance(node, ast.Call) else node, module.tree)


def _assigned(node: ast.stmt) -> list[str]:
    targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _is_shared(node: ast.AnnAssign) -> bool:
    return "ClassVar" in ast.unparse(node.annotation)


def _stores(module: Module, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the attribute that a node stores something in, and what that is; a field of a class stores its default."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        above = module.parents.get(node)
        if not isinstance(above, ast.AugAssign):
            is_plain = isinstance(above, (ast.Assign, ast.AnnAssign)) and above.value is not None
            yield node.attr, above.value if is_plain else node  # type: ignore[union-attr]
    elif isinstance(node, ast.ClassDef):
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                yield field.target.id, field.value or field.target
