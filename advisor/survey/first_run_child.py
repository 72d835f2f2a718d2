"""The process of the first run: the program as it is, with a thread that samples its stacks."""

from __future__ import annotations

import json
import os
import sys
from types import CodeType
from typing import NoReturn

from advisor.survey.program import Program, Stop, run_as_main
from advisor.survey.stack_sampler import StackSampler
from advisor.survey.user_files import UserFiles


def main() -> None:
    """Run the program that the arguments describe: a descriptor for the samples, and a JSON object."""
    descriptor, question = int(sys.argv[1]), json.loads(sys.argv[2])
    os.set_inheritable(descriptor, False)
    sys.path.pop()  # the folder of this package, which the program does not have there
    program = Program(question["name"], tuple(question["arguments"]), question["is_module"])
    users = UserFiles(tuple(question["packages"]))
    run_as_main(program, _compile, lambda: _start_sampling(users, descriptor))


def _start_sampling(users: UserFiles, descriptor: int) -> Stop:
    """Sample until the function that is returned is called, or `os._exit`, which runs no exit handlers."""
    sampler = StackSampler(users.includes, descriptor)
    leave = os._exit

    def stop_and_leave(status: int) -> NoReturn:
        sampler.stop(is_complete=False)
        leave(status)

    os._exit = stop_and_leave
    return sampler.stop


def _compile(source: bytes, file: str) -> CodeType:
    return compile(source, file, "exec", dont_inherit=True)
