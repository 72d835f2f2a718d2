"""Records of the objects and state that calls share, such as open files, connections and process-wide state."""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from advisor.models.record import Record, Text

Safety = Literal["safe", "caution", "unsafe"]

_MAX_EXPRESSION = 500  # characters
# Nodes allowed in an expression that a script evaluates again; none of them binds a name.
_EXPRESSION_PARTS = (
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.Call,
    ast.keyword,
    ast.Tuple,
    ast.List,
    ast.Subscript,
    ast.BinOp,
    ast.Add,
    ast.Div,
    ast.Load,
)


def is_name(text: str) -> bool:
    """Return True if the text can be used as an identifier."""
    return text.isidentifier() and not keyword.iskeyword(text)


def is_simple_call(expression: str) -> bool:
    """Return True if the text is a call whose parts are names, attributes, constants and calls.

    The only built-in names allowed are types and `open`: others evaluate text, import modules, or wait for input.
    """
    if len(expression) > _MAX_EXPRESSION:
        return False
    try:
        body = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    parts = list(ast.walk(body))
    are_simple = all(isinstance(part, _EXPRESSION_PARTS) and _is_simple_name(part) for part in parts)
    return (
        isinstance(body, ast.Call)
        and are_simple
        and all(part.arg is not None for part in parts if isinstance(part, ast.keyword))
    )


def _is_simple_name(part: ast.AST) -> bool:
    name = getattr(part, "id", None) or getattr(part, "attr", None) or ""
    if "__" in name and name != "__file__":
        return False
    return not isinstance(part, ast.Name) or name == "open" or isinstance(getattr(builtins, name, type), type)


def _check_expression(expression: str) -> str:
    if expression and not is_simple_call(expression):
        raise ValueError("not a call of names, attributes and constants")
    return expression


class Touch(Record):
    """An object or a state that calls share, and what concurrent calls would do to it."""

    name: Text = Field(description="as the code names it, such as 'SINK', 'self.connection' or 'working directory'")
    kind: Text = Field(description="'file', 'connection', 'session', 'socket', 'process state', 'object', …")
    where: Text = Field("", description="where the code uses it, such as 'shop.py:12'")
    through: Text = Field("", description="the function that uses it, where that is not the target itself")
    type: Text = Field("", description="of the object, such as '_csv.writer'")
    resource: Text = Field("", description="the entry of `advisor.models.resources.effects` that describes it")
    threads: Safety = Field("safe", description="when threads share it")
    asyncio: Safety = Field("safe", description="when coroutines share it; other calls run at each `await`")
    fork: Safety = Field("safe", description="when worker processes are forked, which copies it")
    spawn: Safety = Field("safe", description="when worker processes import the module themselves")
    module: Text = Field("", description="the module with the object as a global, if a script can replace it there")
    made_by: Annotated[Text, AfterValidator(_check_expression)] = Field(
        "", description="the call that makes the object, in names of its module, if each thread can make its own"
    )
    only_written: bool = Field(False, description="the calls only write to it, and ignore what the writing returns")

    def without_code(self) -> Touch:
        """Return the touch without the parts that go into a script, for records from an untrusted source."""
        return self.model_copy(update={"module": "", "made_by": "", "only_written": False})
