"""Read the objects that a function uses from its bytecode: `module.HANDLE.write` is a root with attributes."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterable, Iterator, Set
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
_GLOBALS = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"})
_COPIES = ("COPY", "DUP_TOP")  # of an object, before `+=` reads its attribute


@dataclass(frozen=True)
class Chain:
    """A name that code loads, and the chain of attributes that it takes from it."""

    kind: RootKind
    root: str
    attributes: tuple[str, ...]
    line: int
    stored: str = ""  # an attribute of it that is set


@dataclass(frozen=True)
class CodeNames:
    """The names that a code object and those within it use."""

    chains: tuple[Chain, ...]
    loads: frozenset[str]  # variables and attributes that are read
    stores: frozenset[str]  # attributes that are set
    globals: frozenset[str]  # that are read, set or deleted


@functools.lru_cache(maxsize=1_000)
def names_in(code: CodeType) -> CodeNames:
    """Return the names in a code object and in those within it."""
    instructions = list(dis.get_instructions(code))
    inner = [names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return CodeNames(
        tuple(dict.fromkeys([*_chains(code, instructions), *(chain for each in inner for chain in each.chains)])),
        _named(instructions, {*_ATTRIBUTES, *_ROOTS}).union(*(each.loads for each in inner)),
        _named(instructions, {"STORE_ATTR"}).union(*(each.stores for each in inner)),
        _named(instructions, _GLOBALS).union(*(each.globals for each in inner)),
    )


def _named(instructions: Iterable[dis.Instruction], operations: Set[str]) -> frozenset[str]:
    arguments = (instruction.argval for instruction in instructions if instruction.opname in operations)
    return frozenset(str(name) for names in arguments for name in (names if isinstance(names, tuple) else (names,)))


def _chains(code: CodeType, instructions: Iterable[dis.Instruction]) -> Iterator[Chain]:
    kind: RootKind | None = None
    root, attributes, line, current = "", [], code.co_firstlineno, code.co_firstlineno
    imported: dict[str, str] = {}  # local names of modules that the function imports itself
    module = member = ""
    for instruction in instructions:
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


def _chain(
    kind: RootKind,
    root: str,
    attributes: list[str],
    line: int,
    imported: dict[str, str],
    following: dis.Instruction | None,
) -> Chain:
    stored = str(following.argval) if following is not None and following.opname == "STORE_ATTR" else ""
    if kind == "local" and root in imported:
        module, _, member = imported[root].partition(":")
        taken = (*([member] if member else []), *attributes)
        return Chain("global", f"import {module}", taken, line, stored)
    return Chain(kind, root, tuple(attributes), line, stored)


def _stored(instruction: dis.Instruction) -> str:
    """Return the local name that an instruction stores, the first if there are two."""
    if not instruction.opname.startswith("STORE_FAST"):
        return ""
    return str(instruction.argval[0] if isinstance(instruction.argval, tuple) else instruction.argval)


def _line(instruction: dis.Instruction, previous: int) -> int:
    positions = instruction.positions
    return (positions.lineno if positions is not None else None) or previous
