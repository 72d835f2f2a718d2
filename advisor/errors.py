"""What can go wrong, one class for each different reaction.

The command line turns these into exit statuses and the service into problem documents, each in one place.
"""


class AdvisorError(Exception):
    """Base of every error that advisor raises on purpose; its text is one line a person can act on."""


class UsageError(AdvisorError):
    """The question is wrong: no such module or function, unreadable inputs, arguments missing (exit status 2).

    `field` is the one at fault, where the question has fields.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TargetError(AdvisorError):
    """The target failed: it raised, crashed, exited or hung (exit status 1).

    `traceback` is the target's own traceback, cut to the user's frames, or an empty string;
    `output` is the tail of what the target had printed.
    """

    def __init__(self, message: str, *, traceback: str = "", output: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback
        self.output = output


class MissingExtraError(AdvisorError):
    """A feature needs a package that is not installed; names the extra that brings it (exit status 2)."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'workload-advisor[{extra}]'")
        self.extra = extra


class JournalError(AdvisorError):
    """The journal cannot be read or written at the moment (exit status 2; try again later)."""
