"""The exceptions that advisor raises, one class for each different reaction.

The command line turns them into exit statuses and the service into problem documents, each in one place.
"""


class AdvisorError(Exception):
    """Base of every error that advisor raises on purpose; its text is one line a person can act on."""


class UsageError(AdvisorError):
    """The question is wrong: no such module or function, unreadable inputs, missing arguments (exit status 2).

    Attributes:
        field: The name of the wrong field, or an empty string.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TargetError(AdvisorError):
    """The target raised, crashed, exited or hung (exit status 1).

    Attributes:
        traceback: The target's traceback, cut to the user's frames, or an empty string.
        output: The end of what the target printed.
    """

    def __init__(self, message: str, *, traceback: str = "", output: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback
        self.output = output


class CallError(AdvisorError):
    """A call of a job failed; `__cause__` is the exception that it raised.

    Attributes:
        index: The index of the call's input, from 0.
        attempts: How often the call was made.
    """

    def __init__(self, message: str, *, index: int, attempts: int = 1) -> None:
        super().__init__(message)
        self.index = index
        self.attempts = attempts


class WorkerError(AdvisorError):
    """The worker process of a call died; the text says how."""


class NoClusterError(UsageError):
    """The program is connected to no cluster, and its environment names none."""


class ConnectionLostError(AdvisorError):
    """The connection to a cluster is lost for good."""


class MissingExtraError(AdvisorError):
    """A feature needs a package that is not installed (exit status 2).

    Attributes:
        extra: The extra of the distribution that installs it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'workload-advisor[{extra}]'")
        self.extra = extra


class JournalError(AdvisorError):
    """The journal cannot be read or written at the moment (exit status 2)."""
