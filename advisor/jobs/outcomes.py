"""Handle the end of each call: keep results, count, try again what failed, and turn failures into records."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from advisor.errors import CallError
from advisor.jobs.delivery import Delivery, Raised
from advisor.jobs.pools.pool import Arguments, Done
from advisor.jobs.retries import Retries
from advisor.jobs.tally import Tally

if TYPE_CHECKING:
    from advisor.jobs.checkpoint import Checkpoint
    from advisor.models import Failure

OnError = Literal["raise", "keep"]
REFUSAL_PATIENCE = 60.0  # seconds in which a service may refuse everything; then its refusals count as failures


class Outcomes:
    """Everything that happens with a call after it has ended.

    Attributes:
        retries: The calls to make again.
        has_failed: An error waits to be raised: no further calls should begin.
        refused: Calls refused by a service since this was last reset.
    """

    def __init__(
        self,
        name: str,
        *,
        on_error: OnError,
        retries: int,
        delivery: Delivery,
        tally: Tally,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._name = name
        self._on_error = on_error
        self.delivery = delivery
        self.tally = tally
        self.checkpoint = checkpoint
        self.retries = Retries(retries)
        self.has_failed = False
        self.refused = 0
        self.asked_to_wait = 0.0  # seconds, by the service that refused a call last
        self._worked_at = time.monotonic()

    def succeeded(self, key: int, arguments: Arguments, result: Any) -> None:
        """Keep a result."""
        if self.checkpoint is not None:
            self.checkpoint.add(key, arguments, result)
        self.delivery.put_result(key, result)
        self.tally.add(1)
        self._worked_at = time.monotonic()

    def all_succeeded(self, calls: Sequence[Done], arguments: Sequence[Arguments]) -> None:
        """Keep the results of several calls."""
        if self.checkpoint is not None:
            for done, each in zip(calls, arguments, strict=True):
                self.checkpoint.add(done.key, each, done.value)
        self.delivery.put_results([(done.key, done.value) for done in calls])
        self.tally.add(len(calls))
        self._worked_at = time.monotonic()

    def resumed(self, key: int, result: Any) -> None:
        """Keep a result from the checkpoint."""
        self.delivery.put_result(key, result)
        self.tally.resumed += 1

    def failed(
        self,
        key: int,
        arguments: Arguments,
        error: BaseException,
        *,
        made: int,
        concurrent: bool = False,
        is_final: bool = False,
    ) -> None:
        """Make a call again that has failed, or record the failure.

        Args:
            key: Of the call.
            arguments: Of the call.
            error: What it raised.
            made: How often it has been made.
            concurrent: Other calls were in progress, which may be why a service refused this one.
            is_final: It must not be made again.
        """
        if concurrent and not is_final and self._is_refused(key, arguments, error, made):
            return
        if not is_final and self.retries.are_left(made):
            self.tally.retried += 1
            self.retries.add(key, arguments, made, self._pause_asked_for(error))
            return
        self.tally.add(1, failed=1)
        if self.checkpoint is not None:
            self.checkpoint.add(key, arguments, None, failed=True)
        if self._on_error == "keep":
            self.delivery.put(key, self._failure(key, error, made))
            return
        message = f"call {key} of {self._name} raised {describe(error)}"
        self.delivery.put(key, Raised(CallError(message, index=key, attempts=made), error))
        self.has_failed = True

    def _is_refused(self, key: int, arguments: Arguments, error: BaseException, made: int) -> bool:
        """Make a call again that a service refused because of the others; that is no failure of its own."""
        from advisor.jobs.throttling import is_throttled

        if not is_throttled(error) or time.monotonic() - self._worked_at > REFUSAL_PATIENCE:
            return False
        self.refused += 1
        self.tally.throttled += 1
        self.asked_to_wait = self._pause_asked_for(error) or 0.0
        self.retries.add(key, arguments, made - 1, self.asked_to_wait)
        return True

    @staticmethod
    def _pause_asked_for(error: BaseException) -> float | None:
        from advisor.jobs.throttling import is_throttled, retry_after

        return retry_after(error) if is_throttled(error) else None

    def _failure(self, key: int, error: BaseException, made: int) -> Failure:
        from advisor.models import Failure

        return Failure(
            index=key,
            type=type(error).__name__,
            message=str_of(error),
            traceback="".join(traceback.format_exception(error)),
            attempts=made,
        )


def describe(error: BaseException) -> str:
    """Return the type and the first line of an exception."""
    text = str_of(error).partition("\n")[0]
    return type(error).__name__ + (f": {text}" if text else "")


def str_of(error: BaseException) -> str:
    """Return the message of an exception, whose `__str__` may fail."""
    with contextlib.suppress(Exception):
        return str(error)
    return ""
