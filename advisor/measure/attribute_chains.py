"""Read the objects that a function uses from its bytecode: `module.HANDLE.write` is a root with attributes."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Literal

RootKind = Literal["global", "closure", "local"]
_ROOTS: dict[str, RootKind] = {
    "LOAD_GLOBAL": "global",
    "LOAD_NAME": "global",
    "LOAD_DEREF": "closure",
    "LOAD_CLASSDEREF": "closure",
    "LOAD_FAST": "local",
    "LOAD_FAST_CHECK": "local",
    "LOAD_FAST_BORROW": "local",
    "LOAD_FAST_LOAD_FAST": "local",
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "local",
}
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_COPIES = ("COPY", "DUP_TOP")  # of an object, before `+=` reads its attribute


@dataclass(frozen=True)
class Chain:
    """A name that code loads, and the chain of attributes that it takes from it."""

    kind: RootKind
    root: str
    attributes: tuple[str, ...]
    line: int
    sliced: bool = False  # an element or slice of it is read
    stored: str = ""  # an attribute of it that is set


def attribute_chains(code: CodeType) -> tuple[Chain, ...]:
    """Return the chains in a code object and in those within it, each once."""
    return tuple(dict.fromkeys(_chains(code)))


def loaded_names(code: CodeType) -> frozenset[str]:
    """Return the variables and attributes that a code object and those within it read."""
    loads = {
        str(instruction.argval)
        for instruction in dis.get_instructions(code)
        if instruction.opname in _ATTRIBUTES or instruction.opname in _ROOTS
    }
    return frozenset(loads).union(*(loaded_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def stored_names(code: CodeType) -> frozenset[str]:
    """Return the attributes that a code object sets."""
    stores = (instruction for instruction in dis.get_instructions(code) if instruction.opname == "STORE_ATTR")
    return frozenset(str(instruction.argval) for instruction in stores)


def _chains(code: CodeType) -> Iterator[Chain]:
    kind: RootKind | None = None
    root, attributes, line, current = "", [], code.co_firstlineno, code.co_firstlineno
    imported: dict[str, str] = {}  # local names of modules that the function imports itself
    module = member = ""
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        current = _line(instruction, current)
        if kind is not None and name in _ATTRIBUTES:
            attributes.append(str(instruction.argval))
            continue
        if kind is not None and name not in ("PUSH_NULL", "PRECALL", "NOP", *_COPIES):
            yield _chain(kind, root, attributes, line, imported, instruction)
            kind = None
        stored = _stored(instruction)
        if stored and module:
            top = module.partition(".")[0]  # which `import os.path` binds
            imported[stored] = f"{module}:{member}" if member else top if stored == top else module
            member = ""
        if name == "STORE_FAST_LOAD_FAST":
            kind, root, attributes, line = "local", str(instruction.argval[-1]), [], current
        elif name in _ROOTS:
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            for earlier in names[:-1]:
                yield _chain(_ROOTS[name], earlier, [], current, imported, None)
            kind, root, attributes, line = _ROOTS[name], str(names[-1]), [], current
        elif name == "IMPORT_NAME":
            module, member = str(instruction.argval), ""
        elif name == "IMPORT_FROM":
            member = str(instruction.argval)
        if not stored and not name.startswith(("IMPORT_", "POP_TOP", "STORE_")):
            module = module if name in ("CACHE", "NOP") else ""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _chains(constant)


def _chain(
    kind: RootKind,
    root: str,
    attributes: list[str],
    line: int,
    imported: dict[str, str],
    following: dis.Instruction | None,
) -> Chain:
    name = following.opname if following is not None else ""
    stored = str(following.argval) if following is not None and name == "STORE_ATTR" else ""
    if kind == "local" and root in imported:
        module, _, member = imported[root].partition(":")
        taken = (*([member] if member else []), *attributes)
        return Chain("global", f"import {module}", taken, line, stored=stored)
    is_sliced = name in ("BINARY_SUBSCR", "BINARY_SLICE", "LOAD_CONST")
    return Chain(kind, root, tuple(attributes), line, is_sliced, stored)


def _stored(instruction: dis.Instruction) -> str:
    """Return the local name that an instruction stores, the first if there are two."""
    if not instruction.opname.startswith("STORE_FAST"):
        return ""
    return str(instruction.argval[0] if isinstance(instruction.argval, tuple) else instruction.argval)


def _line(instruction: dis.Instruction, previous: int) -> int:
    positions = instruction.positions
    return (positions.lineno if positions is not None else None) or previous
