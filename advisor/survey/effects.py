"""Records of what code does to the objects outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advisor.survey.values import Path

How = Literal["read", "shown", "iterated", "rebind", "item", "reduce", "change", "consume", "unclear"]


@dataclass(frozen=True)
class Access:
    """A read or a change of an object outside, or of a name.

    Attributes:
        how: "shown" is a read whose value only goes into output; "iterated" one by the header of the loop; "unclear"
            what a method does that the source says too little of.
        operation: Of a fold; of what is unclear, a sentence about it.
        in_place: A method changes the object at the path itself; otherwise an item, attribute or name is assigned.
        through: The user's function that does it.
    """

    path: Path
    how: How
    line: int
    operation: str = ""
    in_place: bool = False
    through: str = ""

    @property
    def is_assignment(self) -> bool:
        """Return True if an item, attribute or name is assigned, not an object changed at the path itself."""
        return self.how in ("rebind", "item") or (self.how == "reduce" and not self.in_place)

    @property
    def writes(self) -> bool:
        return self.how not in ("read", "shown", "iterated")


@dataclass(frozen=True)
class Finding:
    """Something other than reads and writes that iterations do.

    Attributes:
        kind: "output", "random", "unknown call", "break", …
        text: A sentence about it, without the place.
        depends: Names that decide which file is meant, of a kind that names one.
        path: The expression for that file.
        through: The user's function that does it.
    """

    kind: str
    text: str
    file: str = ""
    line: int = 0
    depends: frozenset[str] = frozenset()
    through: str = ""
    path: str = ""


@dataclass(frozen=True)
class Outcome:
    """The effects of a call.

    Attributes:
        output: Its arguments go into output only.
        reads_receiver: Its method reads the object that it is called on.
        followed: The function is the user's, and its accesses to the arguments are among these.
        called: The user's functions that it runs.
    """

    accesses: tuple[Access, ...] = ()
    findings: tuple[Finding, ...] = ()
    output: bool = False
    reads_receiver: bool = False
    followed: bool = False
    called: tuple[str, ...] = ()


def together(outcomes: list[Outcome], main: Outcome | None = None) -> Outcome:
    """Return the effects of several calls; what becomes of the arguments is that of the main one, or of the first."""
    main = main or outcomes[0]
    return Outcome(
        tuple(access for each in outcomes for access in each.accesses),
        tuple(finding for each in outcomes for finding in each.findings),
        main.output,
        main.reads_receiver,
        main.followed,
        tuple(dict.fromkeys(name for each in outcomes for name in each.called)),
    )
