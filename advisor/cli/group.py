from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from advisor.errors import UsageError


class TargetGroup(click.Group):
    """A group whose first word may be a target instead of a command: `advise my_module:func`.

    Targets go to the hidden command `default`. Its options appear in the group's help, and may precede the first word.
    """

    def __init__(self, *args: Any, default: click.Command, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(self.get_help(ctx), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, self._with_command_first(args))

    def _with_command_first(self, args: list[str]) -> list[str]:
        index = self._index_of_first_word(args)
        word = None if index is None else args[index]
        commands = [name for name in self.commands if name != self.default.name]
        if index is not None and word in commands:
            return [args[index], *args[:index], *args[index + 1 :]]
        if requested := [arg for arg in args if arg in ("--help", "--version")]:
            return requested[:1]
        if word is not None and ":" not in word:
            raise UsageError(_not_a_target(word, commands))
        return [str(self.default.name), *args]

    def _index_of_first_word(self, args: Sequence[str]) -> int | None:
        """Return the index of the first argument that is neither an option nor an option's value."""
        with_value = {name for option in _options(self.default.params) if not option.is_flag for name in option.opts}
        index = 0
        while index < len(args):
            if args[index] == "-" or not args[index].startswith("-"):
                return index
            index += 2 if args[index] in with_value else 1
        return None

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "TARGET [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [option.get_help_record(ctx) for option in _options([*self.default.params, *self.get_params(ctx)])]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record])
        self.format_commands(ctx, formatter)


def _options(params: Iterable[click.Parameter]) -> list[click.Option]:
    return [param for param in params if isinstance(param, click.Option)]


def _not_a_target(word: str, commands: Sequence[str]) -> str:
    from difflib import get_close_matches

    module, _, name = word.rpartition(".")
    if module and name not in ("py", "ipynb") and all(part.isidentifier() for part in word.split(".")):
        return f"{word!r} names no function: write {module}:{name} or {word}:function"
    if "/" in word or "." in word:
        return f"{word!r} names no function: write {word}:function"
    similar = get_close_matches(word, commands, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"commands are {', '.join(sorted(commands))}"
    return f"no such command: {word!r} (a target is written module:function; {hint})"
