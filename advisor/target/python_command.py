"""Command lines that start another interpreter like this one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_FLAGS = {
    "ignore_environment": "E",
    "no_user_site": "s",
    "no_site": "S",
    "dont_write_bytecode": "B",
    "optimize": "O",
    "bytes_warning": "b",
    "verbose": "v",
}  # field of sys.flags: option, as often as the field's number


def command(entry: str, *arguments: str, options: Sequence[str] = (), path: Sequence[str] | None = None) -> list[str]:
    """Return the command that calls `entry` ('package.module:function') with `sys.argv[1:]` in a new interpreter.

    It finds this very package. The options take precedence over those that this interpreter was started with. `path`
    replaces the new interpreter's `sys.path`.
    """
    module, _, function = entry.partition(":")
    folder = str(Path(__file__).parent.parent.parent)
    own_path = f"sys.path[:] = {list(path)!r}" if path is not None else f"sys.path.append({folder!r})"
    code = f"import sys; {own_path}; from {module} import {function}; {function}()"
    # -P: nothing in the current folder takes the place of a module of the standard library.
    return [sys.executable, *_own_options(), *options, "-P", "-c", code, *arguments]


def _own_options() -> list[str]:
    """Return the options that this interpreter was started with; environment variables are inherited anyway."""
    flags = "".join(option * getattr(sys.flags, field) for field, option in _FLAGS.items())
    isolated = ["-I"] if sys.flags.isolated else []
    warnings = [f"-W{option}" for option in sys.warnoptions]
    extra = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in sys._xoptions.items()]
    return [*isolated, *([f"-{flags}"] if flags else []), *warnings, *extra]
