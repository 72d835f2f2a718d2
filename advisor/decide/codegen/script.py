"""Assemble a script from its parts."""

from __future__ import annotations

import builtins
import keyword
import textwrap
from dataclasses import dataclass, field

CALL = "call"  # the name of the function around a target whose arguments are not exactly one value
ATTEMPT = "attempt"  # the name of the function around a target that raises for some inputs

_COMMENT_WIDTH = 100

# The names that the generated code uses; a target with one of these names is renamed.
_RESERVED = frozenset(
    "InterpreterPoolExecutor ProcessPoolExecutor SourceFileLoader ThreadPoolExecutor advisor asyncio cycle done group "
    "importlib inputs islice item json line lines main one pool results slots spec sys tasks time "
    "Iterator Mapping MappingView plain error multiprocessing result pickle threading OnePerThread Recorder NOTES "
    "call_and_note use_recorders write_notes "
    f"{CALL} {ATTEMPT}".split()
)


@dataclass
class Script:
    """The parts of a script, in the order in which they appear."""

    imports: set[str] = field(default_factory=set)  # statements that import the standard library
    folders: list[str] = field(default_factory=list)  # to put on the import path
    modules: dict[str, list[str]] = field(default_factory=dict)  # the user's, with the names imported from each
    setup: list[str] = field(default_factory=list)  # statements after the imports
    definitions: list[str] = field(default_factory=list)  # functions
    inputs: list[str] = field(default_factory=list)  # lines that make the inputs
    pool_options: list[str] = field(default_factory=list)  # further arguments of the pool's constructor
    before: list[str] = field(default_factory=list)  # lines before the pool starts
    receive: str = ""  # the function that the parent calls with what workers return, for the result
    run: list[str] = field(default_factory=list)  # lines that do the job
    cluster: str = ""  # address of the cluster that does the job
    cluster_note: str = ""  # comment beside it
    in_notebook: bool = False  # it runs in a cell, where an event loop is running
    names: dict[str, str] = field(default_factory=dict)  # the script's own names for the user's objects

    def text(self, headline: str) -> str:
        """Return the whole script."""
        standard = sorted(self.imports, key=lambda line: (line.startswith("from"), line))
        path = [f"sys.path.insert(0, {folder!r})" for folder in self.folders]
        own = [f"from {module} import {', '.join(dict.fromkeys(names))}" for module, names in self.modules.items()]
        top = [[f"# {headline}", *standard], path, own, self.setup]
        main = [*self.inputs, *self.before, *self.run]
        if not self.in_notebook:
            main = ['if __name__ == "__main__":', *(f"    {line}" for line in main)]
        parts = ["\n\n".join("\n".join(block) for block in top if block), *self.definitions, "\n".join(main)]
        return "\n\n\n".join(part.rstrip("\n") for part in parts) + "\n"

    def awaited(self, coroutine: str) -> str:
        """Return the expression for the result of a coroutine."""
        if self.in_notebook:
            return f"await {coroutine}"
        self.imports.add("import asyncio")
        return f"asyncio.run({coroutine})"

    def name_for(self, key: str, name: str) -> str:
        """Return the script's name for the object `key`: `name`, or a variant of it if another object has that name."""
        while self.names.setdefault(name, key) != key or not is_free(name):
            name = f"the_{name}"
        return name


def is_free(name: str) -> bool:
    """Return True if neither the generated code nor Python itself uses the name."""
    return name not in _RESERVED and not hasattr(builtins, name)


def is_name(text: str) -> bool:
    """Return True if the text can be used as an identifier."""
    return text.isidentifier() and not keyword.iskeyword(text)


def as_comment(text: str) -> list[str]:
    """Return the lines of a comment with this text, with spaces in place of unprintable characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return [f"# {line}" for line in textwrap.wrap(printable, _COMMENT_WIDTH)]
