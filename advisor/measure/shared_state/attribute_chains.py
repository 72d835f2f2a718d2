"""Read the objects that a function uses from its bytecode: `module.HANDLE.write` is a root with attributes."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any, Literal, NamedTuple

RootKind = Literal["global", "closure", "local", "result", "built"]
# "result": the value of a call or an expression; "built": a new list, dictionary, set, tuple or string
_ROOTS: dict[str, RootKind] = {
    "LOAD_GLOBAL": "global",
    "LOAD_NAME": "global",
    "LOAD_DEREF": "closure",
    "LOAD_CLASSDEREF": "closure",
    "LOAD_FAST": "local",
    "LOAD_FAST_CHECK": "local",
    "LOAD_FAST_BORROW": "local",
}
_PAIRS = {  # combined instructions, each with two names
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_GLOBALS = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"})
_CONSTANTS = ("LOAD_CONST", "LOAD_SMALL_INT")
_STORES = ("STORE_FAST", "STORE_DEREF")
_COPIES = ("COPY", "DUP_TOP")  # of an object, before `+=` reads its attribute
_BUILDS = ("BUILD_", "LIST_", "DICT_", "SET_", "FORMAT_", "END_FOR")  # make a built-in container or string
_RESULTS = ("CALL", "BINARY_OP", "BEFORE_WITH", "LOAD_SPECIAL", "CHECK_EXC_MATCH")  # make any other object
_COMPLETED_BY = {"END_FOR": "POP_", "LOAD_SPECIAL": "CALL", "CHECK_EXC_MATCH": "POP_JUMP"}  # by prefix
_HAND_OUT_ARGUMENTS = frozenset({"closing", "aclosing", "nullcontext"})  # `with closing(x) as y` binds x
_NO_EFFECT = ("PUSH_NULL", "PRECALL", "NOP", "CACHE", "NOT_TAKEN")
_SPECIAL = {  # methods that Python calls, by the instruction that uses the object
    "BEFORE_WITH": ("__enter__", "__exit__"),
    "BEFORE_ASYNC_WITH": ("__aenter__", "__aexit__"),
    "LOAD_SPECIAL": ("__enter__", "__exit__", "__aenter__", "__aexit__"),
}
_ASKING = {"type": "__class__", "len": "__len__"}  # functions, and the attribute of their argument that they use
_MAX_ALIASES = 8  # objects that a local name may refer to


class Element(NamedTuple):
    """An element that is taken from a container; `key` is None if the code does not show it."""

    key: str | int | None = None
    is_iterated: bool = False


Step = str | Element


@dataclass(frozen=True)
class Chain:
    """A name that code loads, and the chain of attributes and elements that it takes from it."""

    kind: RootKind
    root: str
    attributes: tuple[Step, ...]
    line: int
    stored: str = ""  # an attribute of it that is set
    returned: bool = False


class _Instruction(NamedTuple):
    name: str
    value: Any
    line: int


_Aliases = dict[str, list[Chain]]  # the objects that local names may refer to


@dataclass(frozen=True)
class CodeNames:
    """The names that a code object and those within it use."""

    chains: tuple[Chain, ...]
    loads: frozenset[str]  # variables and attributes that are read
    stores: frozenset[str]  # attributes that are set
    globals: frozenset[str]  # globals that are read, set or deleted


@functools.lru_cache(maxsize=1_000)
def names_in(code: CodeType) -> CodeNames:
    """Return the names in a code object and in those within it."""
    return _names(code, {})


def _names(code: CodeType, outer: Mapping[str, list[Chain]]) -> CodeNames:
    """Return the names; `outer` has the objects that variables of the enclosing function refer to."""
    instructions = _instructions(code)
    aliases: _Aliases = {name: list(outer[name]) for name in code.co_freevars if name in outer}
    chains = list(_chains(code, instructions, aliases))
    inner = [_names(constant, aliases) for constant in code.co_consts if isinstance(constant, CodeType)]
    return CodeNames(
        tuple(dict.fromkeys([*chains, *(chain for each in inner for chain in each.chains)])),
        _named(instructions, {*_ATTRIBUTES, *_ROOTS}).union(*(each.loads for each in inner)),
        _named(instructions, {"STORE_ATTR"}).union(*(each.stores for each in inner)),
        _named(instructions, _GLOBALS).union(*(each.globals for each in inner)),
    )


def _named(instructions: Iterable[_Instruction], operations: Set[str]) -> frozenset[str]:
    return frozenset(str(each.value) for each in instructions if each.name in operations)


def _instructions(code: CodeType) -> tuple[_Instruction, ...]:
    """Return the relevant instructions, with combined ones split in two."""
    found: list[_Instruction] = []
    line = code.co_firstlineno
    jumps: set[int] = set()
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if "JUMP" in name:
            jumps.add(value)
        line = (instruction.positions.lineno if instruction.positions is not None else None) or line
        if name.startswith(_STORES) and instruction.offset in jumps and found[-1].name.startswith(_BUILDS):
            found.append(_Instruction("JOIN", None, line))  # `x = y or []` may store either
        if name in _PAIRS:
            found += (_Instruction(part, each, line) for part, each in zip(_PAIRS[name], value, strict=True))
        elif name == "BINARY_OP" and instruction.argrepr == "[]":  # since Python 3.14
            found.append(_Instruction("BINARY_SUBSCR", value, line))
        elif name not in _NO_EFFECT:
            if name == "CALL" and value == 0 and _calls_generator(found):
                found.append(_Instruction("GET_ITER", None, line))
            found.append(_Instruction(name, value, line))
    return tuple(found)


def _calls_generator(before: Sequence[_Instruction]) -> bool:
    """Return True if the code calls a generator expression, which gets the iterator of its argument itself."""
    names = [each.name for each in reversed(before) if each.name not in (*_ATTRIBUTES, "SET_FUNCTION_ATTRIBUTE")][:2]
    return names[1:] == ["MAKE_FUNCTION"] and names[0] in _ROOTS  # since 3.15; before, the caller got it


def _chains(code: CodeType, instructions: Sequence[_Instruction], aliases: _Aliases) -> Iterator[Chain]:
    """Yield the chains, and record in `aliases` the objects that local names refer to."""
    pending: Chain | None = None
    is_copied = False
    before = ""  # the instruction that made the value on the stack
    module = member = ""  # being imported
    skipped = 0
    for index, (name, value, line) in enumerate(instructions):
        made_by = before
        if name not in _COPIES and not name.startswith(_COMPLETED_BY.get(before, " ")):
            before = name
        if skipped:
            skipped -= 1
            if name in _ROOTS:  # the key of an element
                yield from _expanded(Chain(_ROOTS[name], str(value), (), line), aliases)
            continue
        if pending is not None:
            step, width = _step(pending, instructions[index : index + 3])
            if width:
                pending = replace(pending, attributes=(*pending.attributes, *step))
                skipped = width - 1
                if name in _ROOTS:
                    yield from _expanded(Chain(_ROOTS[name], str(value), (), line), aliases)
                continue
            if name in _COPIES and not _is_condition(instructions[index + 1].name):  # else `or` and `and`
                is_copied = True
                continue
            if _asks_about(pending, instructions[index : index + 2]):
                pending, skipped = Chain(_ROOTS[name], str(value), (_ASKING[pending.root],), line), 1
                continue
            if name in _STORES:
                objects = list(_expanded(pending, aliases))
                if Element(is_iterated=True) in pending.attributes[-1:]:
                    yield from objects
                _assign(code, aliases, value, objects)
                pending, is_copied = (pending if is_copied else None), False
                continue
            stored = str(value) if name == "STORE_ATTR" else ""
            is_returned = name in ("RETURN_VALUE", "YIELD_VALUE")
            yield from _expanded(replace(pending, stored=stored, returned=is_returned), aliases)
            for method in _SPECIAL.get(name, ()):
                called = replace(pending, attributes=(*pending.attributes, method))
                yield from _expanded(called, aliases)
            pending, is_copied = None, False
        elif name in _SPECIAL:
            yield Chain("result", "", _SPECIAL[name], line)
        if name in _ATTRIBUTES:
            pending = Chain("result", "", (str(value),), line)
        elif name in _ROOTS:
            pending = Chain(_ROOTS[name], str(value), (), line)
        elif name == "IMPORT_NAME":
            module, member = str(value), ""
        elif name == "IMPORT_FROM":
            member = str(value)
        elif name in _STORES and module:
            top = module.partition(".")[0]  # `import os.path` binds `os`
            root = module if member or value != top else top
            aliases[value] = [Chain("global", f"import {root}", (member,) if member else (), line)]
            member = ""
        elif name in _STORES:
            if made_by not in _CONSTANTS:
                _assign(code, aliases, value, [Chain(_kind_made_by(made_by, code), value, (), 0)])
        elif name not in ("POP_TOP", "SWAP"):
            module = ""


def _assign(code: CodeType, aliases: _Aliases, name: str, objects: Sequence[Chain]) -> None:
    """Record objects that a local name may refer to, besides those before."""
    known = aliases.get(name, [])
    if not known and name in code.co_freevars:
        known = [Chain("closure", name, (), 0)]
    elif not known and name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        known = [Chain("local", name, (), 0)]  # the argument
    aliases[name] = list(dict.fromkeys([*known, *objects]))[:_MAX_ALIASES]


def _kind_made_by(instruction: str, code: CodeType) -> RootKind:
    """Return what kind of object an instruction makes; "local" if it may be any object."""
    if instruction.startswith(_BUILDS):
        return "built"
    if instruction in ("BEFORE_WITH", "LOAD_SPECIAL") and not _HAND_OUT_ARGUMENTS.isdisjoint(code.co_names):
        return "local"
    return "result" if instruction.startswith(_RESULTS) else "local"


def _asks_about(pending: Chain, following: Sequence[_Instruction]) -> bool:
    """Return True if the code calls `type` or `len` with a variable."""
    is_asking = pending.kind == "global" and pending.root in _ASKING and not pending.attributes
    return is_asking and following[0].name in _ROOTS and following[1][:2] == ("CALL", 1)


def _is_condition(name: str) -> bool:
    return name == "TO_BOOL" or name.startswith("POP_JUMP")


def _step(pending: Chain, following: Sequence[_Instruction]) -> tuple[tuple[Step, ...], int]:
    """Return the steps that instructions take from the loaded object, and the number of these instructions."""
    name, value, _ = following[0]
    if name in _ATTRIBUTES:
        return (str(value),), 1
    if name == "GET_ITER":
        return (Element(is_iterated=True),), 1
    if name == "FOR_ITER":
        return (), 1
    if name == "CONTAINS_OP":
        return ("__contains__",), 1
    if name == "UNARY_NOT" or _is_condition(name):
        return ("__bool__",), 1
    if name in _CONSTANTS or name in _ROOTS:
        key = value if name in _CONSTANTS and type(value) in (str, int) else None
        names = [each.name for each in following[1:]]
        if names[:1] == ["BINARY_SUBSCR"]:
            return (Element(key),), 2
        if names[:1] == ["STORE_SUBSCR"]:
            return ("__setitem__",), 2
        if pending.attributes[-1:] == ("get",):
            if names[:1] == ["CALL"] and following[1].value == 1:
                return (Element(key),), 2
            if names[1:] == ["CALL"] and following[2].value == 2 and (names[0] in _CONSTANTS or names[0] in _ROOTS):
                return (Element(key),), 3
    return (), 0


def _expanded(chain: Chain, aliases: Mapping[str, list[Chain]]) -> Iterator[Chain]:
    """Yield the chain from each object that its root refers to."""
    bases = aliases.get(chain.root, []) if chain.kind in ("local", "closure") else []
    if not bases:
        yield chain
    for base in bases:
        yield replace(chain, kind=base.kind, root=base.root, attributes=(*base.attributes, *chain.attributes))
