"""Find the instructions of a code object that may touch shared objects, by their positions in the source."""

from __future__ import annotations

import ast
import dis
import linecache
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Literal

Subject = Literal["global", "attribute", "item", "cell", "call", "iteration", "test", "frame"]
CodeKey = tuple[str, str, int]  # file, qualified name, first line
GENERATOR = 0x20 | 0x80 | 0x200  # COGENERATOR | CO_COROUTINE | CO_ASYNCGENERATOR
_CHECKED_AFTER = ("JUMP_BACKWARD", "RESUME")
_NAMES: Mapping[str, tuple[Subject, bool]] = {
    "LOAD_GLOBAL": ("global", False),
    "STORE_GLOBAL": ("global", True),
    "DELETE_GLOBAL": ("global", True),
    "LOAD_NAME": ("global", False),
    "LOAD_ATTR": ("attribute", False),
    "LOAD_METHOD": ("attribute", False),
    "STORE_ATTR": ("attribute", True),
    "DELETE_ATTR": ("attribute", True),
    "LOAD_DEREF": ("cell", False),
    "LOAD_CLASSDEREF": ("cell", False),
    "LOAD_FROM_DICT_OR_DEREF": ("cell", False),
    "STORE_DEREF": ("cell", True),
    "DELETE_DEREF": ("cell", True),
    "BINARY_SUBSCR": ("item", False),
    "BINARY_SLICE": ("item", False),
    "STORE_SUBSCR": ("item", True),
    "STORE_SLICE": ("item", True),
    "DELETE_SUBSCR": ("item", True),
    "CONTAINS_OP": ("item", False),
    "FOR_ITER": ("iteration", False),
    "GET_ITER": ("iteration", False),
    "LIST_EXTEND": ("test", False),
    "SET_UPDATE": ("test", False),
    "DICT_UPDATE": ("test", False),
    "DICT_MERGE": ("test", False),
    "UNPACK_SEQUENCE": ("test", False),
    "TO_BOOL": ("test", False),
    "UNARY_NOT": ("test", False),
}


@dataclass(frozen=True, slots=True)
class Site:
    """An instruction that reads or writes something, or calls."""

    offset: int
    line: int
    subject: Subject
    writes: bool
    name: str
    node: ast.AST | None


@dataclass(slots=True)
class CodeSites:
    """The sites of a code object.

    Attributes:
        checked: Offsets of instructions after which the interpreter checks whether to switch threads.
    """

    key: CodeKey
    sites: dict[int, Site] = field(default_factory=dict)
    checked: frozenset[int] = frozenset()
    is_generator: bool = False
    by_line: dict[int, list[int]] = field(default_factory=dict)


class Sources:
    """Syntax trees of files; `texts` replaces the text of some."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = dict(texts or {})
        self._nodes: dict[str, dict[tuple[type, int, int], ast.AST]] = {}
        self._ranges: dict[str, dict[tuple[int, int, int, int], ast.AST]] = {}

    def lines(self, file: str) -> list[str]:
        text = self._texts.get(file)
        return text.splitlines() if text is not None else [line.rstrip("\n") for line in linecache.getlines(file)]

    def _parse(self, file: str) -> None:
        ends: dict[tuple[type, int, int], ast.AST] = {}
        ranges: dict[tuple[int, int, int, int], ast.AST] = {}
        self._nodes[file], self._ranges[file] = ends, ranges
        try:
            tree = ast.parse("\n".join(self.lines(file)) + "\n")
        except (SyntaxError, ValueError, RecursionError):
            return
        for node in ast.walk(tree):
            if isinstance(node, (ast.expr, ast.stmt)) and node.end_lineno and node.end_col_offset is not None:
                ends.setdefault((type(node), node.end_lineno, node.end_col_offset), node)
                ranges.setdefault((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset), node)

    def node(self, file: str, instruction: dis.Instruction, kinds: tuple[type, ...]) -> ast.AST | None:
        """Return the syntax tree's node of an instruction, of one of these kinds, or of any if there are none."""
        if file not in self._nodes:
            self._parse(file)
        at = instruction.positions
        if at is None or None in (at.lineno, at.end_lineno, at.col_offset, at.end_col_offset):
            return None
        for kind in kinds:  # by the end: the begin of a method call over several lines is not its node's
            found = self._nodes[file].get((kind, at.end_lineno, at.end_col_offset))  # type: ignore[arg-type]
            if found is not None:
                return found
        if kinds:
            return None
        return self._ranges[file].get((at.lineno, at.col_offset, at.end_lineno, at.end_col_offset))  # type: ignore[arg-type]


_KINDS: Mapping[str, tuple[type, ...]] = {
    "attribute": (ast.Attribute,),
    "item": (ast.Subscript, ast.Compare),
    "global": (ast.Name,),
    "cell": (ast.Name,),
    "call": (ast.Call, ast.With),
}


def find_sites(code: CodeType, sources: Sources) -> CodeSites:
    """Return the sites of a code object."""
    found = CodeSites((code.co_filename, code.co_qualname, code.co_firstlineno))
    found.is_generator = bool(code.co_flags & GENERATOR)
    checked = set()
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        line = instruction.positions.lineno or line if instruction.positions else line
        if instruction.opname.startswith(_CHECKED_AFTER):
            checked.add(instruction.offset)
        for site in _site(code, instruction, line, sources):
            found.sites[instruction.offset] = site
        found.by_line.setdefault(line, []).append(instruction.offset)
    found.checked = frozenset(checked)
    return found


def _site(code: CodeType, instruction: dis.Instruction, line: int, sources: Sources) -> Iterator[Site]:
    name = instruction.opname
    subject, writes = _NAMES.get(name, (None, False))
    if name.startswith("CALL") and not name.startswith("CALL_INTRINSIC"):
        subject = "call"
    elif name.startswith("POP_JUMP"):
        subject = "test"
    elif name == "BINARY_OP":
        node = sources.node(code.co_filename, instruction, ())
        subject = "item" if isinstance(node, ast.Subscript) else "test" if isinstance(node, ast.AugAssign) else None
        writes = isinstance(node, ast.AugAssign)
    if subject is None or (subject == "cell" and instruction.argval not in code.co_freevars):
        return
    node = sources.node(code.co_filename, instruction, _KINDS.get(subject, ()))
    if subject == "test" and not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.AugAssign)):
        return
    argument = instruction.argval if isinstance(instruction.argval, str) else ""
    yield Site(instruction.offset, line, subject, writes, argument, node)
