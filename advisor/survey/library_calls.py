"""Find the effects of calls of library functions in the tables."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from advisor.survey.effects import Access, Finding, Outcome
from advisor.survey.known_calls import effect_of
from advisor.survey.values import Values

_TEXTS = {
    "output": "prints with `{}`, in the order of the loop",
    "random": "draws from the random stream of `{}`, which all iterations share",
    "seed": "seeds the random stream of the whole process with `{}`",
    "progress": "advances the progress bar of `{}`",
    "starts program": "starts a program with `{}`, whose effects are not seen",
    "reads input": "reads standard input with `{}`",
    "exits": "may end the program with `{}`",
    "process state": "changes the state of the whole process with `{}`",
    "database": "uses a database with `{}`",
    "pool": "runs work concurrently already, with `{}`",
    "unknown": "calls `{}`, of which the source says too little",
}
_KINDS = {"unknown": "unknown call"}


def finding(effect: str, called: str, file: str, line: int, depends: frozenset[str] = frozenset()) -> Finding:
    """Return what a call with such an effect amounts to."""
    return Finding(_KINDS.get(effect, effect), _TEXTS[effect].format(called), file, line, depends)


def file_finding(called: str, file: str, line: int, depends: frozenset[str]) -> Finding:
    return Finding("writes file", f"writes a file with `{called}`", file, line, depends)


@dataclass(frozen=True)
class LibraryCall:
    """A call of a library's function, with the values of its arguments."""

    call: ast.Call
    values: Values
    file: str

    @property
    def _called(self) -> str:
        return ast.unparse(self.call.func)

    def outcome(self, dotted: str) -> Outcome:
        """Return what the call does."""
        effect = effect_of(dotted)
        if dotted in ("builtins.open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open"):
            return opened(self.call, self.call.args[0] if self.call.args else None, 1, self.values, self.file)
        if effect in _TEXTS:
            accesses = self._changed("change") if dotted.endswith("shuffle") else ()
            found = finding(effect, self._called, self.file, self.call.lineno)
            return Outcome(accesses, (found,), output=effect in ("output", "progress"))
        if effect == "changes first":
            return Outcome(self._changed("change"))
        if effect == "consumes":
            return Outcome(self._changed("consume"))
        if effect == "writes file":
            return self._written()
        return Outcome(self._out())

    def _changed(self, how: str) -> tuple[Access, ...]:
        paths = self.values.of(self.call.args[0]).outside if self.call.args else frozenset()
        return tuple(
            Access(path, how, self.call.lineno, in_place=True)  # type: ignore[arg-type]
            for path in paths
        )

    def _out(self) -> tuple[Access, ...]:
        """Return the changes of arrays that take results, as `numpy.add(a, b, out=c)`."""
        taken = [keyword.value for keyword in self.call.keywords if keyword.arg == "out"]
        return tuple(
            Access(path, "change", self.call.lineno, in_place=True)
            for each in taken
            for path in self.values.of(each).outside
        )

    def _written(self) -> Outcome:
        if has_true(self.call, "exist_ok"):
            return Outcome()
        depends = frozenset().union(*(self.values.roots_of(each) for each in self.call.args))
        return Outcome(findings=(file_finding(self._called, self.file, self.call.lineno, depends),))


def has_true(call: ast.Call, name: str) -> bool:
    """Return True if a keyword argument is the constant True."""
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in call.keywords
    )


def opened(call: ast.Call, path: ast.expr | None, position: int, values: Values, file: str) -> Outcome:
    """Return what opening a file does, by its mode."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given += call.args[position : position + 1]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else ("?" if given else "r")
    if not isinstance(mode, str) or mode == "?":
        text = f"opens a file with `{ast.unparse(call.func)}` in a mode that the source does not say"
        return Outcome(findings=(Finding("unknown call", text, file, call.lineno),))
    depends = values.roots_of(path) if path is not None else frozenset()
    if "a" in mode:
        text = "appends to a file, in the order of the loop"
        return Outcome(findings=(Finding("appends", text, file, call.lineno, depends),))
    if any(letter in mode for letter in "wx+"):
        return Outcome(findings=(file_finding(ast.unparse(call.func), file, call.lineno, depends),))
    return Outcome()
