"""Judge the dependences between the iterations of a loop from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from advisor.models.survey_report import Independence, LoopObstacle
from advisor.survey.accesses import Reader
from advisor.survey.aliases import Aliases, plain_aliases
from advisor.survey.calls import Calls
from advisor.survey.effects import Access, Finding
from advisor.survey.facts import Loop, StaticDependence
from advisor.survey.header import Header, yields
from advisor.survey.kinds import Kinds
from advisor.survey.library_calls import UNSEEN
from advisor.survey.liveness import Assignment, exposed, live_after, reads
from advisor.survey.loop_body import LoopBody, body_of
from advisor.survey.loops import FUNCTIONS, loop_node
from advisor.survey.repeated_items import may_repeat, overlapping, rows_of_one
from advisor.survey.roles import Role, Roles
from advisor.survey.scopes import Module, own_nodes
from advisor.survey.summaries import Summaries, statements_of, summaries_of
from advisor.survey.values import OWN, Values

Effect = Literal["", "unknown", "carried"]

_DEEPEST = 3  # generators behind generators

# What findings mean for the loop: the verdict that they force, and whether they rule concurrency out.
_CONSEQUENCES: dict[str, tuple[Effect, bool]] = {
    "output": ("", False),
    "progress": ("", False),
    "memory": ("", False),
    "files": ("", False),
    "break": ("", False),
    "return": ("", False),
    "random": ("unknown", True),
    "seed": ("unknown", True),
    "carried items": ("carried", True),
    "one iterator": ("carried", True),
    "reads file": ("", False),
    "shared file": ("unknown", True),
    "same file": ("carried", True),
    "appends": ("carried", True),
    "starts program": ("unknown", True),
    "reads input": ("carried", True),
    "exits": ("", False),
    "process state": ("unknown", True),
    "database": ("unknown", True),
    "pool": ("unknown", True),
    "yield": ("", False),
    "await": ("unknown", True),
    "unknown call": ("unknown", True),
    "while": ("unknown", True),
}


def static_dependence(source: str, file: str, loop: Loop, modules: Mapping[str, str] | None = None) -> StaticDependence:
    """Return what the source says about the iterations of a loop.

    Args:
        source: The text of the module with the loop.
        file: Its file.
        loop: One of its loops.
        modules: The texts of the user's other modules by file, into whose functions calls are followed.
    """
    node = loop_node(source, file, loop.id)
    if node is None:
        return StaticDependence((), (_gone(file, loop),))
    return analysis_of(source, file, node, modules).dependence()


def analysis_of(source: str, file: str, node: ast.AST, modules: Mapping[str, str] | None = None) -> Analysis:
    """Return the analysis of a loop of a module, among the user's other modules."""
    summaries = summaries_of(tuple(sorted({**(modules or {}), file: source}.items())))
    return Analysis(summaries, summaries.program.modules[file], node)


def _gone(file: str, loop: Loop) -> LoopObstacle:
    return LoopObstacle(text="the loop is not in the source any more", file=file, line=loop.id[1], blocks=True)


class Analysis:
    """The analysis of a loop: its body, accesses, findings and roles."""

    def __init__(self, summaries: Summaries, module: Module, node: ast.AST, depth: int = 0) -> None:
        program = summaries.program
        self.summaries = summaries
        self.module = module
        self.node = node
        self.body: LoopBody = body_of(node, module)
        self.scope = self.body.scope
        self.kinds = Kinds(program, module)
        self.calls = Calls(program, module, self.scope, summaries)
        self.exposed = exposed(self.body.statements)
        self.values = Values(
            self.body.statements,
            self.calls,
            targets=self.body.targets - self.body.numbers,
            items=self.body.items,
            numbers=self.body.numbers,
            exposed=self.exposed,
            outer=plain_aliases(self._scope_statements(), node),
        )
        reader = Reader(module, self.scope, self.values, self.calls, self.kinds)
        reader.read(self.body.statements)
        header = Header(self)
        aliases = Aliases(module, self.scope, node, self.calls, self.values.bound | self.body.numbers)
        self.accesses: list[Access] = aliases.expanded(header.with_reads(reader.accesses))
        self.findings: list[Finding] = list(dict.fromkeys(self._judged([*reader.findings, *header.findings])))
        self.called = tuple(dict.fromkeys(reader.called))
        self.roles: list[Role] = self._roles()
        self.findings += self._carried_items(depth)

    def _scope_statements(self) -> list[ast.stmt]:
        return self.scope.body if isinstance(self.scope, ast.Module) else statements_of(self.scope)

    def _carried_items(self, depth: int) -> list[Finding]:
        """Return a finding if the iterations only collect what a generator yields, in a loop that is carried."""
        iterable = self.body.iterable
        if not isinstance(iterable, ast.Call) or self.called or depth >= _DEEPEST:
            return []
        for module, function in self.calls.functions(iterable):
            for node in own_nodes(function):
                is_producing = isinstance(node, (ast.For, ast.While)) and yields(node)
                if is_producing and Analysis(self.summaries, module, node, depth + 1)._independence() == "carried":
                    text = f"only collects what `{ast.unparse(iterable.func)}` yields, whose loop is carried"
                    return [Finding("carried items", text, module.file, getattr(node, "lineno", 1))]
        return []

    # Findings

    def _judged(self, findings: Iterable[Finding]) -> Iterable[Finding]:
        """Yield the findings, with the files that iterations write told apart from those that they share."""
        local = self.values.bound | self.body.numbers
        findings = list(findings)
        read = [each for each in findings if each.kind == "reads file"]
        is_written = any(each.kind in ("writes file", "appends") for each in findings)
        yield from (replace(each, kind="shared file") for each in read if each.path == UNSEEN and is_written)
        self._uses_files = bool(read) and is_written
        for each in findings:
            if each.kind in ("reads file", "asks stream"):
                continue
            if each.kind == "writes file" and not self._is_own_file(each) and _is_read_before(each, read):
                yield _shared_file(each)
                continue
            if each.kind in ("writes file", "appends"):
                differs = bool(each.depends & (local | {OWN}))
                if each.kind == "writes file":
                    yield _file_of_each(each) if differs else _same_file(each)
                    continue
            yield each
        yield from self._hidden({each.kind for each in findings})
        if isinstance(self.node, ast.AsyncFor):
            yield Finding("await", "is an `async for`", self.module.file, self.node.lineno)
        if self.body.test is not None:
            text = "is a `while` loop, whose next iteration is not known before this one has ended"
            yield Finding("while", text, self.module.file, self.body.test.lineno)
        if self.body.progress:
            line: int = getattr(self.node, "lineno", 1)
            yield Finding("progress", f"shows its progress with `{self.body.progress}`", self.module.file, line)

    def _hidden(self, kinds: set[str]) -> Iterable[Finding]:
        """Yield findings for what may happen without a call."""
        hidden = self.summaries.hidden
        line: int = getattr(self.node, "lineno", 1)
        if hidden.at_the_end:
            text = f"may end objects, upon which {hidden.at_the_end} changes something"
            yield Finding("unknown call", text, self.module.file, line)
        if "output" in kinds and hidden.while_logging:
            text = f"writes output, upon which {hidden.while_logging} changes something"
            yield Finding("unknown call", text, self.module.file, line)
        if "output" in kinds and hidden.is_redirected:
            text = "writes output, which the program has given another place"
            yield Finding("unknown call", text, self.module.file, line)
        if "output" in kinds and "asks stream" in kinds:
            text = "reads a stream to which its output may go"
            yield Finding("unknown call", text, self.module.file, line)

    def _is_own_file(self, each: Finding) -> bool:
        """Return True if the path of a file is the item itself, or differs by its number."""
        return each.path in self.body.items or bool(each.depends & self.body.numbers)

    # Roles

    def _roles(self) -> list[Role]:
        # The names that a function called by the body reads count as read by the body.
        return Roles(
            self.body,
            self.accesses,
            bound=frozenset(self.values.stored),
            exposed=self.exposed & (self.values.stored | self.body.targets),
            live=self.live,
            always=Assignment().always(self.body.statements),
            owns=self.summaries.classes.owns,
            one=self._rows_of_one(),
            views=overlapping(self.module, self.scope, (each.path for each in self.accesses if each.writes)),
            repeats=self._repeats(),
        ).all()

    def _repeats(self) -> str:
        """Return why an object may be an item more than once; the second run does not look into a list that shrinks."""
        if self.body.taking is not None:
            return "takes its items from a list, which may have one of them twice"
        return may_repeat(self.module, self.scope, self.body.iterable)

    def _rows_of_one(self) -> frozenset[str]:
        names = {each.path[0] for each in self.accesses if each.writes}
        return rows_of_one(self.module, self.scope, names)

    @property
    def live(self) -> frozenset[str]:
        """The names that are read after the loop, or by functions that may run at any time."""
        if not isinstance(self.node, ast.stmt):
            return frozenset()
        after = live_after(self._scope_statements(), self.node)
        return after | self._read_elsewhere() | self._declared()

    def _read_elsewhere(self) -> frozenset[str]:
        """Return the names that functions inside of the scope read."""
        inner = (each for each in ast.walk(self.scope) if isinstance(each, FUNCTIONS) and each is not self.scope)
        return frozenset().union(*map(reads, inner))

    def _declared(self) -> frozenset[str]:
        nodes = (each for each in own_nodes(self.scope) if isinstance(each, (ast.Global, ast.Nonlocal)))
        return frozenset(name for each in nodes for name in each.names)

    # The verdict

    def dependence(self) -> StaticDependence:
        """Return what has been found."""
        return StaticDependence(
            variables=tuple(role.variable for role in self.roles),
            obstacles=tuple(dict.fromkeys(self._obstacles())),
            independence=self._independence(),
            calls=self.called,
            uses_files=self._uses_files,
        )

    def _obstacles(self) -> Iterable[LoopObstacle]:
        for role in self.roles:
            if role.text:
                yield LoopObstacle(text=role.text, file=self.module.file, line=role.line, blocks=True)
        for each in self.findings:
            text = f"{each.text} (in `{each.through}`)" if each.through and each.kind != "memory" else each.text
            yield LoopObstacle(text=text, file=each.file, line=each.line, blocks=_CONSEQUENCES[each.kind][1])

    def _independence(self) -> Independence:
        forced = {_CONSEQUENCES[each.kind][0] for each in self.findings}
        roles = {role.variable.role for role in self.roles}
        if "carried" in forced or "carried" in roles:
            return "carried"
        if "unknown" in forced or "unknown" in roles:
            return "unknown"
        kinds = {each.kind for each in self.findings}
        if "files" in kinds and kinds & {"break", "return", "exits"}:
            return "unknown"
        is_ordered = any(each.kind == "output" for each in self.findings)  # lines follow each other like items
        return "reduction" if "reduction" in roles or is_ordered else "independent"


def _file_of_each(each: Finding) -> Finding:
    text = f"{each.text}; the iterations must not write the same one"
    return Finding("files", text, each.file, each.line, through=each.through)


def _is_read_before(written: Finding, read: Iterable[Finding]) -> bool:
    found = [each for each in read if (each.path, each.through) == (written.path, written.through)]
    return bool(written.path) and any(each.line <= written.line for each in found)


def _shared_file(each: Finding) -> Finding:
    text = f"{each.text} after reading `{each.path}`, which another iteration may have written"
    return Finding("shared file", text, each.file, each.line, through=each.through)


def _same_file(each: Finding) -> Finding:
    return Finding("same file", f"{each.text}, the same in every iteration", each.file, each.line, through=each.through)
