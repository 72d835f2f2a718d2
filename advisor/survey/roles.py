"""The parts that the variables of a loop play between its iterations."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.survey.effects import Access
from advisor.survey.facts import Variable
from advisor.survey.loop_body import ITEM, LoopBody
from advisor.survey.values import FRESH, Path

_MIXABLE = ({"append", "extend", "insert"}, {"add", "update", "or", "union"}, {"first", "items"}, {"min", "max"})
ITEM_ITSELF = "item"  # the operation of the loop's own item
ALL = "[]"  # among the parts of a container: its items
_WITH_FIRST = ("append", "extend", "add", "update", "+", "*", "or", "and", "items")


@dataclass(frozen=True)
class Role:
    """A variable, and the sentence that explains a role that is in the way."""

    variable: Variable
    text: str = ""
    line: int = 0


class Roles:
    """Judges the accesses of a loop's body.

    Args:
        bound: Names that the body binds.
        exposed: Those of them that may be read before they are bound.
        live: Names that are read after the loop, or by functions that may run at any time.
        always: Names that every iteration binds.
        owns: Tells attributes in which every object has an object of its own.
        one: Containers with the same object in every place.
        views: Paths of arrays whose items may share memory.
        repeats: Why an object may be an item more than once, or ''.
    """

    def __init__(
        self,
        body: LoopBody,
        accesses: Sequence[Access],
        *,
        bound: frozenset[str],
        exposed: frozenset[str],
        live: frozenset[str],
        always: frozenset[str],
        owns: Callable[[str], bool],
        one: frozenset[str] = frozenset(),
        views: frozenset[Path] = frozenset(),
        repeats: str = "",
    ) -> None:
        self._body = body
        self._accesses = [access for access in dict.fromkeys(accesses) if access.path != FRESH]
        self._bound = bound | body.targets
        self._exposed = exposed
        self._live = live
        self._always = always | body.targets
        self._owns = owns
        self._one = one
        self._views = views
        self._repeats = repeats

    def all(self) -> list[Role]:
        """Return the role of each variable that outlives an iteration or that it binds."""
        written = sorted({self._base(access.path) for access in self._accesses if access.writes})
        bases = [base for base in written if not any(begins(base, other) for other in written if other != base)]
        roles = [self._role(base) for base in bases if base[0] != ITEM]
        if any(access.writes and access.path[0] == ITEM for access in self._accesses):
            roles.append(self._item_role())
            roles += self._iterated_roles(bases)
        return [*roles, *self._targets_read(), *self._reads(bases)]

    def _targets_read(self) -> list[Role]:
        """Return the names of the header that a function reads by itself, as a global or from the scope around it."""
        found = {each.path[0]: each for each in self._accesses if each.through and each.path[0] in self._body.targets}
        texts = {name: f"assigns `{name}`, which `{each.through}` reads" for name, each in found.items()}
        return [Role(Variable(name, "unknown"), texts[name], each.line) for name, each in found.items()]

    def _base(self, path: Path) -> Path:
        """Return the part of a path before the first key that differs between iterations."""
        for number, step in enumerate(path):
            if step.startswith("[") and not self._is_invariant(step):
                return path[:number]
        return path

    def _is_invariant(self, step: str) -> bool:
        names = _names(step)
        return names is not None and not names & self._bound

    def _related(self, base: Path) -> list[Access]:
        return [each for each in self._accesses if begins(each.path, base) or begins(base, each.path)]

    def _role(self, base: Path) -> Role:
        related = self._related(base)
        writes = [each for each in related if each.writes]
        reads = [each for each in related if each.how == "read"]
        unclear = next((each for each in writes if each.how == "unclear"), None)
        if unclear is not None:
            return _unclear(base, writes, unclear)
        if len(base) == 1 and base[0] in self._bound and base[0] not in self._exposed:
            return self._private(base[0], writes, reads)
        if self._is_by_item(base, related):
            return self._by_item(base, related, writes)
        operation = self._operation(base, related)
        if operation:
            return _role(base, "reduction", writes, operation)
        if not reads and all(each.how == "rebind" for each in writes) and not _is_iterated(related):
            return self._overwritten(base, writes)
        return _carried(base, writes, [*reads, *(each for each in related if each.how in ("shown", "iterated"))])

    def _private(self, name: str, writes: Sequence[Access], reads: Sequence[Access]) -> Role:
        """Return the role of a name that every iteration binds before it reads it."""
        used_by = next((each for each in [*reads, *writes] if each.through), None)
        if used_by is not None:
            text = f"assigns `{name}`, which `{used_by.through}` {'changes' if used_by.writes else 'reads'}"
            return Role(Variable(name, "unknown", lines=_lines(writes)), text, writes[0].line)
        if name not in self._live:
            return _role((name,), "private", writes)
        return _role((name,), "last", writes, "" if name in self._always else "conditional")

    def _overwritten(self, base: Path, writes: Sequence[Access]) -> Role:
        """Return the role of an attribute or a global that iterations assign and never read."""
        if any(each.through for each in writes):
            return _role(base, "last", writes, "in a function")
        return _role(base, "last", writes, "" if base[0] in self._always else "conditional")

    # Items by the iteration's own number or key

    def _by_item(self, base: Path, related: Sequence[Access], writes: Sequence[Access]) -> Role:
        """Return the role of a container of which each iteration changes an item of its own."""
        within = [replace(each, path=(ITEM, *each.path[len(base) + 1 :])) for each in related if each.how != "iterated"]
        found = next(self._sharing_below([each for each in within if _is_below_attribute(each)], within), None)
        if found is not None:
            text, line = found
            name = _shown(base)
            return Role(Variable(name, "unknown", lines=_lines(writes)), text.format(name), line)
        fills = self._body.keys and not _is_iterated(related)
        role = _role(base, "reduction", writes, "items") if fills else _role(base, "written by item", writes)
        changed = [each for each in within if each.writes and (len(each.path) > 1 or each.in_place)]
        parts = ({ALL} if changed else set()) | _parts(changed)
        return replace(role, variable=replace(role.variable, parts=tuple(sorted(parts))))

    def _is_by_item(self, base: Path, related: Sequence[Access]) -> bool:
        keys = {self._own_key(each, base) for each in related if each.how != "iterated"}
        return len(keys) == 1 and None not in keys

    def _is_view(self, base: Path) -> bool:
        return base[:1] in self._views or base[:2] in self._views

    def _own_key(self, access: Access, base: Path) -> str | None:
        """Return the form of the key after the base if it is another one in every iteration."""
        path = access.path
        if len(path) <= len(base) or not path[len(base)].startswith("["):
            return None
        if self._is_view(base):
            return None
        if base[0] in self._one and (len(path) > len(base) + 1 or access.how == "change" or access.in_place):
            return None
        return own_key(path[len(base)][1:-1], self._body.numbers, self._bound)

    # Reductions

    def _operation(self, base: Path, related: Sequence[Access]) -> str:
        """Return the operation of a reduction, or '' if it is none."""
        writes = [each for each in related if each.writes]
        if any(each.how in ("read", "iterated") for each in related) or self._is_view(base):
            return ""
        keyed = [each for each in writes if each.how == "item"]
        if any(each.how not in ("reduce", "item") for each in writes):
            return ""
        if base[0] in self._one and any(each.how == "item" for each in writes):
            return ""
        operations = {each.operation for each in writes if each.how == "reduce"} | ({"items"} if keyed else set())
        if len({len(each.path) > len(base) for each in writes}) > 1 and operations != {"items", "update"}:
            return ""  # the whole and its items
        return combined(operations)

    # The iteration's own item

    def _item_role(self) -> Role:
        writes = [each for each in self._accesses if each.path[0] == ITEM and each.writes]
        name = self._item_name()
        found = next(self._sharing(writes), None)
        if found is not None:
            text, line = found
            return Role(Variable(name, "unknown", lines=_lines(writes)), text, line)
        parts = tuple(sorted(_parts(writes)))
        return Role(Variable(name, "written by item", ITEM_ITSELF, _lines(writes), parts))

    def _sharing(self, writes: Sequence[Access]) -> Iterator[tuple[str, int]]:
        """Yield sentences about what other iterations may see of changes of the item, with lines."""
        name = self._item_name()
        reads = [each for each in self._accesses if each.how == "read"]
        for each in writes:
            if each.how == "unclear":
                yield each.operation, each.line
        if self._repeats:
            yield f"changes `{name}`, and the loop {self._repeats}", writes[0].line
        yield from ((text.format(name), line) for text, line in self._sharing_below(writes, self._accesses))
        iterated = {each.path for each in self._accesses if each.how == "iterated"}
        for other in reads:
            if any(begins(other.path, path) for path in iterated):
                yield f"reads `{''.join(other.path)}`, whose items the iterations change", other.line

    def _sharing_below(self, writes: Iterable[Access], accesses: Sequence[Access]) -> Iterator[tuple[str, int]]:
        """Yield sentences about changes of what items have in attributes, with `{}` for the name of the items."""
        reads = [each for each in accesses if each.how == "read"]
        changes = [each for each in writes if each.writes]
        for each in changes:
            if self._is_shared(each, reads):
                yield "changes something that other items of `{}` may share", each.line
        assigned = (each for each in accesses if each.writes and each.path[0] == ITEM and each.is_assignment)
        steps = {each.path[-1] for each in assigned if each.path[-1].startswith(".")}
        for other in accesses:
            if other.how in ("read", "shown") and other.path[-1] in steps and not self._is_own(other.path):
                attribute = other.path[-1].strip(".[]")
                yield f"reads `{attribute}` of other objects, which other iterations may have written", other.line

    def _is_shared(self, access: Access, reads: Sequence[Access]) -> bool:
        """Return True if a changed object may be part of several items, and it matters in which order it changes."""
        depth = _depth(access)
        step = access.path[1] if len(access.path) > 1 else ""
        if depth < 1 or (depth == 1 and step.startswith(".") and self._owns(step[1:])):
            return False
        if depth > 1 or access.how != "reduce":
            return True
        name = access.path[-1] if access.is_assignment and access.path[-1].startswith(".") else None
        return any(
            begins(each.path, access.path)
            or begins(access.path, each.path[: len(access.path)])
            or each.path[-1] == name  # the part may be another item
            for each in reads
        )

    def _is_own(self, path: Path) -> bool:
        """Return True for the item, its attributes, and what is in an attribute that belongs to it alone.

        The objects that a list of its own holds are not among that: they may be other items.
        """
        if path[0] != ITEM or len(path) <= 2:
            return path[0] == ITEM
        is_far = any(step.startswith(".") for step in path[3:])
        return path[1].startswith(".") and self._owns(path[1][1:]) and not is_far

    def _iterated_roles(self, bases: Sequence[Path]) -> list[Role]:
        """Return the role of the containers whose items the iterations change."""
        paths = {each.path for each in self._accesses if each.how == "iterated"} - set(bases)
        writes = [each for each in self._accesses if each.writes and each.path[0] == ITEM]
        return [_role(path, "written by item", writes) for path in sorted(paths)]

    def _item_name(self) -> str:
        names = self._body.targets - self._body.numbers
        return ", ".join(sorted(names)) or "item"

    # What is only read

    def _reads(self, bases: Sequence[Path]) -> list[Role]:
        found: dict[str, set[int]] = {}
        for each in self._accesses:
            path = each.path
            if each.how not in ("read", "shown") or path[0] == ITEM or path[0] in self._bound - self._exposed:
                continue
            if not any(begins(path, base) or begins(base, path) for base in bases):
                found.setdefault(_shown(self._base(path)), set()).add(each.line)
        return [Role(Variable(name, "read", lines=tuple(sorted(lines)))) for name, lines in sorted(found.items())]


def combined(operations: Iterable[str]) -> str:
    """Return the name of folds that can be mixed, or ''."""
    left = set(operations)
    if len(left) == 1:
        return left.pop()
    if "first" in left and len(left) == 2:
        other = (left - {"first"}).pop()
        return other if other in _WITH_FIRST else ""
    if left == {"items", "update"}:
        return "items"
    return next((sorted(left)[0] for group in _MIXABLE if left and left <= group), "")


def own_key(key: str, numbers: frozenset[str], bound: frozenset[str]) -> str | None:
    """Return the form of a key that is another one in every iteration; other parts of it are left open."""
    try:
        node = ast.parse(key, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(node, ast.Tuple):
        forms = [own_key(ast.unparse(each), numbers, bound) for each in node.elts if not isinstance(each, ast.Slice)]
        if len(forms) < len(node.elts):
            forms = [
                None if isinstance(each, ast.Slice) else own_key(ast.unparse(each), numbers, bound)
                for each in node.elts
            ]
        return next((f"{number}: {form}" for number, form in enumerate(forms) if form), None)
    if isinstance(node, ast.Name):
        return node.id if node.id in numbers else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        sides = (node.left, node.right)
        named = [each for each in sides if isinstance(each, ast.Name) and each.id in numbers]
        fixed = [each for each in sides if not {n.id for n in ast.walk(each) if isinstance(n, ast.Name)} & bound]
        is_plain = len(named) == 1 and len(fixed) == 1 and not any(isinstance(n, ast.Call) for n in ast.walk(node))
        return ast.unparse(node) if is_plain else None
    return None


def _names(step: str) -> set[str] | None:
    """Return the names in the key of a step; None if it is unknown or calls something."""
    try:
        tree = ast.parse(step[1:-1], mode="eval")
    except SyntaxError:
        return None
    if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return None
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def begins(path: Path, start: Path) -> bool:
    """Return True if a path may lead through what another one leads to."""
    return len(path) >= len(start) and all(_may_equal(*pair) for pair in zip(path, start, strict=False))


def _may_equal(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (one.startswith("[") and other.startswith("[")):
        return False
    return not (_is_constant(one) and _is_constant(other)) or one.startswith("[-") != other.startswith("[-")


def _is_constant(step: str) -> bool:
    try:
        ast.literal_eval(step[1:-1])
    except (SyntaxError, ValueError):
        return False
    return True


def _is_iterated(related: Iterable[Access]) -> bool:
    return any(each.how == "iterated" for each in related)


def _depth(access: Access) -> int:
    """Return how far the changed object is from the iteration's item; 0 is the item itself."""
    return len(access.path) - (2 if access.is_assignment else 1)


def _parts(writes: Iterable[Access]) -> set[str]:
    """Return the attributes of items whose objects are changed."""
    return {each.path[1].lstrip(".") for each in writes if _depth(each) > 0}


def _is_below_attribute(access: Access) -> bool:
    """Return True if something in an attribute of the item changes, not only its own attributes and items."""
    changed = access.path[:-1] if access.is_assignment else access.path
    return access.writes and any(step.startswith(".") for step in changed[1:])


def _shown(path: Path) -> str:
    return "".join(path)


def _lines(accesses: Iterable[Access]) -> tuple[int, ...]:
    return tuple(sorted({each.line for each in accesses}))


def _role(base: Path, role: str, writes: Sequence[Access], operation: str = "") -> Role:
    return Role(Variable(_shown(base), role, operation, _lines(writes)))  # type: ignore[arg-type]


def _unclear(base: Path, writes: Sequence[Access], found: Access) -> Role:
    through = f" (in `{found.through}`)" if found.through else ""
    return Role(Variable(_shown(base), "unknown", lines=_lines(writes)), f"{found.operation}{through}", found.line)


def _carried(base: Path, writes: Sequence[Access], reads: Sequence[Access]) -> Role:
    name = _shown(base)
    lines = _lines([*writes, *reads])
    variable = Variable(name, "carried", lines=lines)
    consumed = next((each for each in writes if each.how == "consume"), None)
    if consumed is not None:
        return Role(variable, f"takes from `{name}` what the iteration before has left", consumed.line)
    if not reads:
        first = next((each for each in writes if each.how == "change"), writes[0])
        return Role(variable, f"changes `{name}`, which the iteration before has changed", first.line)
    read = reads[0]
    through = f" in `{read.through}`" if read.through else ""
    return Role(variable, f"reads `{name}`{through}, which the iteration before has written", read.line)
