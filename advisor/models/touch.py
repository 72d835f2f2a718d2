"""What calls use besides their arguments: open files, connections, state of the whole process."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from advisor.models.record import Record, Text

Safety = Literal["safe", "caution", "unsafe"]


class Touch(Record):
    """An object or a state that calls share, and what concurrent calls would do to it."""

    name: Text = Field(description="as the code names it, such as 'SINK', 'self.connection' or 'working directory'")
    kind: Text = Field(description="'file', 'connection', 'session', 'socket', 'process state', 'object', …")
    where: Text = Field("", description="where the code uses it, such as 'shop.py:12'")
    through: Text = Field("", description="the function that uses it, where that is not the target itself")
    type: Text = Field("", description="of the object, such as '_csv.writer'")
    resource: Text = Field("", description="the entry of `advisor.models.resources.effects` that describes it")
    threads: Safety = Field("safe", description="when threads share it")
    fork: Safety = Field("safe", description="when worker processes are forked, which copies it")
    spawn: Safety = Field("safe", description="when worker processes import the module anew")
