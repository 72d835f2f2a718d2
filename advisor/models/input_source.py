"""The source of a job's inputs, and the forms of the inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

# How an input is turned into a call: as its one argument, spread into positional or keyword arguments, from a
# dictionary {"args": …, "kwargs": …}, or from a `Call` object.
Form = Literal["value", "args", "kwargs", "call", "object"]


@dataclass(frozen=True)
class InputSource:
    """The inputs as the command line names them.

    Attributes:
        spec: A file, '-' for standard input, 'my_module:make_inputs', or None where there are no inputs.
        star: Spread tuples and lists into positional arguments, and dictionaries into keyword arguments.
        forms: The forms of the inputs, or None if they have not been read.
    """

    spec: str | None = None
    star: bool = False
    forms: frozenset[Form] | None = None

    def from_any_folder(self) -> InputSource:
        """Return the source with the absolute path of its file, if it is one."""
        if self.spec is None or not Path(self.spec).is_file():
            return self
        return replace(self, spec=str(Path(self.spec).resolve()))


def input_source(inputs: str | InputSource | None) -> InputSource:
    """Return the source that `inputs` is or names."""
    return inputs if isinstance(inputs, InputSource) else InputSource(inputs)
